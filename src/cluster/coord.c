/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster/coord_int.h"

#include <stdlib.h>

#define OP_OVERHEAD_BYTES 16

const char *coord_rc_name(enum coord_rc rc)
{
    switch (rc) {
    case COORD_DONE: return "done";
    case COORD_EXISTS: return "exists";
    case COORD_NO_NODE: return "no node";
    case COORD_BAD_VERSION: return "bad version";
    case COORD_NOT_EMPTY: return "not empty";
    case COORD_EPHEMERAL_PARENT: return "ephemeral parent";
    case COORD_TOO_BIG: return "too big";
    case COORD_WATCH_BUDGET: return "watch budget";
    case COORD_UNAVAILABLE: return "unavailable";
    case COORD_UNKNOWN: return "unknown";
    }
    return "?";
}

enum coord_rc coord_refuse(enum coord_rc rc, const struct coord_op *op, const char *path, struct error *err)
{
    static const char *const verb[] = {"check", "create", "set", "delete"};
    const char *state = SQLSTATE_SERIALIZATION_FAILURE;
    if (rc == COORD_TOO_BIG)
        state = SQLSTATE_PROGRAM_LIMIT_EXCEEDED;
    else if (rc == COORD_WATCH_BUDGET)
        state = SQLSTATE_CONFIGURATION_LIMIT_EXCEEDED;
    else if (rc == COORD_UNAVAILABLE)
        state = SQLSTATE_IO_ERROR;
    else if (rc == COORD_UNKNOWN)
        state = SQLSTATE_TRANSACTION_RESOLUTION_UNKNOWN;
    error_set(err, state, "coordination store: %s \"%s\": %s", op ? verb[op->kind] : "access", path ? path : "",
              coord_rc_name(rc));
    return rc;
}

size_t coord_parent_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    assert(slash);
    return slash == path ? 1 : (size_t)(slash - path);
}

static bool name_valid(const char *name, size_t len)
{
    if (len == 0 || len > COORD_NAME_BYTES_MAX)
        return false;
    if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.')))
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7F)
            return false;
    return utf8_valid(name, len, NULL);
}

static bool path_valid(const char *path)
{
    if (path[0] != '/')
        return false;
    if (path[1] == '\0')
        return true;
    for (const char *name = path + 1;; name++) {
        size_t len = strcspn(name, "/");
        if (!name_valid(name, len))
            return false;
        name += len;
        if (*name == '\0')
            return (size_t)(name - path) <= COORD_PATH_BYTES_MAX;
    }
}

/* Paths are built by our own code from escaped names: a bad one is a bug, but a release build refuses it all the same.
 */
static enum coord_rc check_path(const char *path, struct error *err)
{
    if (path_valid(path))
        return COORD_DONE;
    if (strlen(path) > COORD_PATH_BYTES_MAX)
        return coord_refuse(COORD_TOO_BIG, NULL, path, err);
    error_set(err, SQLSTATE_INTERNAL_ERROR, "coordination store: \"%s\" is not a valid path", path);
    return COORD_UNAVAILABLE;
}

enum coord_rc coord_get(struct coord *coord, const char *path, struct arena *arena, struct coord_node *out,
                        struct error *err)
{
    enum coord_rc rc = check_path(path, err);
    return rc == COORD_DONE ? coord->ops->get(coord, path, arena, out, err) : rc;
}

enum coord_rc coord_children(struct coord *coord, const char *path, struct arena *arena, char ***names, uint32_t *nname,
                             struct error *err)
{
    enum coord_rc rc = check_path(path, err);
    return rc == COORD_DONE ? coord->ops->children(coord, path, arena, names, nname, err) : rc;
}

/* Limits and arguments of one operation; adds its bytes to *total. */
static enum coord_rc check_op(const struct coord_op *op, size_t *total, struct error *err)
{
    enum coord_rc rc = check_path(op->path, err);
    if (rc != COORD_DONE)
        return rc;
    assert(op->kind == COORD_OP_CREATE || op->version >= 0);
    if (op->kind != COORD_OP_CREATE && op->version < 0)
        return coord_refuse(COORD_BAD_VERSION, op, op->path, err);
    bool has_data = op->kind == COORD_OP_CREATE || op->kind == COORD_OP_SET;
    if (op->path[1] == '\0' && op->kind != COORD_OP_CHECK)
        return coord_refuse(op->kind == COORD_OP_CREATE ? COORD_EXISTS : COORD_BAD_VERSION, op, op->path, err);
    if (has_data && op->data.len > COORD_NODE_BYTES_MAX)
        return coord_refuse(COORD_TOO_BIG, op, op->path, err);
    *total += strlen(op->path) + (has_data ? op->data.len : 0) + OP_OVERHEAD_BYTES;
    return COORD_DONE;
}

enum coord_rc coord_multi(struct coord *coord, const struct coord_op *op, uint32_t nop, uint32_t *failed,
                          struct error *err)
{
    uint32_t ignored;
    size_t total = 0;
    if (!failed)
        failed = &ignored;
    *failed = nop;
    if (nop == 0)
        return COORD_DONE;
    for (uint32_t i = 0; i < nop; i++) {
        enum coord_rc rc = check_op(&op[i], &total, err);
        if (rc != COORD_DONE) {
            *failed = i;
            return rc;
        }
    }
    if (total > COORD_MULTI_BYTES_MAX)
        return coord_refuse(COORD_TOO_BIG, NULL, op[0].path, err);
    return coord->ops->multi(coord, op, nop, failed, err);
}

enum coord_rc coord_create(struct coord *coord, const char *path, struct strview data, bool ephemeral,
                           struct error *err)
{
    struct coord_op op = {.kind = COORD_OP_CREATE, .path = path, .data = data, .ephemeral = ephemeral};
    return coord_multi(coord, &op, 1, NULL, err);
}

enum coord_rc coord_set(struct coord *coord, const char *path, struct strview data, int32_t version, struct error *err)
{
    struct coord_op op = {.kind = COORD_OP_SET, .path = path, .data = data, .version = version};
    return coord_multi(coord, &op, 1, NULL, err);
}

enum coord_rc coord_delete(struct coord *coord, const char *path, int32_t version, struct error *err)
{
    struct coord_op op = {.kind = COORD_OP_DELETE, .path = path, .version = version};
    return coord_multi(coord, &op, 1, NULL, err);
}

enum coord_rc coord_ensure(struct coord *coord, const char *path, struct error *err)
{
    char part[COORD_PATH_BYTES_MAX + 1];
    enum coord_rc rc = check_path(path, err);
    size_t len = strlen(path);
    if (rc != COORD_DONE || len == 1)
        return rc;
    for (size_t i = 1; i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        rc = coord_create(coord, part, strview_make("", 0), false, err);
        if (rc != COORD_DONE && rc != COORD_EXISTS)
            return rc;
    }
    return COORD_DONE;
}

enum coord_rc coord_watch(struct coord *coord, const char *path, enum coord_watch_kind kind, coord_watch_fn fn,
                          void *arg, uint64_t *id, struct error *err)
{
    enum coord_rc rc = check_path(path, err);
    return rc == COORD_DONE ? coord->ops->watch(coord, path, kind, fn, arg, id, err) : rc;
}

void coord_unwatch(struct coord *coord, uint64_t id) { coord->ops->unwatch(coord, id); }
enum coord_rc coord_sync(struct coord *coord, struct error *err) { return coord->ops->sync(coord, err); }
void coord_session(struct coord *coord, struct coord_session *out) { coord->ops->session(coord, out); }

void coord_close(struct coord *coord)
{
    if (coord)
        coord->ops->close(coord);
}

void coord_multi_init(struct coord_multi *multi, struct arena *arena) { *multi = (struct coord_multi){.arena = arena}; }

static struct coord_op *multi_add(struct coord_multi *multi, enum coord_op_kind kind, const char *path)
{
    if (multi->nop == multi->cap) {
        uint32_t cap = multi->cap ? multi->cap * 2 : 8;
        struct coord_op *grown = ARENA_ARRAY(multi->arena, struct coord_op, cap);
        if (multi->nop)
            memcpy(grown, multi->op, multi->nop * sizeof *grown);
        multi->op = grown;
        multi->cap = cap;
    }
    struct coord_op *op = &multi->op[multi->nop++];
    *op = (struct coord_op){.kind = kind, .path = arena_strdup(multi->arena, path)};
    return op;
}

void coord_multi_check(struct coord_multi *multi, const char *path, int32_t version)
{
    assert(version >= 0);
    multi_add(multi, COORD_OP_CHECK, path)->version = version;
}

void coord_multi_create(struct coord_multi *multi, const char *path, struct strview data, bool ephemeral)
{
    struct coord_op *op = multi_add(multi, COORD_OP_CREATE, path);
    op->data = arena_strview(multi->arena, data);
    op->ephemeral = ephemeral;
}

void coord_multi_set(struct coord_multi *multi, const char *path, struct strview data, int32_t version)
{
    assert(version >= 0);
    struct coord_op *op = multi_add(multi, COORD_OP_SET, path);
    op->data = arena_strview(multi->arena, data);
    op->version = version;
}

void coord_multi_delete(struct coord_multi *multi, const char *path, int32_t version)
{
    assert(version >= 0);
    multi_add(multi, COORD_OP_DELETE, path)->version = version;
}

static bool plain_char(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

bool coord_escape(struct strbuf *out, struct strview name)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t base = out->len;
    if (name.len == 0)
        strbuf_add_char(out, '%');
    for (size_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        if (plain_char(c)) {
            strbuf_add_char(out, (char)c);
        } else {
            char escaped[3] = {'%', hex[c >> 4], hex[c & 15]};
            strbuf_add(out, escaped, 3);
        }
    }
    return out->len - base <= COORD_NAME_BYTES_MAX;
}

static int hex_value(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

bool coord_unescape(struct strbuf *out, const char *component)
{
    if (component[0] == '%' && component[1] == '\0')
        return true;
    if (component[0] == '\0')
        return false;
    for (const char *at = component; *at; at++) {
        if (plain_char((unsigned char)*at)) {
            strbuf_add_char(out, *at);
            continue;
        }
        if (*at != '%' || hex_value(at[1]) < 0 || hex_value(at[2]) < 0)
            return false;
        unsigned char c = (unsigned char)(hex_value(at[1]) << 4 | hex_value(at[2]));
        if (plain_char(c))
            return false;
        strbuf_add_char(out, (char)c);
        at += 2;
    }
    return true;
}
