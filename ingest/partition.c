/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one partition, on its worker's thread:
 *
 *     HEAD → (no head: LOW → CREATE →) OPEN → VERIFY → CONSUME ⇄ MARKS → GAP → CONSUME
 *                                                   ↘ STOPPED (resumed by ALTER: VERIFY)
 *
 * The head rules: whenever it changes, part_head_moved makes the tail fit it (jumps over what others committed, drops
 * rows decoded with another schema than their interval has). next_pos is the first position not seen.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "ingest/consumer_int.h"

enum { RETRY_MIN_US = 200000, RETRY_MAX_US = 30000000, PUBLISH_US = 50000, DEAD_LETTER_RAW_MAX = 1 << 20 };

struct part *part_new(struct ingest_table *table, struct worker *worker, uint32_t id)
{
    struct part *p = xcalloc(1, sizeof *p);

    p->ingest = table->ingest;
    __atomic_add_fetch(&p->ingest->refs, 1, __ATOMIC_RELAXED);
    p->table = table;
    p->worker = worker;
    p->id = id;
    p->refs = 1;
    p->retry_wait_us = RETRY_MIN_US;
    p->stat.partition = p->pub.partition = id;
    p->stat.last_message_at = p->pub.last_message_at = STREAM_NO_TIMESTAMP;
    p->resume_seen = table->resume;
    p->seal_wish = table->seal_wish;
    pthread_mutex_init(&p->lock, NULL);
    part_commit_open(p);
    return p;
}

void part_put(struct part *p)
{
    if (__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    if (p->io.tail)
        tail_put(p->io.tail);
    if (p->build.tail)
        tail_put(p->build.tail);
    if (p->tail)
        tail_put(p->tail);
    decoder_close(p->decoder);
    decode_spec_put(p->spec);
    decode_spec_put(p->latest);
    pthread_mutex_destroy(&p->lock);
    ingest_unref(p->ingest);
    free(p);
}

void part_error(struct part *p, const struct error *err)
{
    struct env *env = part_env(p);

    if (strncmp(p->stat.last_error, err->message, sizeof p->stat.last_error - 1) != 0)
        log_warning("ingest", "table=%u partition=%u %s %s", p->table->oid, p->id, err->message, err->detail);
    snprintf(p->stat.last_error, sizeof p->stat.last_error, "%.*s%s%.*s", 300, err->message, err->detail[0] ? ": " : "",
             200, err->detail);
    p->stat.last_error_at = env->now_us(env);
    p->publish_at_us = 0;
}

static struct stream *part_stream(struct part *p) { return p->worker->stream; }

static void unassign(struct part *p)
{
    if (p->assigned)
        stream_unassign(part_stream(p), p->id);
    p->assigned = p->holding = false;
}

/* ---- schemas ---- */

static bool find_spec(struct part *p, uint64_t schema_v, struct decode_spec **out, struct error *err)
{
    if (p->latest->def->version == schema_v) {
        *out = decode_spec_get(p->latest);
        return true;
    }
    return ingest_host_ops(part_host(p))->spec(part_host(p), p->table->oid, schema_v, out, err);
}

static void forget_decoder(struct part *p)
{
    struct decode_stats stats;

    if (p->decoder) {
        decoder_stats(p->decoder, &stats);
        p->unknown_base += stats.unknown_keys;
        decoder_close(p->decoder);
        p->decoder = NULL;
    }
    p->names_told = 0;
}

/* Rows from next_pos on get the definition the head says. */
static bool switch_schema(struct part *p, struct error *err)
{
    uint64_t schema_v, until;
    uint32_t rev;
    struct decode_spec *spec;

    commit_head_schema(&p->commit.head, p->next_pos, &schema_v, &rev, &until);
    if (p->decoder && p->nrange && p->range[p->nrange - 1].schema_v == schema_v &&
        p->range[p->nrange - 1].decoder_rev == rev && p->spec->def->version == schema_v) {
        p->schema_until = until;
        return true;
    }
    if (rev > DECODER_REV)
        return error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "rows need decoder revision %u, this server has %u", rev,
                         (unsigned)DECODER_REV);
    if (!find_spec(p, schema_v, &spec, err))
        return false;
    if (!tail_set_def(p->tail, spec->def, err)) {
        decode_spec_put(spec);
        return false;
    }
    forget_decoder(p);
    decode_spec_put(p->spec);
    p->spec = spec;
    if (!decoder_open(spec, p->table->ingest->account, &p->decoder, err))
        return false;
    assert(p->nrange < RANGES_MAX);
    p->range[p->nrange].from = p->next_pos;
    p->range[p->nrange].schema_v = schema_v;
    p->range[p->nrange++].decoder_rev = rev;
    p->schema_until = until;
    return true;
}

/* First position whose rows were decoded with another schema than the head says; next_pos = none. */
static uint64_t find_mismatch(const struct part *p)
{
    uint64_t schema_v, until;
    uint32_t rev;

    for (uint32_t i = 0; i < p->nrange; i++) {
        uint64_t end = i + 1 < p->nrange ? p->range[i + 1].from : p->next_pos;
        uint64_t pos = MAX_OF(p->range[i].from, p->commit.head.start);
        while (pos < end) {
            commit_head_schema(&p->commit.head, pos, &schema_v, &rev, &until);
            if (schema_v != p->range[i].schema_v || rev != p->range[i].decoder_rev)
                return pos;
            pos = until;
        }
    }
    return p->next_pos;
}

static void drop_from(struct part *p, uint64_t pos)
{
    log_info("ingest", "table=%u partition=%u rows from %llu on are consumed again", p->table->oid, p->id,
             (unsigned long long)pos_offset(pos));
    tail_truncate(p->tail, pos);
    unassign(p);
    p->next_pos = pos;
    while (p->nrange && p->range[p->nrange - 1].from >= pos)
        p->nrange--;
    p->schema_until = 0;
    p->content_end = MIN_OF(p->content_end, pos);
}

static void jump_to(struct part *p, uint64_t pos)
{
    tail_advance(p->tail, pos, p->last_pos, p->last_timestamp_us, p->last_crc);
    unassign(p);
    p->next_pos = pos;
    p->nrange = 0;
    p->schema_until = 0;
    if (p->phase == PHASE_GAP || p->phase == PHASE_MARKS) {
        p->phase = PHASE_CONSUME;
        p->have_last = false;
    }
}

static void forget_old_ranges(struct part *p)
{
    uint32_t old = 0;

    while (old + 1 < p->nrange && p->range[old + 1].from <= p->commit.head.start)
        old++;
    p->nrange -= old;
    memmove(p->range, p->range + old, p->nrange * sizeof *p->range);
}

void part_head_moved(struct part *p)
{
    const struct commit_head *head = &p->commit.head;
    uint64_t cut = commit_head_cut(head);

    p->stat.committed = pos_offset(head->start);
    p->stat.pending = head->npending;
    if (!p->tail)
        return;
    if (cut != p->cut) {
        p->cut = cut;
        p->rows_since_cut -= MIN_OF(p->rows_at_wish, p->rows_since_cut);
        p->rows_at_wish = 0;
        p->cut_at_us = 0;
    }
    if (head->start > p->next_pos)
        jump_to(p, head->start);
    forget_old_ranges(p);
    uint64_t mismatch = find_mismatch(p);
    if (mismatch < p->next_pos)
        drop_from(p, mismatch);
    p->schema_until = 0;
    bool resuming = p->commit.stop_wanted && p->commit.stop == COMMIT_RUNNING;
    if (head->stop != COMMIT_RUNNING && !resuming && p->phase > PHASE_CREATE && p->phase != PHASE_STOPPED) {
        unassign(p);
        p->phase = PHASE_STOPPED;
        p->stop = head->stop;
    }
}

/* ---- opening ---- */

static void load_spill(struct part *p)
{
    struct env *env = part_env(p);
    struct strbuf path;
    struct stat st;
    struct error err;
    struct tail_stats stats;

    strbuf_init(&path);
    ingest_host_ops(part_host(p))->spill_path(part_host(p), p->table->oid, p->id, &path);
    if (env->stat(env, path.data, &st) == 0) {
        if (tail_load(p->tail, path.data, p->next_pos, p->commit.head.tail_decoder_rev, &p->last_pos,
                      &p->last_timestamp_us, &p->last_crc, &err)) {
            tail_stats(p->tail, &stats);
            p->next_pos = stats.next_pos;
            p->have_last = p->spilled = true;
            if (stats.rows || stats.dead_letters)
                p->content_end = p->next_pos;
            p->rows_since_cut = stats.rows;
            log_info("ingest", "table=%u partition=%u spilled rows=%llu loaded", p->table->oid, p->id,
                     (unsigned long long)stats.rows);
        } else {
            log_warning("ingest", "table=%u partition=%u spilled rows not used: %s", p->table->oid, p->id, err.message);
            env->unlink(env, path.data);
        }
    }
    strbuf_release(&path);
}

static void take_last_of_head(struct part *p)
{
    const struct commit_head *head = &p->commit.head;

    p->have_last = head->last_known && pos_incarnation(head->last_pos) == pos_incarnation(head->start);
    p->last_pos = head->last_pos;
    p->last_timestamp_us = head->last_known ? head->last_timestamp_us : STREAM_NO_TIMESTAMP;
    p->last_crc = head->last_crc;
}

static void open_tail(struct part *p)
{
    const struct commit_head *head = &p->commit.head;
    struct decode_spec *spec;
    uint64_t schema_v, until;
    uint32_t rev;
    struct error err;
    int64_t now = part_now_us(p);

    if (now < p->retry_at_us)
        return;
    commit_head_schema(head, head->start, &schema_v, &rev, &until);
    bool ok = find_spec(p, schema_v, &spec, &err);
    if (ok) {
        ok = tail_open(part_env(p), spec->def, p->id, head->start, p->table->ingest->account, &p->tail, &err);
        decode_spec_put(spec);
    }
    if (!ok) {
        p->tail = NULL;
        part_error(p, &err);
        p->retry_at_us = now + RETRY_MIN_US * 5;
        return;
    }
    p->next_pos = head->start;
    p->cut = commit_head_cut(head);
    take_last_of_head(p);
    load_spill(p);
    if (p->next_pos > head->start) {
        p->range[0].from = head->start;
        p->range[0].schema_v = schema_v;
        p->range[0].decoder_rev = rev;
        p->nrange = 1;
    }
    pthread_mutex_lock(&p->lock);
    p->pub_tail = p->tail;
    pthread_mutex_unlock(&p->lock);
    p->phase = PHASE_VERIFY;
    part_head_moved(p);
}

/* ---- questions to the checker ---- */

static void ask_verify(struct part *p, uint64_t pos, uint32_t crc)
{
    pthread_mutex_lock(&p->lock);
    p->check.verify = CHECK_WANTED;
    p->check.offset = pos_offset(pos);
    p->check.crc = crc;
    pthread_mutex_unlock(&p->lock);
    checker_ask(p);
}

static void ask_marks(struct part *p)
{
    pthread_mutex_lock(&p->lock);
    p->check.marks = CHECK_WANTED;
    pthread_mutex_unlock(&p->lock);
    p->phase = PHASE_MARKS;
    checker_ask(p);
}

/* The answer, once; CHECK_NONE asks anew. */
static enum check_state take_check(struct part *p, enum check_state *which, struct part_check *out)
{
    pthread_mutex_lock(&p->lock);
    enum check_state state = *which;
    *out = p->check;
    if (state == CHECK_DONE)
        *which = CHECK_NONE;
    pthread_mutex_unlock(&p->lock);
    return state;
}

static void content_differs(struct part *p)
{
    struct error err;

    if (p->spilled) {
        log_warning("ingest", "table=%u partition=%u spilled rows do not match the topic", p->table->oid, p->id);
        p->spilled = false;
        drop_from(p, p->commit.head.start);
        take_last_of_head(p);
        return;
    }
    error_set(&err, SQLSTATE_DATA_CORRUPTED,
              "topic \"%s\" partition %u was re-created or truncated: the message at offset %llu is not the one read "
              "before",
              p->table->topic, p->id, (unsigned long long)pos_offset(p->last_pos));
    part_error(p, &err);
    unassign(p);
    p->recreated = true;
    ask_marks(p);
}

static void run_verify(struct part *p)
{
    struct part_check check;

    bool other_topic = pos_incarnation(p->last_pos) != pos_incarnation(p->next_pos);
    if (!p->have_last || other_topic || p->table->topic[0] == '\0') {
        p->phase = PHASE_CONSUME;
        return;
    }
    switch (take_check(p, &p->check.verify, &check)) {
    case CHECK_NONE: ask_verify(p, p->last_pos, p->last_crc); return;
    case CHECK_WANTED: return;
    case CHECK_DONE: break;
    }
    if (check.offset != pos_offset(p->last_pos) || check.crc != p->last_crc)
        return;
    if (check.result == VERIFY_OTHER || check.result == VERIFY_BEYOND) {
        content_differs(p);
        return;
    }
    p->spilled = false;
    p->phase = PHASE_CONSUME;
}

/*
 * While consuming, every check interval a message read about an interval ago is compared again: the newest one would
 * not do, it may come from a topic that has taken the place of the old one and grown beyond our position. If it
 * differs, the uncommitted rows after the last message that was found right are dropped: they may be the new topic's,
 * which is read from its beginning.
 */
static void verify_now_and_then(struct part *p)
{
    struct part_check check;
    int64_t now = part_now_us(p);

    if (p->have_sample && pos_incarnation(p->sample_pos) != pos_incarnation(p->next_pos))
        p->have_sample = false;
    enum check_state state = take_check(p, &p->check.verify, &check);
    bool about_sample = p->have_sample && check.offset == pos_offset(p->sample_pos) && check.crc == p->sample_crc;
    if (state == CHECK_DONE && about_sample) {
        p->have_sample = false;
        if (check.result == VERIFY_OTHER || check.result == VERIFY_BEYOND) {
            uint64_t keep = MAX_OF(p->verified_end, commit_head_cut(&p->commit.head));
            if (keep < p->next_pos)
                drop_from(p, keep);
            content_differs(p);
            return;
        }
        p->verified_end = p->sample_pos + 1;
        state = CHECK_NONE;
    }
    if (state == CHECK_WANTED || now < p->verify_at_us)
        return;
    p->verify_at_us = now + p->table->ingest->config.check_interval_us;
    if (p->have_sample) {
        ask_verify(p, p->sample_pos, p->sample_crc);
    } else if (p->have_last && pos_incarnation(p->last_pos) == pos_incarnation(p->next_pos)) {
        p->have_sample = true;
        p->sample_pos = p->last_pos;
        p->sample_crc = p->last_crc;
    }
}

/* ---- gaps ---- */

static void stop(struct part *p, enum commit_stop why)
{
    unassign(p);
    p->phase = PHASE_STOPPED;
    p->stop = why;
    part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_STOP, .stop = why, .stop_pos = p->next_pos});
}

static void run_marks(struct part *p)
{
    struct part_check check;
    struct error err;
    uint64_t position = pos_offset(p->next_pos), incarnation = pos_incarnation(p->next_pos), end;
    enum commit_gap code;

    if (take_check(p, &p->check.marks, &check) != CHECK_DONE)
        return;
    if (p->recreated || position > check.high) {
        end = pos_of(incarnation + 1, check.low);
        code = COMMIT_GAP_RECREATED;
    } else if (position < check.low) {
        end = pos_of(incarnation, check.low);
        code = COMMIT_GAP_OUT_OF_RANGE;
    } else {
        p->phase = PHASE_CONSUME;
        return;
    }
    p->recreated = false;
    if (code == COMMIT_GAP_OUT_OF_RANGE) {
        error_set(&err, SQLSTATE_DATA_EXCEPTION, "offsets %llu to %llu are gone from topic \"%s\" partition %u",
                  (unsigned long long)position, (unsigned long long)(check.low - 1), p->table->topic, p->id);
        part_error(p, &err);
    } else if (position > check.high) {
        error_set(&err, SQLSTATE_DATA_CORRUPTED,
                  "topic \"%s\" partition %u was re-created or truncated: it ends at offset %llu, %llu was read before",
                  p->table->topic, p->id, (unsigned long long)check.high, (unsigned long long)position);
        part_error(p, &err);
    }
    if (p->latest->def->options.on_gap == ON_GAP_STOP) {
        stop(p, code == COMMIT_GAP_OUT_OF_RANGE ? COMMIT_STOP_GAP : COMMIT_STOP_MISMATCH);
        return;
    }
    log_warning("ingest", "table=%u partition=%u gap recorded: %s", p->table->oid, p->id, commit_gap_name(code));
    p->stat.gaps++;
    p->phase = PHASE_GAP;
    part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_GAP, .end = end, .gap = code});
}

/* ---- consuming ---- */

/* Keeps what is no row. False: err = memory refused, try again. */
static bool keep_fault(struct part *p, const struct stream_message *msg, uint64_t pos, const struct error *fault,
                       struct error *err)
{
    char reason[1200];

    if (p->latest->def->options.on_error == ON_ERROR_SKIP) {
        p->stat.skipped++;
        return true;
    }
    snprintf(reason, sizeof reason, "%s%s%.*s", fault->message, fault->detail[0] ? ": " : "", 100, fault->detail);
    struct dead_letter letter = {.pos = pos,
                                 .timestamp_us = msg->timestamp_us,
                                 .column = strview_of(fault->column),
                                 .reason = strview_of(reason),
                                 .raw =
                                     strview_make(msg->value.ptr, MIN_OF(msg->value.len, (size_t)DEAD_LETTER_RAW_MAX))};
    if (!tail_add_dead_letter(p->tail, &letter, err))
        return false;
    p->stat.dead_letters++;
    p->content_end = pos + 1;
    return true;
}

enum taken { TAKEN, TAKE_LATER, TAKE_STOP };

static enum taken take_value(struct part *p, const struct stream_message *msg, uint64_t pos, struct error *err)
{
    struct mutable_chunk *mc;
    struct error fault;
    struct decode_meta meta = {.partition = p->id,
                               .offset = msg->offset,
                               .pos = pos,
                               .timestamp_us = msg->timestamp_us,
                               .key = msg->key,
                               .key_null = msg->key_null};

    if (!tail_begin_row(p->tail, &mc, err))
        return TAKE_LATER;
    switch (decoder_row(p->decoder, mc, &meta, msg->value, &fault)) {
    case DECODE_ROW:
        p->stat.rows++;
        p->rows_since_cut++;
        p->content_end = pos + 1;
        return TAKEN;
    case DECODE_FAULT:
        if (p->latest->def->options.on_error == ON_ERROR_FAIL) {
            *err = fault;
            return TAKE_STOP;
        }
        return keep_fault(p, msg, pos, &fault, err) ? TAKEN : TAKE_LATER;
    case DECODE_FAILED: break;
    }
    *err = fault;
    return TAKE_LATER;
}

static enum taken take_message(struct part *p, const struct stream_message *msg, struct error *err)
{
    uint64_t pos = pos_of(pos_incarnation(p->next_pos), msg->offset);

    assert(pos >= p->next_pos);
    p->next_pos = pos;
    if (pos >= p->schema_until || !p->decoder) {
        if (!switch_schema(p, err))
            return TAKE_LATER;
    }
    if (msg->value_null) {
        p->stat.tombstones++;
    } else {
        enum taken taken = take_value(p, msg, pos, err);
        if (taken != TAKEN)
            return taken;
    }
    p->stat.messages++;
    p->stat.bytes += msg->key.len + msg->value.len;
    p->have_last = true;
    p->last_pos = pos;
    p->last_timestamp_us = p->stat.last_message_at = msg->timestamp_us;
    p->last_crc = stream_message_crc(msg);
    p->next_pos = pos + 1;
    return TAKEN;
}

static void stop_on_error(struct part *p, struct error *err)
{
    struct error stopped;

    error_set(&stopped, err->sqlstate, "message at offset %llu: %.400s", (unsigned long long)pos_offset(p->next_pos),
              err->message);
    part_error(p, &stopped);
    stop(p, COMMIT_STOP_ON_ERROR);
}

static void back_off(struct part *p)
{
    p->retry_at_us = part_now_us(p) + p->retry_wait_us;
    p->retry_wait_us = MIN_OF(2 * p->retry_wait_us, (int64_t)RETRY_MAX_US);
}

/* Everything but messages. */
static void take_event(struct part *p, enum stream_event event, const struct stream_message *msg, struct error *err)
{
    switch (event) {
    case STREAM_EOF:
        p->next_pos = MAX_OF(p->next_pos, pos_of(pos_incarnation(p->next_pos), msg->offset));
        p->at_end = true;
        p->retrying = false;
        p->end_at_us = part_now_us(p);
        break;
    case STREAM_OUT_OF_RANGE:
        p->assigned = false;
        p->recreated = false;
        ask_marks(p);
        break;
    case STREAM_FAILED:
        p->assigned = false;
        back_off(p);
        /* fall through */
    case STREAM_RETRY:
        p->retrying = true;
        part_error(p, err);
        break;
    case STREAM_NONE:
    case STREAM_MESSAGE: break;
    }
}

static bool may_consume(struct part *p, bool waits)
{
    bool paused = p->latest->def->options.ingest == INGEST_PAUSED;

    pthread_mutex_lock(&p->table->lock);
    paused |= p->table->draining;
    pthread_mutex_unlock(&p->table->lock);
    if (paused)
        unassign(p);
    p->blocked = commit_is_full(&p->commit);
    return !paused && !waits && !p->blocked;
}

static bool assign(struct part *p)
{
    struct error err;

    if (p->assigned)
        return true;
    if (part_now_us(p) < p->retry_at_us)
        return false;
    p->assigned = stream_assign(part_stream(p), p->id, pos_offset(p->next_pos), &err);
    p->at_end = false;
    if (!p->assigned) {
        part_error(p, &err);
        back_off(p);
    }
    return p->assigned;
}

/* A batch. True = there may be more at once. */
static bool consume(struct part *p)
{
    uint64_t begin = p->next_pos;
    uint32_t n = 0;
    enum taken taken = TAKEN;
    struct error err;

    while (n < BATCH_MESSAGES) {
        enum stream_event event = STREAM_MESSAGE;
        if (!p->holding)
            event = stream_next(part_stream(p), p->id, &p->msg, &err);
        if (event != STREAM_MESSAGE) {
            take_event(p, event, &p->msg, &err);
            break;
        }
        p->holding = true;
        taken = take_message(p, &p->msg, &err);
        if (taken != TAKEN)
            break;
        p->holding = p->retrying = p->at_end = false;
        p->retry_wait_us = RETRY_MIN_US;
        n++;
    }
    if (p->next_pos > begin)
        tail_advance(p->tail, p->next_pos, p->last_pos, p->last_timestamp_us, p->last_crc);
    if (taken == TAKE_STOP) {
        stop_on_error(p, &err);
    } else if (taken == TAKE_LATER) {
        /* Memory comes back when something is committed: cut now, look again next tick. */
        p->blocked = true;
        part_error(p, &err);
        part_commit_seal(p, true);
    }
    return n == BATCH_MESSAGES;
}

/* ---- a turn ---- */

static void follow_wishes(struct part *p)
{
    struct ingest_table *t = p->table;

    pthread_mutex_lock(&t->lock);
    bool seal = p->seal_wish != t->seal_wish, resume = p->resume_seen != t->resume, draining = t->draining;
    uint64_t wish = t->seal_wish;
    p->resume_seen = t->resume;
    pthread_mutex_unlock(&t->lock);
    if (p->phase == PHASE_STOPPED && resume) {
        p->phase = PHASE_VERIFY;
        p->stat.last_error[0] = '\0';
        part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_STOP, .stop = COMMIT_RUNNING});
    }
    if (p->tail && p->commit.have_head) {
        if (draining != p->commit.draining)
            part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_DRAIN, .drain = draining});
        /* The wish stands until no cut is under way. */
        if (seal && !commit_sealing(&p->commit))
            p->seal_wish = wish;
        part_commit_seal(p, seal);
    }
}

static enum ingest_state state_of(const struct part *p)
{
    int64_t minute = 60 * INT64_C(1000000), now = part_now_us(p);
    int64_t unix_now = part_env(p)->now_us(part_env(p)) - POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC;

    if (p->phase == PHASE_STOPPED)
        return p->stop == COMMIT_STOP_GAP ? INGEST_STOPPED_GAP : INGEST_STOPPED_ERROR;
    if (p->commit.draining && p->drained)
        return INGEST_DRAINED;
    if (p->latest->def->options.ingest == INGEST_PAUSED)
        return INGEST_PAUSED_NOW;
    if (p->blocked || p->phase == PHASE_GAP)
        return INGEST_BLOCKED;
    if (p->retrying)
        return INGEST_RETRYING;
    if (p->phase != PHASE_CONSUME || (!p->end_at_us && !p->stat.messages))
        return INGEST_STARTING;
    if (!p->at_end && now - p->end_at_us > 1000000)
        return INGEST_CATCHING_UP;
    bool recent = p->stat.last_message_at != STREAM_NO_TIMESTAMP && unix_now - p->stat.last_message_at < minute;
    return recent ? INGEST_RUNNING_NOW : INGEST_IDLE;
}

static void count_unknown(struct part *p)
{
    struct decode_stats stats;
    uint64_t count;

    if (!p->decoder)
        return;
    decoder_stats(p->decoder, &stats);
    p->stat.unknown_keys = p->unknown_base + stats.unknown_keys;
    while (p->names_told < stats.unknown_names)
        table_add_unknown(p->table, decoder_unknown(p->decoder, p->names_told++, &count));
}

static void publish(struct part *p)
{
    struct stream_watermarks marks = {.known = false};
    struct tail_stats stats = {0};
    int64_t now = part_now_us(p);

    enum ingest_state state = state_of(p);
    if (state == p->stat.state && now < p->publish_at_us)
        return;
    p->publish_at_us = now + PUBLISH_US;
    if (now - p->rate_at_us >= 1000000) {
        double rate = (double)(p->stat.rows - p->rate_rows) * 1e6 / (double)(now - p->rate_at_us);
        p->stat.rows_per_s = p->rate_at_us ? 0.5 * p->stat.rows_per_s + 0.5 * rate : rate;
        p->rate_at_us = now;
        p->rate_rows = p->stat.rows;
    }
    if (p->tail)
        tail_stats(p->tail, &stats);
    if (p->assigned)
        stream_watermarks(part_stream(p), p->id, &marks);
    p->stat.state = state;
    p->stat.position = pos_offset(p->next_pos);
    if (marks.known || p->at_end) {
        p->stat.end_known = true;
        p->stat.end_offset = p->at_end ? p->stat.position : MAX_OF(marks.high, p->stat.position);
    }
    p->stat.lag =
        p->stat.end_known && p->stat.end_offset > p->stat.position ? p->stat.end_offset - p->stat.position : 0;
    p->stat.tail_rows = stats.rows;
    p->stat.tail_bytes = stats.bytes;
    count_unknown(p);
    pthread_mutex_lock(&p->lock);
    p->pub = p->stat;
    pthread_mutex_unlock(&p->lock);
}

static void run_low(struct part *p)
{
    struct part_check check;

    if (take_check(p, &p->check.marks, &check) != CHECK_DONE)
        return;
    p->phase = PHASE_CREATE;
    part_commit_create(p, pos_of(0, check.low));
}

bool part_run(struct part *p)
{
    bool more = false;

    bool waits = part_commit_alter(p);
    part_commit_replies(p);
    if (p->phase != PHASE_LOW && p->phase != PHASE_CREATE)
        part_commit_feed(p, (struct commit_event){.kind = COMMIT_EVENT_TICK});
    part_commit_advances(p);
    if (p->phase == PHASE_HEAD && p->commit.have_head)
        p->phase = PHASE_OPEN;
    follow_wishes(p);
    switch (p->phase) {
    case PHASE_HEAD:
    case PHASE_CREATE:
    case PHASE_GAP:
    case PHASE_STOPPED: break;
    case PHASE_OPEN: open_tail(p); break;
    case PHASE_LOW: run_low(p); break;
    case PHASE_VERIFY: run_verify(p); break;
    case PHASE_MARKS: run_marks(p); break;
    case PHASE_CONSUME:
        if (may_consume(p, waits || p->commit.want_schema_v != 0) && assign(p)) {
            more = consume(p);
            if (p->phase == PHASE_CONSUME)
                verify_now_and_then(p);
        }
        break;
    }
    publish(p);
    return more;
}

void part_finish(struct part *p, enum ingest_close_mode mode)
{
    struct env *env = part_env(p);
    struct strbuf path;
    struct error err;

    unassign(p);
    pthread_mutex_lock(&p->lock);
    p->pub_tail = NULL;
    pthread_mutex_unlock(&p->lock);
    if (mode == INGEST_CLOSE_KILL)
        return;
    strbuf_init(&path);
    ingest_host_ops(part_host(p))->spill_path(part_host(p), p->table->oid, p->id, &path);
    if (mode == INGEST_CLOSE_DROP)
        env->unlink(env, path.data);
    else if (p->tail && p->have_last && !p->spilled && p->next_pos > p->commit.head.start &&
             !tail_spill(p->tail, path.data, p->commit.head.tail_decoder_rev, &err))
        log_warning("ingest", "table=%u partition=%u tail not spilled: %s", p->table->oid, p->id, err.message);
    strbuf_release(&path);
}
