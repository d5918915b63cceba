/* SPDX-License-Identifier: Apache-2.0 */
/* Binary forms of commit records, and what makes one sound. */
#include "cluster/records.h"

#include "cluster/codec.h"

#include <inttypes.h>

#define PENDING_BYTES 50u /* least encoded size of list elements, with their length */
#define RECORD_BYTES  80u
#define VISIBLE_BYTES 22u

static bool all_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i])
            return false;
    return true;
}

static bool broken(struct error *err, const char *what, const char *why)
{
    return error_set(err, SQLSTATE_DATA_CORRUPTED, "%s is inconsistent: %s", what, why);
}

/* --- Checks ------------------------------------------------------------------------------------------------------- */

static const char *pending_fault(const struct partition_head *head)
{
    uint64_t start = head->start;
    if (head->npending > PENDING_MAX)
        return "too many pending segments";
    if (head->next_seq < head->npending || head->next_seq > SEQ_MAX)
        return "the next seq is out of range";
    for (uint32_t i = 0; i < head->npending; i++) {
        const struct pending_segment *p = &head->pending[i];
        if (p->seq != head->next_seq - head->npending + i)
            return "pending seqs do not lead up to the next one";
        if (p->end <= start || pos_incarnation(p->end) != pos_incarnation(start))
            return "pending ends are not in order";
        if (p->attempt == 0 && p->committer != 0)
            return "a free pending segment has a committer";
        start = p->end;
    }
    return NULL;
}

bool head_check(const struct partition_head *head, struct error *err)
{
    const char *fault = pending_fault(head);
    uint64_t open_seq = head->next_seq - head->npending;
    if (!fault && head->floor_pos > head->start)
        fault = "the floor is above the start";
    if (!fault && head->floor_seq > open_seq)
        fault = "the floor's seq is above the open one";
    if (!fault && head->last_page == LAST_PAGE_NONE && (head->floor_pos != head->start || head->floor_seq != open_seq))
        fault = "records are missing";
    if (!fault && head->last_page != LAST_PAGE_NONE &&
        (open_seq == 0 || head->last_page > (open_seq - 1) / RECORDS_PER_PAGE))
        fault = "the last page is above the last seq";
    if (!fault && (head->state == PARTITION_STOPPED) != (head->stop != STOP_NONE))
        fault = "state and stop reason disagree";
    if (!fault && head->stop_detail.len > STOP_DETAIL_MAX)
        fault = "the stop detail is too long";
    return !fault || broken(err, "partition head", fault);
}

static const char *record_fault(const struct segment_record *r)
{
    bool in_load = r->start == 0 && r->end == 0;
    if (r->seq_first > r->seq_last)
        return "seqs are reversed";
    if (r->seq_last >= SEQ_MAX)
        return "its seq is out of range";
    if (!in_load && r->start >= r->end)
        return "its interval is empty";
    if ((r->kind == RECORD_GAP) != (r->gap != GAP_NONE))
        return "kind and gap code disagree";
    if (r->deleted_version == 0 && !all_zero(r->deleted_sha256, sizeof r->deleted_sha256))
        return "a delete bitmap without version";
    if (r->kind != RECORD_SEGMENT) {
        if (r->size || r->rows || r->dead_rows || r->deleted_version || !all_zero(r->sha256, sizeof r->sha256))
            return "contents without a file";
        return in_load ? "no file in a load" : NULL;
    }
    if (r->size == 0 || r->attempt == 0)
        return "no file or no attempt";
    if (r->rows == 0 && r->dead_rows == 0)
        return "a file without rows";
    if (in_load)
        return NULL;
    if (pos_incarnation(r->start) != pos_incarnation(r->end))
        return "it spans two incarnations of the topic";
    return r->last.pos < r->start || r->last.pos >= r->end ? "its last message lies outside" : NULL;
}

bool record_check(const struct segment_record *record, struct error *err)
{
    const char *fault = record_fault(record);
    return !fault || broken(err, "segment record", fault);
}

/* Whether b follows a: I1 and I2. */
static const char *link_fault(const struct segment_record *a, const struct segment_record *b)
{
    if (a->end != b->start)
        return a->end < b->start ? "positions are missing between two records" : "two records overlap";
    return a->seq_last + 1 != b->seq_first ? "seqs do not follow each other" : NULL;
}

bool page_check(const struct segment_page *page, struct error *err)
{
    if (page->nrecord > RECORDS_PER_PAGE)
        return broken(err, "page of segment records", "too many records");
    for (uint32_t i = 0; i < page->nrecord; i++) {
        const struct segment_record *r = &page->record[i];
        const char *fault = i ? link_fault(r - 1, r) : NULL;
        if (!fault && r->seq_first / RECORDS_PER_PAGE != page->record[0].seq_first / RECORDS_PER_PAGE)
            fault = "a record of another page";
        if (fault)
            return broken(err, "page of segment records", fault);
        if (!record_check(r, err))
            return false;
    }
    return true;
}

bool chain_check(const struct partition_head *head, const struct segment_record *record, uint32_t nrecord,
                 struct error *err)
{
    uint64_t pos = head->floor_pos, seq = head->floor_seq;
    if (!head_check(head, err))
        return false;
    for (uint32_t i = 0; i < nrecord; i++) {
        if (!record_check(&record[i], err))
            return false;
        if (record[i].start != pos || record[i].seq_first != seq)
            return error_set(err, SQLSTATE_DATA_CORRUPTED,
                             "chain of segments is broken at seq %" PRIu64 ": record starts at seq %" PRIu64
                             ", position %" PRIu64 ", expected position %" PRIu64,
                             seq, record[i].seq_first, record[i].start, pos);
        pos = record[i].end;
        seq = record[i].seq_last + 1;
    }
    if (pos != head->start || seq != head->next_seq - head->npending)
        return error_set(err, SQLSTATE_DATA_CORRUPTED,
                         "chain of segments ends at seq %" PRIu64 ", position %" PRIu64
                         ", but the head is at seq %" PRIu64 ", position %" PRIu64,
                         seq, pos, head->next_seq - head->npending, head->start);
    if (nrecord && head->last_page != record[nrecord - 1].seq_first / RECORDS_PER_PAGE)
        return broken(err, "partition head", "the last record is on another page");
    return true;
}

static UNUSED bool visible_check(const struct visible_list *list, struct error *err)
{
    if (list->nload > VISIBLE_LOADS_MAX)
        return broken(err, "list of loads", "too many loads");
    return true;
}

/* --- Head --------------------------------------------------------------------------------------------------------- */

struct strview head_encode(const struct partition_head *head, struct strbuf *buf)
{
    struct rec_writer w;
    struct error err;
    assert(head_check(head, &err));
    (void)err;
    rec_begin(&w, buf, REC_HEAD);
    rec_u64(&w, head->next_seq);
    rec_u64(&w, head->start);
    rec_u64(&w, head->tail_schema_v);
    rec_u32(&w, head->tail_decoder_rev);
    rec_u64(&w, head->want_schema);
    rec_u64(&w, head->floor_seq);
    rec_u64(&w, head->floor_pos);
    rec_u64(&w, head->last_page);
    rec_u8(&w, (uint8_t)head->state);
    rec_u8(&w, (uint8_t)head->stop);
    rec_u64(&w, head->stop_pos);
    rec_view(&w, head->stop_detail);
    rec_u32(&w, head->npending);
    for (uint32_t i = 0; i < head->npending; i++) {
        const struct pending_segment *p = &head->pending[i];
        size_t group = rec_group_begin(&w);
        rec_u64(&w, p->seq);
        rec_u64(&w, p->end);
        rec_u64(&w, p->attempt);
        rec_u64(&w, p->committer);
        rec_u64(&w, p->schema_v);
        rec_u32(&w, p->decoder_rev);
        rec_u32(&w, p->failures);
        rec_group_end(&w, group, p->extra);
    }
    return rec_finish(&w, head->extra);
}

static void read_pending(struct rec_reader *r, struct pending_segment *out)
{
    struct rec_reader g = rec_read_group(r);
    out->seq = rec_read_u64(&g);
    out->end = rec_read_u64(&g);
    out->attempt = rec_read_u64(&g);
    out->committer = rec_read_u64(&g);
    out->schema_v = rec_read_u64(&g);
    out->decoder_rev = rec_read_u32(&g);
    out->failures = rec_read_u32(&g);
    out->extra = rec_rest(&g);
    rec_join(r, &g);
}

bool head_decode(struct strview node, struct partition_head *out, struct error *err)
{
    struct rec_reader r;
    *out = (struct partition_head){.npending = 0};
    if (!rec_open(&r, node, REC_HEAD, "partition head", err))
        return false;
    out->next_seq = rec_read_u64(&r);
    out->start = rec_read_u64(&r);
    out->tail_schema_v = rec_read_u64(&r);
    out->tail_decoder_rev = rec_read_u32(&r);
    out->want_schema = rec_read_u64(&r);
    out->floor_seq = rec_read_u64(&r);
    out->floor_pos = rec_read_u64(&r);
    out->last_page = rec_read_u64(&r);
    out->state = (enum partition_state)rec_read_enum(&r, PARTITION_STOPPED);
    out->stop = (enum stop_reason)rec_read_enum(&r, STOP_REASON_COUNT - 1);
    out->stop_pos = rec_read_u64(&r);
    out->stop_detail = rec_read_view(&r);
    out->npending = rec_read_count(&r, PENDING_BYTES, PENDING_MAX);
    for (uint32_t i = 0; i < out->npending; i++)
        read_pending(&r, &out->pending[i]);
    out->extra = rec_rest(&r);
    return rec_reader_done(&r, "partition head", err) && head_check(out, err);
}

/* --- Segment records ---------------------------------------------------------------------------------------------- */

static void write_record(struct rec_writer *w, const struct segment_record *s)
{
    size_t group = rec_group_begin(w);
    rec_u8(w, (uint8_t)s->kind);
    rec_u8(w, (uint8_t)s->gap);
    rec_u64(w, s->seq_first);
    rec_u64(w, s->seq_last);
    rec_u64(w, s->start);
    rec_u64(w, s->end);
    rec_u64(w, s->last.pos);
    rec_u64(w, (uint64_t)s->last.ts);
    rec_u32(w, s->last.crc);
    if (s->kind == RECORD_SEGMENT) {
        rec_u32(w, s->rows);
        rec_u32(w, s->dead_rows);
        rec_u64(w, (uint64_t)s->time_min);
        rec_u64(w, (uint64_t)s->time_max);
        rec_bytes(w, s->sha256, sizeof s->sha256);
        rec_u64(w, s->size);
    }
    rec_u64(w, s->attempt);
    rec_u64(w, s->schema_v);
    rec_u32(w, s->decoder_rev);
    rec_u32(w, s->deleted_version);
    if (s->deleted_version)
        rec_bytes(w, s->deleted_sha256, sizeof s->deleted_sha256);
    rec_group_end(w, group, s->extra);
    assert(w->buf->len - group <= RECORD_BYTES_MAX);
}

static void read_record(struct rec_reader *r, struct segment_record *out)
{
    struct rec_reader g = rec_read_group(r);
    if (g.end - g.cur + 2 > RECORD_BYTES_MAX)
        rec_fail(&g);
    out->kind = (enum record_kind)rec_read_enum(&g, RECORD_KIND_COUNT - 1);
    out->gap = (enum gap_code)rec_read_enum(&g, GAP_CODE_COUNT - 1);
    out->seq_first = rec_read_u64(&g);
    out->seq_last = rec_read_u64(&g);
    out->start = rec_read_u64(&g);
    out->end = rec_read_u64(&g);
    out->last.pos = rec_read_u64(&g);
    out->last.ts = (int64_t)rec_read_u64(&g);
    out->last.crc = rec_read_u32(&g);
    out->time_min = INT64_MAX;
    out->time_max = INT64_MIN;
    if (out->kind == RECORD_SEGMENT) {
        out->rows = rec_read_u32(&g);
        out->dead_rows = rec_read_u32(&g);
        out->time_min = (int64_t)rec_read_u64(&g);
        out->time_max = (int64_t)rec_read_u64(&g);
        rec_read_bytes(&g, out->sha256, sizeof out->sha256);
        out->size = rec_read_u64(&g);
    }
    out->attempt = rec_read_u64(&g);
    out->schema_v = rec_read_u64(&g);
    out->decoder_rev = rec_read_u32(&g);
    out->deleted_version = rec_read_u32(&g);
    if (out->deleted_version)
        rec_read_bytes(&g, out->deleted_sha256, sizeof out->deleted_sha256);
    out->extra = rec_rest(&g);
    rec_join(r, &g);
}

struct strview page_encode(const struct segment_page *page, struct strbuf *buf)
{
    struct rec_writer w;
    struct error err;
    assert(page_check(page, &err));
    (void)err;
    rec_begin(&w, buf, REC_PAGE);
    rec_u32(&w, page->nrecord);
    for (uint32_t i = 0; i < page->nrecord; i++)
        write_record(&w, &page->record[i]);
    return rec_finish(&w, page->extra);
}

bool page_decode(struct strview node, struct arena *arena, struct segment_page *out, struct error *err)
{
    struct rec_reader r;
    *out = (struct segment_page){.nrecord = 0};
    if (!rec_open(&r, node, REC_PAGE, "page of segment records", err))
        return false;
    uint32_t n = rec_read_count(&r, RECORD_BYTES, RECORDS_PER_PAGE);
    out->record = ARENA_ARRAY(arena, struct segment_record, n ? n : 1);
    for (uint32_t i = 0; i < n; i++)
        read_record(&r, &out->record[i]);
    out->nrecord = n;
    out->extra = rec_rest(&r);
    return rec_reader_done(&r, "page of segment records", err) && page_check(out, err);
}

/* --- Loads -------------------------------------------------------------------------------------------------------- */

struct strview load_encode(const struct load_record *load, struct strbuf *buf)
{
    struct rec_writer w;
    rec_begin(&w, buf, REC_LOAD);
    rec_u8(&w, (uint8_t)load->state);
    rec_view(&w, load->label);
    rec_u64(&w, load->rows);
    rec_u32(&w, load->nsegment);
    rec_u64(&w, load->owner);
    rec_u64(&w, (uint64_t)load->created_us);
    return rec_finish(&w, load->extra);
}

bool load_decode(struct strview node, struct load_record *out, struct error *err)
{
    struct rec_reader r;
    *out = (struct load_record){.rows = 0};
    if (!rec_open(&r, node, REC_LOAD, "load", err))
        return false;
    out->state = (enum load_state)rec_read_enum(&r, LOAD_STATE_COUNT - 1);
    out->label = rec_read_view(&r);
    out->rows = rec_read_u64(&r);
    out->nsegment = rec_read_u32(&r);
    out->owner = rec_read_u64(&r);
    out->created_us = (int64_t)rec_read_u64(&r);
    out->extra = rec_rest(&r);
    if (out->label.len > LOAD_LABEL_MAX)
        rec_fail(&r);
    return rec_reader_done(&r, "load", err);
}

struct strview visible_encode(const struct visible_list *list, struct strbuf *buf)
{
    struct rec_writer w;
    struct error err;
    assert(visible_check(list, &err));
    (void)err;
    rec_begin(&w, buf, REC_VISIBLE);
    rec_u32(&w, list->nload);
    for (uint32_t i = 0; i < list->nload; i++) {
        size_t group = rec_group_begin(&w);
        rec_u64(&w, list->load[i].load);
        rec_u64(&w, list->load[i].rows);
        rec_u32(&w, list->load[i].nsegment);
        rec_group_end(&w, group, list->load[i].extra);
    }
    return rec_finish(&w, list->extra);
}

bool visible_decode(struct strview node, struct arena *arena, struct visible_list *out, struct error *err)
{
    struct rec_reader r;
    *out = (struct visible_list){.nload = 0};
    if (!rec_open(&r, node, REC_VISIBLE, "list of loads", err))
        return false;
    uint32_t n = rec_read_count(&r, VISIBLE_BYTES, VISIBLE_LOADS_MAX);
    out->load = ARENA_ARRAY(arena, struct visible_load, n ? n : 1);
    for (uint32_t i = 0; i < n; i++) {
        struct rec_reader g = rec_read_group(&r);
        out->load[i].load = rec_read_u64(&g);
        out->load[i].rows = rec_read_u64(&g);
        out->load[i].nsegment = rec_read_u32(&g);
        out->load[i].extra = rec_rest(&g);
        rec_join(&r, &g);
    }
    out->nload = n;
    out->extra = rec_rest(&r);
    return rec_reader_done(&r, "list of loads", err);
}

/* --- Paths and names ---------------------------------------------------------------------------------------------- */

const char *table_path(struct arena *arena, oid_t table) { return arena_fmt(arena, "/t/%u", table); }
const char *table_meta_path(struct arena *arena, oid_t table) { return arena_fmt(arena, "/t/%u/meta", table); }
const char *visible_path(struct arena *arena, oid_t table) { return arena_fmt(arena, "/t/%u/visible", table); }
const char *gc_path(struct arena *arena, oid_t table) { return arena_fmt(arena, "/gc/%u", table); }

const char *load_path(struct arena *arena, oid_t table, uint64_t load)
{
    return arena_fmt(arena, "/t/%u/l/%" PRIu64, table, load);
}

const char *load_page_path(struct arena *arena, oid_t table, uint64_t load, uint32_t page)
{
    return arena_fmt(arena, "/t/%u/l/%" PRIu64 "/%u", table, load, page);
}

const char *load_label_path(struct arena *arena, oid_t table, struct strview label)
{
    struct strbuf name;
    assert(label.len <= LOAD_LABEL_MAX);
    strbuf_init(&name);
    bool fits = coord_escape(&name, label);
    assert(fits);
    (void)fits;
    char *path = arena_fmt(arena, "/t/%u/label/%s", table, name.data);
    strbuf_release(&name);
    return path;
}

const char *partition_path(struct arena *arena, struct partition_id id)
{
    return arena_fmt(arena, "/t/%u/p/%u-%u", id.table, id.source, id.partition);
}

const char *head_path(struct arena *arena, struct partition_id id)
{
    return arena_fmt(arena, "/t/%u/p/%u-%u/head", id.table, id.source, id.partition);
}

const char *page_path(struct arena *arena, struct partition_id id, uint64_t page)
{
    return arena_fmt(arena, "/t/%u/p/%u-%u/s/%" PRIu64, id.table, id.source, id.partition, page);
}

/* "<attempt>-<sha256>" in hexadecimal. */
static const char *content_name(struct arena *arena, const struct segment_record *record)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * sizeof record->sha256 + 1];
    for (size_t i = 0; i < sizeof record->sha256; i++) {
        hex[2 * i] = digits[record->sha256[i] >> 4];
        hex[2 * i + 1] = digits[record->sha256[i] & 15];
    }
    hex[sizeof hex - 1] = '\0';
    return arena_fmt(arena, "%016" PRIx64 "-%s", record->attempt, hex);
}

const char *segment_object_name(struct arena *arena, struct partition_id id, const struct segment_record *record)
{
    return arena_fmt(arena, "%u/%u-%u/%" PRIu64 "/%s", id.table, id.source, id.partition, record->seq_first,
                     content_name(arena, record));
}

const char *load_object_name(struct arena *arena, oid_t table, uint64_t load, const struct segment_record *record)
{
    return arena_fmt(arena, "%u/l%" PRIu64 "/%" PRIu64 "/%s", table, load, record->seq_first,
                     content_name(arena, record));
}
