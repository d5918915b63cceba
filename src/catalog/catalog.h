/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: tables, roles and stored settings as versioned records in the coordination store, and an immutable
 * snapshot of them in memory.
 *
 * Readers: catalog_snapshot_get gives the current snapshot, which never changes; a statement keeps one from bind to end
 * and puts it back. Getting one never waits for I/O. Everything reached through a snapshot (table_def, roles, strings)
 * lives as long as the snapshot is held; a table_def may be kept longer by table_def_get.
 *
 * Writers: each DDL call is one atomic change of the store, fenced by the version of /c/catver, hence serial across all
 * processes; inside a process writers queue on a mutex. A lost race is re-read and tried again (40001 after 16 times);
 * an unknown outcome is resolved by reading (08007 only if that is impossible). When a call returns true, the change
 * is durable and in this process's current snapshot.
 *
 * Names are as stored (folded by the caller unless quoted). Oids: blocks of 8 from /c/next_oid >= 16384, never reused:
 * +0 the relation, +1 its row type, +2 its array type, +3.. indexes.
 *
 * Built in: database and superuser role `mencia` (role oid 10, no password until ALTER ROLE), schema `public` (oid
 * 2200). Errors have PostgreSQL's texts and SQLSTATEs. All functions are thread-safe.
 */
#ifndef MENCIA_CATALOG_CATALOG_H
#define MENCIA_CATALOG_CATALOG_H

#include "cluster/coord.h"
#include "cluster/records.h"
#include "types/schema.h"

#define CATALOG_DATABASE      "mencia"
#define CATALOG_DATABASE_OID  16383u
#define CATALOG_SUPERUSER     "mencia"
#define CATALOG_SUPERUSER_OID 10u
#define CATALOG_PUBLIC        "public"
#define CATALOG_PUBLIC_OID    2200u
#define CATALOG_FIRST_OID     16384u
#define CATALOG_OID_BLOCK     8u
#define CATALOG_NO_EXPIRY     INT64_MAX
#define CATALOG_NAME_MAX      63u /* bytes; longer names are cut by the caller, as PostgreSQL does */

struct catalog;
struct catalog_snapshot;

struct catalog_role {
    oid_t oid;
    const char *name;
    const char *verifier; /* rolpassword: "SCRAM-SHA-256$…"; NULL = no password, so password login is refused */
    bool superuser;
    bool login;
    bool create_role, create_db;
    int64_t valid_until_us; /* timestamptz; CATALOG_NO_EXPIRY = none. Checked by whoever authenticates */
};

/* A stored default of a setting: ALTER ROLE r SET / ALTER DATABASE d SET / ALTER ROLE ALL SET. */
struct catalog_setting {
    oid_t role;     /* 0 = all roles */
    oid_t database; /* 0 = all databases */
    const char *name, *value;
};

/* Reads everything; creates the built-in records in an empty store. Refuses a store written by a newer version
 * (0A000) and damaged records (XX001, named). coord must outlive the catalogue. env: random numbers. */
bool catalog_open(struct env *env, struct coord *coord, struct catalog **out, struct error *err) MUST_CHECK;
/* No call may be running; snapshots still held stay valid. */
void catalog_close(struct catalog *catalog);

/* Takes over other processes' changes, if any; cheap if there are none. Called when a watch on catalog_version_path
 * fires, and now and then. */
bool catalog_refresh(struct catalog *catalog, struct error *err) MUST_CHECK;
/* Path whose change means a new catalogue version. */
const char *catalog_version_path(void);
/* fn(arg) is called after every new snapshot, on the changing thread, without locks: it may take snapshots but must
 * not change the catalogue. One listener; set before other threads use the catalogue. */
void catalog_set_listener(struct catalog *catalog, void (*fn)(void *arg), void *arg);

/* --- Snapshot ----------------------------------------------------------------------------------------------------- */

struct catalog_snapshot *catalog_snapshot_get(struct catalog *catalog);
/* One more reference to a held one. */
struct catalog_snapshot *catalog_snapshot_ref(struct catalog_snapshot *snapshot);
void catalog_snapshot_put(struct catalog_snapshot *snapshot);

/* Grows by one with each change of anything; compares snapshots of any process of the cluster. */
uint64_t catalog_snapshot_version(const struct catalog_snapshot *snapshot);
/* NULL = none. */
const struct table_def *catalog_table_by_name(const struct catalog_snapshot *snapshot, struct strview schema,
                                              struct strview name);
const struct table_def *catalog_table_by_oid(const struct catalog_snapshot *snapshot, oid_t oid);
/* All tables, ordered by (schema, name) bytewise. */
uint32_t catalog_table_count(const struct catalog_snapshot *snapshot);
const struct table_def *catalog_table_at(const struct catalog_snapshot *snapshot, uint32_t index);
/* Node version of a table's meta, for multis that must fail if the table is altered or dropped. VERSION_ABSENT = no
 * such table. */
int32_t catalog_table_meta_version(const struct catalog_snapshot *snapshot, oid_t oid);
const struct catalog_role *catalog_role_by_name(const struct catalog_snapshot *snapshot, struct strview name);
const struct catalog_role *catalog_role_by_oid(const struct catalog_snapshot *snapshot, oid_t oid);
/* All roles, ordered by name. */
uint32_t catalog_role_count(const struct catalog_snapshot *snapshot);
const struct catalog_role *catalog_role_at(const struct catalog_snapshot *snapshot, uint32_t index);
/* All stored settings, ordered so that applying them in turn gives PostgreSQL's precedence (all roles < database <
 * role < role in database). */
uint32_t catalog_setting_count(const struct catalog_snapshot *snapshot);
const struct catalog_setting *catalog_setting_at(const struct catalog_snapshot *snapshot, uint32_t index);
/* The schema's oid; 0 = no such schema among the stored ones. */
oid_t catalog_schema_oid(struct strview schema);

/* --- Tables ------------------------------------------------------------------------------------------------------- */

/* Creates the table and, for a Kafka table, its partition heads at start[] (oid within start[].id is filled in here).
 * def: new, not shared; name, schema_name, owner, columns and options are set; oid, rowtype_oid, array_oid and version
 * (1) are set here. On success the snapshot holds its own reference and the caller keeps his.
 * 42P07 relation exists; 3F000 no such schema; 42704 owner does not exist; 54000 definition or partitions too big. */
bool catalog_create_table(struct catalog *catalog, struct table_def *def, struct partition_start *start,
                          uint32_t nstart, struct error *err) MUST_CHECK;

/* Changes a table: `change` gets a private copy of the current definition (version already raised), edits it and
 * returns true, or fills err and returns false. It may be called again after a lost race, each time with a fresh copy.
 * Name, schema and owner may change too. *out (may be NULL) = the new definition, one reference for the caller.
 * 42P01 if the table is gone (name: as the user wrote it, for the message); 42P07 renamed onto another. */
typedef bool (*catalog_change_fn)(void *arg, struct table_def *def, struct error *err);
bool catalog_alter_table(struct catalog *catalog, oid_t oid, const char *name, catalog_change_fn change, void *arg,
                         struct table_def **out, struct error *err) MUST_CHECK;

/* Drops a table; its data nodes stay for table_sweep (cluster/records.h) under /gc/<oid>. 42P01 table "name" does not
 * exist, if it is gone. */
bool catalog_drop_table(struct catalog *catalog, oid_t oid, const char *name, struct error *err) MUST_CHECK;
/* Several at once, all or none (DROP TABLE a, b). */
bool catalog_drop_tables(struct catalog *catalog, const oid_t *oid, const char *const *name, uint32_t count,
                         struct error *err) MUST_CHECK;

/* Reserves one block of 8 oids (for objects the catalogue does not keep yet). */
bool catalog_next_oid(struct catalog *catalog, oid_t *first, struct error *err) MUST_CHECK;

/* --- Roles and settings ------------------------------------------------------------------------------------------- */

/* role->oid is ignored; *oid (may be NULL) = the new one. 42710 exists; 42939 reserved name. */
bool catalog_create_role(struct catalog *catalog, const struct catalog_role *role, oid_t *oid,
                         struct error *err) MUST_CHECK;

enum catalog_role_field {
    ROLE_SET_VERIFIER = 1,
    ROLE_SET_SUPERUSER = 2,
    ROLE_SET_LOGIN = 4,
    ROLE_SET_CREATE_ROLE = 8,
    ROLE_SET_CREATE_DB = 16,
    ROLE_SET_VALID_UNTIL = 32,
};
/* Sets the fields named by `fields` (of enum catalog_role_field) of the role called values->name. 42704 unknown. */
bool catalog_alter_role(struct catalog *catalog, const struct catalog_role *values, uint32_t fields,
                        struct error *err) MUST_CHECK;
/* 42704 unknown; 42710 new name taken; 42939 reserved. */
bool catalog_rename_role(struct catalog *catalog, struct strview old_name, struct strview new_name,
                         struct error *err) MUST_CHECK;
/* 42704 unknown; 2BP01 owns tables, or built in. Its settings go with it. */
bool catalog_drop_role(struct catalog *catalog, struct strview name, struct error *err) MUST_CHECK;

/* Stores a setting's default; value NULL = remove; name NULL = remove all of this role and database. Whether name and
 * value are valid is the caller's business. role 0 = all roles; database 0 = all. */
bool catalog_set_setting(struct catalog *catalog, oid_t role, oid_t database, const char *name, const char *value,
                         struct error *err) MUST_CHECK;

/* --- Encoding, for tests and tools -------------------------------------------------------------------------------- */

/* A table's meta node. Appends to buf; valid until buf changes. */
struct strview table_def_encode(const struct table_def *def, struct strbuf *buf);
/* Untrusted bytes -> new definition with refs = 1. XX001 damaged, 0A000 newer format. */
bool table_def_decode(struct strview node, struct table_def **out, struct error *err) MUST_CHECK;

#endif
