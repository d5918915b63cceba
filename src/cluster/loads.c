/* SPDX-License-Identifier: Apache-2.0 */
/* A table's nodes but its partitions': creation, drop, sweep, and the loads of INSERT and COPY. */
#include "cluster/codec.h"
#include "cluster/records_int.h"

#include <inttypes.h>
#include <stdlib.h>

#define SWEEP_DEPTH_MAX 8
#define SWEEP_TRIES     10

static const struct strview nothing = {"", 0};

/* --- Tables ------------------------------------------------------------------------------------------------------- */

void partition_create_ops(struct partition_start start, uint64_t schema_v, uint32_t decoder_rev,
                          struct coord_multi *multi)
{
    struct strbuf buf;
    const char *path = partition_path(multi->arena, start.id);
    struct partition_head head = {
        .start = start.pos,
        .floor_pos = start.pos,
        .tail_schema_v = schema_v,
        .tail_decoder_rev = decoder_rev,
        .last_page = LAST_PAGE_NONE,
    };
    strbuf_init(&buf);
    coord_multi_create(multi, path, nothing, false);
    coord_multi_create(multi, head_path(multi->arena, start.id), head_encode(&head, &buf), false);
    coord_multi_create(multi, arena_fmt(multi->arena, "%s/s", path), nothing, false);
    strbuf_release(&buf);
}

void table_create_ops(oid_t table, struct strview meta, const struct partition_start *start, uint32_t nstart,
                      uint64_t schema_v, uint32_t decoder_rev, struct coord_multi *multi)
{
    static const char *const folders[] = {"l", "label", "p"};
    const char *path = table_path(multi->arena, table);
    const struct visible_list none = {.nload = 0};
    struct strbuf buf;
    strbuf_init(&buf);
    coord_multi_create(multi, path, nothing, false);
    coord_multi_create(multi, table_meta_path(multi->arena, table), meta, false);
    coord_multi_create(multi, visible_path(multi->arena, table), visible_encode(&none, &buf), false);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++)
        coord_multi_create(multi, arena_fmt(multi->arena, "%s/%s", path, folders[i]), nothing, false);
    for (uint32_t i = 0; i < nstart; i++) {
        assert(start[i].id.table == table);
        partition_create_ops(start[i], schema_v, decoder_rev, multi);
    }
    strbuf_release(&buf);
}

void table_drop_ops(oid_t table, int32_t meta_version, struct coord_multi *multi)
{
    struct rec_writer w;
    struct strbuf buf;
    strbuf_init(&buf);
    rec_begin(&w, &buf, REC_GC);
    rec_u32(&w, table);
    coord_multi_delete(multi, table_meta_path(multi->arena, table), meta_version);
    coord_multi_create(multi, gc_path(multi->arena, table), rec_finish(&w, nothing), false);
    strbuf_release(&buf);
}

bool table_dropped_list(struct coord *coord, struct arena *arena, oid_t **table, uint32_t *ntable, struct error *err)
{
    char **name;
    uint32_t n, kept = 0;
    enum coord_rc rc = coord_children(coord, "/gc", arena, &name, &n, err);
    *ntable = 0;
    if (rc == COORD_NO_NODE)
        return true;
    if (rc != COORD_DONE)
        return false;
    *table = ARENA_ARRAY(arena, oid_t, n + 1);
    for (uint32_t i = 0; i < n; i++) {
        char *end;
        unsigned long oid = strtoul(name[i], &end, 10);
        if (*end == '\0' && char_is_digit(name[i][0]) && oid > 0 && oid <= UINT32_MAX)
            (*table)[kept++] = (oid_t)oid;
    }
    *ntable = kept;
    return true;
}

/* Deletes one node whatever its version, though never blindly: reads, deletes what was read, and again. */
static enum coord_rc delete_node(struct coord *coord, const char *path, struct error *err)
{
    enum coord_rc rc = COORD_BAD_VERSION;
    struct arena arena;
    arena_init(&arena, NULL);
    for (int try = 0; try < SWEEP_TRIES && (rc == COORD_BAD_VERSION || rc == COORD_UNKNOWN); try++) {
        struct coord_node node;
        if (rc == COORD_UNKNOWN && (rc = coord_sync(coord, err)) != COORD_DONE)
            break;
        rc = coord_get(coord, path, &arena, &node, err);
        if (rc == COORD_DONE)
            rc = coord_delete(coord, path, node.stat.version, err);
        arena_reset(&arena);
    }
    arena_release(&arena);
    return rc == COORD_NO_NODE ? COORD_DONE : rc;
}

/* Deletes a node and all below it. The depth is bounded by the layout. */
static bool delete_tree(struct coord *coord, const char *path, int depth, struct error *err)
{
    struct arena arena;
    char **name;
    uint32_t n = 0;
    bool ok = false;
    arena_init(&arena, NULL);
    enum coord_rc rc = coord_children(coord, path, &arena, &name, &n, err);
    if (rc == COORD_NO_NODE) {
        ok = true;
        goto out;
    }
    if (rc != COORD_DONE)
        goto out;
    if (depth == SWEEP_DEPTH_MAX) {
        error_set(err, SQLSTATE_DATA_CORRUPTED, "\"%s\" is nested too deeply", path);
        goto out;
    }
    for (uint32_t i = 0; i < n; i++)
        if (!delete_tree(coord, arena_fmt(&arena, "%s/%s", path, name[i]), depth + 1, err))
            goto out;
    ok = delete_node(coord, path, err) == COORD_DONE;
out:
    arena_release(&arena);
    return ok;
}

/* The heads go first: without them no commit that is still under way can succeed. */
static bool delete_heads(struct coord *coord, oid_t table, struct error *err)
{
    struct arena arena;
    struct partition_id *id;
    uint32_t n;
    arena_init(&arena, NULL);
    bool ok = partition_list(coord, table, &arena, &id, &n, err);
    if (!ok && error_is(err, SQLSTATE_UNDEFINED_TABLE)) {
        ok = true;
        n = 0;
    }
    for (uint32_t i = 0; ok && i < n; i++)
        ok = delete_node(coord, head_path(&arena, id[i]), err) == COORD_DONE;
    arena_release(&arena);
    return ok;
}

bool table_sweep(struct coord *coord, oid_t table, struct error *err)
{
    struct arena arena;
    struct coord_node node;
    bool ok = false;
    arena_init(&arena, NULL);
    enum coord_rc rc = coord_get(coord, gc_path(&arena, table), &arena, &node, err);
    if (rc == COORD_NO_NODE)
        ok = true;
    else if (rc == COORD_DONE && coord_get(coord, table_meta_path(&arena, table), &arena, &node, err) == COORD_DONE)
        error_set(err, SQLSTATE_DATA_CORRUPTED, "table %u is to be swept but was not dropped", table);
    else if (rc == COORD_DONE)
        ok = delete_heads(coord, table, err) && delete_tree(coord, table_path(&arena, table), 0, err) &&
             delete_node(coord, gc_path(&arena, table), err) == COORD_DONE;
    arena_release(&arena);
    return ok;
}

/* --- Loads -------------------------------------------------------------------------------------------------------- */

void load_begin(struct load *load, struct coord_multi *multi)
{
    struct strbuf buf;
    assert(load->version == VERSION_ABSENT && load->record.label.len <= LOAD_LABEL_MAX);
    load->record.state = LOAD_PENDING;
    load->record.rows = 0;
    load->record.nsegment = 0;
    strbuf_init(&buf);
    coord_multi_create(multi, load_path(multi->arena, load->table, load->id), load_encode(&load->record, &buf), false);
    strbuf_clear(&buf);
    if (load->record.label.len) {
        struct rec_writer w;
        rec_begin(&w, &buf, REC_LABEL);
        rec_u64(&w, load->id);
        coord_multi_create(multi, load_label_path(multi->arena, load->table, load->record.label),
                           rec_finish(&w, nothing), false);
    }
    strbuf_release(&buf);
    load->version = 0;
}

static bool not_pending(const struct load *load, struct error *err)
{
    return error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "load %" PRIu64 " of table %u is no longer pending", load->id,
                     load->table);
}

bool load_add_page(struct load *load, const struct segment_record *record, uint32_t nrecord, struct coord_multi *multi,
                   struct error *err)
{
    struct segment_page page = {.nrecord = nrecord};
    struct error why;
    struct strbuf buf;
    uint64_t rows = 0;
    assert(load->version >= 0);
    if (load->record.state != LOAD_PENDING)
        return not_pending(load, err);
    if (nrecord == 0 || nrecord > RECORDS_PER_PAGE || load->record.nsegment % RECORDS_PER_PAGE)
        return error_set(err, SQLSTATE_INTERNAL_ERROR, "page of a load with %u records after %u", nrecord,
                         load->record.nsegment);
    page.record = ARENA_ARRAY(multi->arena, struct segment_record, nrecord);
    memcpy(page.record, record, nrecord * sizeof *record);
    for (uint32_t i = 0; i < nrecord; i++) {
        struct segment_record *r = &page.record[i];
        r->kind = RECORD_SEGMENT;
        r->gap = GAP_NONE;
        r->seq_first = r->seq_last = load->record.nsegment + i;
        r->start = r->end = 0;
        rows += r->rows;
    }
    if (!page_check(&page, &why))
        return error_set(err, SQLSTATE_INTERNAL_ERROR, "page of a load: %s", why.message);
    strbuf_init(&buf);
    coord_multi_check(multi, load_path(multi->arena, load->table, load->id), load->version);
    coord_multi_create(multi,
                       load_page_path(multi->arena, load->table, load->id, load->record.nsegment / RECORDS_PER_PAGE),
                       page_encode(&page, &buf), false);
    strbuf_release(&buf);
    load->record.nsegment += nrecord;
    load->record.rows += rows;
    return true;
}

static void set_load(struct load *load, enum load_state state, struct coord_multi *multi)
{
    struct strbuf buf;
    strbuf_init(&buf);
    load->record.state = state;
    coord_multi_set(multi, load_path(multi->arena, load->table, load->id), load_encode(&load->record, &buf),
                    load->version++);
    strbuf_release(&buf);
}

static int order_u64(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* The list without the replaced loads, with room for one more. *removed = how many went. */
static struct visible_list remaining(const struct visible_list *list, const uint64_t *replaced, uint32_t nreplaced,
                                     struct arena *arena, uint32_t *removed)
{
    struct visible_list out = *list;
    uint64_t *sorted = ARENA_ARRAY(arena, uint64_t, nreplaced + 1);
    if (nreplaced)
        memcpy(sorted, replaced, nreplaced * sizeof *sorted);
    qsort(sorted, nreplaced, sizeof *sorted, order_u64);
    out.load = ARENA_ARRAY(arena, struct visible_load, list->nload + 1);
    out.nload = 0;
    for (uint32_t i = 0; i < list->nload; i++)
        if (!bsearch(&list->load[i].load, sorted, nreplaced, sizeof *sorted, order_u64))
            out.load[out.nload++] = list->load[i];
    *removed = list->nload - out.nload;
    return out;
}

bool load_publish_listed(struct load *load, struct visible_list *list, const uint64_t *replaced, uint32_t nreplaced,
                         struct coord_multi *multi, struct error *err)
{
    uint32_t removed;
    assert(load->version >= 0);
    if (load->record.state != LOAD_PENDING)
        return not_pending(load, err);
    struct visible_list next = remaining(list, replaced, nreplaced, multi->arena, &removed);
    if (removed != nreplaced)
        return error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "a load to be replaced in table %u is not visible",
                         load->table);
    if (next.nload == VISIBLE_LOADS_MAX) {
        error_set(err, SQLSTATE_CONFIGURATION_LIMIT_EXCEEDED, "table has %u loads that are not merged yet", next.nload);
        return error_hint(err, "Load more rows at a time with COPY.");
    }
    next.load[next.nload++] = (struct visible_load){
        .load = load->id,
        .rows = load->record.rows,
        .nsegment = load->record.nsegment,
    };
    set_load(load, LOAD_PUBLISHED, multi);
    *list = next;
    return true;
}

void visible_put(oid_t table, struct visible *visible, struct coord_multi *multi)
{
    struct strbuf buf;
    strbuf_init(&buf);
    coord_multi_set(multi, visible_path(multi->arena, table), visible_encode(&visible->list, &buf), visible->version++);
    strbuf_release(&buf);
}

bool load_publish(struct load *load, struct visible *visible, const uint64_t *replaced, uint32_t nreplaced,
                  int32_t meta_version, struct coord_multi *multi, struct error *err)
{
    if (!load_publish_listed(load, &visible->list, replaced, nreplaced, multi, err))
        return false;
    visible_put(load->table, visible, multi);
    if (meta_version != VERSION_ABSENT)
        coord_multi_check(multi, table_meta_path(multi->arena, load->table), meta_version);
    return true;
}

bool load_abort(struct load *load, struct coord_multi *multi, struct error *err)
{
    if (load->record.state != LOAD_PENDING)
        return not_pending(load, err);
    set_load(load, LOAD_ABORTED, multi);
    if (load->record.label.len)
        coord_multi_delete(multi, load_label_path(multi->arena, load->table, load->record.label), 0);
    return true;
}

bool visible_read(struct coord *coord, oid_t table, struct arena *arena, struct visible *out, struct error *err)
{
    struct coord_node node;
    enum coord_rc rc = coord_get(coord, visible_path(arena, table), arena, &node, err);
    if (rc == COORD_NO_NODE)
        return error_set(err, SQLSTATE_UNDEFINED_TABLE, "table %u does not exist", table);
    if (rc != COORD_DONE)
        return false;
    out->version = node.stat.version;
    return visible_decode(node.data, arena, &out->list, err);
}

bool load_read(struct coord *coord, oid_t table, uint64_t id, struct arena *arena, struct load *out, struct error *err)
{
    struct coord_node node;
    enum coord_rc rc = coord_get(coord, load_path(arena, table, id), arena, &node, err);
    if (rc == COORD_NO_NODE)
        return error_set(err, SQLSTATE_UNDEFINED_OBJECT, "load %" PRIu64 " of table %u does not exist", id, table);
    if (rc != COORD_DONE)
        return false;
    *out = (struct load){.table = table, .id = id, .version = node.stat.version};
    return load_decode(node.data, &out->record, err);
}

bool load_read_records(struct coord *coord, const struct load *load, struct arena *arena,
                       struct segment_record **record, struct error *err)
{
    uint32_t expected = load->record.nsegment, n = 0;
    uint64_t npage = ((uint64_t)expected + RECORDS_PER_PAGE - 1) / RECORDS_PER_PAGE;
    *record = NULL;
    /* The count is input: memory follows the pages that are really there. */
    struct segment_page *page = NULL;
    uint32_t read = 0, cap = 0;
    for (; read < npage; read++) {
        struct coord_node node;
        if (read == cap) {
            struct segment_page *grown = ARENA_ARRAY(arena, struct segment_page, cap ? (cap *= 2) : (cap = 8));
            if (read)
                memcpy(grown, page, read * sizeof *grown);
            page = grown;
        }
        if (coord_get(coord, load_page_path(arena, load->table, load->id, read), arena, &node, err) != COORD_DONE ||
            !page_decode(node.data, arena, &page[read], err))
            return false;
        uint32_t want = MIN_OF(expected - read * RECORDS_PER_PAGE, RECORDS_PER_PAGE);
        if (page[read].nrecord != want || page[read].record[0].seq_first != (uint64_t)read * RECORDS_PER_PAGE)
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "load %" PRIu64 " of table %u lacks segments", load->id,
                             load->table);
    }
    *record = ARENA_ARRAY(arena, struct segment_record, expected + 1);
    for (uint32_t i = 0; i < read; i++) {
        memcpy(*record + n, page[i].record, page[i].nrecord * sizeof **record);
        n += page[i].nrecord;
    }
    assert(n == expected);
    return true;
}

bool load_find_label(struct coord *coord, oid_t table, struct strview label, struct arena *arena, bool *found,
                     struct load *out, struct error *err)
{
    struct coord_node node;
    struct rec_reader r;
    *found = false;
    enum coord_rc rc = coord_get(coord, load_label_path(arena, table, label), arena, &node, err);
    if (rc == COORD_NO_NODE)
        return true;
    if (rc != COORD_DONE || !rec_open(&r, node.data, REC_LABEL, "label", err))
        return false;
    uint64_t id = rec_read_u64(&r);
    if (!rec_reader_done(&r, "label", err) || !load_read(coord, table, id, arena, out, err))
        return false;
    *found = true;
    return true;
}
