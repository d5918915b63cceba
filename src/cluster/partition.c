/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A partition's head and pages in the store: reading them, and the atomic changes that are legal. Every change is a
 * compare-and-set of the head, so a partition's changes are serial; the page goes along in the same multi.
 */
#include "cluster/codec.h"
#include "cluster/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define READ_TRIES 10

static uint64_t open_seq(const struct partition_head *head) { return head->next_seq - head->npending; }

const struct segment_record *partition_last_record(const struct partition *p)
{
    return p->page.nrecord ? &p->page.record[p->page.nrecord - 1] : NULL;
}

static bool too_fast(struct partition_id id, struct error *err)
{
    return error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "partition %u-%u of table %u changes too fast to be read",
                     id.source, id.partition, id.table);
}

/* --- Reading ------------------------------------------------------------------------------------------------------ */

static bool read_head(struct coord *coord, struct partition_id id, struct arena *arena, struct partition_head *head,
                      struct coord_stat *stat, struct error *err)
{
    struct coord_node node;
    enum coord_rc rc = coord_get(coord, head_path(arena, id), arena, &node, err);
    if (rc == COORD_NO_NODE)
        return error_set(err, SQLSTATE_UNDEFINED_TABLE, "partition %u-%u of table %u does not exist", id.source,
                         id.partition, id.table);
    if (rc != COORD_DONE)
        return false;
    *stat = node.stat;
    return head_decode(node.data, head, err);
}

/* Head and its last page, once. *torn: a commit came in between, so that they do not fit together. */
static bool load_once(struct coord *coord, struct partition *out, bool *torn, struct error *err)
{
    struct coord_node node;
    struct coord_stat stat;
    *torn = false;
    if (!read_head(coord, out->id, out->arena, &out->head, &stat, err))
        return false;
    out->head_version = stat.version;
    out->page_version = VERSION_ABSENT;
    if (out->head.last_page == LAST_PAGE_NONE)
        return true;
    const char *path = page_path(out->arena, out->id, out->head.last_page);
    if (coord_get(coord, path, out->arena, &node, err) != COORD_DONE)
        return false;
    out->page_version = node.stat.version;
    if (!page_decode(node.data, out->arena, &out->page, err))
        return false;
    const struct segment_record *last = partition_last_record(out);
    *torn = !last || last->end != out->head.start || last->seq_last + 1 != open_seq(&out->head);
    return true;
}

bool partition_load(struct coord *coord, struct partition_id id, struct arena *arena, struct partition *out,
                    struct error *err)
{
    bool torn = true;
    *out = (struct partition){.id = id, .page_version = VERSION_ABSENT, .arena = arena};
    for (int try = 0; try < READ_TRIES && torn; try++)
        if (!load_once(coord, out, &torn, err))
            return false;
    return !torn || too_fast(id, err);
}

static int order_u64(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

/* Decimal without sign or leading zeros, to the end. */
static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    if (!char_is_digit(text[0]) || (text[0] == '0' && text[1] != '\0'))
        return false;
    for (; *text; text++) {
        if (!char_is_digit(*text) || v > (max - (uint64_t)(*text - '0')) / 10)
            return false;
        v = v * 10 + (uint64_t)(*text - '0');
    }
    *out = v;
    return true;
}

/* Numbers of a partition's pages, ascending. */
static bool list_pages(struct coord *coord, struct partition_id id, struct arena *arena, uint64_t **page,
                       uint32_t *npage, struct error *err)
{
    char **name;
    const char *path = arena_fmt(arena, "%s/s", partition_path(arena, id));
    if (coord_children(coord, path, arena, &name, npage, err) != COORD_DONE)
        return false;
    *page = ARENA_ARRAY(arena, uint64_t, *npage + 1);
    for (uint32_t i = 0; i < *npage; i++)
        if (!parse_number(name[i], SEQ_MAX, &(*page)[i]))
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "\"%s/%s\" is not a page of segment records", path, name[i]);
    qsort(*page, *npage, sizeof **page, order_u64);
    return true;
}

/* Everything below the head once; torn if a commit came in between. */
static bool read_pages(struct coord *coord, struct partition *p, struct segment_record **record, uint32_t *nrecord,
                       struct error *err)
{
    uint64_t *page;
    uint32_t npage, n = 0;
    if (!list_pages(coord, p->id, p->arena, &page, &npage, err))
        return false;
    *record = ARENA_ARRAY(p->arena, struct segment_record, size_mul(npage, RECORDS_PER_PAGE) + 1);
    for (uint32_t i = 0; i < npage; i++) {
        struct coord_node node;
        struct segment_page content;
        if (coord_get(coord, page_path(p->arena, p->id, page[i]), p->arena, &node, err) != COORD_DONE ||
            !page_decode(node.data, p->arena, &content, err))
            return false;
        for (uint32_t k = 0; k < content.nrecord; k++)
            if (content.record[k].seq_last >= p->head.floor_seq)
                (*record)[n++] = content.record[k];
        if (page[i] == p->head.last_page) {
            p->page = content;
            p->page_version = node.stat.version;
        }
    }
    *nrecord = n;
    return true;
}

bool partition_load_chain(struct coord *coord, struct partition_id id, struct arena *arena, struct partition *out,
                          struct segment_record **record, uint32_t *nrecord, struct error *err)
{
    for (int try = 0; try < READ_TRIES; try++) {
        struct coord_stat before, after;
        struct partition_head again;
        *out = (struct partition){.id = id, .page_version = VERSION_ABSENT, .arena = arena};
        if (!read_head(coord, id, arena, &out->head, &before, err))
            return false;
        bool read = read_pages(coord, out, record, nrecord, err);
        struct error head_err;
        if (!read_head(coord, id, arena, &again, &after, &head_err)) {
            *err = head_err;
            return false;
        }
        if (before.version != after.version || before.created != after.created)
            continue;
        out->head_version = before.version;
        return read && chain_check(&out->head, *record, *nrecord, err);
    }
    return too_fast(id, err);
}

static int order_id(const void *a, const void *b)
{
    const struct partition_id *x = a, *y = b;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    return x->partition < y->partition ? -1 : x->partition > y->partition;
}

static bool parse_id(char *name, struct partition_id *id)
{
    uint64_t source, partition;
    char *dash = strchr(name, '-');
    if (!dash)
        return false;
    *dash = '\0';
    if (!parse_number(name, UINT32_MAX, &source) || !parse_number(dash + 1, UINT32_MAX, &partition))
        return false;
    id->source = (uint32_t)source;
    id->partition = (uint32_t)partition;
    return true;
}

bool partition_list(struct coord *coord, oid_t table, struct arena *arena, struct partition_id **id, uint32_t *nid,
                    struct error *err)
{
    char **name;
    const char *path = arena_fmt(arena, "%s/p", table_path(arena, table));
    enum coord_rc rc = coord_children(coord, path, arena, &name, nid, err);
    if (rc == COORD_NO_NODE)
        return error_set(err, SQLSTATE_UNDEFINED_TABLE, "table %u does not exist", table);
    if (rc != COORD_DONE)
        return false;
    *id = ARENA_ARRAY(arena, struct partition_id, *nid + 1);
    for (uint32_t i = 0; i < *nid; i++) {
        (*id)[i].table = table;
        if (!parse_id(name[i], &(*id)[i]))
            return error_set(err, SQLSTATE_DATA_CORRUPTED, "\"%s\" holds a node that is not a partition", path);
    }
    qsort(*id, *nid, sizeof **id, order_id);
    return true;
}

/* --- Changing ----------------------------------------------------------------------------------------------------- */

static bool lost(const struct partition *p, struct error *err, uint64_t seq)
{
    return error_set(err, SQLSTATE_SERIALIZATION_FAILURE,
                     "segment %" PRIu64 " of partition %u-%u of table %u is no longer ours", seq, p->id.source,
                     p->id.partition, p->id.table);
}

static bool illegal(const struct partition *p, struct error *err, const char *why)
{
    return error_set(err, SQLSTATE_INTERNAL_ERROR, "illegal change of partition %u-%u of table %u: %s", p->id.source,
                     p->id.partition, p->id.table, why);
}

/* Installs the new head if it is sound: every builder ends here. */
static bool put_head(struct partition *p, const struct partition_head *next, struct coord_multi *multi,
                     struct error *err)
{
    struct strbuf buf;
    struct error why;
    if (!head_check(next, &why))
        return illegal(p, err, why.message);
    strbuf_init(&buf);
    coord_multi_set(multi, head_path(multi->arena, p->id), head_encode(next, &buf), p->head_version);
    strbuf_release(&buf);
    p->head = *next;
    p->head_version++;
    return true;
}

/* Head and last page together. */
static bool put_both(struct partition *p, const struct partition_head *next, const struct segment_page *page,
                     bool new_page, struct coord_multi *multi, struct error *err)
{
    struct strbuf buf;
    struct error why;
    if (!page_check(page, &why))
        return illegal(p, err, why.message);
    uint32_t nop = multi->nop;
    if (!put_head(p, next, multi, err))
        return false;
    assert(multi->nop == nop + 1);
    const char *path = page_path(multi->arena, p->id, next->last_page);
    strbuf_init(&buf);
    struct strview data = page_encode(page, &buf);
    if (new_page)
        coord_multi_create(multi, path, data, false);
    else
        coord_multi_set(multi, path, data, p->page_version);
    strbuf_release(&buf);
    p->page = *page;
    p->page_version = new_page ? 0 : p->page_version + 1;
    return true;
}

/* Adds a record to the chain: to the last page, or to a new one by its seq. */
static bool append_record(struct partition *p, struct partition_head *next, const struct segment_record *record,
                          struct coord_multi *multi, struct error *err)
{
    uint64_t number = record->seq_first / RECORDS_PER_PAGE;
    bool new_page = p->head.last_page != number;
    struct segment_page page = {.nrecord = 0};
    struct error why;
    if (!record_check(record, &why))
        return illegal(p, err, why.message);
    if (!new_page)
        page = p->page;
    struct segment_record *copy = ARENA_ARRAY(p->arena, struct segment_record, page.nrecord + 1);
    if (page.nrecord)
        memcpy(copy, page.record, page.nrecord * sizeof *copy);
    copy[page.nrecord++] = *record;
    page.record = copy;
    next->last_page = number;
    return put_both(p, next, &page, new_page, multi, err);
}

static void drop_first_pending(struct partition_head *head)
{
    assert(head->npending > 0);
    head->npending--;
    memmove(head->pending, head->pending + 1, head->npending * sizeof head->pending[0]);
}

bool partition_propose(struct partition *p, const struct propose *propose, struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    if (next.npending == PENDING_MAX)
        return error_set(err, SQLSTATE_CONFIGURATION_LIMIT_EXCEEDED,
                         "partition %u-%u of table %u has %u uncommitted segments", p->id.source, p->id.partition,
                         p->id.table, PENDING_MAX);
    if (propose->attempt == 0 || propose->next_schema_v < next.tail_schema_v)
        return illegal(p, err, "a proposal needs an attempt and a schema version that is not older");
    next.pending[next.npending++] = (struct pending_segment){
        .seq = next.next_seq++,
        .end = propose->end,
        .attempt = propose->attempt,
        .committer = propose->committer,
        .schema_v = next.tail_schema_v,
        .decoder_rev = next.tail_decoder_rev,
    };
    next.tail_schema_v = propose->next_schema_v;
    next.tail_decoder_rev = propose->next_decoder_rev;
    if (next.want_schema <= next.tail_schema_v)
        next.want_schema = 0;
    return put_head(p, &next, multi, err);
}

static struct pending_segment *find_pending(struct partition_head *head, uint64_t seq)
{
    return seq >= open_seq(head) && seq < head->next_seq ? &head->pending[seq - open_seq(head)] : NULL;
}

bool partition_take_over(struct partition *p, uint64_t seq, uint64_t old_attempt, uint64_t attempt, uint64_t committer,
                         struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    struct pending_segment *pending = find_pending(&next, seq);
    if (!pending || pending->attempt != old_attempt)
        return lost(p, err, seq);
    if (attempt == 0 || attempt == old_attempt)
        return illegal(p, err, "taking over needs a new attempt");
    pending->attempt = attempt;
    pending->committer = committer;
    return put_head(p, &next, multi, err);
}

bool partition_give_up(struct partition *p, uint64_t seq, uint64_t attempt, struct coord_multi *multi,
                       struct error *err)
{
    struct partition_head next = p->head;
    struct pending_segment *pending = find_pending(&next, seq);
    if (!pending || attempt == 0 || pending->attempt != attempt)
        return lost(p, err, seq);
    pending->attempt = pending->committer = 0;
    pending->failures++;
    return put_head(p, &next, multi, err);
}

bool partition_commit(struct partition *p, uint64_t attempt, const struct segment_record *record,
                      struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    if (next.npending == 0 || attempt == 0 || next.pending[0].attempt != attempt)
        return lost(p, err, open_seq(&next));
    const struct pending_segment *pending = &p->head.pending[0];
    struct segment_record done = *record;
    done.kind = RECORD_SEGMENT;
    done.gap = GAP_NONE;
    done.seq_first = done.seq_last = pending->seq;
    done.start = next.start;
    done.end = pending->end;
    done.attempt = attempt;
    done.schema_v = pending->schema_v;
    done.decoder_rev = pending->decoder_rev;
    next.start = pending->end;
    drop_first_pending(&next);
    return append_record(p, &next, &done, multi, err);
}

/* The last record, whose end and seqs move on; its page is rewritten. */
static bool stretch_last(struct partition *p, const struct partition_head *next, struct coord_multi *multi,
                         struct error *err)
{
    struct segment_page page = p->page;
    page.record = ARENA_ARRAY(p->arena, struct segment_record, page.nrecord);
    memcpy(page.record, p->page.record, page.nrecord * sizeof *page.record);
    page.record[page.nrecord - 1].end = next->start;
    page.record[page.nrecord - 1].seq_last = open_seq(next) - 1;
    return put_both(p, next, &page, false, multi, err);
}

bool partition_extend(struct partition *p, uint64_t attempt, uint64_t end, struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    const struct segment_record *last = partition_last_record(p);
    if (end <= next.start || pos_incarnation(end) != pos_incarnation(next.start))
        return illegal(p, err, "an extension must move the position within one incarnation");
    if (next.npending) {
        if (attempt == 0 || next.pending[0].attempt != attempt || next.pending[0].end != end)
            return lost(p, err, open_seq(&next));
        drop_first_pending(&next);
    }
    next.start = end;
    if (!last) {
        next.floor_pos = end;
        next.floor_seq = open_seq(&next);
        return put_head(p, &next, multi, err);
    }
    if (last->kind != RECORD_GAP)
        return stretch_last(p, &next, multi, err);
    if (p->head.npending == 0)
        next.next_seq++;
    struct segment_record empty = {
        .kind = RECORD_EMPTY,
        .seq_first = open_seq(&p->head),
        .seq_last = open_seq(&p->head),
        .start = p->head.start,
        .end = end,
        .time_min = INT64_MAX,
        .time_max = INT64_MIN,
        .schema_v = p->head.tail_schema_v,
        .decoder_rev = p->head.tail_decoder_rev,
    };
    return append_record(p, &next, &empty, multi, err);
}

bool partition_gap(struct partition *p, uint64_t end, enum gap_code code, struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    if (end <= next.start || code == GAP_NONE || code >= GAP_CODE_COUNT)
        return illegal(p, err, "a gap needs an end beyond the start, and a reason");
    /* Also drops all proposals of an earlier incarnation than the end's: positions order them below it. */
    while (next.npending && next.pending[0].end <= end)
        drop_first_pending(&next);
    uint64_t seq = p->head.next_seq;
    struct segment_record gap = {
        .kind = RECORD_GAP,
        .gap = code,
        .seq_first = open_seq(&p->head),
        .seq_last = p->head.npending ? seq - 1 : seq,
        .start = next.start,
        .end = end,
        .time_min = INT64_MAX,
        .time_max = INT64_MIN,
        .schema_v = next.npending ? next.pending[0].schema_v : next.tail_schema_v,
        .decoder_rev = next.npending ? next.pending[0].decoder_rev : next.tail_decoder_rev,
    };
    next.start = end;
    next.next_seq = gap.seq_last + 1;
    for (uint32_t i = 0; i < next.npending; i++) {
        next.pending[i].seq = next.next_seq++;
        next.pending[i].attempt = next.pending[i].committer = 0;
    }
    next.state = PARTITION_RUNNING;
    next.stop = STOP_NONE;
    next.stop_pos = 0;
    next.stop_detail = strview_make("", 0);
    return append_record(p, &next, &gap, multi, err);
}

bool partition_set_stop(struct partition *p, enum stop_reason reason, uint64_t pos, struct strview detail,
                        struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    assert(reason < STOP_REASON_COUNT);
    if (detail.len > STOP_DETAIL_MAX) {
        detail.len = STOP_DETAIL_MAX;
        while (detail.len && ((unsigned char)detail.ptr[detail.len] & 0xC0) == 0x80)
            detail.len--;
    }
    next.state = reason == STOP_NONE ? PARTITION_RUNNING : PARTITION_STOPPED;
    next.stop = reason;
    next.stop_pos = reason == STOP_NONE ? 0 : pos;
    next.stop_detail = reason == STOP_NONE ? strview_make("", 0) : arena_strview(p->arena, detail);
    return put_head(p, &next, multi, err);
}

bool partition_want_schema(struct partition *p, uint64_t schema_v, struct coord_multi *multi, struct error *err)
{
    struct partition_head next = p->head;
    next.want_schema = schema_v > next.tail_schema_v ? schema_v : 0;
    return put_head(p, &next, multi, err);
}

bool partition_set_schema(struct partition *p, uint64_t schema_v, uint32_t decoder_rev, struct coord_multi *multi,
                          struct error *err)
{
    struct partition_head next = p->head;
    if (schema_v < next.tail_schema_v)
        return illegal(p, err, "the schema version would go back");
    next.tail_schema_v = schema_v;
    next.tail_decoder_rev = decoder_rev;
    if (next.want_schema <= schema_v)
        next.want_schema = 0;
    return put_head(p, &next, multi, err);
}

bool partition_commit_fate(struct coord *coord, const struct partition *p, uint64_t seq, uint64_t attempt,
                           enum commit_fate *out, struct error *err)
{
    struct segment_page page = p->page;
    assert(attempt != 0);
    *out = COMMIT_LOST;
    for (uint32_t i = 0; i < p->head.npending; i++) {
        if (p->head.pending[i].seq == seq && p->head.pending[i].attempt == attempt) {
            *out = COMMIT_STILL_OURS;
            return true;
        }
    }
    if (seq >= open_seq(&p->head) || seq < p->head.floor_seq || page.nrecord == 0)
        return true;
    if (seq < page.record[0].seq_first) {
        struct coord_node node;
        enum coord_rc rc = coord_get(coord, page_path(p->arena, p->id, seq / RECORDS_PER_PAGE), p->arena, &node, err);
        if (rc == COORD_NO_NODE)
            return true;
        if (rc != COORD_DONE || !page_decode(node.data, p->arena, &page, err))
            return false;
    }
    for (uint32_t i = 0; i < page.nrecord; i++)
        if (page.record[i].seq_first <= seq && seq <= page.record[i].seq_last && page.record[i].attempt == attempt)
            *out = COMMIT_DONE;
    return true;
}
