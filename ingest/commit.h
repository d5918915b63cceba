/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commit protocol of one partition as a pure function: commit_step(state, event, actions). No clock, no I/O, no
 * threads, no memory: the consumer feeds events in and carries the actions out through ingest/host.h; a simulator runs
 * it with crashes, unknown outcomes and several committers (tests/unit/ingest/test_commit_sim.c).
 *
 * What is decided lives in the partition's head (a record in the metadata store, changed by compare-and-set):
 *
 *     [floor … committed records …) start [pending 0) [pending 1) … [tail, not proposed yet …
 *
 * A pending entry fixes an interval for ever; its attempt is the fence: only the holder of the attempt can commit it.
 * So anyone who holds the rows may take over at any time; patience only avoids waste. What we own is what the head says
 * is ours (committer == our incarnation): after an unknown outcome the head is read again and everything follows from
 * it, whatever became of the operation. One read or operation is on its way at a time, plus one build.
 */
#ifndef MENCIA_INGEST_COMMIT_H
#define MENCIA_INGEST_COMMIT_H

#include "base/base.h"

enum { COMMIT_PENDING_MAX = 64, COMMIT_FAILURES_MAX = 3 };

struct commit_pending {
    uint64_t seq;
    uint64_t end;        /* pos; the interval begins at the end of the one before, the first at head.start */
    uint64_t attempt;    /* fence; 0 = free */
    uint64_t committer;  /* incarnation that holds it; 0 when free */
    bool committer_gone; /* the host knows that it is dead, or it is an earlier incarnation of this node */
    uint64_t schema_v;   /* its rows are decoded with these */
    uint32_t decoder_rev;
};

enum commit_stop { COMMIT_RUNNING, COMMIT_STOP_GAP, COMMIT_STOP_ON_ERROR, COMMIT_STOP_MISMATCH };
enum commit_gap { COMMIT_GAP_NONE, COMMIT_GAP_OUT_OF_RANGE, COMMIT_GAP_RECREATED, COMMIT_GAP_TRUNCATED };

struct commit_head {
    uint64_t version;  /* compare-and-set version; changes with every change of the head */
    uint64_t next_seq; /* seq the next propose takes */
    uint64_t start;    /* pos: everything below is committed */
    uint32_t npending;
    struct commit_pending pending[COMMIT_PENDING_MAX];
    uint64_t tail_schema_v; /* for rows after the last pending end */
    uint32_t tail_decoder_rev;
    enum commit_stop stop;
    uint64_t stop_pos;
    /* Of the last record: whose commit it was, and the last message in it for the check against Kafka. */
    uint64_t last_attempt; /* 0 = no record, or an empty one */
    bool last_known;       /* last_pos … are filled */
    uint64_t last_pos;
    int64_t last_timestamp_us; /* µs since 2000, STREAM_NO_TIMESTAMP = none */
    uint32_t last_crc;
};
/* End of the last pending interval, or start. */
uint64_t commit_head_cut(const struct commit_head *head);
/* What rows at pos (>= head->start) are decoded with, and where that ends (UINT64_MAX: open). */
void commit_head_schema(const struct commit_head *head, uint64_t pos, uint64_t *schema_v, uint32_t *decoder_rev,
                        uint64_t *until);

enum commit_op_kind {
    COMMIT_OP_PROPOSE,    /* append {next_seq, end, attempt, committer}; tail schema becomes schema_v, decoder_rev */
    COMMIT_OP_TAKE_OVER,  /* pending entry seq: old_attempt → attempt, committer */
    COMMIT_OP_GIVE_UP,    /* pending entry seq: attempt → free */
    COMMIT_OP_COMMIT,     /* pending[0] (attempt) becomes the record of the build with this attempt; start = end */
    COMMIT_OP_EXTEND,     /* [start, end) has neither rows nor dead letters: the last record's end moves. With pending
                             entries end is pending[0].end and attempt ours; without, attempt = 0 */
    COMMIT_OP_GAP,        /* [start, end) is lost: gap record; pending entries within are dropped, others freed */
    COMMIT_OP_SET_STOP,   /* stop (or COMMIT_RUNNING) with stop_pos */
    COMMIT_OP_SET_SCHEMA, /* tail schema only: nothing was consumed after the last cut, so there is no boundary to fix
                           */
};
struct commit_op {
    enum commit_op_kind kind;
    uint64_t head_version; /* the change is legal on this version of the head only; else COMMIT_EVENT_REFUSED */
    uint64_t seq, end, attempt, old_attempt, committer;
    uint64_t schema_v;
    uint32_t decoder_rev;
    enum commit_gap gap;
    enum commit_stop stop;
    uint64_t stop_pos;
};

struct commit_build {
    uint64_t seq, begin, end, attempt;
    uint64_t schema_v;
    uint32_t decoder_rev;
};

enum commit_event_kind {
    COMMIT_EVENT_TICK,        /* time has passed, held_end may have moved */
    COMMIT_EVENT_HEAD,        /* answer to READ: head */
    COMMIT_EVENT_READ_FAILED, /* answer to READ: store not reachable */
    COMMIT_EVENT_DONE,        /* answer to OP: applied; head as it is now */
    COMMIT_EVENT_REFUSED,     /* answer to OP: certainly not applied (version, fence) */
    COMMIT_EVENT_FAILED,      /* answer to OP: certainly not applied, store trouble */
    COMMIT_EVENT_UNKNOWN,     /* answer to OP: may have been applied, or may yet be */
    COMMIT_EVENT_BUILT,       /* answer to BUILD: attempt; empty = neither rows nor dead letters, no file */
    COMMIT_EVENT_BUILD_FAILED,
    COMMIT_EVENT_SEAL,   /* wish: cut at held_end; seal_empty: neither rows nor dead letters since the last cut */
    COMMIT_EVENT_SCHEMA, /* wish: rows from held_end on have schema_v, decoder_rev */
    COMMIT_EVENT_GAP,    /* wish: [held_end, end) is lost, with code: goes into a record */
    COMMIT_EVENT_STOP,   /* wish: stop, stop_pos (COMMIT_RUNNING: resume) */
    COMMIT_EVENT_DRAIN,  /* wish: everything up to held_end committed, then COMMIT_ACTION_DRAINED; drain = false: never
                            mind */
};
struct commit_event {
    enum commit_event_kind kind;
    int64_t now_us;    /* own monotonic clock */
    uint64_t held_end; /* rows of [start, held_end) are in the tail; head.start at first */
    const struct commit_head *head;
    uint64_t attempt;
    bool empty, drain;
    uint64_t schema_v;
    uint32_t decoder_rev;
    uint64_t end;
    enum commit_gap gap;
    enum commit_stop stop;
    uint64_t stop_pos;
};

enum commit_action_kind {
    COMMIT_ACTION_READ,     /* read the head, after a sync */
    COMMIT_ACTION_OP,       /* carry op out */
    COMMIT_ACTION_BUILD,    /* build, verify, upload and verify the segment of build */
    COMMIT_ACTION_DISCARD,  /* the build result of attempt is not needed */
    COMMIT_ACTION_ADVANCED, /* everything below pos is committed. ours: by our build of attempt */
    COMMIT_ACTION_DRAINED,
};
struct commit_action {
    enum commit_action_kind kind;
    struct commit_op op;
    struct commit_build build;
    uint64_t attempt, pos;
    bool ours;
};
enum { COMMIT_ACTIONS_MAX = 8 };
struct commit_actions {
    uint32_t n;
    struct commit_action action[COMMIT_ACTIONS_MAX];
};

struct commit_config {
    uint64_t incarnation; /* ours; unique among all processes ever */
    uint64_t seed;        /* attempts are drawn from it; random */
    int64_t patience_us;  /* an entry of a living other unchanged for so long (or 3 builds) is taken over; 60 s */
    int64_t retry_min_us; /* first wait after a failure; doubles up to retry_max_us */
    int64_t retry_max_us;
};

/* All of it may be looked at; only commit_step changes it. */
struct commit_state {
    struct commit_config config;
    bool have_head;
    bool stale; /* head must be read again before anything is decided */
    struct commit_head head;
    int64_t now_us;
    uint64_t held_end;
    uint64_t attempts; /* drawn so far */
    enum { COMMIT_IDLE, COMMIT_READING, COMMIT_WRITING } waiting;
    struct commit_op op; /* on its way when COMMIT_WRITING, or of unknown outcome */
    bool building, built, built_empty;
    struct commit_build build; /* running or finished */
    int64_t build_begin_us, build_us;
    uint32_t build_failures;
    int64_t build_retry_us, retry_us, retry_wait_us; /* not before */
    uint64_t own_attempt;            /* of our last commit operation, to know afterwards whether it was ours */
    uint64_t seen_attempt, seen_seq; /* pending[0] as first seen at seen_us */
    int64_t seen_us;
    uint64_t gave_up_seq; /* wait until give_up_retry_us before taking this one again */
    int64_t give_up_retry_us;
    uint64_t seal_end; /* wished cut; 0 = none */
    bool seal_empty;
    uint64_t want_schema_v; /* 0 = none */
    uint32_t want_decoder_rev;
    uint64_t gap_from, gap_end; /* wished gap; gap_end 0 = none */
    enum commit_gap gap;
    bool stop_wanted;
    enum commit_stop stop;
    uint64_t stop_pos;
    bool draining;
};

/* The first action asked for is a READ, at the first event. */
void commit_init(struct commit_state *s, const struct commit_config *config);
void commit_step(struct commit_state *s, const struct commit_event *event, struct commit_actions *out);
/* The tail has been cut at seal_end or beyond: nothing of the wish is left. */
bool commit_sealing(const struct commit_state *s);
/* Sealing cannot go on because COMMIT_PENDING_MAX proposals wait: consumption should pause. */
bool commit_is_full(const struct commit_state *s);
/* x is one of the enums' texts for logs and views. */
const char *commit_op_name(enum commit_op_kind kind);
const char *commit_gap_name(enum commit_gap gap);
const char *commit_stop_name(enum commit_stop stop);

#endif
