/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's bytes, from its first to its last, through startup, authentication and messages against the fake backend.
 * No server threads take part: the input lies in a socket whose other end is closed for writing, so every step ends.
 * Users: alice must prove herself by SCRAM, bob by a clear-text password ("secret"), all others are trusted.
 */
#include "tests/lib/fake_backend.h"

#include "base/log.h"
#include "pgwire/wire_int.h"

#include <signal.h>
#include <sys/socket.h>

enum { INPUT_BYTES_MAX = 100 << 10 };

static struct fake_server fake;
static struct pg_server *server;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool bob_has_a_password(void *arg, const char *name, char *verifier, size_t verifier_size, bool *superuser,
                               bool *can_login, int64_t *valid_until_us)
{
    return fake_role(arg, strcmp(name, "bob") == 0 ? "alice" : name, verifier, verifier_size, superuser, can_login,
                     valid_until_us);
}

static void start(void)
{
    static const char rules[] = "local all alice scram-sha-256\nlocal all bob password\nlocal all mallory reject\n"
                                "local all all trust\n";
    static struct backend_ops ops;
    struct pg_server_config config;
    struct error err;
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR);
    ops = fake_ops;
    ops.role = bob_has_a_password;
    scram_verifier_make("secret", 1, fake.alice_verifier);
    pg_server_config_init(&config);
    config.listen_addresses = "";
    config.write_timeout_ms = 1;
    config.max_message_bytes = INPUT_BYTES_MAX;
    if (!pg_server_open(&config, &ops, &fake, &server, &err))
        abort();
    hba_free(server->hba);
    if (!hba_parse(rules, sizeof rules - 1, "rules", &server->hba, &err))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd[2], wide = 1 << 20;
    struct net_addr peer = {.text = "[local]"};
    if (!server)
        start();
    if (size > INPUT_BYTES_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd) != 0)
        return 0;
    setsockopt(fd[0], SOL_SOCKET, SO_SNDBUF, &wide, sizeof wide);
    if (send(fd[0], data, size, MSG_NOSIGNAL) != (ssize_t)size && size > 0) {
        close(fd[0]);
        close(fd[1]);
        return 0;
    }
    shutdown(fd[0], SHUT_WR);
    struct pg_conn *conn = conn_new(server, fd[1], &peer);
    if (reactor_step(conn) == STEP_HANDOFF) {
        conn->owner = OWNER_THREAD;
        session_serve(conn);
    } else
        conn_free(conn);
    close(fd[0]);
    if (fake.opened != fake.closed || server->connections != 0)
        abort();
    return 0;
}
