/* SPDX-License-Identifier: Apache-2.0 */
#include "storage/tail_int.h"

#include "base/memory.h"
#include "storage/frozen_int.h"

#include <stdlib.h>

enum { LETTER_RAW_MAX = 1 << 20 };

bool tail_open(struct env *env, const struct table_def *def, uint32_t partition, uint64_t pos_begin,
               struct mem_account *account, struct tail **out, struct error *err)
{
    struct tail *t = xcalloc(1, sizeof *t);
    t->refs = 1;
    t->env = env;
    t->partition = partition;
    t->account = account;
    t->def = table_def_get(def);
    t->pos_begin = t->next_pos = pos_begin;
    pthread_mutex_init(&t->lock, NULL);
    *out = t;
    return true;
}

struct tail *tail_get(struct tail *tail)
{
    __atomic_fetch_add(&tail->refs, 1, __ATOMIC_RELAXED);
    return tail;
}

static void entry_release(struct tail_entry *e)
{
    chunk_put(e->chunk);
    table_def_put(e->def);
}

static void letter_free(struct tail *tail, struct tail_letter *l)
{
    account_give(tail->account, l->bytes);
    free(l);
}

void tail_put(struct tail *tail)
{
    if (!tail || __atomic_fetch_sub(&tail->refs, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    for (uint32_t i = 0; i < tail->nentry; i++)
        entry_release(&tail->entry[i]);
    for (size_t i = 0; i < tail->nletter; i++)
        letter_free(tail, tail->letter[i]);
    account_give(tail->account, tail->mark_cap * sizeof *tail->mark);
    table_def_put(tail->def);
    pthread_mutex_destroy(&tail->lock);
    free(tail->entry);
    free(tail->mark);
    free(tail->letter);
    free(tail);
}

/* ---- positions ---- */

uint32_t tail_entry_rows(const struct tail_entry *entry)
{
    return entry->closed ? entry->row_end : chunk_rows(entry->chunk);
}

static uint64_t open_pos(const struct mutable_chunk *mc, uint32_t row)
{
    const struct mutable_col *col = &mc->col[mc->ncol - HIDDEN_COUNT + HIDDEN_POS];
    return ((const uint64_t *)col->block[row / VEC_ROWS].data)[row % VEC_ROWS];
}

/* Position of a row of an encoded chunk; cannot fail, since its bytes were made here. */
static uint64_t frozen_pos(struct chunk_reader *reader, uint32_t row)
{
    struct error err;
    struct vec v;
    uint32_t begin = row / VEC_ROWS * VEC_ROWS, n = MIN_OF(chunk_rows(reader->chunk) - begin, (uint32_t)VEC_ROWS);
    if (!chunk_read(reader, CHUNK_HIDDEN + HIDDEN_POS, begin, n, NULL, &v, &err))
        abort();
    uint64_t pos = *(const uint64_t *)vec_value(&v, row - begin);
    chunk_reader_recycle(reader);
    return pos;
}

uint32_t tail_row_of_pos(const struct tail_entry *entry, uint32_t rows, uint64_t pos)
{
    struct chunk_reader *reader = NULL;
    struct error err;
    uint32_t begin = 0, end = rows;
    if (entry->closed && pos <= entry->first_pos)
        return 0;
    if (entry->closed && pos > entry->last_pos)
        return rows;
    if (!entry->mc && !chunk_reader_open(entry->chunk, rows, NULL, &reader, &err))
        abort();
    while (begin < end) {
        uint32_t mid = begin + (end - begin) / 2;
        uint64_t there = entry->mc ? open_pos(entry->mc, mid) : frozen_pos(reader, mid);
        if (there < pos)
            begin = mid + 1;
        else
            end = mid;
    }
    chunk_reader_close(reader);
    return begin;
}

/* ---- writer ---- */

/* Under the lock. */
static struct tail_entry *add_entry(struct tail *tail, struct chunk *chunk, struct mutable_chunk *mc)
{
    if (tail->nentry == tail->entry_cap) {
        tail->entry_cap = MAX_OF(8u, tail->entry_cap * 2);
        tail->entry = xrealloc(tail->entry, tail->entry_cap * sizeof *tail->entry);
    }
    struct tail_entry *e = &tail->entry[tail->nentry++];
    *e = (struct tail_entry){.chunk = chunk, .mc = mc, .def = table_def_get(tail->def)};
    return e;
}

/* Under the lock: the entry of a chunk, NULL if it was trimmed away. */
static struct tail_entry *find_entry(struct tail *tail, const struct chunk *chunk)
{
    for (uint32_t i = tail->nentry; i > 0; i--)
        if (tail->entry[i - 1].chunk == chunk)
            return &tail->entry[i - 1];
    return NULL;
}

/* Under the lock. */
static void remove_entry(struct tail *tail, struct tail_entry *e)
{
    struct tail_entry gone = *e;
    size_t after = (size_t)(tail->entry + tail->nentry - (e + 1));
    memmove(e, e + 1, after * sizeof *e);
    tail->nentry--;
    entry_release(&gone);
}

static void close_entry(struct tail_entry *e, uint32_t rows)
{
    e->closed = true;
    e->row_end = rows;
    if (rows > 0) {
        e->first_pos = open_pos(e->mc, 0);
        e->last_pos = open_pos(e->mc, rows - 1);
    }
}

/* Encodes a closed chunk and puts the result in its place. Outside of the lock but for the exchange. */
static bool freeze_closed(struct tail *tail, struct chunk *chunk, uint32_t rows, struct error *err)
{
    struct chunk *frozen;
    if (!frozen_make(chunk, 0, rows, tail->account, true, &frozen, err))
        return false;
    pthread_mutex_lock(&tail->lock);
    struct tail_entry *e = find_entry(tail, chunk);
    struct chunk *old = frozen;
    if (e) {
        old = e->chunk;
        e->chunk = frozen;
        e->mc = NULL;
    }
    pthread_mutex_unlock(&tail->lock);
    chunk_put(old);
    return true;
}

bool tail_freeze_open(struct tail *tail, struct error *err)
{
    struct mutable_chunk *mc = tail->open;
    if (!mc)
        return true;
    struct chunk *chunk = chunk_get(mc->chunk);
    uint32_t rows = mc->next_row;
    pthread_mutex_lock(&tail->lock);
    struct tail_entry *e = find_entry(tail, chunk);
    assert(e);
    close_entry(e, rows);
    if (rows == 0)
        remove_entry(tail, e);
    tail->open = NULL;
    __atomic_store_n(&tail->open_bytes, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&tail->lock);
    bool ok = rows == 0 || freeze_closed(tail, chunk, rows, err);
    chunk_put(chunk);
    return ok;
}

bool tail_begin_row(struct tail *tail, struct mutable_chunk **mc, struct error *err)
{
    bool full;
    for (;;) {
        if (!tail->open) {
            struct mutable_chunk *fresh;
            if (!mutable_chunk_open(tail->def, tail->account, &fresh, err))
                return false;
            pthread_mutex_lock(&tail->lock);
            add_entry(tail, fresh->chunk, fresh);
            tail->open = fresh;
            pthread_mutex_unlock(&tail->lock);
        }
        if (LIKELY(mutable_chunk_begin_row(tail->open, &full, err))) {
            __atomic_store_n(&tail->open_bytes, tail->open->bytes, __ATOMIC_RELAXED);
            *mc = tail->open;
            return true;
        }
        if (!full || !tail_freeze_open(tail, err))
            return false;
    }
}

void tail_add_mark(struct tail *tail, const struct tail_mark *mark)
{
    if (tail->nmark && mark->last_pos <= tail->mark[tail->nmark - 1].last_pos)
        return;
    if (tail->nmark == tail->mark_cap) {
        size_t cap = MAX_OF((size_t)64, tail->mark_cap * 2);
        if (tail->account)
            mem_force(tail->account, (cap - tail->mark_cap) * sizeof *mark);
        tail->mark = xrealloc(tail->mark, cap * sizeof *mark);
        tail->mark_cap = cap;
    }
    tail->mark[tail->nmark++] = *mark;
}

void tail_advance(struct tail *tail, uint64_t next_pos, uint64_t last_pos, int64_t last_timestamp_us, uint32_t last_crc)
{
    struct tail_mark mark = {last_pos, last_timestamp_us, last_crc, 0};
    pthread_mutex_lock(&tail->lock);
    if (last_pos < next_pos) /* otherwise no message has been seen yet */
        tail_add_mark(tail, &mark);
    tail->next_pos = MAX_OF(tail->next_pos, next_pos);
    pthread_mutex_unlock(&tail->lock);
}

static struct strview copy_bytes(char **to, struct strview from, size_t max)
{
    struct strview copy = {*to, MIN_OF(from.len, max)};
    if (copy.len)
        memcpy(*to, from.ptr, copy.len);
    *to += copy.len;
    return copy;
}

bool tail_add_dead_letter(struct tail *tail, const struct dead_letter *letter, struct error *err)
{
    size_t raw = MIN_OF(letter->raw.len, (size_t)LETTER_RAW_MAX);
    size_t bytes = sizeof(struct tail_letter) + letter->column.len + letter->reason.len + raw;
    if (!account_take(tail->account, bytes))
        return account_error(tail->account, bytes, err);
    struct tail_letter *l = xmalloc(bytes);
    char *text = (char *)(l + 1);
    l->bytes = bytes;
    l->letter = *letter;
    l->letter.column = copy_bytes(&text, letter->column, letter->column.len);
    l->letter.reason = copy_bytes(&text, letter->reason, letter->reason.len);
    l->letter.raw = copy_bytes(&text, letter->raw, raw);
    pthread_mutex_lock(&tail->lock);
    if (tail->nletter == tail->letter_cap) {
        tail->letter_cap = MAX_OF((size_t)16, tail->letter_cap * 2);
        tail->letter = xrealloc(tail->letter, tail->letter_cap * sizeof *tail->letter);
    }
    tail->letter[tail->nletter++] = l;
    pthread_mutex_unlock(&tail->lock);
    return true;
}

void tail_truncate(struct tail *tail, uint64_t pos)
{
    struct chunk *cut = NULL;
    uint32_t cut_rows = 0;
    struct error err;
    pthread_mutex_lock(&tail->lock);
    if (tail->open) { /* snapshots may see its rows: its slots are not written again */
        close_entry(find_entry(tail, tail->open->chunk), tail->open->next_row);
        tail->open = NULL;
        __atomic_store_n(&tail->open_bytes, 0, __ATOMIC_RELAXED);
    }
    while (tail->nentry) {
        struct tail_entry *e = &tail->entry[tail->nentry - 1];
        if (e->row_end == 0 || e->first_pos >= pos) {
            remove_entry(tail, e);
            continue;
        }
        if (e->last_pos >= pos) {
            e->row_end = tail_row_of_pos(e, e->row_end, pos);
            e->last_pos = pos - 1; /* an upper bound is enough */
        }
        if (e->mc) {
            cut = chunk_get(e->chunk);
            cut_rows = e->row_end;
        }
        break;
    }
    while (tail->nmark && tail->mark[tail->nmark - 1].last_pos >= pos)
        tail->nmark--;
    while (tail->nletter && tail->letter[tail->nletter - 1]->letter.pos >= pos)
        letter_free(tail, tail->letter[--tail->nletter]);
    tail->next_pos = MIN_OF(tail->next_pos, MAX_OF(pos, tail->pos_begin));
    pthread_mutex_unlock(&tail->lock);
    if (cut) {
        (void)!freeze_closed(tail, cut, cut_rows, &err); /* else it stays as it is */
        chunk_put(cut);
    }
}

bool tail_set_def(struct tail *tail, const struct table_def *def, struct error *err)
{
    if (!tail_freeze_open(tail, err))
        return false;
    pthread_mutex_lock(&tail->lock);
    table_def_put(tail->def);
    tail->def = table_def_get(def);
    pthread_mutex_unlock(&tail->lock);
    return true;
}

void tail_add_chunk(struct tail *tail, struct chunk *chunk, uint32_t row_begin)
{
    struct chunk_reader *reader;
    struct error err;
    uint32_t rows = chunk_rows(chunk);
    if (!chunk_reader_open(chunk, rows, NULL, &reader, &err))
        abort();
    uint64_t first = frozen_pos(reader, 0), last = frozen_pos(reader, rows - 1);
    chunk_reader_close(reader);
    pthread_mutex_lock(&tail->lock);
    struct tail_entry *e = add_entry(tail, chunk, NULL);
    e->closed = true;
    e->row_begin = row_begin;
    e->row_end = rows;
    e->first_pos = first;
    e->last_pos = last;
    pthread_mutex_unlock(&tail->lock);
}

/* ---- any thread ---- */

void tail_stats(struct tail *tail, struct tail_stats *out)
{
    pthread_mutex_lock(&tail->lock);
    *out = (struct tail_stats){.pos_begin = tail->pos_begin,
                               .next_pos = tail->next_pos,
                               .bytes = __atomic_load_n(&tail->open_bytes, __ATOMIC_RELAXED),
                               .dead_letters = (uint32_t)tail->nletter};
    for (uint32_t i = 0; i < tail->nentry; i++) {
        const struct tail_entry *e = &tail->entry[i];
        out->rows += tail_entry_rows(e) - e->row_begin;
        if (!e->mc)
            out->bytes += frozen_bytes(e->chunk);
    }
    for (size_t i = 0; i < tail->nletter; i++)
        out->bytes += tail->letter[i]->bytes;
    pthread_mutex_unlock(&tail->lock);
}

/* One entry's rows of [lo, hi) as a part of the snapshot; the chunk is held already. */
static bool snapshot_part(const struct tail_entry *e, uint64_t lo, uint64_t hi, struct tail_part *out)
{
    uint32_t rows = tail_entry_rows(e);
    uint32_t begin = MAX_OF(tail_row_of_pos(e, rows, lo), e->row_begin), end = tail_row_of_pos(e, rows, hi);
    *out = (struct tail_part){e->chunk, begin, end};
    return begin < end;
}

bool tail_snapshot(struct tail *tail, uint64_t lo, uint64_t hi, struct tail_snapshot *out, struct error *err)
{
    struct tail_entry *entry = NULL;
    uint32_t n = 0;
    *out = (struct tail_snapshot){.lo = lo};
    pthread_mutex_lock(&tail->lock);
    bool ok = lo >= tail->pos_begin;
    if (ok) {
        out->hi = MAX_OF(lo, MIN_OF(hi, tail->next_pos));
        entry = xmalloc(size_mul(tail->nentry + 1, sizeof *entry));
        for (uint32_t i = 0; i < tail->nentry; i++) {
            const struct tail_entry *e = &tail->entry[i];
            if (e->closed && (e->last_pos < lo || e->first_pos >= out->hi))
                continue;
            entry[n] = *e;
            chunk_get(entry[n++].chunk);
        }
    }
    pthread_mutex_unlock(&tail->lock);
    if (!ok)
        return error_set(err, SQLSTATE_SERIALIZATION_FAILURE,
                         "rows of partition %u have been sealed since the snapshot was taken", tail->partition);
    out->part = xmalloc(size_mul(n + 1, sizeof *out->part));
    for (uint32_t i = 0; i < n; i++) {
        if (snapshot_part(&entry[i], lo, out->hi, &out->part[out->npart]))
            out->npart++;
        else
            chunk_put(entry[i].chunk);
    }
    free(entry);
    return true;
}

void tail_snapshot_release(struct tail_snapshot *snap)
{
    for (uint32_t i = 0; i < snap->npart; i++)
        chunk_put(snap->part[i].chunk);
    free(snap->part);
    *snap = (struct tail_snapshot){0};
}

bool tail_dead_letters(struct tail *tail, uint64_t lo, uint64_t hi,
                       bool (*fn)(void *arg, const struct dead_letter *letter), void *arg, struct error *err)
{
    pthread_mutex_lock(&tail->lock);
    for (size_t i = 0; i < tail->nletter; i++) {
        const struct dead_letter *letter = &tail->letter[i]->letter;
        if (letter->pos >= lo && letter->pos < hi && !fn(arg, letter))
            break;
    }
    pthread_mutex_unlock(&tail->lock);
    return true;
}

void tail_trim(struct tail *tail, uint64_t pos)
{
    size_t gone = 0;
    pthread_mutex_lock(&tail->lock);
    while (tail->nentry && tail->entry[0].closed && (tail->entry[0].row_end == 0 || tail->entry[0].last_pos < pos))
        remove_entry(tail, &tail->entry[0]);
    if (tail->nentry) {
        struct tail_entry *e = &tail->entry[0];
        uint32_t row = tail_row_of_pos(e, tail_entry_rows(e), pos);
        e->row_begin = MAX_OF(e->row_begin, row);
    }
    while (gone < tail->nletter && tail->letter[gone]->letter.pos < pos)
        letter_free(tail, tail->letter[gone++]);
    if (gone)
        memmove(tail->letter, tail->letter + gone, (tail->nletter - gone) * sizeof *tail->letter);
    tail->nletter -= gone;
    for (gone = 0; gone + 1 < tail->nmark && tail->mark[gone + 1].last_pos < pos;)
        gone++; /* the last one before pos stays */
    if (gone)
        memmove(tail->mark, tail->mark + gone, (tail->nmark - gone) * sizeof *tail->mark);
    tail->nmark -= gone;
    tail->pos_begin = MAX_OF(tail->pos_begin, pos);
    tail->next_pos = MAX_OF(tail->next_pos, pos);
    pthread_mutex_unlock(&tail->lock);
}
