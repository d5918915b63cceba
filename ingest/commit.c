/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/commit.h"

#include "base/hash.h"

uint64_t commit_head_cut(const struct commit_head *head)
{
    return head->npending ? head->pending[head->npending - 1].end : head->start;
}

void commit_head_schema(const struct commit_head *head, uint64_t pos, uint64_t *schema_v, uint32_t *decoder_rev,
                        uint64_t *until)
{
    for (uint32_t i = 0; i < head->npending; i++) {
        if (pos < head->pending[i].end) {
            *schema_v = head->pending[i].schema_v;
            *decoder_rev = head->pending[i].decoder_rev;
            *until = head->pending[i].end;
            return;
        }
    }
    *schema_v = head->tail_schema_v;
    *decoder_rev = head->tail_decoder_rev;
    *until = UINT64_MAX;
}

void commit_init(struct commit_state *s, const struct commit_config *config)
{
    memset(s, 0, sizeof *s);
    s->config = *config;
    s->stale = true;
    s->retry_wait_us = config->retry_min_us;
    assert(config->incarnation != 0 && config->retry_min_us > 0 && config->retry_max_us >= config->retry_min_us);
}

bool commit_sealing(const struct commit_state *s) { return s->seal_end != 0; }

bool commit_is_full(const struct commit_state *s) { return s->have_head && s->head.npending == COMMIT_PENDING_MAX; }

static struct commit_action *add_action(struct commit_actions *out, enum commit_action_kind kind)
{
    assert(out->n < COMMIT_ACTIONS_MAX);
    struct commit_action *a = &out->action[out->n++];
    memset(a, 0, sizeof *a);
    a->kind = kind;
    return a;
}

/* Never 0; no two alike but by a collision of 64-bit hashes. */
static uint64_t draw_attempt(struct commit_state *s)
{
    uint64_t attempt;
    do
        attempt = hash_combine(hash_combine(s->config.seed, s->config.incarnation), ++s->attempts);
    while (attempt == 0);
    return attempt;
}

static const struct commit_pending *first_pending(const struct commit_state *s)
{
    return s->head.npending ? &s->head.pending[0] : NULL;
}

static bool is_ours(const struct commit_state *s, const struct commit_pending *p)
{
    return p->attempt != 0 && p->committer == s->config.incarnation;
}

static void back_off(struct commit_state *s)
{
    s->retry_us = s->now_us + s->retry_wait_us;
    s->retry_wait_us = MIN_OF(s->retry_wait_us * 2, s->config.retry_max_us);
}

static void take_head(struct commit_state *s, const struct commit_head *head, struct commit_actions *out)
{
    uint64_t old_start = s->have_head ? s->head.start : head->start;
    const struct commit_pending *first;

    assert(!s->have_head || head->start >= old_start);
    s->head = *head;
    s->have_head = true;
    s->stale = false;
    s->retry_us = 0;
    s->retry_wait_us = s->config.retry_min_us;
    first = first_pending(s);
    if (!first || first->attempt != s->seen_attempt || first->seq != s->seen_seq) {
        s->seen_attempt = first ? first->attempt : 0;
        s->seen_seq = first ? first->seq : 0;
        s->seen_us = s->now_us;
    }
    /* A build is of use only while its attempt holds the first entry. */
    if (s->built && !(first && first->attempt == s->build.attempt && is_ours(s, first))) {
        /* Once a commit was tried the file may be referenced by a record: it is for the host to find out. */
        if (s->own_attempt != s->build.attempt && !s->built_empty)
            add_action(out, COMMIT_ACTION_DISCARD)->attempt = s->build.attempt;
        s->built = false;
    }
    if (head->start != old_start) {
        struct commit_action *a = add_action(out, COMMIT_ACTION_ADVANCED);
        a->pos = head->start;
        a->attempt = head->last_attempt;
        a->ours = s->own_attempt != 0 && head->last_attempt == s->own_attempt;
        s->build_failures = 0;
        s->build_retry_us = 0;
    }
    if (s->seal_end && commit_head_cut(head) >= s->seal_end)
        s->seal_end = 0;
    if (head->tail_schema_v > s->want_schema_v ||
        (head->tail_schema_v == s->want_schema_v && head->tail_decoder_rev >= s->want_decoder_rev))
        s->want_schema_v = 0;
    if (s->gap_end && head->start >= s->gap_end)
        s->gap_end = 0;
    if (s->stop_wanted && head->stop == s->stop && (s->stop == COMMIT_RUNNING || head->stop_pos == s->stop_pos))
        s->stop_wanted = false;
}

static void finish_build(struct commit_state *s, const struct commit_event *ev, struct commit_actions *out)
{
    const struct commit_pending *first = first_pending(s);
    bool wanted = first && is_ours(s, first) && first->attempt == ev->attempt;

    if (!s->building || s->build.attempt != ev->attempt) {
        add_action(out, COMMIT_ACTION_DISCARD)->attempt = ev->attempt;
        return;
    }
    s->building = false;
    s->build_us = s->now_us - s->build_begin_us;
    if (ev->kind == COMMIT_EVENT_BUILD_FAILED) {
        s->build_failures++;
        s->build_retry_us =
            s->now_us + MIN_OF(s->config.retry_min_us << MIN_OF(s->build_failures, 20u), s->config.retry_max_us);
    } else if (wanted) {
        s->built = true;
        s->built_empty = ev->empty;
        s->build_failures = 0;
    } else if (!ev->empty) {
        add_action(out, COMMIT_ACTION_DISCARD)->attempt = ev->attempt;
    }
}

static void take_event(struct commit_state *s, const struct commit_event *ev, struct commit_actions *out)
{
    switch (ev->kind) {
    case COMMIT_EVENT_TICK: break;
    case COMMIT_EVENT_HEAD:
    case COMMIT_EVENT_DONE:
        assert(s->waiting == (ev->kind == COMMIT_EVENT_HEAD ? COMMIT_READING : COMMIT_WRITING));
        s->waiting = COMMIT_IDLE;
        take_head(s, ev->head, out);
        break;
    case COMMIT_EVENT_READ_FAILED:
    case COMMIT_EVENT_REFUSED:
    case COMMIT_EVENT_FAILED:
    case COMMIT_EVENT_UNKNOWN:
        assert(s->waiting == (ev->kind == COMMIT_EVENT_READ_FAILED ? COMMIT_READING : COMMIT_WRITING));
        s->waiting = COMMIT_IDLE;
        s->stale = true;
        if (ev->kind != COMMIT_EVENT_REFUSED)
            back_off(s);
        break;
    case COMMIT_EVENT_BUILT:
    case COMMIT_EVENT_BUILD_FAILED: finish_build(s, ev, out); break;
    case COMMIT_EVENT_SEAL:
        s->seal_end = ev->held_end;
        s->seal_empty = ev->empty;
        if (s->have_head && commit_head_cut(&s->head) >= s->seal_end)
            s->seal_end = 0;
        break;
    case COMMIT_EVENT_SCHEMA:
        s->want_schema_v = ev->schema_v;
        s->want_decoder_rev = ev->decoder_rev;
        break;
    case COMMIT_EVENT_GAP:
        s->gap_from = ev->held_end;
        s->gap_end = ev->end;
        s->gap = ev->gap;
        break;
    case COMMIT_EVENT_STOP:
        s->stop_wanted = true;
        s->stop = ev->stop;
        s->stop_pos = ev->stop_pos;
        break;
    case COMMIT_EVENT_DRAIN: s->draining = ev->drain; break;
    }
}

/* An operation on the head as we know it; the caller fills the rest. */
static struct commit_op *begin_op(struct commit_state *s, enum commit_op_kind kind)
{
    memset(&s->op, 0, sizeof s->op);
    s->op.kind = kind;
    s->op.head_version = s->head.version;
    s->waiting = COMMIT_WRITING;
    return &s->op;
}

static void start_build(struct commit_state *s, const struct commit_pending *p, struct commit_actions *out)
{
    s->build = (struct commit_build){.seq = p->seq,
                                     .begin = s->head.start,
                                     .end = p->end,
                                     .attempt = p->attempt,
                                     .schema_v = p->schema_v,
                                     .decoder_rev = p->decoder_rev};
    s->building = true;
    s->build_begin_us = s->now_us;
    add_action(out, COMMIT_ACTION_BUILD)->build = s->build;
}

static bool may_take_over(const struct commit_state *s, const struct commit_pending *p)
{
    int64_t patience = MAX_OF(s->config.patience_us, 3 * s->build_us);

    if (s->gave_up_seq == p->seq && s->now_us < s->give_up_retry_us)
        return false;
    return p->attempt == 0 || p->committer_gone || s->now_us - s->seen_us >= patience;
}

/* The first pending entry: build it, commit it, give it up, take it over. True = an operation is on its way. */
static bool decide_pending(struct commit_state *s, struct commit_actions *out)
{
    const struct commit_pending *p = first_pending(s);
    struct commit_op *op;

    if (!p || s->held_end < p->end)
        return false;
    if (is_ours(s, p)) {
        if (s->built) {
            op = begin_op(s, s->built_empty ? COMMIT_OP_EXTEND : COMMIT_OP_COMMIT);
            op->seq = p->seq;
            op->attempt = s->own_attempt = p->attempt;
            op->end = p->end;
            return true;
        }
        if (s->building)
            return false;
        if (s->build_failures >= COMMIT_FAILURES_MAX) {
            op = begin_op(s, COMMIT_OP_GIVE_UP);
            op->seq = p->seq;
            op->attempt = p->attempt;
            s->gave_up_seq = p->seq;
            s->give_up_retry_us = s->now_us + s->config.retry_max_us;
            s->build_failures = 0;
            return true;
        }
        if (s->now_us >= s->build_retry_us)
            start_build(s, p, out);
        return false;
    }
    if (!may_take_over(s, p))
        return false;
    op = begin_op(s, COMMIT_OP_TAKE_OVER);
    op->seq = p->seq;
    op->end = p->end;
    op->old_attempt = p->attempt;
    op->attempt = draw_attempt(s);
    op->committer = s->config.incarnation;
    return true;
}

static bool propose(struct commit_state *s, uint64_t end)
{
    if (s->head.npending == COMMIT_PENDING_MAX)
        return false;
    struct commit_op *op = begin_op(s, COMMIT_OP_PROPOSE);
    op->seq = s->head.next_seq;
    op->end = end;
    op->attempt = draw_attempt(s);
    op->committer = s->config.incarnation;
    op->schema_v = s->want_schema_v ? s->want_schema_v : s->head.tail_schema_v;
    op->decoder_rev = s->want_schema_v ? s->want_decoder_rev : s->head.tail_decoder_rev;
    return true;
}

/* The gap begins where our rows end: what is before it is committed first, then the gap. */
static bool decide_gap(struct commit_state *s)
{
    uint64_t cut = commit_head_cut(&s->head);
    const struct commit_pending *first = first_pending(s);

    if (s->head.start < s->gap_from) {
        if (cut < s->gap_from)
            return propose(s, s->gap_from);
        /* A proposal that reaches into the gap can never be built: it is lost as a whole. */
        if (first && first->end <= s->gap_from)
            return false;
    }
    if (first && !is_ours(s, first) && !may_take_over(s, first))
        return false;
    struct commit_op *op = begin_op(s, COMMIT_OP_GAP);
    op->seq = s->head.next_seq;
    op->end = s->gap_end;
    op->gap = s->gap;
    return true;
}

static bool decide_seal(struct commit_state *s)
{
    uint64_t cut = commit_head_cut(&s->head);

    if (s->seal_end <= cut) {
        s->seal_end = 0;
        return false;
    }
    if (!s->seal_empty)
        return propose(s, s->seal_end);
    if (s->head.npending)
        return false;
    struct commit_op *op = begin_op(s, COMMIT_OP_EXTEND);
    op->end = s->seal_end;
    return true;
}

static bool decide_schema(struct commit_state *s)
{
    if (s->held_end > commit_head_cut(&s->head))
        return propose(s, s->held_end);
    struct commit_op *op = begin_op(s, COMMIT_OP_SET_SCHEMA);
    op->schema_v = s->want_schema_v;
    op->decoder_rev = s->want_decoder_rev;
    return true;
}

static bool decide_stop(struct commit_state *s)
{
    struct commit_op *op = begin_op(s, COMMIT_OP_SET_STOP);
    op->stop = s->stop;
    op->stop_pos = s->stop_pos;
    return true;
}

static bool decide_drain(struct commit_state *s, struct commit_actions *out)
{
    if (s->held_end > commit_head_cut(&s->head))
        return propose(s, s->held_end);
    if (s->head.npending == 0 && s->held_end <= s->head.start && !s->building)
        add_action(out, COMMIT_ACTION_DRAINED);
    return false;
}

static void decide(struct commit_state *s, struct commit_actions *out)
{
    bool write = false;

    if (s->waiting != COMMIT_IDLE || s->now_us < s->retry_us)
        return;
    if (s->stale) {
        s->waiting = COMMIT_READING;
        add_action(out, COMMIT_ACTION_READ);
        return;
    }
    assert(s->have_head);
    write = decide_pending(s, out);
    if (!write && s->stop_wanted)
        write = decide_stop(s);
    if (!write && s->gap_end)
        write = decide_gap(s);
    if (!write && s->want_schema_v && !s->gap_end)
        write = decide_schema(s);
    if (!write && s->seal_end && !s->gap_end)
        write = decide_seal(s);
    if (!write && s->draining && !s->gap_end)
        write = decide_drain(s, out);
    if (write)
        add_action(out, COMMIT_ACTION_OP)->op = s->op;
}

void commit_step(struct commit_state *s, const struct commit_event *event, struct commit_actions *out)
{
    out->n = 0;
    assert(event->now_us >= s->now_us);
    s->now_us = event->now_us;
    if (event->held_end < s->held_end) {
        /* Rows were dropped to be consumed again: wishes about them are void. */
        s->seal_end = 0;
        s->gap_end = 0;
    }
    s->held_end = event->held_end;
    take_event(s, event, out);
    decide(s, out);
}

const char *commit_op_name(enum commit_op_kind kind)
{
    static const char *const name[] = {"propose", "take_over", "give_up",  "commit",
                                       "extend",  "gap",       "set_stop", "set_schema"};
    return name[kind];
}

const char *commit_gap_name(enum commit_gap gap)
{
    static const char *const name[] = {"none", "out_of_range", "recreated", "truncated"};
    return name[gap];
}

const char *commit_stop_name(enum commit_stop stop)
{
    static const char *const name[] = {"running", "gap", "on_error", "mismatch"};
    return name[stop];
}
