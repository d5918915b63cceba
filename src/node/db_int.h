/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the database: tables, versions of their segment lists, snapshots, loads, and the store's worker threads. */
#ifndef MENCIA_NODE_DB_INT_H
#define MENCIA_NODE_DB_INT_H

#include "catalog/catalog.h"
#include "ingest/consumer.h"
#include "ingest/copy.h"
#include "ingest/sample.h"
#include "node/db.h"
#include "storage/tail.h"
#include "syscat/provider.h"

#include <pthread.h>

/* A committed segment of a table. */
struct table_segment {
    struct segment *segment; /* one reference */
    bool is_load;
    uint32_t partition;  /* of Kafka; loads: 0 */
    uint64_t load;       /* id, loads only */
    uint64_t begin, end; /* pos interval, Kafka only */
    uint8_t sha256[32];  /* of the file, from its record */
};

/* How far a partition is committed: its tail begins there. */
struct table_part {
    uint32_t partition;
    uint64_t committed; /* pos */
};

/* One state of a table's committed data; immutable, shared by snapshots. */
struct table_version {
    uint32_t refs; /* atomic */
    uint64_t number;
    uint32_t nsegment;
    struct table_segment *segment;
    uint32_t npart;
    struct table_part *part;
};

struct db_table {
    uint32_t refs; /* atomic: the registry and snapshots */
    struct db *db;
    oid_t oid;
    struct db_table *next; /* registry */
    pthread_mutex_t lock;  /* guards what follows */
    const struct table_def *def;
    struct table_version *version;
    struct ingest_table *ingest; /* NULL = not fed by Kafka */
    struct error broken;         /* set: the table cannot be read */
};

/* Background thread with a queue of jobs. */
struct job {
    struct job *next;
    void (*run)(struct job *job);
};
struct job_thread {
    pthread_t thread;
    bool started, closing;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct job *head, **tail;
};
bool job_thread_open(struct job_thread *t, const char *name, struct error *err) MUST_CHECK;
void job_thread_push(struct job_thread *t, struct job *job);
/* Runs what is queued, then ends. */
void job_thread_close(struct job_thread *t);

/* A segment built for an attempt and not committed yet. */
struct built_segment {
    struct built_segment *next;
    oid_t table;
    uint32_t partition;
    uint64_t attempt;
    struct segment_record record;
    char *path; /* final path of the file; NULL = the interval was empty */
};

struct db_ingest_host {
    struct ingest_host_base base;
    struct db *db;
};

struct db {
    struct db_config config;
    struct env *env;
    char *data_dir, *copy_dir;
    struct mem_pool *pool;
    struct mem_account *build_account;
    struct page_cache *cache;
    struct engine *engine;
    struct coord *coord;
    struct catalog *catalog;
    uint64_t incarnation;
    struct syscat *syscat;
    struct ingest *ingest;
    struct db_ingest_host ingest_host;
    struct session_host host;
    struct session_server *sessions;
    struct job_thread meta_thread, build_thread;
    pthread_mutex_t lock; /* guards the table registry and `built` */
    struct db_table *tables;
    struct built_segment *built;
    pthread_mutex_t ddl_lock; /* one CREATE, ALTER or DROP at a time */
};

/* ---- tables.c ---- */
/* Opens every table of the catalogue. */
bool tables_open(struct db *db, struct error *err) MUST_CHECK;
void tables_close(struct db *db);
/* Opens one that has just been created. */
bool table_open(struct db *db, const struct table_def *def, struct error *err) MUST_CHECK;
struct db_table *table_get(struct db *db, oid_t oid); /* NULL = none; release with table_put */
void table_put(struct db_table *table);
/* Takes it out of the registry; its files are deleted. */
void table_drop(struct db *db, oid_t oid);
struct table_version *version_get(struct db_table *table);
void version_put(struct table_version *version);
/* Adds segments (references are taken over) and moves a partition's commit point (committed 0 = leave). */
void table_add_segments(struct db_table *table, const struct table_segment *segment, uint32_t n, uint32_t partition,
                        uint64_t committed);
/* Opens a committed file and checks that it is the one the record means. */
bool table_open_segment(struct db *db, const char *object_name, const struct segment_record *record,
                        struct segment **out, struct error *err) MUST_CHECK;
/* What the decoder needs of a definition: defaults and computed columns bound and compiled. */
bool make_decode_spec(const struct table_def *def, struct decode_spec **out, struct error *err) MUST_CHECK;
/* "<data_dir>/segments/<object name>", malloc'd. */
char *segment_file_path(struct db *db, const char *object_name);
/* Moves a built file to its final name, with all directories durable. */
bool segment_file_publish(struct db *db, const char *temp, const char *final, struct error *err) MUST_CHECK;
/* A fresh temporary path in the table's folder, malloc'd; NULL with err. */
char *segment_temp_path(struct db *db, oid_t table, struct error *err);
void record_from_meta(const struct segment_meta *meta, struct segment_record *out);

/* ---- snapshot.c ---- */
extern const struct source_ops db_source_ops;
bool db_snapshot_open(void *arg, struct host_load *const *pending, uint32_t npending, struct host_snapshot **out,
                      struct error *err);
void db_snapshot_close(struct host_snapshot *snapshot);
void db_catalog_view(struct host_snapshot *snapshot, struct catalog_view *out);
uint64_t db_catalog_version(struct host_snapshot *snapshot);
struct db *snapshot_db(const struct host_snapshot *snapshot);
const struct catalog_snapshot *snapshot_catalog(const struct host_snapshot *snapshot);

/* ---- committer.c ---- */
extern const struct ingest_host_ops db_ingest_host_ops;
void built_release_all(struct db *db);

/* ---- load.c ---- */
void db_load_host(struct session_host *host);
/* Segments of a finished, unpublished load into that table (for its own session's snapshots). */
uint32_t load_segments(const struct host_load *load, oid_t table, const struct table_segment **out);

/* ---- ddl.c ---- */
void db_ddl_host(struct session_host *host);

/* ---- views.c ---- */
extern const struct virtual_table *const mencia_tables[];
extern const uint32_t mencia_table_count;
const char *db_show_query(struct strview name);

/* provider.c: what system relations are made from */
extern const struct syscat_provider db_syscat_provider;
bool db_relation_name(void *arg, oid_t oid, char schema[FUNC_NAME_SIZE], char name[FUNC_NAME_SIZE]);
bool db_role_name(void *arg, oid_t oid, char name[FUNC_NAME_SIZE]);

/* snapshot.c */
void db_snapshot_session(struct host_snapshot *snapshot, const struct func_session *session);
/* The session it was opened for; NULL = none. */
const struct func_session *snapshot_session(const struct host_snapshot *snapshot);
/* Committed rows of a stored table. */
double snapshot_rows_estimate(struct host_snapshot *snapshot, oid_t oid);

#endif
