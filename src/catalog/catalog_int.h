/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the catalogue. Entries (a table, a role, a group of settings) are immutable, counted and shared by
 * successive snapshots; a new snapshot replaces only what changed.
 */
#ifndef MENCIA_CATALOG_CATALOG_INT_H
#define MENCIA_CATALOG_CATALOG_INT_H

#include "base/thread.h"
#include "catalog/catalog.h"

#include <stdatomic.h>

#define CATALOG_COLUMNS_MAX   1600u  /* as PostgreSQL's MaxHeapAttributeNumber */
#define CATALOG_DEF_BYTES_MAX 63000u /* one definition's columns and texts; encoded it fits a node */
#define CATALOG_SETTINGS_MAX  1000u  /* of one role in one database */
#define CATALOG_RING_MAX      256u
#define CATALOG_TRIES         16

#define PATH_FORMAT   "/c/format"
#define PATH_NEXT_OID "/c/next_oid"
#define PATH_CATVER   "/c/catver"
#define PATH_NAMES    "/c/names"
#define PATH_ROLES    "/c/roles"
#define PATH_SETTINGS "/c/settings"

/* Fields of a definition that a newer version wrote and we do not know: kept when it is rewritten. */
struct def_extra {
    struct strview table, options;
    struct strview *column; /* by attnum - 1 */
    uint32_t ncolumn;
};

struct catalog_table {
    _Atomic uint32_t refs;
    struct table_def *def; /* one reference */
    int32_t meta_version;
    struct arena arena; /* extra */
    struct def_extra extra;
};

struct catalog_role_entry {
    _Atomic uint32_t refs;
    struct catalog_role role; /* strings in arena */
    int32_t version;          /* of its node */
    struct strview extra;
    struct arena arena;
};

/* Settings of one role (or all) in one database (or all). */
struct catalog_setting_group {
    _Atomic uint32_t refs;
    oid_t role, database;
    uint32_t nsetting;
    struct catalog_setting *setting;
    int32_t version;
    struct strview extra;
    struct arena arena;
};

struct catalog_snapshot {
    _Atomic uint32_t refs;
    uint64_t version;
    int32_t catver_version; /* of the node /c/catver that says so */
    uint32_t ntable, nrole, ngroup, nsetting;
    struct catalog_table **by_name, **by_oid;
    struct catalog_role_entry **role; /* by name */
    struct catalog_setting_group **group;
    const struct catalog_setting **setting; /* of all groups, in order of application */
};

enum change_kind { CHANGE_TABLE = 1, CHANGE_ROLES, CHANGE_SETTINGS, CHANGE_KIND_COUNT };

/* One line of /c/catver: what a version touched. */
struct catver_entry {
    uint64_t version;
    uint64_t token; /* random, the writer's: finds out whether an unknown outcome was done */
    enum change_kind kind;
    oid_t oid; /* of a table */
};

struct catver {
    uint64_t version;
    uint32_t nentry;
    struct catver_entry entry[CATALOG_RING_MAX]; /* oldest first; all of the versions from entry[0].version on */
    struct strview extra;
    int32_t node_version;
};

struct catalog {
    struct env *env;
    struct coord *coord;
    pthread_mutex_t write_lock; /* one writer or refresh at a time; held during I/O */
    pthread_mutex_t pin_lock;   /* guards `current` for the moment of taking a reference */
    struct catalog_snapshot *current;
    void (*listener)(void *arg);
    void *listener_arg;
};

/* One attempt at a change, against a snapshot that was current when it began. */
struct change {
    struct catalog *catalog;
    struct catalog_snapshot *base;
    struct arena arena;
    struct coord_multi multi;
    struct catver_entry touched[CATALOG_RING_MAX];
    uint32_t ntouched;
};

/* Adds operations to change->multi, or fills err. Called again with a newer base after a lost race. */
typedef bool (*change_fn)(struct change *change, void *arg, struct error *err);
bool catalog_transact(struct catalog *catalog, change_fn build, void *arg, struct error *err) MUST_CHECK;
/* Notes what is changed; false (54000) if it is too much for one change. */
bool change_touch(struct change *change, enum change_kind kind, oid_t oid, struct error *err) MUST_CHECK;
/* Takes a block of oids within the change. */
bool change_take_oids(struct change *change, oid_t *first, struct error *err) MUST_CHECK;
/* Forgets the snapshot if the store has a newer one. Under write_lock. */
bool catalog_catch_up(struct catalog *catalog, struct error *err) MUST_CHECK;

/* Node contents. */
struct strview catver_encode(const struct catver *catver, struct strbuf *buf);
bool catver_decode(struct strview node, struct catver *out, struct error *err) MUST_CHECK;
struct strview next_oid_encode(oid_t next, struct strbuf *buf);
bool next_oid_decode(struct strview node, oid_t *out, struct error *err) MUST_CHECK;
struct strview format_encode(struct strbuf *buf);
bool format_decode(struct strview node, struct error *err) MUST_CHECK;
struct strview name_encode(oid_t oid, struct strbuf *buf);
struct strview role_encode(const struct catalog_role *role, struct strview extra, struct strbuf *buf);
bool role_decode(struct strview node, struct catalog_role_entry **out, struct error *err) MUST_CHECK;
struct strview settings_encode(const struct catalog_setting_group *group, struct strbuf *buf);
bool settings_decode(struct strview node, struct catalog_setting_group **out, struct error *err) MUST_CHECK;
struct strview def_encode(const struct table_def *def, const struct def_extra *extra, struct strbuf *buf);
/* arena: for extra, copied out of node. */
bool def_decode(struct strview node, struct table_def **out, struct arena *arena, struct def_extra *extra,
                struct error *err) MUST_CHECK;
/* Within the limits of what may be stored: 54011, 54000. */
bool def_check_size(const struct table_def *def, struct error *err) MUST_CHECK;

void catalog_table_put(struct catalog_table *table);
void catalog_role_put(struct catalog_role_entry *role);
void catalog_group_put(struct catalog_setting_group *group);

/* Orders the arrays, which the caller has filled with his references, and checks that names and oids are unique. */
bool snapshot_finish(struct catalog_snapshot *snapshot, struct error *err) MUST_CHECK;
struct catalog_snapshot *snapshot_new(uint32_t ntable, uint32_t nrole, uint32_t ngroup);
struct catalog_table *snapshot_table(const struct catalog_snapshot *snapshot, oid_t oid);
struct catalog_role_entry *snapshot_role(const struct catalog_snapshot *snapshot, struct strview name);

#endif
