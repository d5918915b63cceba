/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit protocol under random schedules: two committers, crashes, restarts, failing builds, lost replies,
 * operations that are applied long after their sender gave up, schema changes, log truncation by retention. A model of
 * the metadata store applies operations only as cluster/records.h allows; after each schedule the faults stop,
 * everything must drain, and the committed chain is checked against the log: I1 contiguous, I2 seqs, I4 each row
 * exactly once, I5 objects.
 *
 * COMMIT_SIM_RUNS: number of schedules (default 20,000); COMMIT_SIM_SEED: the first seed.
 */
#include <stdlib.h>

#include "ingest/commit.h"
#include "tests/lib/unit.h"

enum { NODES = 2, LOG_MAX = 60, RECORDS_MAX = 512, OBJECTS_MAX = 2048, GHOSTS_MAX = 16 };

struct record {
    uint64_t start, end, seq_first, seq_last, attempt;
    bool gap, file;
    uint64_t rows; /* bitmap of positions */
};
struct object {
    uint64_t attempt, begin, end, rows;
    bool live;
};
struct node {
    bool alive;
    uint64_t incarnation;
    struct commit_state st;
    uint64_t begin, pos;      /* rows [begin, pos) are in its tail */
    uint64_t schema[LOG_MAX]; /* what each was decoded with */
    bool has_op, has_read, has_build;
    struct commit_op op;
    struct commit_build build;
    bool drained;
    uint64_t seen_start;
};
struct sim {
    uint64_t rng;
    int64_t now;
    uint64_t log_end, low; /* log positions [low, log_end) can be read */
    uint64_t rows;         /* bitmap: positions that hold a visible row */
    struct commit_head head;
    uint64_t floor;
    uint32_t nrecord;
    struct record record[RECORDS_MAX];
    uint32_t nobject;
    struct object object[OBJECTS_MAX];
    struct {
        struct commit_op op;
        bool used;
    } ghost[GHOSTS_MAX];
    uint64_t want_schema, gaps;
    uint64_t next_incarnation;
    bool calm;
    struct node node[NODES];
};
static struct {
    uint64_t commits, extends, gaps, takeovers, give_ups, unknowns, crashes, schemas, ghosts_applied, discards;
} total;

static uint64_t rnd(struct sim *s)
{
    s->rng ^= s->rng << 13;
    s->rng ^= s->rng >> 7;
    s->rng ^= s->rng << 17;
    return s->rng;
}
static uint64_t below(struct sim *s, uint64_t n) { return (rnd(s) >> 11) % n; }
static bool chance(struct sim *s, uint32_t percent) { return below(s, 100) < percent; }
static uint64_t mask(uint64_t begin, uint64_t end)
{
    uint64_t high = end >= 64 ? ~UINT64_C(0) : (UINT64_C(1) << end) - 1;
    return begin >= 64 ? 0 : high & ~((UINT64_C(1) << begin) - 1);
}

static struct object *find_object(struct sim *s, uint64_t attempt)
{
    for (uint32_t i = 0; i < s->nobject; i++)
        if (s->object[i].attempt == attempt)
            return &s->object[i];
    return NULL;
}

static struct record *append(struct sim *s, uint64_t end, uint64_t seq_last)
{
    struct record *last = s->nrecord ? &s->record[s->nrecord - 1] : NULL;
    struct record *r;
    assert_true(s->nrecord < RECORDS_MAX);
    r = &s->record[s->nrecord++];
    memset(r, 0, sizeof *r);
    r->start = s->head.start;
    r->end = end;
    r->seq_first = last ? last->seq_last + 1 : 1;
    r->seq_last = seq_last;
    s->head.start = end;
    return r;
}

static void drop_pending(struct commit_head *h, uint32_t n)
{
    h->npending -= n;
    memmove(h->pending, h->pending + n, h->npending * sizeof *h->pending);
}

static void apply_gap(struct sim *s, const struct commit_op *op)
{
    struct commit_head *h = &s->head;
    uint32_t n = 0;
    uint64_t seq = s->nrecord ? s->record[s->nrecord - 1].seq_last + 1 : 1;
    assert_true(op->end > h->start && op->gap != COMMIT_GAP_NONE);
    while (n < h->npending && h->pending[n].end <= op->end)
        n++;
    if (n)
        seq = h->pending[n - 1].seq;
    drop_pending(h, n);
    append(s, op->end, h->npending || n ? seq : h->next_seq)->gap = true;
    seq = s->record[s->nrecord - 1].seq_last + 1;
    for (uint32_t i = 0; i < h->npending; i++) {
        h->pending[i].seq = seq + i;
        h->pending[i].attempt = h->pending[i].committer = 0;
    }
    h->next_seq = seq + h->npending;
    h->last_attempt = 0;
    h->stop = COMMIT_RUNNING;
    total.gaps++;
}

static void apply_propose(struct commit_head *h, const struct commit_op *op)
{
    assert_true(h->npending < COMMIT_PENDING_MAX && op->end > commit_head_cut(h) && op->attempt);
    h->pending[h->npending++] = (struct commit_pending){.seq = h->next_seq++,
                                                        .end = op->end,
                                                        .attempt = op->attempt,
                                                        .committer = op->committer,
                                                        .schema_v = h->tail_schema_v,
                                                        .decoder_rev = h->tail_decoder_rev};
    h->tail_schema_v = op->schema_v;
}

static void apply_commit(struct sim *s, const struct commit_op *op)
{
    struct commit_head *h = &s->head;
    struct object *o = find_object(s, op->attempt);
    assert_true(h->npending && h->pending[0].attempt == op->attempt && h->pending[0].end == op->end);
    assert_non_null(o);
    assert_true(o->live && o->begin == h->start && o->end == op->end);
    uint64_t seq = h->pending[0].seq;
    drop_pending(h, 1);
    struct record *r = append(s, op->end, seq);
    assert_int_equal(r->seq_first, r->seq_last);
    r->attempt = h->last_attempt = op->attempt;
    r->file = true;
    r->rows = o->rows;
    total.commits++;
}

static void apply_extend(struct sim *s, const struct commit_op *op)
{
    struct commit_head *h = &s->head;
    uint64_t seq = 0;
    assert_true(op->end > h->start);
    assert_int_equal(s->rows & mask(h->start, op->end), 0);
    if (h->npending) {
        assert_true(h->pending[0].attempt == op->attempt && h->pending[0].end == op->end);
        seq = h->pending[0].seq;
        drop_pending(h, 1);
    }
    if (s->nrecord && !s->record[s->nrecord - 1].gap) {
        s->record[s->nrecord - 1].end = op->end;
        if (seq)
            s->record[s->nrecord - 1].seq_last = seq;
        h->start = op->end;
    } else {
        append(s, op->end, seq ? seq : h->next_seq++);
    }
    total.extends++;
}

/* False = refused. Whatever is applied on the right version must be legal. */
static bool apply(struct sim *s, const struct commit_op *op)
{
    struct commit_head *h = &s->head;
    if (op->head_version != h->version)
        return false;
    switch (op->kind) {
    case COMMIT_OP_PROPOSE: apply_propose(h, op); break;
    case COMMIT_OP_TAKE_OVER:
        assert_true(h->npending && h->pending[0].seq == op->seq && h->pending[0].attempt == op->old_attempt);
        h->pending[0].attempt = op->attempt;
        h->pending[0].committer = op->committer;
        total.takeovers++;
        break;
    case COMMIT_OP_GIVE_UP:
        assert_true(h->npending && h->pending[0].seq == op->seq && h->pending[0].attempt == op->attempt);
        h->pending[0].attempt = h->pending[0].committer = 0;
        total.give_ups++;
        break;
    case COMMIT_OP_COMMIT: apply_commit(s, op); break;
    case COMMIT_OP_EXTEND: apply_extend(s, op); break;
    case COMMIT_OP_GAP: apply_gap(s, op); break;
    case COMMIT_OP_SET_STOP:
        h->stop = op->stop;
        h->stop_pos = op->stop_pos;
        break;
    case COMMIT_OP_SET_SCHEMA:
        h->tail_schema_v = op->schema_v;
        total.schemas++;
        break;
    }
    h->version++;
    return true;
}

/* The head as a node sees it. */
static struct commit_head *view(struct sim *s)
{
    static struct commit_head head;
    head = s->head;
    for (uint32_t i = 0; i < head.npending; i++) {
        head.pending[i].committer_gone = head.pending[i].committer != 0;
        for (uint32_t k = 0; k < NODES; k++)
            if (s->node[k].alive && s->node[k].incarnation == head.pending[i].committer)
                head.pending[i].committer_gone = false;
    }
    return &head;
}

static void adapt(struct node *n);

static void feed(struct sim *s, struct node *n, struct commit_event ev)
{
    struct commit_actions out;
    ev.now_us = s->now;
    ev.held_end = n->pos;
    commit_step(&n->st, &ev, &out);
    for (uint32_t i = 0; i < out.n; i++) {
        const struct commit_action *a = &out.action[i];
        struct object *o;
        switch (a->kind) {
        case COMMIT_ACTION_READ:
            assert_false(n->has_read || n->has_op);
            n->has_read = true;
            break;
        case COMMIT_ACTION_OP:
            assert_false(n->has_read || n->has_op);
            n->has_op = true;
            n->op = a->op;
            break;
        case COMMIT_ACTION_BUILD:
            assert_false(n->has_build);
            n->has_build = true;
            n->build = a->build;
            assert_true(a->build.begin >= n->begin && a->build.end <= n->pos);
            for (uint64_t p = a->build.begin; p < a->build.end; p++)
                assert_int_equal(n->schema[p], a->build.schema_v);
            break;
        case COMMIT_ACTION_DISCARD:
            o = find_object(s, a->attempt);
            if (o)
                o->live = false;
            total.discards++;
            break;
        case COMMIT_ACTION_ADVANCED:
            assert_true(a->pos > n->seen_start);
            n->seen_start = a->pos;
            if (a->ours)
                assert_non_null(find_object(s, a->attempt));
            n->begin = MAX_OF(n->begin, MIN_OF(a->pos, n->pos));
            if (a->pos > n->pos)
                n->begin = n->pos = a->pos;
            break;
        case COMMIT_ACTION_DRAINED: n->drained = true; break;
        }
    }
    adapt(n);
}

/* R2: rows that were decoded with another schema than their interval has are dropped. */
static void adapt(struct node *n)
{
    uint64_t schema, until;
    uint32_t rev;
    if (!n->st.have_head)
        return;
    for (uint64_t p = MAX_OF(n->begin, n->st.head.start); p < n->pos; p++) {
        commit_head_schema(&n->st.head, p, &schema, &rev, &until);
        if (n->schema[p] != schema) {
            n->pos = p;
            return;
        }
    }
}

static void start_node(struct sim *s, struct node *n)
{
    struct commit_config config = {.incarnation = ++s->next_incarnation,
                                   .seed = rnd(s),
                                   .patience_us = 2000,
                                   .retry_min_us = 10,
                                   .retry_max_us = 300};
    memset(n, 0, sizeof *n);
    n->alive = true;
    n->incarnation = config.incarnation;
    commit_init(&n->st, &config);
    n->seen_start = 0;
    feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_TICK});
}

static void consume(struct sim *s, struct node *n)
{
    uint64_t schema, until;
    uint32_t rev;
    if (!n->st.have_head || commit_is_full(&n->st))
        return;
    if (n->pos < n->st.head.start)
        n->begin = n->pos = n->st.head.start;
    for (uint64_t k = 1 + below(s, 6); k && n->pos < s->log_end && n->pos >= s->low; k--) {
        commit_head_schema(&n->st.head, n->pos, &schema, &rev, &until);
        n->schema[n->pos++] = schema;
    }
    if (n->pos < s->low && n->pos >= n->st.head.start)
        feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_GAP, .end = s->low, .gap = COMMIT_GAP_OUT_OF_RANGE});
}

static void seal(struct sim *s, struct node *n)
{
    if (!n->st.have_head || n->pos <= n->st.head.start || commit_sealing(&n->st))
        return;
    bool empty = (s->rows & mask(MIN_OF(commit_head_cut(&n->st.head), n->pos), n->pos)) == 0;
    feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_SEAL, .empty = empty});
}

static void deliver_read(struct sim *s, struct node *n)
{
    n->has_read = false;
    if (!s->calm && chance(s, 20))
        feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_READ_FAILED});
    else
        feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_HEAD, .head = view(s)});
}

static void deliver_op(struct sim *s, struct node *n)
{
    struct commit_event ev = {.kind = COMMIT_EVENT_DONE};
    uint64_t fate = s->calm ? 100 : below(s, 130);
    n->has_op = false;
    if (fate < 10) {
        ev.kind = COMMIT_EVENT_FAILED;
    } else if (fate < 20) {
        ev.kind = COMMIT_EVENT_UNKNOWN; /* lost on the way */
    } else if (fate < 35) {
        ev.kind = COMMIT_EVENT_UNKNOWN; /* the reply was lost */
        apply(s, &n->op);
    } else if (fate < 50) {
        ev.kind = COMMIT_EVENT_UNKNOWN; /* still under way */
        for (uint32_t i = 0; i < GHOSTS_MAX; i++)
            if (!s->ghost[i].used) {
                s->ghost[i].used = true;
                s->ghost[i].op = n->op;
                break;
            }
    } else if (!apply(s, &n->op)) {
        ev.kind = COMMIT_EVENT_REFUSED;
    }
    total.unknowns += ev.kind == COMMIT_EVENT_UNKNOWN;
    ev.head = view(s);
    feed(s, n, ev);
}

static void deliver_build(struct sim *s, struct node *n)
{
    struct commit_event ev = {.kind = COMMIT_EVENT_BUILT, .attempt = n->build.attempt};
    n->has_build = false;
    if (!s->calm && chance(s, 40)) {
        ev.kind = COMMIT_EVENT_BUILD_FAILED;
    } else {
        uint64_t rows = s->rows & mask(n->build.begin, n->build.end);
        ev.empty = rows == 0;
        if (!ev.empty) {
            assert_true(s->nobject < OBJECTS_MAX);
            assert_null(find_object(s, n->build.attempt));
            s->object[s->nobject++] = (struct object){n->build.attempt, n->build.begin, n->build.end, rows, true};
        }
    }
    feed(s, n, ev);
}

static void apply_ghost(struct sim *s)
{
    uint64_t i = below(s, GHOSTS_MAX);
    if (!s->ghost[i].used)
        return;
    s->ghost[i].used = false;
    total.ghosts_applied += apply(s, &s->ghost[i].op);
}

static void step_node(struct sim *s, struct node *n)
{
    if (!n->alive) {
        if (chance(s, 30))
            start_node(s, n);
        return;
    }
    switch (below(s, 12)) {
    case 0:
    case 1:
    case 2: consume(s, n); break;
    case 3: seal(s, n); break;
    case 4:
    case 5:
        if (n->has_read)
            deliver_read(s, n);
        else if (n->has_op)
            deliver_op(s, n);
        break;
    case 6:
    case 7:
        if (n->has_build)
            deliver_build(s, n);
        break;
    case 8:
        if (!s->calm && chance(s, 15)) {
            n->alive = false;
            total.crashes++;
            /* What it had sent may still arrive. */
            if (n->has_op && chance(s, 50))
                apply(s, &n->op);
            n->has_op = n->has_read = n->has_build = false;
        }
        break;
    case 9:
        if (!s->calm && chance(s, 20)) {
            s->want_schema++;
            feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_SCHEMA, .schema_v = s->want_schema});
        }
        break;
    default: feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_TICK});
    }
}

static void check_chain(const struct sim *s)
{
    uint64_t pos = s->floor, seq = 1, covered = 0, lost = 0;
    for (uint32_t i = 0; i < s->nrecord; i++) {
        const struct record *r = &s->record[i];
        assert_int_equal(r->start, pos);
        assert_true(r->end > r->start);
        assert_int_equal(r->seq_first, seq);
        assert_true(r->seq_last >= r->seq_first);
        pos = r->end;
        seq = r->seq_last + 1;
        if (r->gap)
            lost |= mask(r->start, r->end);
        assert_int_equal(covered & r->rows, 0);
        covered |= r->rows;
        if (r->file) {
            const struct object *o = find_object((struct sim *)(uintptr_t)s, r->attempt);
            assert_true(o && o->live && o->rows == r->rows);
        }
        if (!r->gap)
            assert_int_equal(s->rows & mask(r->start, r->end), r->rows);
    }
    assert_int_equal(pos, s->head.start);
    assert_int_equal(covered & lost, 0);
    assert_int_equal(covered | lost, (s->rows & mask(s->floor, s->head.start)) | lost);
    for (uint32_t i = 0; i < s->head.npending; i++)
        assert_int_equal(s->head.pending[i].seq, seq++);
    assert_int_equal(s->head.next_seq, seq);
}

static void settle(struct sim *s)
{
    s->calm = true;
    for (uint32_t i = 0; i < GHOSTS_MAX; i++)
        if (s->ghost[i].used)
            total.ghosts_applied += apply(s, &s->ghost[i].op);
    s->node[1].alive = false;
    if (!s->node[0].alive)
        start_node(s, &s->node[0]);
    struct node *n = &s->node[0];
    n->drained = false;
    for (uint32_t k = 0; k < 3000; k++) {
        s->now += 50;
        if (n->has_read)
            deliver_read(s, n);
        else if (n->has_op)
            deliver_op(s, n);
        if (n->has_build)
            deliver_build(s, n);
        consume(s, n);
        n->drained = false;
        feed(s, n, (struct commit_event){.kind = COMMIT_EVENT_DRAIN, .drain = true});
        if (n->drained && n->pos == s->log_end && s->head.start == s->log_end)
            break;
    }
    assert_int_equal(s->head.start, s->log_end);
    assert_int_equal(s->head.npending, 0);
}

static void schedule(uint64_t seed)
{
    static struct sim s;
    memset(&s, 0, sizeof s);
    s.rng = seed * 0x9E3779B97F4A7C15u + 1;
    for (uint32_t i = 0; i < 5; i++)
        rnd(&s);
    s.log_end = 1 + below(&s, 8);
    s.rows = rnd(&s) | rnd(&s);
    if (chance(&s, 30))
        s.rows &= rnd(&s) & rnd(&s);
    s.head.next_seq = 1;
    s.head.version = 1;
    s.head.tail_schema_v = s.want_schema = 1;
    s.floor = s.head.start = s.low = below(&s, 2);
    uint64_t steps = 50 + below(&s, 250);
    for (uint64_t k = 0; k < steps; k++) {
        s.now += (int64_t)below(&s, 40);
        if (s.log_end < LOG_MAX && chance(&s, 15))
            s.log_end++;
        if (chance(&s, 1) && s.low < s.log_end)
            s.low += 1 + below(&s, s.log_end - s.low);
        if (chance(&s, 5))
            apply_ghost(&s);
        step_node(&s, &s.node[below(&s, NODES)]);
        assert_true(s.nrecord == 0 || s.record[s.nrecord - 1].end == s.head.start);
    }
    settle(&s);
    check_chain(&s);
}

static void test_schedules(void **state)
{
    const char *runs = getenv("COMMIT_SIM_RUNS"), *first = getenv("COMMIT_SIM_SEED");
    uint64_t n = runs ? strtoull(runs, NULL, 10) : 20000, seed = first ? strtoull(first, NULL, 10) : 1;
    for (uint64_t i = 0; i < n; i++) {
        if (getenv("COMMIT_SIM_VERBOSE"))
            print_message("seed %llu\n", (unsigned long long)(seed + i));
        schedule(seed + i);
    }
    print_message("%llu schedules: %llu commits, %llu extends, %llu gaps, %llu takeovers, %llu give-ups, %llu unknown, "
                  "%llu late, %llu crashes, %llu schema changes, %llu discards\n",
                  (unsigned long long)n, (unsigned long long)total.commits, (unsigned long long)total.extends,
                  (unsigned long long)total.gaps, (unsigned long long)total.takeovers,
                  (unsigned long long)total.give_ups, (unsigned long long)total.unknowns,
                  (unsigned long long)total.ghosts_applied, (unsigned long long)total.crashes,
                  (unsigned long long)total.schemas, (unsigned long long)total.discards);
    if (n >= 1000)
        assert_true(total.commits && total.extends && total.gaps && total.takeovers && total.give_ups &&
                    total.unknowns && total.ghosts_applied && total.crashes && total.schemas && total.discards);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_schedules)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
