/* SPDX-License-Identifier: Apache-2.0 */
/* The coordination store's contract: every test of the first part runs on each implementation. */
#include "tests/lib/unit.h"

#include "base/thread.h"
#include "cluster/coord_sim.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
    struct coord *coord;
    struct coord_sim *sim; /* NULL: SQLite */
    char dir[64];
    char path[96];
    struct arena arena;
    struct error err;
};

static void setup_dir(struct fixture *f)
{
    snprintf(f->dir, sizeof f->dir, "/tmp/mencia-coord-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(f->path, sizeof f->path, "%s/meta.db", f->dir);
}

static int setup_sqlite(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    setup_dir(f);
    arena_init(&f->arena, NULL);
    assert_ok(coord_sqlite_open(env_real(), f->path, &f->coord, &f->err), &f->err);
    *state = f;
    return 0;
}

static int setup_sim(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->sim = coord_sim_new(env_real(), 1);
    f->coord = coord_sim_session(f->sim);
    arena_init(&f->arena, NULL);
    *state = f;
    return 0;
}

static void remove_dir(const char *dir)
{
    char command[128];
    snprintf(command, sizeof command, "%s/small", dir);
    (void)umount2(command, MNT_DETACH); /* of a test that failed half-way */
    snprintf(command, sizeof command, "rm -rf %s", dir);
    assert_int_equal(system(command), 0);
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    coord_close(f->coord);
    if (f->sim)
        coord_sim_free(f->sim);
    else
        remove_dir(f->dir);
    arena_release(&f->arena);
    free(f);
    return 0;
}

static enum coord_rc create(struct fixture *f, const char *path, const char *data)
{
    return coord_create(f->coord, path, strview_of(data), false, &f->err);
}

static enum coord_rc set(struct fixture *f, const char *path, const char *data, int32_t version)
{
    return coord_set(f->coord, path, strview_of(data), version, &f->err);
}

static void assert_node(struct fixture *f, const char *path, const char *data, int32_t version)
{
    struct coord_node node;
    assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_DONE);
    assert_int_equal(node.data.len, strlen(data));
    assert_memory_equal(node.data.ptr, data, strlen(data));
    assert_int_equal(node.stat.version, version);
}

static void assert_absent(struct fixture *f, const char *path)
{
    struct coord_node node;
    assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_NO_NODE);
    assert_string_equal(f->err.sqlstate, "40001");
}

static void test_nodes_and_versions(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, "/a", "one"), COORD_DONE);
    assert_int_equal(create(f, "/a", "two"), COORD_EXISTS);
    assert_string_equal(f->err.sqlstate, "40001");
    assert_node(f, "/a", "one", 0);
    assert_int_equal(set(f, "/a", "two", 1), COORD_BAD_VERSION);
    assert_int_equal(set(f, "/a", "two", 0), COORD_DONE);
    assert_int_equal(set(f, "/a", "three", 0), COORD_BAD_VERSION);
    assert_node(f, "/a", "two", 1);
    assert_int_equal(set(f, "/b", "x", 0), COORD_NO_NODE);
    assert_int_equal(create(f, "/b/c", "x"), COORD_NO_NODE);
    assert_int_equal(coord_delete(f->coord, "/a", 0, &f->err), COORD_BAD_VERSION);
    struct coord_node before, after;
    assert_int_equal(coord_get(f->coord, "/a", &f->arena, &before, &f->err), COORD_DONE);
    assert_true(before.stat.modified > before.stat.created);
    assert_int_equal(coord_delete(f->coord, "/a", 1, &f->err), COORD_DONE);
    assert_int_equal(coord_delete(f->coord, "/a", 1, &f->err), COORD_NO_NODE);
    assert_absent(f, "/a");
    assert_int_equal(create(f, "/a", ""), COORD_DONE);
    assert_int_equal(coord_get(f->coord, "/a", &f->arena, &after, &f->err), COORD_DONE);
    assert_int_equal(after.stat.version, 0);
    assert_true(after.stat.created > before.stat.modified);
    assert_int_equal(after.data.len, 0);
}

static void test_root_is_fixed(void **state)
{
    struct fixture *f = *state;
    assert_node(f, "/", "", 0);
    assert_int_equal(create(f, "/", ""), COORD_EXISTS);
    assert_true(coord_refused(coord_delete(f->coord, "/", 0, &f->err)));
    assert_true(coord_refused(set(f, "/", "x", 0)));
    assert_node(f, "/", "", 0);
}

static void test_children_are_ordered_and_direct(void **state)
{
    struct fixture *f = *state;
    static const char *const paths[] = {"/t", "/t/b", "/t/a", "/t/b-c", "/t/b/x", "/t-u", "/t/Z", "/tt"};
    char **names;
    uint32_t n;
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        assert_int_equal(create(f, paths[i], "."), COORD_DONE);
    assert_int_equal(coord_children(f->coord, "/t", &f->arena, &names, &n, &f->err), COORD_DONE);
    assert_int_equal(n, 4);
    assert_string_equal(names[0], "Z");
    assert_string_equal(names[1], "a");
    assert_string_equal(names[2], "b");
    assert_string_equal(names[3], "b-c");
    assert_int_equal(coord_children(f->coord, "/", &f->arena, &names, &n, &f->err), COORD_DONE);
    assert_int_equal(n, 3);
    assert_string_equal(names[0], "t");
    assert_string_equal(names[1], "t-u");
    assert_int_equal(coord_children(f->coord, "/tt", &f->arena, &names, &n, &f->err), COORD_DONE);
    assert_int_equal(n, 0);
    assert_int_equal(coord_children(f->coord, "/none", &f->arena, &names, &n, &f->err), COORD_NO_NODE);
    struct coord_node node;
    assert_int_equal(coord_get(f->coord, "/t", &f->arena, &node, &f->err), COORD_DONE);
    assert_int_equal(node.stat.nchild, 4);
    assert_int_equal(coord_delete(f->coord, "/t", 0, &f->err), COORD_NOT_EMPTY);
    assert_int_equal(coord_delete(f->coord, "/t/b/x", 0, &f->err), COORD_DONE);
    assert_int_equal(coord_delete(f->coord, "/t/b", 0, &f->err), COORD_DONE);
}

static void test_multi_is_all_or_nothing(void **state)
{
    struct fixture *f = *state;
    struct coord_multi multi;
    uint32_t failed;
    assert_int_equal(create(f, "/h", "0"), COORD_DONE);
    coord_multi_init(&multi, &f->arena);
    coord_multi_create(&multi, "/p", STRVIEW("p"), false);
    coord_multi_create(&multi, "/p/q", STRVIEW("q"), false);
    coord_multi_set(&multi, "/h", STRVIEW("1"), 0);
    coord_multi_set(&multi, "/h", STRVIEW("2"), 1);
    coord_multi_check(&multi, "/h", 2);
    coord_multi_delete(&multi, "/p/q", 0);
    assert_int_equal(coord_multi_run(f->coord, &multi, &failed, &f->err), COORD_DONE);
    assert_node(f, "/h", "2", 2);
    assert_node(f, "/p", "p", 0);
    assert_absent(f, "/p/q");
    coord_multi_init(&multi, &f->arena);
    coord_multi_set(&multi, "/h", STRVIEW("3"), 2);
    coord_multi_delete(&multi, "/p", 0);
    coord_multi_create(&multi, "/new", STRVIEW(""), false);
    coord_multi_check(&multi, "/h", 2);
    assert_int_equal(coord_multi_run(f->coord, &multi, &failed, &f->err), COORD_BAD_VERSION);
    assert_int_equal(failed, 3);
    assert_node(f, "/h", "2", 2);
    assert_node(f, "/p", "p", 0);
    assert_absent(f, "/new");
    coord_multi_init(&multi, &f->arena);
    assert_int_equal(coord_multi_run(f->coord, &multi, &failed, &f->err), COORD_DONE);
}

static void test_limits(void **state)
{
    struct fixture *f = *state;
    char *big = calloc(1, COORD_NODE_BYTES_MAX + 1), path[COORD_PATH_BYTES_MAX + 8];
    struct strview full = strview_make(big, COORD_NODE_BYTES_MAX);
    assert_int_equal(coord_create(f->coord, "/big", full, false, &f->err), COORD_DONE);
    struct coord_node node;
    assert_int_equal(coord_get(f->coord, "/big", &f->arena, &node, &f->err), COORD_DONE);
    assert_int_equal(node.data.len, COORD_NODE_BYTES_MAX);
    full.len++;
    assert_int_equal(coord_create(f->coord, "/big2", full, false, &f->err), COORD_TOO_BIG);
    assert_string_equal(f->err.sqlstate, "54000");
    assert_int_equal(coord_set(f->coord, "/big", full, 0, &f->err), COORD_TOO_BIG);
    full.len--;
    struct coord_multi multi;
    uint32_t failed;
    coord_multi_init(&multi, &f->arena);
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "/m%d", i);
        coord_multi_create(&multi, path, full, false);
    }
    assert_int_equal(coord_multi_run(f->coord, &multi, &failed, &f->err), COORD_TOO_BIG);
    assert_int_equal(failed, 8);
    assert_absent(f, "/m0");
    multi.nop = 7;
    assert_int_equal(coord_multi_run(f->coord, &multi, &failed, &f->err), COORD_DONE);
    memset(path, 'n', sizeof path);
    path[0] = '/';
    path[COORD_NAME_BYTES_MAX + 1] = '\0';
    assert_int_equal(create(f, path, ""), COORD_DONE);
    path[COORD_NAME_BYTES_MAX + 1] = 'n';
    path[COORD_NAME_BYTES_MAX + 2] = '\0';
    assert_true(coord_refused(create(f, path, "")));
    free(big);
}

static void test_bad_paths_are_refused(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = {"", "a", "//", "/a/", "/a//b", "/.", "/..", "/a/../b", "/a\nb", "/\xff"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(create(f, bad[i], ""), COORD_UNAVAILABLE);
    assert_int_equal(create(f, "/caf\xC3\xA9 x", ""), COORD_DONE);
}

static void test_ensure(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(coord_ensure(f->coord, "/x/y/z", &f->err), COORD_DONE);
    assert_int_equal(coord_ensure(f->coord, "/x/y/z", &f->err), COORD_DONE);
    assert_node(f, "/x/y/z", "", 0);
}

struct counter {
    _Atomic int fired;
    char path[32];
    enum coord_watch_kind kind;
};

static void count(void *arg, const char *path, enum coord_watch_kind kind)
{
    struct counter *c = arg;
    snprintf(c->path, sizeof c->path, "%s", path);
    c->kind = kind;
    atomic_fetch_add(&c->fired, 1);
}

static void watch(struct fixture *f, const char *path, enum coord_watch_kind kind, struct counter *c, uint64_t *id)
{
    assert_int_equal(coord_watch(f->coord, path, kind, count, c, id, &f->err), COORD_DONE);
    assert_true(*id != 0);
}

static void test_watches_fire_once(void **state)
{
    struct fixture *f = *state;
    struct counter node = {0}, children = {0};
    uint64_t id;
    watch(f, "/w", COORD_WATCH_NODE, &node, &id);
    assert_int_equal(create(f, "/other", ""), COORD_DONE);
    assert_int_equal(node.fired, 0);
    assert_int_equal(create(f, "/w", ""), COORD_DONE);
    assert_int_equal(node.fired, 1);
    assert_string_equal(node.path, "/w");
    assert_int_equal(set(f, "/w", "x", 0), COORD_DONE);
    assert_int_equal(node.fired, 1);
    watch(f, "/w", COORD_WATCH_NODE, &node, &id);
    watch(f, "/w", COORD_WATCH_CHILDREN, &children, &id);
    assert_int_equal(set(f, "/w", "y", 0), COORD_BAD_VERSION);
    assert_int_equal(create(f, "/w/c", ""), COORD_DONE);
    assert_int_equal(node.fired, 1);
    assert_int_equal(children.fired, 1);
    assert_int_equal(children.kind, COORD_WATCH_CHILDREN);
    watch(f, "/w", COORD_WATCH_CHILDREN, &children, &id);
    assert_int_equal(set(f, "/w/c", "x", 0), COORD_DONE);
    assert_int_equal(children.fired, 1);
    assert_int_equal(set(f, "/w", "y", 1), COORD_DONE);
    assert_int_equal(node.fired, 2);
    assert_int_equal(children.fired, 1);
    assert_int_equal(coord_delete(f->coord, "/w/c", 1, &f->err), COORD_DONE);
    assert_int_equal(children.fired, 2);
    watch(f, "/w", COORD_WATCH_NODE, &node, &id);
    watch(f, "/w", COORD_WATCH_CHILDREN, &children, &id);
    assert_int_equal(coord_delete(f->coord, "/w", 2, &f->err), COORD_DONE);
    assert_int_equal(node.fired, 3);
    assert_int_equal(children.fired, 3);
    watch(f, "/", COORD_WATCH_CHILDREN, &children, &id);
    assert_int_equal(create(f, "/w", ""), COORD_DONE);
    assert_int_equal(children.fired, 4);
}

static void test_watch_budget_and_unwatch(void **state)
{
    struct fixture *f = *state;
    struct counter c = {0};
    uint64_t first, id = 0;
    watch(f, "/w", COORD_WATCH_NODE, &c, &first);
    for (uint32_t i = 1; i < COORD_WATCH_MAX; i++)
        watch(f, "/v", COORD_WATCH_NODE, &c, &id);
    assert_int_equal(coord_watch(f->coord, "/w", COORD_WATCH_NODE, count, &c, &id, &f->err), COORD_WATCH_BUDGET);
    assert_string_equal(f->err.sqlstate, "53400");
    coord_unwatch(f->coord, first);
    coord_unwatch(f->coord, first);
    assert_int_equal(create(f, "/w", ""), COORD_DONE);
    assert_int_equal(c.fired, 0);
    watch(f, "/w", COORD_WATCH_NODE, &c, &id);
    assert_int_equal(create(f, "/v", ""), COORD_DONE);
    assert_int_equal(c.fired, COORD_WATCH_MAX - 1);
}

static void test_ephemeral(void **state)
{
    struct fixture *f = *state;
    struct coord_session session;
    struct coord_node node;
    coord_session(f->coord, &session);
    assert_int_equal(session.state, COORD_CONNECTED);
    assert_true(session.id != 0);
    assert_int_equal(create(f, "/live", ""), COORD_DONE);
    assert_int_equal(coord_create(f->coord, "/live/me", STRVIEW("addr"), true, &f->err), COORD_DONE);
    assert_int_equal(coord_get(f->coord, "/live/me", &f->arena, &node, &f->err), COORD_DONE);
    assert_true(node.stat.ephemeral);
    assert_true(node.stat.session_id == session.id);
    assert_int_equal(create(f, "/live/me/x", ""), COORD_EPHEMERAL_PARENT);
    assert_int_equal(set(f, "/live/me", "addr2", 0), COORD_DONE);
    assert_int_equal(coord_sync(f->coord, &f->err), COORD_DONE);
    coord_close(f->coord);
    if (f->sim)
        f->coord = coord_sim_session(f->sim);
    else
        assert_ok(coord_sqlite_open(env_real(), f->path, &f->coord, &f->err), &f->err);
    assert_absent(f, "/live/me");
    assert_node(f, "/live", "", 0);
    struct coord_session again;
    coord_session(f->coord, &again);
    assert_true(again.id != session.id);
}

static void test_escape(void **state)
{
    static const char *const names[] = {"plain_1", "", "%", "a.b/c", "caf\xC3\xA9", "A-z", " ", "..", "\"q\""};
    struct strbuf out, back;
    strbuf_init(&out);
    strbuf_init(&back);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        strbuf_clear(&out);
        strbuf_clear(&back);
        assert_true(coord_escape(&out, strview_of(names[i])));
        assert_null(strpbrk(out.data, "/."));
        assert_true(out.len > 0);
        assert_true(coord_unescape(&back, out.data));
        assert_string_equal(back.data, names[i]);
    }
    static const char *const bad[] = {"", "%4", "%zz", "%61", "a.b", "a/b", "%%", "a%"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(coord_unescape(&back, bad[i]));
    strbuf_release(&out);
    strbuf_release(&back);
}

/* Threads raise one counter by compare-and-set, each its number of times: none is lost. */
struct racer {
    struct coord *coord;
    pthread_t thread;
    int rounds;
    _Atomic int *failures;
};

static void *race(void *arg)
{
    struct racer *r = arg;
    struct error err;
    struct arena arena;
    arena_init(&arena, NULL);
    for (int done = 0; done < r->rounds;) {
        struct coord_node node;
        arena_reset(&arena);
        if (coord_get(r->coord, "/n", &arena, &node, &err) != COORD_DONE)
            break;
        char *next = arena_fmt(&arena, "%d", atoi(arena_strndup(&arena, node.data.ptr, node.data.len)) + 1);
        enum coord_rc rc = coord_set(r->coord, "/n", strview_of(next), node.stat.version, &err);
        if (rc != COORD_DONE && rc != COORD_BAD_VERSION) {
            atomic_fetch_add(r->failures, 1);
            break;
        }
        done += rc == COORD_DONE;
    }
    arena_release(&arena);
    return NULL;
}

static void test_concurrent_compare_and_set(void **state)
{
    struct fixture *f = *state;
    struct racer racer[4];
    _Atomic int failures = 0;
    assert_int_equal(create(f, "/n", "0"), COORD_DONE);
    for (size_t i = 0; i < ARRAY_LEN(racer); i++) {
        racer[i] = (struct racer){.coord = f->coord, .rounds = 25, .failures = &failures};
        assert_ok(thread_start(&racer[i].thread, "race", race, &racer[i], &f->err), &f->err);
    }
    for (size_t i = 0; i < ARRAY_LEN(racer); i++)
        pthread_join(racer[i].thread, NULL);
    assert_int_equal(failures, 0);
    assert_node(f, "/n", "100", 100);
}

/* --- SQLite only -------------------------------------------------------------------------------------------------- */

static void test_sqlite_one_process(void **state)
{
    struct fixture *f = *state;
    struct coord *second;
    assert_sqlstate(coord_sqlite_open(env_real(), f->path, &second, &f->err), &f->err, "55006");
}

static void test_sqlite_refuses_foreign_files(void **state)
{
    struct fixture *f = *state;
    struct coord *second;
    char path[128];
    snprintf(path, sizeof path, "%s/garbage", f->dir);
    assert_ok(env_write_file(env_real(), path,
                             "this is no database, but it is long enough to look like one......"
                             "......................................................",
                             118, &f->err),
              &f->err);
    assert_sqlstate(coord_sqlite_open(env_real(), path, &second, &f->err), &f->err, "XX001");
}

/* The child commits multis that keep three nodes equal, telling each done round through a pipe, until it is killed. */
static void crash_child(const char *path, int report)
{
    struct coord *coord;
    struct error err;
    struct arena arena;
    arena_init(&arena, NULL);
    if (!coord_sqlite_open(env_real(), path, &coord, &err))
        _exit(1);
    struct coord_node node;
    if (coord_get(coord, "/a", &arena, &node, &err) != COORD_DONE)
        _exit(1);
    int32_t v = node.stat.version;
    if (coord_create(coord, "/gone", STRVIEW(""), true, &err) != COORD_DONE)
        _exit(1);
    char *filler = arena_zalloc(&arena, 20000);
    for (;; v++) {
        static const char *const paths[] = {"/a", "/b", "/c"};
        struct coord_multi multi;
        arena_reset(&arena);
        filler = arena_zalloc(&arena, 20000);
        store_u32(filler, (uint32_t)v + 1);
        coord_multi_init(&multi, &arena);
        for (int i = 0; i < 3; i++)
            coord_multi_set(&multi, paths[i], strview_make(filler, 20000), v);
        coord_multi_create(&multi, arena_fmt(&arena, "/n%d", v), STRVIEW(""), false);
        if (coord_multi_run(coord, &multi, NULL, &err) != COORD_DONE)
            _exit(1);
        if (write(report, &v, sizeof v) != sizeof v)
            _exit(1);
    }
}

/* Kills after `rounds` reports; returns the last reported version + 1. */
static int32_t kill_one(const char *path, int rounds)
{
    int fd[2], status;
    assert_int_equal(pipe(fd), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(fd[0]);
        crash_child(path, fd[1]);
    }
    close(fd[1]);
    int32_t v, last = -1;
    for (int i = 0; i < rounds && read(fd[0], &v, sizeof v) == sizeof v; i++)
        last = v;
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(fd[0], &v, sizeof v) == sizeof v)
        last = v;
    close(fd[0]);
    return last + 1;
}

static void test_sqlite_survives_kills(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(create(f, "/a", ""), COORD_DONE);
    assert_int_equal(create(f, "/b", ""), COORD_DONE);
    assert_int_equal(create(f, "/c", ""), COORD_DONE);
    for (int round = 0; round < 12; round++) {
        coord_close(f->coord);
        int32_t reported = kill_one(f->path, 1 + round * 3);
        assert_ok(coord_sqlite_open(env_real(), f->path, &f->coord, &f->err), &f->err);
        struct coord_node a, b, c;
        assert_int_equal(coord_get(f->coord, "/a", &f->arena, &a, &f->err), COORD_DONE);
        assert_int_equal(coord_get(f->coord, "/b", &f->arena, &b, &f->err), COORD_DONE);
        assert_int_equal(coord_get(f->coord, "/c", &f->arena, &c, &f->err), COORD_DONE);
        /* Done is durable; at most the one under way came on top. */
        assert_in_range(a.stat.version, reported, reported + 1);
        assert_int_equal(a.stat.version, b.stat.version);
        assert_int_equal(a.stat.version, c.stat.version);
        assert_int_equal(load_u32(c.data.ptr), c.stat.version);
        char path[32];
        snprintf(path, sizeof path, "/n%d", a.stat.version - 1);
        assert_node(f, path, "", 0);
        snprintf(path, sizeof path, "/n%d", a.stat.version);
        assert_absent(f, path);
        assert_absent(f, "/gone");
    }
}

#ifdef MENCIA_FAULTS
/* Faults are read from the environment once per process, so the child runs this program anew. */
static int fault_child(const char *path)
{
    struct coord *coord;
    struct error err;
    if (!coord_sqlite_open(env_real(), path, &coord, &err))
        return 100;
    enum coord_rc rc = coord_create(coord, "/f", STRVIEW("x"), false, &err);
    coord_close(coord);
    return (int)rc;
}

/* One multi in a child with an armed fault point: its exit status, or -signal. */
static int run_fault_child(const char *path, const char *fault)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setenv("MENCIA_FAULT", fault, 1);
        execl("/proc/self/exe", "fault-child", path, (char *)NULL);
        _exit(101);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void test_sqlite_fault_points(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *fault;
        int end;
        bool applied;
    } cases[] = {
        {"coord.before_commit=kill", -SIGKILL, false},
        {"coord.before_commit=error", COORD_UNAVAILABLE, false},
        {"coord.after_commit=kill", -SIGKILL, true},
        {"coord.after_commit=error", COORD_UNKNOWN, true},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        coord_close(f->coord);
        assert_int_equal(run_fault_child(f->path, cases[i].fault), cases[i].end);
        assert_ok(coord_sqlite_open(env_real(), f->path, &f->coord, &f->err), &f->err);
        if (cases[i].applied) {
            assert_node(f, "/f", "x", 0);
            assert_int_equal(coord_delete(f->coord, "/f", 0, &f->err), COORD_DONE);
        } else {
            assert_absent(f, "/f");
        }
    }
}
#endif

/* Creates /k0, /k1, … of 20 kB each until refused; returns how many were done. */
static int fill(struct coord *coord, enum coord_rc *rc, struct error *err)
{
    static const char data[20000] = {1};
    char path[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(path, sizeof path, "/k%d", i);
        *rc = coord_create(coord, path, strview_make(data, sizeof data), false, err);
        if (*rc != COORD_DONE && *rc != COORD_EXISTS)
            return i;
    }
    return 1000;
}

/* A write that fails in the middle of COMMIT: unknown, then the session is lost; whole multis are found afterwards. */
static void test_sqlite_failing_write_loses_the_session(void **state)
{
    struct fixture *f = *state;
    int status, done;
    coord_close(f->coord);
    pid_t pid = fork();
    if (pid == 0) {
        struct coord *coord;
        struct coord_session session;
        struct coord_node node;
        struct error err;
        struct arena arena;
        struct rlimit limit = {300000, 300000};
        enum coord_rc rc;
        arena_init(&arena, NULL);
        signal(SIGXFSZ, SIG_IGN);
        if (!coord_sqlite_open(env_real(), f->path, &coord, &err) || setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(201);
        int n = fill(coord, &rc, &err);
        coord_session(coord, &session);
        if (rc != COORD_UNKNOWN || session.state != COORD_LOST)
            _exit(202);
        if (coord_get(coord, "/k0", &arena, &node, &err) != COORD_UNAVAILABLE ||
            coord_create(coord, "/x", STRVIEW(""), false, &err) != COORD_UNAVAILABLE ||
            coord_sync(coord, &err) != COORD_UNAVAILABLE)
            _exit(203);
        _exit(n);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    done = WEXITSTATUS(status);
    assert_in_range(done, 5, 20);
    assert_ok(coord_sqlite_open(env_real(), f->path, &f->coord, &f->err), &f->err);
    struct coord_node node;
    char path[16];
    for (int i = 0; i < done; i++) {
        snprintf(path, sizeof path, "/k%d", i);
        assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_DONE);
    }
    snprintf(path, sizeof path, "/k%d", done + 1);
    assert_absent(f, path);
    assert_int_equal(create(f, "/x", ""), COORD_DONE);
}

/* A full disk refuses and is recoverable. Needs the right to mount. */
static void test_sqlite_full_disk(void **state)
{
    struct fixture *f = *state;
    char path[160], ballast[160];
    struct coord *coord;
    enum coord_rc rc;
    snprintf(path, sizeof path, "%s/small", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    if (mount("tmpfs", path, "tmpfs", 0, "size=1200k") != 0)
        skip();
    char *mounted = arena_strdup(&f->arena, path);
    snprintf(ballast, sizeof ballast, "%s/ballast", mounted);
    snprintf(path, sizeof path, "%s/meta.db", mounted);
    char *filler = calloc(1, 600000);
    assert_ok(env_write_file(env_real(), ballast, filler, 600000, &f->err), &f->err);
    free(filler);
    assert_ok(coord_sqlite_open(env_real(), path, &coord, &f->err), &f->err);
    int done = fill(coord, &rc, &f->err);
    assert_int_equal(rc, COORD_UNAVAILABLE);
    assert_string_equal(f->err.sqlstate, "53100");
    assert_in_range(done, 3, 50);
    struct coord_session session;
    coord_session(coord, &session);
    assert_int_equal(session.state, COORD_CONNECTED);
    struct coord_node node;
    snprintf(path, sizeof path, "/k%d", done);
    assert_int_equal(coord_get(coord, path, &f->arena, &node, &f->err), COORD_NO_NODE);
    assert_int_equal(unlink(ballast), 0);
    assert_int_equal(coord_create(coord, path, STRVIEW("room again"), false, &f->err), COORD_DONE);
    coord_close(coord);
    snprintf(path, sizeof path, "%s/meta.db", mounted);
    assert_ok(coord_sqlite_open(env_real(), path, &coord, &f->err), &f->err);
    snprintf(path, sizeof path, "/k%d", done);
    assert_int_equal(coord_get(coord, path, &f->arena, &node, &f->err), COORD_DONE);
    coord_close(coord);
    assert_int_equal(umount(mounted), 0);
}

/* --- Simulated only ----------------------------------------------------------------------------------------------- */

static void test_sim_sessions_share_a_world(void **state)
{
    struct fixture *f = *state;
    struct coord *other = coord_sim_session(f->sim);
    struct counter c = {0};
    uint64_t id;
    watch(f, "/s", COORD_WATCH_NODE, &c, &id);
    assert_int_equal(coord_create(other, "/s", STRVIEW("o"), true, &f->err), COORD_DONE);
    assert_int_equal(c.fired, 1);
    assert_node(f, "/s", "o", 0);
    watch(f, "/s", COORD_WATCH_NODE, &c, &id);
    coord_sim_expire(f->sim, other);
    assert_int_equal(c.fired, 2);
    assert_absent(f, "/s");
    struct coord_session session;
    coord_session(other, &session);
    assert_int_equal(session.state, COORD_LOST);
    assert_int_equal(coord_create(other, "/s", STRVIEW(""), false, &f->err), COORD_UNAVAILABLE);
    coord_close(other);
}

static void test_sim_disconnect(void **state)
{
    struct fixture *f = *state;
    struct counter c = {0};
    uint64_t id;
    watch(f, "/s", COORD_WATCH_NODE, &c, &id);
    coord_sim_disconnect(f->sim, f->coord, true);
    struct coord_session session;
    coord_session(f->coord, &session);
    assert_int_equal(session.state, COORD_SUSPENDED);
    assert_int_equal(create(f, "/s", ""), COORD_UNAVAILABLE);
    coord_sim_disconnect(f->sim, f->coord, false);
    assert_int_equal(c.fired, 1);
    assert_int_equal(create(f, "/s", ""), COORD_DONE);
}

static void test_sim_stale_reads_until_sync(void **state)
{
    struct fixture *f = *state;
    struct coord *other = coord_sim_session(f->sim);
    struct coord_sim_faults faults = {.stale_read = 1000000};
    struct counter c = {0};
    uint64_t id;
    assert_int_equal(create(f, "/s", "old"), COORD_DONE);
    watch(f, "/s", COORD_WATCH_NODE, &c, &id);
    coord_sim_set_faults(f->sim, &faults);
    assert_int_equal(coord_sync(other, &f->err), COORD_DONE);
    assert_int_equal(coord_set(other, "/s", STRVIEW("new"), 0, &f->err), COORD_DONE);
    assert_int_equal(coord_delete(other, "/s", 1, &f->err), COORD_DONE);
    assert_int_equal(coord_create(other, "/s", STRVIEW("again"), false, &f->err), COORD_DONE);
    assert_node(f, "/s", "old", 0);
    assert_int_equal(c.fired, 0);
    assert_int_equal(coord_sync(f->coord, &f->err), COORD_DONE);
    assert_int_equal(c.fired, 1);
    assert_node(f, "/s", "again", 0);
    coord_close(other);
}

static void test_sim_unknown_outcomes(void **state)
{
    struct fixture *f = *state;
    struct coord_sim_faults lost = {.unknown_lost = 1000000}, applied = {.unknown_applied = 1000000},
                            late = {.unknown_late = 1000000}, none = {0};
    coord_sim_set_faults(f->sim, &lost);
    assert_int_equal(create(f, "/u", ""), COORD_UNKNOWN);
    assert_string_equal(f->err.sqlstate, "08007");
    assert_int_equal(coord_sync(f->coord, &f->err), COORD_DONE);
    assert_absent(f, "/u");
    coord_sim_set_faults(f->sim, &applied);
    assert_int_equal(create(f, "/u", "1"), COORD_UNKNOWN);
    assert_int_equal(coord_sync(f->coord, &f->err), COORD_DONE);
    assert_node(f, "/u", "1", 0);
    coord_sim_set_faults(f->sim, &late);
    assert_int_equal(set(f, "/u", "2", 0), COORD_UNKNOWN);
    coord_sim_set_faults(f->sim, &none);
    assert_int_equal(coord_sync(f->coord, &f->err), COORD_DONE);
    assert_node(f, "/u", "2", 1);
}

/* Under all faults at once, a client that syncs and reads after each unknown outcome never loses or doubles a step. */
static void test_sim_unknowns_are_resolvable(void **state)
{
    struct fixture *f = *state;
    struct coord_sim_faults faults = {100000, 100000, 100000, 50000, 300000, 50000, 0, NULL, NULL};
    struct coord *client[2] = {f->coord, coord_sim_session(f->sim)};
    int done[2] = {0}, unknown = 0;
    assert_int_equal(create(f, "/n", "."), COORD_DONE);
    assert_int_equal(create(f, "/by", ""), COORD_DONE);
    assert_int_equal(create(f, "/by/0", ""), COORD_DONE);
    assert_int_equal(create(f, "/by/1", ""), COORD_DONE);
    coord_sim_set_faults(f->sim, &faults);
    for (int i = 0; i < 6000; i++) {
        int who = i % 3 == 0;
        struct coord *coord = client[who];
        struct coord_multi multi;
        struct coord_node node;
        arena_reset(&f->arena);
        if (coord_get(coord, "/n", &f->arena, &node, &f->err) != COORD_DONE)
            continue;
        const char *mine = arena_fmt(&f->arena, "/by/%d", who);
        coord_multi_init(&multi, &f->arena);
        coord_multi_set(&multi, "/n", STRVIEW("."), node.stat.version);
        coord_multi_set(&multi, mine, STRVIEW("."), done[who]);
        enum coord_rc rc = coord_multi_run(coord, &multi, NULL, &f->err);
        done[who] += rc == COORD_DONE;
        if (rc != COORD_UNKNOWN)
            continue;
        unknown++;
        while (coord_sync(coord, &f->err) != COORD_DONE ||
               coord_get(coord, mine, &f->arena, &node, &f->err) != COORD_DONE)
            ;
        assert_in_range(node.stat.version, done[who], done[who] + 1);
        done[who] = node.stat.version;
    }
    coord_sim_set_faults(f->sim, &(struct coord_sim_faults){0});
    coord_sim_settle(f->sim);
    assert_node(f, "/n", ".", done[0] + done[1]);
    assert_true(unknown > 500);
    assert_true(done[0] > 500 && done[1] > 500);
    assert_int_equal(coord_sim_count(f->sim), 4);
    coord_close(client[1]);
}

static void add_delay(void *arg, int64_t us) { *(int64_t *)arg += us; }

static void test_sim_repeats_from_its_seed(void **state)
{
    enum coord_rc first[200];
    int64_t clock[2] = {0, 0};
    struct error err;
    for (int run = 0; run < 2; run++) {
        struct coord_sim *sim = coord_sim_new(env_real(), 42);
        struct coord *coord = coord_sim_session(sim);
        struct coord_sim_faults faults = {200000, 200000, 200000, 100000, 0, 0, 500, add_delay, &clock[run]};
        coord_sim_set_faults(sim, &faults);
        for (int i = 0; i < 200; i++) {
            char path[16];
            snprintf(path, sizeof path, "/%d", i / 3);
            enum coord_rc rc = coord_create(coord, path, STRVIEW(""), false, &err);
            if (run == 0)
                first[i] = rc;
            assert_int_equal(rc, first[i]);
        }
        coord_close(coord);
        coord_sim_free(sim);
    }
    assert_true(clock[0] > 0 && clock[0] == clock[1]);
}

#define BOTH(test)                                                                                                     \
    {"sqlite: " #test, test, setup_sqlite, teardown, NULL}, { "sim: " #test, test, setup_sim, teardown, NULL }
#define ON(test, setup) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(int argc, char **argv)
{
#ifdef MENCIA_FAULTS
    if (argc == 2 && strcmp(argv[0], "fault-child") == 0)
        return fault_child(argv[1]);
#endif
    const struct CMUnitTest tests[] = {
        BOTH(test_nodes_and_versions),
        BOTH(test_root_is_fixed),
        BOTH(test_children_are_ordered_and_direct),
        BOTH(test_multi_is_all_or_nothing),
        BOTH(test_limits),
        BOTH(test_bad_paths_are_refused),
        BOTH(test_ensure),
        BOTH(test_watches_fire_once),
        BOTH(test_watch_budget_and_unwatch),
        BOTH(test_ephemeral),
        BOTH(test_concurrent_compare_and_set),
        cmocka_unit_test(test_escape),
        ON(test_sqlite_one_process, setup_sqlite),
        ON(test_sqlite_refuses_foreign_files, setup_sqlite),
        ON(test_sqlite_survives_kills, setup_sqlite),
        ON(test_sqlite_failing_write_loses_the_session, setup_sqlite),
        ON(test_sqlite_full_disk, setup_sqlite),
#ifdef MENCIA_FAULTS
        ON(test_sqlite_fault_points, setup_sqlite),
#endif
        ON(test_sim_sessions_share_a_world, setup_sim),
        ON(test_sim_disconnect, setup_sim),
        ON(test_sim_stale_reads_until_sync, setup_sim),
        ON(test_sim_unknown_outcomes, setup_sim),
        ON(test_sim_unknowns_are_resolvable, setup_sim),
        cmocka_unit_test(test_sim_repeats_from_its_seed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
