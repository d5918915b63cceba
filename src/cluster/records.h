/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is committed about a table's data: per Kafka partition a head and pages of segment records, and per table the
 * published loads. This file knows their binary form, the atomic changes that are legal, and how to check them. Who
 * decides (ingest) and who carries out (node) is elsewhere.
 *
 * A position (pos) is one u64: topic incarnation << 48 | offset, so that a re-created topic keeps every order.
 * Invariants: I1 record[n].end == record[n+1].start, the chain covers [floor_pos, head.start); pending entries continue
 * it; I2 record[n].seq_last + 1 == record[n+1].seq_first from floor_seq on, up to the first pending entry, up to
 * next_seq. A seq never names two intervals. Page number of a record: seq_first / RECORDS_PER_PAGE.
 *
 * Changes: the builders take a struct partition (what was read: head, last page, versions), append operations to a
 * multi and change the struct to what it will be once the multi is done. Refused or unknown: partition_load again.
 * All builders are pure; nothing here is thread-aware. Memory: the caller's arena.
 */
#ifndef MENCIA_CLUSTER_RECORDS_H
#define MENCIA_CLUSTER_RECORDS_H

#include "cluster/coord.h"
#include "types/type.h"

#define RECORDS_PER_PAGE  256u
#define RECORD_BYTES_MAX  240u /* encoded, so that a full page fits a node */
#define PENDING_MAX       64u
#define VISIBLE_LOADS_MAX 2000u
#define STOP_DETAIL_MAX   512u
#define LOAD_LABEL_MAX    85u /* bytes; escaped it is one path component */
#define SEQ_MAX           (UINT64_C(1) << 56)
#define LAST_PAGE_NONE    UINT64_MAX
#define VERSION_ABSENT    (-1) /* node version: the node is not there and will be created */
#define POS_OFFSET_BITS   48
#define POS_OFFSET_MAX    ((UINT64_C(1) << POS_OFFSET_BITS) - 1)

static inline uint64_t pos_make(uint16_t incarnation, uint64_t offset)
{
    assert(offset <= POS_OFFSET_MAX);
    return (uint64_t)incarnation << POS_OFFSET_BITS | offset;
}
static inline uint16_t pos_incarnation(uint64_t pos) { return (uint16_t)(pos >> POS_OFFSET_BITS); }
static inline uint64_t pos_offset(uint64_t pos) { return pos & POS_OFFSET_MAX; }

struct partition_id {
    oid_t table;
    uint32_t source; /* number of the Kafka source within the table; 0 for the first */
    uint32_t partition;
};

/* One proposed, not yet committed segment: the interval [end of the one before or head.start, end). */
struct pending_segment {
    uint64_t seq;
    uint64_t end;       /* pos; fixed by the propose, the same for every replica */
    uint64_t attempt;   /* the fence: only its holder may commit; 0 = free, anyone may take it */
    uint64_t committer; /* incarnation (coord session id) that holds the attempt; 0 when free */
    uint64_t schema_v;  /* rows of this segment are decoded with these two */
    uint32_t decoder_rev;
    uint32_t failures; /* attempts given up so far */
    struct strview extra;
};

enum partition_state {
    PARTITION_RUNNING,
    PARTITION_STOPPED, /* no consumption until ALTER TABLE resumes it; stop says why */
};

enum stop_reason {
    STOP_NONE,
    STOP_GAP,      /* positions are gone from Kafka and on_gap=stop */
    STOP_ON_ERROR, /* a bad message and on_error=fail */
    STOP_MISMATCH, /* the topic's content is not what was committed (CRC of the last record) */
    STOP_REASON_COUNT
};

struct partition_head {
    uint64_t next_seq; /* seq the next propose takes */
    uint64_t start;    /* pos: everything below is committed */
    uint32_t npending;
    struct pending_segment pending[PENDING_MAX]; /* in order of seq and end */
    uint64_t tail_schema_v;                      /* what rows after the last pending end are decoded with */
    uint32_t tail_decoder_rev;
    uint64_t want_schema; /* schema_v the next propose should change to; 0 = none asked for */
    uint64_t floor_seq;   /* retention: records below are gone */
    uint64_t floor_pos;   /* start of the first record that is kept */
    uint64_t last_page;   /* page of the last record; LAST_PAGE_NONE = no record yet */
    enum partition_state state;
    enum stop_reason stop;
    uint64_t stop_pos;          /* where consumption met the obstacle */
    struct strview stop_detail; /* text for people, at most STOP_DETAIL_MAX bytes */
    struct strview extra;
};

enum record_kind {
    RECORD_SEGMENT, /* has a file */
    RECORD_EMPTY,   /* interval without rows: nothing was there, or retention took it */
    RECORD_GAP,     /* data lost before it could be read; gap says why */
    RECORD_KIND_COUNT
};

enum gap_code {
    GAP_NONE,
    GAP_OUT_OF_RANGE, /* Kafka's retention passed the position */
    GAP_RECREATED,    /* the topic was deleted and created again */
    GAP_TRUNCATED,    /* the log became shorter (unclean leader election) */
    GAP_CODE_COUNT
};

struct segment_record {
    enum record_kind kind;
    enum gap_code gap;
    uint64_t seq_first, seq_last; /* several after merging, or of a gap that swallowed proposals */
    uint64_t start, end;          /* pos interval [start, end); 0, 0 in loads */
    uint32_t rows, dead_rows;     /* visible rows; rows in the dead-letter block */
    struct {
        uint64_t pos; /* last message read into the segment */
        int64_t ts;   /* its Kafka timestamp, µs since 2000; INT64_MIN = none */
        uint32_t crc; /* crc32c of its key and value; checked when the partition is assigned */
    } last;
    int64_t time_min, time_max; /* of the time column, µs since 2000; min > max = no row has one */
    uint8_t sha256[32];         /* of the file; zero without file */
    uint64_t size;              /* bytes; 0 = no file */
    uint64_t attempt;
    uint64_t schema_v;
    uint32_t decoder_rev;
    uint32_t deleted_version; /* of the delete bitmap; 0 = none */
    uint8_t deleted_sha256[32];
    struct strview extra;
};

struct segment_page {
    uint32_t nrecord;
    struct segment_record *record;
    struct strview extra;
};

enum load_state { LOAD_PENDING, LOAD_PUBLISHED, LOAD_ABORTED, LOAD_STATE_COUNT };

struct load_record {
    enum load_state state;
    struct strview label; /* empty = none */
    uint64_t rows;        /* this and the next count the pages added; stored when it is published */
    uint32_t nsegment;
    uint64_t owner;     /* incarnation that runs it */
    int64_t created_us; /* µs since 1970 */
    struct strview extra;
};

struct visible_load {
    uint64_t load; /* id */
    uint64_t rows;
    uint32_t nsegment;
    struct strview extra;
};

struct visible_list {
    uint32_t nload;
    struct visible_load *load; /* in order of publication */
    struct strview extra;
};

/* Encoders append one node to buf. The structs must pass their check (asserted). */
struct strview head_encode(const struct partition_head *head, struct strbuf *buf);
struct strview page_encode(const struct segment_page *page, struct strbuf *buf);
struct strview load_encode(const struct load_record *load, struct strbuf *buf);
struct strview visible_encode(const struct visible_list *list, struct strbuf *buf);

/* Decoders take untrusted bytes, run the check, and point into `node` for strings, which must live as long. XX001 if
 * damaged, 0A000 if written by a newer version. */
bool head_decode(struct strview node, struct partition_head *out, struct error *err) MUST_CHECK;
bool page_decode(struct strview node, struct arena *arena, struct segment_page *out, struct error *err) MUST_CHECK;
bool load_decode(struct strview node, struct load_record *out, struct error *err) MUST_CHECK;
bool visible_decode(struct strview node, struct arena *arena, struct visible_list *out, struct error *err) MUST_CHECK;

/* One structure on its own: order, bounds, kinds. XX001. */
bool head_check(const struct partition_head *head, struct error *err) MUST_CHECK;
bool record_check(const struct segment_record *record, struct error *err) MUST_CHECK;
bool page_check(const struct segment_page *page, struct error *err) MUST_CHECK;
/* I1 and I2 over a head and all its records in order. XX001, says where the chain breaks. */
bool chain_check(const struct partition_head *head, const struct segment_record *record, uint32_t nrecord,
                 struct error *err) MUST_CHECK;

/* Paths, in the arena. */
const char *table_path(struct arena *arena, oid_t table);
const char *table_meta_path(struct arena *arena, oid_t table);
const char *visible_path(struct arena *arena, oid_t table);
const char *load_path(struct arena *arena, oid_t table, uint64_t load);
const char *load_page_path(struct arena *arena, oid_t table, uint64_t load, uint32_t page);
const char *load_label_path(struct arena *arena, oid_t table, struct strview label);
const char *partition_path(struct arena *arena, struct partition_id id);
const char *head_path(struct arena *arena, struct partition_id id);
const char *page_path(struct arena *arena, struct partition_id id, uint64_t page);
const char *gc_path(struct arena *arena, oid_t table);

/* Deep-store name of a committed file: "<oid>/<source>-<partition>/<seq>/<attempt>-<sha256>", and for the n-th segment
 * of a load "<oid>/l<load>/<n>/<attempt>-<sha256>". Unique per content and attempt; nobody overwrites one. */
const char *segment_object_name(struct arena *arena, struct partition_id id, const struct segment_record *record);
const char *load_object_name(struct arena *arena, oid_t table, uint64_t load, const struct segment_record *record);

/* A partition as read from the store, or as it will be when a built multi is done. */
struct partition {
    struct partition_id id;
    struct partition_head head;
    int32_t head_version;
    struct segment_page page; /* the last page (head.last_page); nrecord 0 if there is none */
    int32_t page_version;     /* VERSION_ABSENT = none */
    struct arena *arena;      /* given to partition_load; builders allocate from it */
};

/* Reads head and last page, fitting together (re-reads while commits go on; 40001 after 10 times), but perhaps behind
 * other sessions: then the versions make the next multi fail, and the caller loads again. 42P01 if the partition is not
 * there. Sync first where an unknown outcome is to be decided. */
bool partition_load(struct coord *coord, struct partition_id id, struct arena *arena, struct partition *out,
                    struct error *err) MUST_CHECK;
/* Reads head and all records consistently (re-reads while commits go on; 40001 after 10 times) and checks the chain. */
bool partition_load_chain(struct coord *coord, struct partition_id id, struct arena *arena, struct partition *out,
                          struct segment_record **record, uint32_t *nrecord, struct error *err) MUST_CHECK;
/* Ids of a table's partitions, ordered by (source, partition). */
bool partition_list(struct coord *coord, oid_t table, struct arena *arena, struct partition_id **id, uint32_t *nid,
                    struct error *err) MUST_CHECK;

/* --- Changes of a partition. False without change to p or multi: 40001 = lost (someone else was faster, load again),
 *     53400 = pending is full, XX000 = the request breaks an invariant. Attempts are the caller's fresh random
 *     numbers, never 0. ------------------------------------------------------------------------------------------- */

struct propose {
    uint64_t end; /* > end of the last pending or head.start */
    uint64_t attempt, committer;
    uint64_t next_schema_v; /* what rows from `end` on are decoded with */
    uint32_t next_decoder_rev;
};
/* CAS on head: appends to pending; the entry takes the head's tail_schema_v/tail_decoder_rev, the tail the next ones.
 * want_schema is cleared once next_schema_v has reached it. */
bool partition_propose(struct partition *p, const struct propose *propose, struct coord_multi *multi,
                       struct error *err) MUST_CHECK;
/* CAS on head: attempt and committer of the pending entry `seq`, which must still hold old_attempt (0 = free). */
bool partition_take_over(struct partition *p, uint64_t seq, uint64_t old_attempt, uint64_t attempt, uint64_t committer,
                         struct coord_multi *multi, struct error *err) MUST_CHECK;
/* CAS on head: gives our attempt up; failures + 1. */
bool partition_give_up(struct partition *p, uint64_t seq, uint64_t attempt, struct coord_multi *multi,
                       struct error *err) MUST_CHECK;
/* Head and page in one multi: pending[0] (attempt must be ours) becomes `record`. Of record the caller fills rows,
 * dead_rows, last, time_min/max, sha256, size; kind, interval, seq, attempt, schema, decoder are set from pending[0].
 */
bool partition_commit(struct partition *p, uint64_t attempt, const struct segment_record *record,
                      struct coord_multi *multi, struct error *err) MUST_CHECK;
/* R3: [head.start, end) held neither rows nor dead letters: the last record's end moves, no file. With proposals
 * pending, `end` must be pending[0].end and attempt ours (its seq joins the last record); with none, attempt is
 * ignored. Before the first record floor_pos moves instead; after a gap an empty record is written. */
bool partition_extend(struct partition *p, uint64_t attempt, uint64_t end, struct coord_multi *multi,
                      struct error *err) MUST_CHECK;
/* R7: [head.start, end) is lost. Drops pending entries with end <= `end`, frees all others and numbers them anew from
 * next_seq; the gap record takes the seqs before. Clears a stop. */
bool partition_gap(struct partition *p, uint64_t end, enum gap_code code, struct coord_multi *multi,
                   struct error *err) MUST_CHECK;
/* CAS on head: stop with reason (detail is cut to STOP_DETAIL_MAX), or resume with STOP_NONE. */
bool partition_set_stop(struct partition *p, enum stop_reason reason, uint64_t pos, struct strview detail,
                        struct coord_multi *multi, struct error *err) MUST_CHECK;
/* CAS on head: asks for a new schema version at the next propose. */
bool partition_want_schema(struct partition *p, uint64_t schema_v, struct coord_multi *multi,
                           struct error *err) MUST_CHECK;
/* CAS on head: what the tail is decoded with, where no row after the last cut was decoded yet, so that there is no
 * boundary to fix. The version may not go back. */
bool partition_set_schema(struct partition *p, uint64_t schema_v, uint32_t decoder_rev, struct coord_multi *multi,
                          struct error *err) MUST_CHECK;
/* The last record; NULL = none yet. */
const struct segment_record *partition_last_record(const struct partition *p);
/* What became of a commit whose outcome was unknown, judged from a partition loaded after a sync (may read an older
 * page). LOST may also mean done and merged or expired since: either way, load the chain and go by it. */
enum commit_fate { COMMIT_DONE, COMMIT_STILL_OURS, COMMIT_LOST };
bool partition_commit_fate(struct coord *coord, const struct partition *p, uint64_t seq, uint64_t attempt,
                           enum commit_fate *out, struct error *err) MUST_CHECK;

/* --- Tables ------------------------------------------------------------------------------------------------------- */

struct partition_start {
    struct partition_id id;
    uint64_t pos; /* resolved start position */
};

/* Creates /t/<oid> with meta, an empty visible list and heads. One multi holds up to about 3,000 partitions; more
 * answers COORD_TOO_BIG. */
void table_create_ops(oid_t table, struct strview meta, const struct partition_start *start, uint32_t nstart,
                      uint64_t schema_v, uint32_t decoder_rev, struct coord_multi *multi);
/* Adds a partition found later. */
void partition_create_ops(struct partition_start start, uint64_t schema_v, uint32_t decoder_rev,
                          struct coord_multi *multi);
/* Deletes meta (the fence: nobody can publish or find the table any more) and leaves /gc/<oid> for table_sweep. */
void table_drop_ops(oid_t table, int32_t meta_version, struct coord_multi *multi);
/* Tables that were dropped and not yet swept. */
bool table_dropped_list(struct coord *coord, struct arena *arena, oid_t **table, uint32_t *ntable,
                        struct error *err) MUST_CHECK;
/* Deletes what a dropped table left in the store: heads first, /gc/<oid> last. Call it when the table's files are gone.
 * May be repeated after a failure. */
bool table_sweep(struct coord *coord, oid_t table, struct error *err) MUST_CHECK;

/* --- Loads -------------------------------------------------------------------------------------------------------- */

struct load {
    oid_t table;
    uint64_t id; /* caller's fresh random number */
    struct load_record record;
    int32_t version; /* VERSION_ABSENT = not in the store yet */
};

/* Creates the load as PENDING; record.label, owner and created_us are the caller's, the rest is zero. All of a load of
 * up to some 1,500 segments may be one multi: begin, pages, publish. A label in use refuses the multi with
 * COORD_EXISTS: see load_find_label. */
void load_begin(struct load *load, struct coord_multi *multi);
/* The next page of records; their kind, seq and interval are set here, the rest is the caller's. Exactly
 * RECORDS_PER_PAGE of them unless it is the last page. Fails in the store if the load is not PENDING any more. */
bool load_add_page(struct load *load, const struct segment_record *record, uint32_t nrecord, struct coord_multi *multi,
                   struct error *err) MUST_CHECK;

/* The published loads as read, or as they will be when a built multi is done. */
struct visible {
    struct visible_list list;
    int32_t version;
};
/* 42P01 if the table is not there. */
bool visible_read(struct coord *coord, oid_t table, struct arena *arena, struct visible *out,
                  struct error *err) MUST_CHECK;
/* PENDING -> PUBLISHED and the visible list, minus `replaced` (merging), in one multi, which also fails if the table
 * was altered or dropped (meta_version VERSION_ABSENT: not checked). 53400 if the list would be too long; 40001 if one
 * of the replaced is not visible. */
bool load_publish(struct load *load, struct visible *visible, const uint64_t *replaced, uint32_t nreplaced,
                  int32_t meta_version, struct coord_multi *multi, struct error *err) MUST_CHECK;
/* PENDING -> ABORTED, and the label is free again. 40001 if it is not pending any more. */
bool load_abort(struct load *load, struct coord_multi *multi, struct error *err) MUST_CHECK;
/* 42704 if there is none. */
bool load_read(struct coord *coord, oid_t table, uint64_t id, struct arena *arena, struct load *out,
               struct error *err) MUST_CHECK;
/* All record.nsegment segment records of a published load. */
bool load_read_records(struct coord *coord, const struct load *load, struct arena *arena,
                       struct segment_record **record, struct error *err) MUST_CHECK;
/* *found = false if no load holds the label. */
bool load_find_label(struct coord *coord, oid_t table, struct strview label, struct arena *arena, bool *found,
                     struct load *out, struct error *err) MUST_CHECK;

/* A finished load: its segments are in the deep store, its records not yet in the coordination store. */
struct publication {
    struct load load; /* table, id, label, owner, created_us; version VERSION_ABSENT */
    const struct segment_record *record;
    uint32_t nrecord;         /* 0: nothing to publish, skipped */
    const uint64_t *replaced; /* loads of the table that this one replaces (merging) */
    uint32_t nreplaced;
    int32_t meta_version; /* of the table, VERSION_ABSENT = not checked */
};
/* Registers, publishes and makes visible all of them at once, or none: one multi if it fits, else pages first. Lost
 * races on the visible lists are tried again, unknown outcomes resolved. False: none is visible, unless 08007 (cannot
 * be known now). 42710 label in use; 40001 a replaced load is gone, the table altered, or too many races; 42P01 table
 * dropped and swept; 53400 too many loads. load structs are up to date when it returns true. */
bool loads_publish_all(struct coord *coord, struct publication *publication, uint32_t n, struct error *err) MUST_CHECK;

#endif
