/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer's inside. Threads: a partition belongs to its worker; what others look at is under part.lock
 * (statistics, replies, what the checker is asked and answers) or table.lock (list of partitions, spec, switches).
 * Order of locks: table.lock before part.lock; no lock is held over calls of the host or the stream, but stream_wake.
 */
#ifndef MENCIA_INGEST_CONSUMER_INT_H
#define MENCIA_INGEST_CONSUMER_INT_H

#include "base/thread.h"
#include "ingest/consumer.h"

enum {
    POS_OFFSET_BITS = 48,
    BATCH_MESSAGES = 1024,
    WORKER_TICK_MS = 50,
    WORKERS_LIMIT = 16,
    PARTITIONS_LIMIT = 65536,
    CONTROL_TIMEOUT_S = 5,
    RANGES_MAX = COMMIT_PENDING_MAX + 4,
    ADVANCES_MAX = 8,
};
static inline uint64_t pos_of(uint64_t incarnation, uint64_t offset) { return incarnation << POS_OFFSET_BITS | offset; }
static inline uint64_t pos_offset(uint64_t pos) { return pos & ((UINT64_C(1) << POS_OFFSET_BITS) - 1); }
static inline uint64_t pos_incarnation(uint64_t pos) { return pos >> POS_OFFSET_BITS; }

enum phase {
    PHASE_HEAD,   /* reading the head */
    PHASE_OPEN,   /* head known, tail to be opened */
    PHASE_LOW,    /* no head yet: waits for the topic's first offset */
    PHASE_CREATE, /* creating the head */
    PHASE_VERIFY, /* the last known message is compared with the topic's */
    PHASE_CONSUME,
    PHASE_MARKS,   /* the position is not in the log: waits for the log's ends */
    PHASE_GAP,     /* a gap is being committed */
    PHASE_STOPPED, /* stop has the reason */
};

struct part;

/* One request on its way to the host. */
struct part_request {
    struct ingest_request pub; /* first: ingest_reply gets its address */
    struct part *part;
    struct tail *tail; /* builds: held */
    bool busy;         /* worker's: submitted, answer not taken yet */
    bool done;         /* part.lock: answered */
};

enum check_state { CHECK_NONE, CHECK_WANTED, CHECK_DONE };

/* A question to the checker. */
struct part_check {
    enum check_state verify; /* is the message at offset the one with crc? */
    uint64_t offset;
    uint32_t crc;
    enum { VERIFY_SAME, VERIFY_ABSENT, VERIFY_OTHER, VERIFY_BEYOND } result;
    enum check_state marks; /* what are the log's ends? */
    uint64_t low, high;
};

struct advance {
    uint64_t pos, attempt;
    bool ours;
};

struct part {
    struct ingest *ingest;
    struct ingest_table *table; /* gone once orphan */
    struct worker *worker;
    uint32_t id;
    uint32_t refs; /* atomic: table, requests on their way */

    /* ---- worker only ---- */
    enum phase phase;
    struct commit_state commit;
    struct part_request io, build;
    struct tail *tail;
    struct decode_spec *latest; /* the table's, with the settings in force */
    uint64_t latest_generation;
    struct decode_spec *spec; /* of the decoder */
    struct decoder *decoder;
    uint64_t next_pos; /* first pos not seen */
    bool assigned;
    bool holding; /* msg could not be taken for want of memory: try again */
    struct stream_message msg;
    bool at_end;       /* no message since the last end of the log */
    int64_t end_at_us; /* when that was; 0 = never */
    bool retrying;     /* the last thing heard from the stream was trouble */
    struct {
        uint64_t from, schema_v;
        uint32_t decoder_rev;
    } range[RANGES_MAX]; /* what the rows from `from` on were decoded with */
    uint32_t nrange;
    uint64_t schema_until; /* boundary of the current schema */
    uint64_t content_end;  /* pos after the last row or dead letter; 0 = none */
    uint64_t rows_since_cut, rows_at_wish;
    uint64_t cut; /* of the head as last seen */
    uint64_t head_version;
    int64_t cut_at_us; /* when the oldest unsealed position was seen */
    bool have_last;    /* last message consumed: */
    uint64_t last_pos;
    int64_t last_timestamp_us;
    uint32_t last_crc;
    bool have_sample; /* message that the next periodic check compares */
    uint32_t sample_crc;
    uint64_t sample_pos;
    uint64_t verified_end;              /* pos after the last one found right */
    bool spilled;                       /* the tail was loaded from the spill file, not verified yet */
    int64_t verify_at_us;               /* next periodic check */
    int64_t retry_at_us, retry_wait_us; /* assigning again after a failure */
    bool recreated;                     /* PHASE_MARKS: the content is another */
    enum commit_stop stop;              /* PHASE_STOPPED */
    uint64_t seal_wish;                 /* table->seal_wish it has followed */
    uint32_t resume_seen;
    struct advance advance[ADVANCES_MAX];
    uint32_t nadvance;
    int64_t advance_at_us; /* not before */
    int64_t rate_at_us;
    uint64_t rate_rows;
    uint64_t unknown_base; /* unknown keys counted by closed decoders */
    uint32_t names_told;   /* unknown names given to the table */
    int64_t publish_at_us;
    struct ingest_stats stat; /* worker's copy */
    bool blocked;
    bool drained;

    /* ---- lock ---- */
    pthread_mutex_t lock;
    bool orphan; /* the table is gone: answers only free */
    struct part_check check;
    struct ingest_stats pub;
    struct tail *pub_tail; /* for queries; NULL = not open yet */
};

struct worker {
    struct ingest_table *table;
    uint32_t index;
    pthread_t thread;
    bool started;
    struct stream *stream;
    uint32_t npart; /* list as of part_generation */
    struct part **part;
    uint64_t part_generation;
};

struct ingest {
    struct ingest_config config;
    struct mem_account *account; /* all tails: they may outlive their table in queries */
    uint32_t refs;               /* atomic: the owner, partitions */
};
void ingest_unref(struct ingest *ingest);

struct ingest_table {
    struct ingest *ingest;
    oid_t oid;
    char *brokers, *topic;
    pthread_mutex_t lock;
    pthread_cond_t checker_cond;
    struct decode_spec *spec;
    uint64_t spec_generation;
    uint32_t resume;    /* grows with each wish to resume */
    uint64_t seal_wish; /* grows with each wish to seal */
    bool draining;
    bool closing;
    enum ingest_close_mode close_mode;
    bool check_now;
    bool unreachable; /* last contact of the checker failed */
    struct error contact;
    uint32_t npart;
    struct part **part;
    uint64_t part_generation;
    uint32_t nworker;
    struct worker worker[WORKERS_LIMIT];
    uint32_t nunknown; /* names of unknown keys, distinct */
    char **unknown;
    pthread_t checker;
    bool checker_started;
    struct stream *control;
};

static inline struct env *part_env(const struct part *p) { return p->ingest->config.env; }
static inline struct ingest_host *part_host(const struct part *p) { return p->ingest->config.host; }
static inline int64_t part_now_us(const struct part *p) { return part_env(p)->mono_ns(part_env(p)) / 1000; }

/* partition.c: the life of one partition; worker thread. */
struct part *part_new(struct ingest_table *table, struct worker *worker, uint32_t id);
void part_put(struct part *p);
/* One turn; true if there may be more to do at once. */
bool part_run(struct part *p);
/* After the threads have ended: clean shutdown or drop. */
void part_finish(struct part *p, enum ingest_close_mode mode);
void part_error(struct part *p, const struct error *err);
/* The head is another one than before: jump, drop, stop as it says. */
void part_head_moved(struct part *p);

/* partition_commit.c: requests and their answers, sealing, schema changes. */
void part_commit_open(struct part *p);
void part_commit_feed(struct part *p, struct commit_event event);
/* Takes answers that have come. */
void part_commit_replies(struct part *p);
void part_commit_create(struct part *p, uint64_t pos);
void part_commit_advances(struct part *p);
void part_commit_seal(struct part *p, bool now);
/* Follows the table's settings. True: a new schema waits for its boundary, nothing may be consumed. */
bool part_commit_alter(struct part *p);

/* checker.c */
void *checker_main(void *arg);
void checker_ask(struct part *p);
/* consumer.c: adds partitions [npart, n). */
void table_add_partitions(struct ingest_table *table, uint32_t n);
void table_add_unknown(struct ingest_table *table, struct strview name);
void *worker_main(void *arg);

#endif
