/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What ingestion needs from the process it runs in: the metadata store, the build jobs, the registry of sealed
 * segments. The node implements it with cluster/ and jobs/; tests with a fake.
 *
 * Requests are asynchronous: `submit` returns at once (it may also finish inside the call) and exactly one
 * ingest_reply(request) follows, from any thread. A partition has at most one read or operation and one build on their
 * way. All other calls are made on the partition's worker thread and should take milliseconds at most.
 */
#ifndef MENCIA_INGEST_HOST_H
#define MENCIA_INGEST_HOST_H

#include "ingest/commit.h"
#include "ingest/decode.h"
#include "storage/tail.h"

enum ingest_request_kind {
    INGEST_READ_HEAD, /* sync, then read → head (or HEAD_ABSENT) */
    INGEST_CREATE, /* create the head at pos with schema_v, decoder_rev → head; exists already → the existing one */
    INGEST_OP,     /* op → DONE with head, REFUSED, FAILED, UNKNOWN */
    INGEST_BUILD,  /* build → DONE (empty or not) or FAILED */
};

enum ingest_outcome {
    INGEST_DONE,
    INGEST_ABSENT,  /* READ_HEAD: no such partition yet */
    INGEST_REFUSED, /* certainly not applied: somebody else changed the head, or the table was dropped */
    INGEST_FAILED,  /* certainly not applied; err says why */
    INGEST_UNKNOWN, /* may have been applied */
};

/* Owned by ingest; valid from submit until ingest_reply returns. */
struct ingest_request {
    enum ingest_request_kind kind;
    oid_t table;
    uint32_t partition;
    /* in */
    struct commit_op op;
    char stop_detail[256];     /* text to go with COMMIT_OP_SET_STOP */
    struct commit_build build; /* use ingest_build to do it */
    uint64_t pos;              /* INGEST_CREATE */
    uint64_t schema_v;
    uint32_t decoder_rev;
    /* out */
    enum ingest_outcome outcome;
    struct commit_head head; /* INGEST_DONE of READ_HEAD, CREATE, OP: as it is now */
    bool empty;              /* INGEST_DONE of BUILD: neither rows nor dead letters; no file was kept */
    struct error err;        /* INGEST_FAILED, INGEST_UNKNOWN */
};

struct ingest_host; /* the implementer's; begins with struct ingest_host_base */
struct ingest_host_ops {
    /* Incarnation of this process among all processes ever (coordination session id); never 0. */
    uint64_t (*incarnation)(struct ingest_host *host);
    void (*submit)(struct ingest_host *host, struct ingest_request *request);
    /* The build result of attempt is not needed: delete its file. */
    void (*discard)(struct ingest_host *host, oid_t table, uint32_t partition, uint64_t attempt);
    /* Everything below pos is committed; ours: the last interval by the build of this attempt (its file is the local
     * copy). When it returns, queries must find the rows below pos in sealed segments: the tail is trimmed next. False:
     * not yet (err says why); the call is repeated a little later, and the tail keeps the rows. */
    bool (*advanced)(struct ingest_host *host, oid_t table, uint32_t partition, uint64_t pos, uint64_t attempt,
                     bool ours, struct error *err);
    /* Spec of a schema version (rows that were proposed under an older one, or a newer one another server knows). */
    bool (*spec)(struct ingest_host *host, oid_t table, uint64_t schema_v, struct decode_spec **out, struct error *err);
    /* Number of partitions known to have a head (0 .. n-1), so that they start without waiting for Kafka; 0 = none. */
    uint32_t (*partitions)(struct ingest_host *host, oid_t table);
    /* Whether this server consumes the partition. Asked when partitions are discovered and after ingest_table_alter. */
    bool (*owns)(struct ingest_host *host, oid_t table, uint32_t partition);
    /* Path of the file for a partition's spilled tail. */
    void (*spill_path)(struct ingest_host *host, oid_t table, uint32_t partition, struct strbuf *out);
};
struct ingest_host_base {
    const struct ingest_host_ops *ops;
};
static inline const struct ingest_host_ops *ingest_host_ops(const struct ingest_host *host)
{
    return ((const struct ingest_host_base *)(const void *)host)->ops;
}

/* Answers a request; outcome and the out fields are filled. Any thread. The request is gone afterwards. */
void ingest_reply(struct ingest_request *request);
/* For the host's build job: writes the segment of request->build to path (which must not exist), fsynced and verified,
 * and fills *meta. *empty: the interval has neither rows nor dead letters, no file is left. Any thread. */
bool ingest_build(struct ingest_request *request, const char *path, struct mem_account *account,
                  struct segment_meta *meta, bool *empty, struct error *err) MUST_CHECK;

#endif
