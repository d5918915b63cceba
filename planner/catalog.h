/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the planner needs to know about the outside: relations by name. Implemented over catalog/ and syscat/ by the
 * session, and by fakes in tests. All results are borrowed and valid while the catalog_view is held (one per
 * statement).
 */
#ifndef MENCIA_PLANNER_CATALOG_H
#define MENCIA_PLANNER_CATALOG_H

#include "types/schema.h"

/* A relation a query may name: a stored table or a virtual one (pg_catalog, information_schema, mencia). */
struct relation {
    const struct table_def *def; /* columns; for virtual relations made once at start */
    bool is_virtual;
    const void *virtual_table; /* syscat's, passed through to exec's source; NULL for stored tables */
    double rows_estimate;      /* 0 = unknown */
};

/* Statistics a plan may use; estimates only, never for correctness. */
struct column_stats {
    double distinct; /* 0 = unknown */
    double null_fraction;
};

struct catalog_view {
    void *arg;
    /* schema empty = by search_path (pg_catalog first). exact: the name was quoted: no second look that ignores case.
     * *ambiguous (may be NULL): two relations equal but for case. False = none. */
    bool (*find_relation)(void *arg, struct strview schema, struct strview name, bool exact, struct relation *out,
                          bool *ambiguous);
    bool (*schema_exists)(void *arg, struct strview schema);
    /* Calls fn for every visible relation name (did-you-mean). */
    void (*each_relation)(void *arg, void (*fn)(void *fn_arg, struct strview schema, struct strview name),
                          void *fn_arg);
    void (*stats)(void *arg, const struct table_def *def, uint32_t column, struct column_stats *out);
    /* Values of session functions folded at bind time: current_user, current_schema, current_database … False = not
     * known. */
    bool (*session_value)(void *arg, const char *name, struct strview *out);
};

#endif
