/* SPDX-License-Identifier: Apache-2.0 */
/* Commit records: binary forms against damage and newer writers, and the chain under racing committers. */
#include "tests/lib/unit.h"

#include "base/hash.h"
#include "cluster/codec.h"
#include "cluster/coord_sim.h"
#include "cluster/records.h"

#include <stdlib.h>

#define TABLE 16384u

static const struct partition_id part = {TABLE, 0, 3};

struct fixture {
    struct coord_sim *sim;
    struct coord *coord;
    struct arena arena;
    struct strbuf buf;
    struct error err;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->sim = coord_sim_new(env_real(), 7);
    f->coord = coord_sim_session(f->sim);
    arena_init(&f->arena, NULL);
    strbuf_init(&f->buf);
    assert_int_equal(coord_ensure(f->coord, "/t", &f->err), COORD_DONE);
    assert_int_equal(coord_ensure(f->coord, "/gc", &f->err), COORD_DONE);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    coord_close(f->coord);
    coord_sim_free(f->sim);
    arena_release(&f->arena);
    strbuf_release(&f->buf);
    free(f);
    return 0;
}

static void create_table(struct fixture *f, uint64_t pos)
{
    struct coord_multi multi;
    struct partition_start start = {part, pos};
    coord_multi_init(&multi, &f->arena);
    table_create_ops(TABLE, STRVIEW("meta"), &start, 1, 1, 5, &multi);
    assert_int_equal(coord_multi_run(f->coord, &multi, NULL, &f->err), COORD_DONE);
}

static struct partition_head sample_head(void)
{
    struct partition_head head = {
        .next_seq = 12,
        .start = pos_make(1, 1000),
        .npending = 2,
        .tail_schema_v = 4,
        .tail_decoder_rev = 9,
        .want_schema = 6,
        .floor_seq = 2,
        .floor_pos = pos_make(0, 77),
        .last_page = 0,
        .state = PARTITION_STOPPED,
        .stop = STOP_GAP,
        .stop_pos = pos_make(1, 1300),
        .stop_detail = STRVIEW("offset 1300 is out of range"),
        .extra = STRVIEW("future head field"),
    };
    head.pending[0] = (struct pending_segment){10, pos_make(1, 1100), 111, 5, 3, 8, 1, STRVIEW("xy")};
    head.pending[1] = (struct pending_segment){11, pos_make(1, 1200), 0, 0, 4, 9, 3, STRVIEW("")};
    return head;
}

static struct segment_record sample_record(uint64_t seq, uint64_t start, uint64_t end)
{
    struct segment_record r = {
        .kind = RECORD_SEGMENT,
        .seq_first = seq,
        .seq_last = seq,
        .start = start,
        .end = end,
        .rows = 100,
        .dead_rows = 1,
        .last = {end - 1, 1700000000000000, 0xABCD},
        .time_min = -5,
        .time_max = 5,
        .size = 4096,
        .attempt = 111,
        .schema_v = 3,
        .decoder_rev = 8,
        .extra = STRVIEW("later"),
    };
    memset(r.sha256, 0x5A, sizeof r.sha256);
    return r;
}

static void assert_view(struct strview v, const char *text)
{
    assert_int_equal(v.len, strlen(text));
    assert_memory_equal(v.ptr, text, v.len);
}

static void test_head_round_trip_keeps_unknown_fields(void **state)
{
    struct fixture *f = *state;
    struct partition_head head = sample_head(), back;
    struct strview node = head_encode(&head, &f->buf);
    assert_ok(head_decode(node, &back, &f->err), &f->err);
    assert_int_equal(back.npending, 2);
    assert_int_equal(back.pending[0].attempt, 111);
    assert_int_equal(back.pending[1].failures, 3);
    assert_view(back.pending[0].extra, "xy");
    assert_view(back.extra, "future head field");
    assert_view(back.stop_detail, "offset 1300 is out of range");
    struct strbuf again;
    strbuf_init(&again);
    struct strview rewritten = head_encode(&back, &again);
    assert_int_equal(rewritten.len, node.len);
    assert_memory_equal(rewritten.ptr, node.ptr, node.len);
    strbuf_release(&again);
}

static void test_page_round_trip(void **state)
{
    struct fixture *f = *state;
    struct segment_record r[3];
    r[0] = sample_record(3, pos_make(0, 10), pos_make(0, 20));
    r[0].deleted_version = 7;
    memset(r[0].deleted_sha256, 1, 32);
    r[1] = (struct segment_record){.kind = RECORD_GAP,
                                   .gap = GAP_RECREATED,
                                   .seq_first = 4,
                                   .seq_last = 9,
                                   .start = pos_make(0, 20),
                                   .end = pos_make(1, 0),
                                   .time_min = INT64_MAX,
                                   .time_max = INT64_MIN};
    r[2] = sample_record(10, pos_make(1, 0), pos_make(1, 9));
    struct segment_page page = {3, r, STRVIEW("more")}, back;
    struct strview node = page_encode(&page, &f->buf);
    assert_ok(page_decode(node, &f->arena, &back, &f->err), &f->err);
    assert_int_equal(back.nrecord, 3);
    assert_int_equal(back.record[1].gap, GAP_RECREATED);
    assert_true(back.record[1].time_min > back.record[1].time_max);
    assert_memory_equal(back.record[0].sha256, r[0].sha256, 32);
    assert_memory_equal(back.record[0].deleted_sha256, r[0].deleted_sha256, 32);
    assert_int_equal(back.record[2].last.crc, 0xABCD);
    struct strbuf again;
    strbuf_init(&again);
    struct strview rewritten = page_encode(&back, &again);
    assert_int_equal(rewritten.len, node.len);
    assert_memory_equal(rewritten.ptr, node.ptr, node.len);
    strbuf_release(&again);
}

static void test_full_page_fits_a_node(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r = calloc(RECORDS_PER_PAGE, sizeof *r);
    static const char filler[RECORD_BYTES_MAX] = {0};
    for (uint32_t i = 0; i < RECORDS_PER_PAGE; i++) {
        r[i] = sample_record(i, 100 * i + 1, 100 * i + 101);
        r[i].deleted_version = 1;
        r[i].extra = strview_make(filler, 240 - 176 - 2);
    }
    struct segment_page page = {RECORDS_PER_PAGE, r, {"", 0}}, back;
    struct strview node = page_encode(&page, &f->buf);
    assert_in_range(node.len, 60000, COORD_NODE_BYTES_MAX);
    assert_ok(page_decode(node, &f->arena, &back, &f->err), &f->err);
    assert_int_equal(back.nrecord, RECORDS_PER_PAGE);
    free(r);
}

/* Any flipped bit and any cut is noticed. */
static void test_damage_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct partition_head head = sample_head(), back;
    struct strview node = head_encode(&head, &f->buf);
    char *copy = malloc(node.len);
    for (size_t i = 0; i < node.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, node.ptr, node.len);
            copy[i] ^= (char)(1 << bit);
            bool decoded = head_decode(strview_make(copy, node.len), &back, &f->err);
            /* The format number itself is informative only: min_reader decides. */
            assert_true(!decoded || i < 4);
        }
    }
    for (size_t len = 0; len < node.len; len++)
        assert_false(head_decode(strview_make(node.ptr, len), &back, &f->err));
    free(copy);
}

static void fix_checksum(char *node, size_t len) { store_u32(node + 4, crc32c(0, node + 8, len - 8)); }

static void test_newer_formats(void **state)
{
    struct fixture *f = *state;
    struct partition_head head = sample_head(), back;
    struct strview node = head_encode(&head, &f->buf);
    char *bytes = (char *)node.ptr;
    store_u16(bytes, 7);
    assert_ok(head_decode(node, &back, &f->err), &f->err);
    store_u16(bytes + 2, 2);
    assert_sqlstate(head_decode(node, &back, &f->err), &f->err, "0A000");
    store_u16(bytes + 2, 1);
    bytes[8] = REC_PAGE;
    fix_checksum(bytes, node.len);
    assert_sqlstate(head_decode(node, &back, &f->err), &f->err, "XX001");
}

static void test_unsound_records_are_refused(void **state)
{
    struct fixture *f = *state;
    struct partition_head head = sample_head();
    assert_ok(head_check(&head, &f->err), &f->err);
    head.pending[1].end = head.pending[0].end;
    assert_sqlstate(head_check(&head, &f->err), &f->err, "XX001");
    head = sample_head();
    head.next_seq = 13;
    assert_false(head_check(&head, &f->err));
    head = sample_head();
    head.floor_pos = head.start + 1;
    assert_false(head_check(&head, &f->err));
    head = sample_head();
    head.stop = STOP_NONE;
    assert_false(head_check(&head, &f->err));
    struct segment_record r = sample_record(1, 5, 9);
    assert_ok(record_check(&r, &f->err), &f->err);
    r.last.pos = 9;
    assert_false(record_check(&r, &f->err));
    r = sample_record(1, 5, 9);
    r.gap = GAP_TRUNCATED;
    assert_false(record_check(&r, &f->err));
    r = sample_record(1, 5, 5);
    assert_false(record_check(&r, &f->err));
    struct segment_record pair[2] = {sample_record(1, 5, 9), sample_record(2, 10, 12)};
    struct segment_page page = {2, pair, {"", 0}};
    assert_sqlstate(page_check(&page, &f->err), &f->err, "XX001");
    pair[1].start = 9;
    assert_ok(page_check(&page, &f->err), &f->err);
    pair[1].seq_first = pair[1].seq_last = 3;
    assert_false(page_check(&page, &f->err));
}

/* --- One committer ------------------------------------------------------------------------------------------------ */

static bool run(struct fixture *f, struct coord_multi *multi)
{
    return coord_multi_run(f->coord, multi, NULL, &f->err) == COORD_DONE;
}

static void propose(struct fixture *f, struct partition *p, uint64_t end, uint64_t attempt, uint64_t schema)
{
    struct coord_multi multi;
    struct propose args = {end, attempt, 1, schema, 5};
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_propose(p, &args, &multi, &f->err), &f->err);
    assert_int_equal(multi.nop, 1);
    assert_ok(run(f, &multi), &f->err);
}

static void commit(struct fixture *f, struct partition *p, uint64_t attempt)
{
    struct coord_multi multi;
    struct segment_record r = sample_record(0, 1, 2);
    r.last.pos = p->head.pending[0].end - 1;
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_commit(p, attempt, &r, &multi, &f->err), &f->err);
    assert_int_equal(multi.nop, 2);
    assert_ok(run(f, &multi), &f->err);
}

static struct partition reload(struct fixture *f, struct segment_record **record, uint32_t *n)
{
    struct partition p;
    assert_ok(partition_load_chain(f->coord, part, &f->arena, &p, record, n, &f->err), &f->err);
    return p;
}

static void test_life_of_a_partition(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r;
    struct coord_multi multi;
    uint32_t n;
    create_table(f, pos_make(0, 50));
    struct partition p = reload(f, &r, &n);
    assert_int_equal(n, 0);
    assert_int_equal(p.head.next_seq, 0);
    /* Nothing there yet: the floor moves. */
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_extend(&p, 0, 60, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_want_schema(&p, 2, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    propose(f, &p, 100, 11, 1);
    assert_int_equal(p.head.want_schema, 2);
    propose(f, &p, 200, 12, 2);
    assert_int_equal(p.head.want_schema, 0);
    propose(f, &p, 300, 13, 2);
    coord_multi_init(&multi, &f->arena);
    struct segment_record any = sample_record(0, 1, 2);
    assert_sqlstate(partition_commit(&p, 12, &any, &multi, &f->err), &f->err, "40001");
    assert_int_equal(multi.nop, 0);
    commit(f, &p, 11);
    assert_int_equal(p.page.record[0].schema_v, 1);
    /* The second turns out empty: no file, its seq joins the first record. */
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_extend(&p, 12, 200, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    commit(f, &p, 13);
    p = reload(f, &r, &n);
    assert_int_equal(n, 2);
    assert_int_equal(r[0].start, 60);
    assert_int_equal(r[0].end, 200);
    assert_int_equal(r[0].seq_last, 1);
    assert_int_equal(r[1].seq_first, 2);
    assert_int_equal(r[1].schema_v, 2);
    assert_int_equal(p.head.npending, 0);
    assert_int_equal(p.head.next_seq, 3);
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_extend(&p, 0, 310, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    p = reload(f, &r, &n);
    assert_int_equal(r[1].end, 310);
}

static void test_gap_rebases_proposals(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r;
    struct coord_multi multi;
    uint32_t n;
    create_table(f, 0);
    struct partition p = reload(f, &r, &n);
    propose(f, &p, 10, 1, 1);
    propose(f, &p, 20, 2, 1);
    propose(f, &p, 30, 3, 1);
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_set_stop(&p, STOP_GAP, 15, STRVIEW("gone"), &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    p = reload(f, &r, &n);
    assert_int_equal(p.head.state, PARTITION_STOPPED);
    assert_view(p.head.stop_detail, "gone");
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_gap(&p, 15, GAP_OUT_OF_RANGE, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    p = reload(f, &r, &n);
    assert_int_equal(n, 1);
    assert_int_equal(r[0].kind, RECORD_GAP);
    assert_int_equal(r[0].seq_first, 0);
    assert_int_equal(r[0].seq_last, 2);
    assert_int_equal(r[0].end, 15);
    assert_int_equal(p.head.state, PARTITION_RUNNING);
    assert_int_equal(p.head.npending, 2);
    assert_int_equal(p.head.pending[0].seq, 3);
    assert_int_equal(p.head.pending[0].end, 20);
    assert_int_equal(p.head.pending[0].attempt, 0);
    /* A stale committer has lost; a new one takes it. */
    struct segment_record any = sample_record(0, 1, 2);
    coord_multi_init(&multi, &f->arena);
    assert_sqlstate(partition_commit(&p, 2, &any, &multi, &f->err), &f->err, "40001");
    assert_ok(partition_take_over(&p, 3, 0, 77, 9, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    commit(f, &p, 77);
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_gap(&p, pos_make(1, 4), GAP_RECREATED, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    assert_int_equal(p.head.npending, 0);
    /* After a gap an empty interval is a record of its own. */
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_extend(&p, 0, pos_make(1, 9), &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    p = reload(f, &r, &n);
    assert_int_equal(n, 4);
    assert_int_equal(r[3].kind, RECORD_EMPTY);
    assert_int_equal(p.head.start, pos_make(1, 9));
}

static void test_pages_fill_up(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r;
    uint32_t n;
    create_table(f, 0);
    struct partition p = reload(f, &r, &n);
    for (uint64_t i = 1; i <= 600; i++) {
        propose(f, &p, 10 * i, i, 1);
        commit(f, &p, i);
        if (i % 200 == 0)
            p = reload(f, &r, &n);
    }
    assert_int_equal(n, 600);
    assert_int_equal(p.head.last_page, 2);
    assert_int_equal(p.page.nrecord, 600 - 512);
    enum commit_fate fate;
    assert_ok(partition_commit_fate(f->coord, &p, 3, 4, &fate, &f->err), &f->err);
    assert_int_equal(fate, COMMIT_DONE);
    assert_ok(partition_commit_fate(f->coord, &p, 3, 5, &fate, &f->err), &f->err);
    assert_int_equal(fate, COMMIT_LOST);
    assert_ok(partition_commit_fate(f->coord, &p, 599, 600, &fate, &f->err), &f->err);
    assert_int_equal(fate, COMMIT_DONE);
    /* Only the chain as a whole shows a missing page. */
    struct coord_node node;
    const char *path = page_path(&f->arena, part, 1);
    assert_int_equal(coord_get(f->coord, path, &f->arena, &node, &f->err), COORD_DONE);
    assert_int_equal(coord_delete(f->coord, path, node.stat.version, &f->err), COORD_DONE);
    assert_sqlstate(partition_load_chain(f->coord, part, &f->arena, &p, &r, &n, &f->err), &f->err, "XX001");
}

static void test_pending_is_bounded(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r;
    struct coord_multi multi;
    uint32_t n;
    create_table(f, 0);
    struct partition p = reload(f, &r, &n);
    for (uint64_t i = 1; i <= PENDING_MAX; i++)
        propose(f, &p, i, i, 1);
    struct propose more = {100, 100, 1, 1, 5};
    coord_multi_init(&multi, &f->arena);
    assert_sqlstate(partition_propose(&p, &more, &multi, &f->err), &f->err, "53400");
    assert_int_equal(multi.nop, 0);
    struct propose bad = {5, 100, 1, 1, 5};
    commit(f, &p, 1);
    assert_sqlstate(partition_propose(&p, &bad, &multi, &f->err), &f->err, "XX000");
    assert_int_equal(multi.nop, 0);
    assert_int_equal(p.head.npending, PENDING_MAX - 1);
}

/* --- Racing committers -------------------------------------------------------------------------------------------- */

/* What the test believes: which attempt committed which interval, from outcomes alone. */
struct model {
    uint64_t random;
    uint64_t next_attempt;
    struct {
        uint64_t start, end;
    } done[4000]; /* by attempt */
    uint32_t commits, unknowns, losses;
};

static uint64_t next_random(struct model *m)
{
    m->random = hash_u64(m->random + 0x9E3779B97F4A7C15ULL);
    return m->random;
}

/* Loads for a decision: after a sync. */
static void load_surely(struct fixture *f, struct coord *coord, struct partition *p)
{
    while (coord_sync(coord, &f->err) != COORD_DONE || !partition_load(coord, part, &f->arena, p, &f->err))
        assert_false(error_is(&f->err, "XX001"));
}

static void try_commit(struct fixture *f, struct coord *coord, struct model *m, struct partition *p)
{
    struct coord_multi multi;
    uint64_t seq = p->head.pending[0].seq, attempt = p->head.pending[0].attempt;
    uint64_t start = p->head.start, end = p->head.pending[0].end;
    struct segment_record r = sample_record(0, 1, 2);
    r.last.pos = end - 1;
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_commit(p, attempt, &r, &multi, &f->err), &f->err);
    enum coord_rc rc = coord_multi_run(coord, &multi, NULL, &f->err);
    bool done = rc == COORD_DONE;
    if (rc == COORD_UNKNOWN) {
        struct partition now;
        enum commit_fate fate;
        m->unknowns++;
        do
            load_surely(f, coord, &now);
        while (!partition_commit_fate(coord, &now, seq, attempt, &fate, &f->err));
        done = fate == COMMIT_DONE;
    }
    m->losses += rc == COORD_BAD_VERSION;
    if (done && m->done[attempt].end) {
        /* Two clients used one attempt and both learn that it was committed: once, as the same interval. */
        assert_int_equal(rc, COORD_UNKNOWN);
        assert_int_equal(m->done[attempt].start, start);
        assert_int_equal(m->done[attempt].end, end);
    } else if (done) {
        m->done[attempt].start = start;
        m->done[attempt].end = end;
        m->commits++;
    }
}

static void random_step(struct fixture *f, struct coord *coord, struct model *m)
{
    struct partition p;
    struct coord_multi multi;
    uint64_t what = next_random(m) % 16;
    coord_multi_init(&multi, &f->arena);
    /* Often from a stale read on purpose: the versions must protect. */
    if (!partition_load(coord, part, &f->arena, &p, &f->err)) {
        assert_false(error_is(&f->err, "XX000"));
        return;
    }
    uint64_t tail = p.head.npending ? p.head.pending[p.head.npending - 1].end : p.head.start;
    bool built = false;
    if (what < 6) {
        struct propose args = {tail + 1 + next_random(m) % 50, ++m->next_attempt, what, 1, 5};
        built = p.head.npending < 5 && partition_propose(&p, &args, &multi, &f->err);
    } else if (what < 12) {
        if (p.head.npending && p.head.pending[0].attempt)
            try_commit(f, coord, m, &p);
        else if (p.head.npending)
            built = partition_take_over(&p, p.head.pending[0].seq, 0, ++m->next_attempt, 3, &multi, &f->err);
    } else if (what == 12 && p.head.npending) {
        const struct pending_segment *q = &p.head.pending[next_random(m) % p.head.npending];
        built = partition_take_over(&p, q->seq, q->attempt, ++m->next_attempt, 4, &multi, &f->err);
    } else if (what == 13 && p.head.npending && p.head.pending[0].attempt) {
        built = partition_give_up(&p, p.head.pending[0].seq, p.head.pending[0].attempt, &multi, &f->err);
    } else if (what == 14) {
        built = p.head.npending
                    ? partition_extend(&p, p.head.pending[0].attempt, p.head.pending[0].end, &multi, &f->err)
                    : partition_extend(&p, 0, p.head.start + 1 + next_random(m) % 9, &multi, &f->err);
    } else if (what == 15 && next_random(m) % 3 == 0) {
        built = partition_gap(&p, p.head.start + 1 + next_random(m) % 60, GAP_OUT_OF_RANGE, &multi, &f->err);
    }
    if (built)
        (void)!coord_multi_run(coord, &multi, NULL, &f->err);
    else if (multi.nop)
        fail_msg("a refused change left operations");
}

static void check_against_model(struct fixture *f, const struct model *m)
{
    struct segment_record *r;
    uint32_t n, segments = 0;
    struct partition p = reload(f, &r, &n);
    (void)p;
    for (uint32_t i = 0; i < n; i++) {
        if (r[i].kind != RECORD_SEGMENT)
            continue;
        segments++;
        assert_int_equal(m->done[r[i].attempt].start, r[i].start);
        assert_in_range(m->done[r[i].attempt].end, r[i].start + 1, r[i].end); /* extended since, perhaps */
    }
    assert_int_equal(segments, m->commits);
}

static void race_from_seed(struct fixture *f, struct model *m)
{
    struct coord *client[3];
    struct coord_sim_faults faults = {80000, 80000, 80000, 20000, 200000, 0, 0, NULL, NULL}, none = {0};
    for (int i = 0; i < 3; i++)
        client[i] = coord_sim_session(f->sim);
    create_table(f, 100);
    for (int round = 0; round < 5; round++) {
        coord_sim_set_faults(f->sim, &faults);
        for (int i = 0; i < 200; i++)
            random_step(f, client[next_random(m) % 3], m);
        coord_sim_set_faults(f->sim, &none);
        coord_sim_settle(f->sim);
        check_against_model(f, m);
        arena_reset(&f->arena);
    }
    for (int i = 0; i < 3; i++)
        coord_close(client[i]);
}

static void test_racing_committers(void **state)
{
    struct fixture *f = *state;
    struct model *m = malloc(sizeof *m);
    uint32_t unknowns = 0, losses = 0, commits = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct fixture world = {.sim = coord_sim_new(env_real(), seed), .arena = f->arena};
        world.coord = coord_sim_session(world.sim);
        assert_int_equal(coord_ensure(world.coord, "/t", &f->err), COORD_DONE);
        *m = (struct model){.random = seed};
        race_from_seed(&world, m);
        f->arena = world.arena;
        coord_close(world.coord);
        coord_sim_free(world.sim);
        unknowns += m->unknowns;
        losses += m->losses;
        commits += m->commits;
    }
    print_message("commits %u, unknown %u, lost %u\n", commits, unknowns, losses);
    assert_true(commits > 1000 && unknowns > 100 && losses > 20);
    free(m);
}

/* --- Tables and loads --------------------------------------------------------------------------------------------- */

static struct load new_load(uint64_t id, const char *label)
{
    return (struct load){.table = TABLE, .id = id, .record = {.label = strview_of(label)}, .version = VERSION_ABSENT};
}

static void test_load_in_one_multi(void **state)
{
    struct fixture *f = *state;
    struct coord_multi multi;
    struct visible visible;
    struct load load = new_load(9, ""), back;
    struct segment_record r[2] = {sample_record(0, 0, 0), sample_record(0, 0, 0)}, *records;
    create_table(f, 0);
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    coord_multi_init(&multi, &f->arena);
    load_begin(&load, &multi);
    assert_ok(load_add_page(&load, r, 2, &multi, &f->err), &f->err);
    assert_ok(load_publish(&load, &visible, NULL, 0, 0, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    assert_int_equal(visible.list.nload, 1);
    assert_int_equal(visible.list.load[0].rows, 200);
    assert_ok(load_read(f->coord, TABLE, 9, &f->arena, &back, &f->err), &f->err);
    assert_int_equal(back.record.state, LOAD_PUBLISHED);
    assert_int_equal(back.version, load.version);
    assert_ok(load_read_records(f->coord, &back, &f->arena, &records, &f->err), &f->err);
    assert_int_equal(back.record.nsegment, 2);
    assert_int_equal(records[1].seq_first, 1);
    assert_sqlstate(load_read(f->coord, TABLE, 8, &f->arena, &back, &f->err), &f->err, "42704");
}

static void test_load_fences(void **state)
{
    struct fixture *f = *state;
    struct coord_multi multi, publish;
    struct visible visible;
    struct segment_record r = sample_record(0, 0, 0);
    struct load load = new_load(1, "daily/2026"), copy;
    bool found;
    create_table(f, 0);
    coord_multi_init(&multi, &f->arena);
    load_begin(&load, &multi);
    assert_ok(run(f, &multi), &f->err);
    coord_multi_init(&multi, &f->arena);
    assert_ok(load_add_page(&load, &r, 1, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    assert_sqlstate(load_add_page(&load, &r, 1, &multi, &f->err), &f->err, "XX000");
    assert_ok(load_find_label(f->coord, TABLE, STRVIEW("daily/2026"), &f->arena, &found, &copy, &f->err), &f->err);
    assert_true(found && copy.id == 1);
    /* The label is taken. */
    struct load second = new_load(2, "daily/2026");
    coord_multi_init(&multi, &f->arena);
    load_begin(&second, &multi);
    assert_int_equal(coord_multi_run(f->coord, &multi, NULL, &f->err), COORD_EXISTS);
    /* Publishing and aborting race: whoever is second fails. */
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    coord_multi_init(&publish, &f->arena);
    assert_ok(load_publish(&load, &visible, NULL, 0, VERSION_ABSENT, &publish, &f->err), &f->err);
    coord_multi_init(&multi, &f->arena);
    assert_ok(load_abort(&copy, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    assert_int_equal(coord_multi_run(f->coord, &publish, NULL, &f->err), COORD_BAD_VERSION);
    assert_ok(load_find_label(f->coord, TABLE, STRVIEW("daily/2026"), &f->arena, &found, &copy, &f->err), &f->err);
    assert_false(found);
    assert_ok(load_read(f->coord, TABLE, 1, &f->arena, &copy, &f->err), &f->err);
    assert_int_equal(copy.record.state, LOAD_ABORTED);
    coord_multi_init(&multi, &f->arena);
    assert_sqlstate(load_abort(&copy, &multi, &f->err), &f->err, "40001");
}

static void test_merging_and_the_limit(void **state)
{
    struct fixture *f = *state;
    struct visible visible;
    struct segment_record r = sample_record(0, 0, 0);
    struct coord_multi multi;
    create_table(f, 0);
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    uint64_t replaced[VISIBLE_LOADS_MAX];
    for (uint64_t i = 0; i <= VISIBLE_LOADS_MAX; i++) {
        struct load load = new_load(i + 1, "");
        coord_multi_init(&multi, &f->arena);
        load_begin(&load, &multi);
        assert_ok(load_add_page(&load, &r, 1, &multi, &f->err), &f->err);
        if (i == VISIBLE_LOADS_MAX) {
            assert_sqlstate(load_publish(&load, &visible, NULL, 0, 0, &multi, &f->err), &f->err, "53400");
            break;
        }
        replaced[i] = i + 1;
        assert_ok(load_publish(&load, &visible, NULL, 0, 0, &multi, &f->err), &f->err);
        if (i % 400 == 0)
            arena_reset(&f->arena), visible.list = (struct visible_list){.nload = 0}, visible.version = -2;
        if (visible.version == -2) {
            /* The arena went: read again from the store, without this load. */
            assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
            struct load anew = new_load(i + 1, "");
            coord_multi_init(&multi, &f->arena);
            load_begin(&anew, &multi);
            assert_ok(load_add_page(&anew, &r, 1, &multi, &f->err), &f->err);
            assert_ok(load_publish(&anew, &visible, NULL, 0, 0, &multi, &f->err), &f->err);
        }
        assert_ok(run(f, &multi), &f->err);
    }
    struct load merged = new_load(5000, "");
    coord_multi_init(&multi, &f->arena);
    load_begin(&merged, &multi);
    assert_ok(load_add_page(&merged, &r, 1, &multi, &f->err), &f->err);
    assert_ok(load_publish(&merged, &visible, replaced, 1999, 0, &multi, &f->err), &f->err);
    assert_ok(run(f, &multi), &f->err);
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    assert_int_equal(visible.list.nload, 2);
    assert_int_equal(visible.list.load[0].load, 2000);
    assert_int_equal(visible.list.load[1].load, 5000);
    struct load again = new_load(5001, "");
    coord_multi_init(&multi, &f->arena);
    load_begin(&again, &multi);
    assert_sqlstate(load_publish(&again, &visible, replaced, 1, 0, &multi, &f->err), &f->err, "40001");
}

static struct publication publication(uint64_t id, const struct segment_record *r, uint32_t n, const char *label)
{
    return (struct publication){.load = new_load(id, label), .record = r, .nrecord = n, .meta_version = VERSION_ABSENT};
}

static uint32_t count_visible(struct fixture *f, uint64_t *rows)
{
    struct visible visible;
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    *rows = 0;
    for (uint32_t i = 0; i < visible.list.nload; i++)
        *rows += visible.list.load[i].rows;
    return visible.list.nload;
}

static void test_publish_all(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r = calloc(3000, sizeof *r), *back;
    struct load load;
    uint64_t rows;
    bool found;
    for (int i = 0; i < 3000; i++)
        r[i] = sample_record(0, 0, 0);
    create_table(f, 0);
    struct publication two[3] = {publication(1, r, 2, ""), publication(2, r, 0, ""), publication(3, r, 1, "a")};
    assert_ok(loads_publish_all(f->coord, two, 3, &f->err), &f->err);
    assert_int_equal(two[2].load.record.state, LOAD_PUBLISHED);
    assert_int_equal(count_visible(f, &rows), 2);
    assert_int_equal(rows, 300);
    /* All or none: the second's label is in use. */
    struct publication clash[2] = {publication(4, r, 2, ""), publication(5, r, 1, "a")};
    assert_sqlstate(loads_publish_all(f->coord, clash, 2, &f->err), &f->err, "42710");
    assert_string_equal(f->err.message, "load \"a\" already exists");
    assert_int_equal(count_visible(f, &rows), 2);
    assert_sqlstate(load_read(f->coord, TABLE, 4, &f->arena, &load, &f->err), &f->err, "42704");
    /* More than a multi holds; replaces the small ones. */
    static const uint64_t replaced[] = {1, 3};
    struct publication large = publication(6, r, 3000, "big");
    large.replaced = replaced;
    large.nreplaced = 2;
    assert_ok(loads_publish_all(f->coord, &large, 1, &f->err), &f->err);
    assert_int_equal(count_visible(f, &rows), 1);
    assert_int_equal(rows, 300000);
    assert_ok(load_read(f->coord, TABLE, 6, &f->arena, &load, &f->err), &f->err);
    assert_ok(load_read_records(f->coord, &load, &f->arena, &back, &f->err), &f->err);
    assert_int_equal(back[2999].seq_first, 2999);
    /* A large one that cannot be published gives its label back. */
    struct publication late = publication(7, r, 2000, "late");
    late.replaced = replaced;
    late.nreplaced = 1;
    assert_sqlstate(loads_publish_all(f->coord, &late, 1, &f->err), &f->err, "40001");
    assert_ok(load_find_label(f->coord, TABLE, STRVIEW("late"), &f->arena, &found, &load, &f->err), &f->err);
    assert_false(found);
    assert_int_equal(count_visible(f, &rows), 1);
    struct publication stale = publication(8, r, 1, "");
    stale.meta_version = 5;
    assert_sqlstate(loads_publish_all(f->coord, &stale, 1, &f->err), &f->err, "40001");
    free(r);
}

/* Two processes publish under faults: what was reported published is visible once, what was refused is not. */
static void test_publish_under_faults(void **state)
{
    struct fixture *f = *state;
    struct segment_record *r = calloc(1100, sizeof *r);
    struct coord *client[2] = {f->coord, coord_sim_session(f->sim)};
    struct coord_sim_faults faults = {100000, 100000, 100000, 5000, 300000, 0, 0, NULL, NULL}, none = {0};
    uint64_t published = 0, refused = 0, rows;
    for (int i = 0; i < 1100; i++)
        r[i] = sample_record(0, 0, 0);
    create_table(f, 0);
    coord_sim_set_faults(f->sim, &faults);
    for (uint64_t i = 1; i <= 400; i++) {
        struct publication two[2] = {publication(2 * i, r, i % 50 == 0 ? 1100 : 1, ""),
                                     publication(2 * i + 1, r, 1, "")};
        if (loads_publish_all(client[i % 2], two, 2, &f->err)) {
            published += two[0].nrecord + 1;
        } else {
            assert_true(error_is(&f->err, "58030") || error_is(&f->err, "40001"));
            refused++;
        }
    }
    coord_sim_set_faults(f->sim, &none);
    coord_sim_settle(f->sim);
    count_visible(f, &rows);
    assert_true(rows == published * 100);
    assert_true(published > 1000 && refused > 0 && refused < 40);
    coord_close(client[1]);
    free(r);
}

static void test_drop_and_sweep(void **state)
{
    struct fixture *f = *state;
    struct coord_multi multi;
    struct segment_record *r;
    struct visible visible;
    uint32_t n;
    oid_t *dropped;
    create_table(f, 0);
    struct partition p = reload(f, &r, &n), zombie;
    propose(f, &p, 10, 1, 1);
    commit(f, &p, 1);
    zombie = p;
    assert_ok(visible_read(f->coord, TABLE, &f->arena, &visible, &f->err), &f->err);
    assert_ok(table_sweep(f->coord, TABLE, &f->err), &f->err); /* not dropped: nothing to do */
    coord_multi_init(&multi, &f->arena);
    table_drop_ops(TABLE, 0, &multi);
    assert_ok(run(f, &multi), &f->err);
    /* A load that checks the table's meta cannot be published any more. */
    struct load load = new_load(1, "");
    struct segment_record one = sample_record(0, 0, 0);
    coord_multi_init(&multi, &f->arena);
    load_begin(&load, &multi);
    assert_ok(load_add_page(&load, &one, 1, &multi, &f->err), &f->err);
    assert_ok(load_publish(&load, &visible, NULL, 0, 0, &multi, &f->err), &f->err);
    assert_int_equal(coord_multi_run(f->coord, &multi, NULL, &f->err), COORD_NO_NODE);
    assert_ok(table_dropped_list(f->coord, &f->arena, &dropped, &n, &f->err), &f->err);
    assert_int_equal(n, 1);
    assert_int_equal(dropped[0], TABLE);
    assert_ok(table_sweep(f->coord, TABLE, &f->err), &f->err);
    assert_int_equal(coord_sim_count(f->sim), 2); /* /t and /gc */
    struct propose late = {20, 5, 1, 1, 5};
    coord_multi_init(&multi, &f->arena);
    assert_ok(partition_propose(&zombie, &late, &multi, &f->err), &f->err);
    assert_int_equal(coord_multi_run(f->coord, &multi, NULL, &f->err), COORD_NO_NODE);
    assert_sqlstate(partition_load(f->coord, part, &f->arena, &p, &f->err), &f->err, "42P01");
}

static void test_partitions_are_listed_in_order(void **state)
{
    struct fixture *f = *state;
    static const struct partition_id ids[] = {{TABLE, 0, 10}, {TABLE, 1, 0}, {TABLE, 0, 9}};
    struct partition_start start[3];
    struct partition_id *listed;
    struct coord_multi multi;
    uint32_t n;
    for (int i = 0; i < 3; i++)
        start[i] = (struct partition_start){ids[i], 0};
    coord_multi_init(&multi, &f->arena);
    table_create_ops(TABLE, STRVIEW(""), start, 3, 1, 1, &multi);
    assert_ok(run(f, &multi), &f->err);
    assert_ok(partition_list(f->coord, TABLE, &f->arena, &listed, &n, &f->err), &f->err);
    assert_int_equal(n, 3);
    assert_int_equal(listed[0].partition, 9);
    assert_int_equal(listed[1].partition, 10);
    assert_int_equal(listed[2].source, 1);
    struct segment_record r = sample_record(7, 1, 2);
    assert_string_equal(segment_object_name(&f->arena, ids[0], &r),
                        "16384/0-10/7/000000000000006f-"
                        "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a");
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_head_round_trip_keeps_unknown_fields),
        TEST(test_page_round_trip),
        TEST(test_full_page_fits_a_node),
        TEST(test_damage_is_noticed),
        TEST(test_newer_formats),
        TEST(test_unsound_records_are_refused),
        TEST(test_life_of_a_partition),
        TEST(test_gap_rebases_proposals),
        TEST(test_pages_fill_up),
        TEST(test_pending_is_bounded),
        TEST(test_racing_committers),
        TEST(test_load_in_one_multi),
        TEST(test_load_fences),
        TEST(test_merging_and_the_limit),
        TEST(test_publish_all),
        TEST(test_publish_under_faults),
        TEST(test_drop_and_sweep),
        TEST(test_partitions_are_listed_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
