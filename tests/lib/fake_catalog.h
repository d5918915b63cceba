/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A catalogue for tests of the planner: tables made from CREATE TABLE texts. Not thread-safe; fake_catalog_release
 * frees it.
 */
#ifndef MENCIA_TESTS_FAKE_CATALOG_H
#define MENCIA_TESTS_FAKE_CATALOG_H

#include "planner/planner.h"

#include <stdlib.h>

enum { FAKE_TABLES_MAX = 16 };

struct fake_catalog {
    struct arena arena;
    uint32_t n;
    struct table_def *table[FAKE_TABLES_MAX];
    double rows[FAKE_TABLES_MAX];
    struct catalog_view view;
};

static const char fake_hits_sql[] = "CREATE TABLE hits ("
                                    "WatchID BIGINT NOT NULL, "
                                    "JavaEnable SMALLINT NOT NULL, "
                                    "Title TEXT NOT NULL, "
                                    "GoodEvent SMALLINT NOT NULL, "
                                    "EventTime TIMESTAMP NOT NULL, "
                                    "EventDate Date NOT NULL, "
                                    "CounterID INTEGER NOT NULL, "
                                    "ClientIP INTEGER NOT NULL, "
                                    "RegionID INTEGER NOT NULL, "
                                    "UserID BIGINT NOT NULL, "
                                    "CounterClass SMALLINT NOT NULL, "
                                    "OS SMALLINT NOT NULL, "
                                    "UserAgent SMALLINT NOT NULL, "
                                    "URL TEXT NOT NULL, "
                                    "Referer TEXT NOT NULL, "
                                    "IsRefresh SMALLINT NOT NULL, "
                                    "RefererCategoryID SMALLINT NOT NULL, "
                                    "RefererRegionID INTEGER NOT NULL, "
                                    "URLCategoryID SMALLINT NOT NULL, "
                                    "URLRegionID INTEGER NOT NULL, "
                                    "ResolutionWidth SMALLINT NOT NULL, "
                                    "ResolutionHeight SMALLINT NOT NULL, "
                                    "ResolutionDepth SMALLINT NOT NULL, "
                                    "FlashMajor SMALLINT NOT NULL, "
                                    "FlashMinor SMALLINT NOT NULL, "
                                    "FlashMinor2 TEXT NOT NULL, "
                                    "NetMajor SMALLINT NOT NULL, "
                                    "NetMinor SMALLINT NOT NULL, "
                                    "UserAgentMajor SMALLINT NOT NULL, "
                                    "UserAgentMinor VARCHAR(255) NOT NULL, "
                                    "CookieEnable SMALLINT NOT NULL, "
                                    "JavascriptEnable SMALLINT NOT NULL, "
                                    "IsMobile SMALLINT NOT NULL, "
                                    "MobilePhone SMALLINT NOT NULL, "
                                    "MobilePhoneModel TEXT NOT NULL, "
                                    "Params TEXT NOT NULL, "
                                    "IPNetworkID INTEGER NOT NULL, "
                                    "TraficSourceID SMALLINT NOT NULL, "
                                    "SearchEngineID SMALLINT NOT NULL, "
                                    "SearchPhrase TEXT NOT NULL, "
                                    "AdvEngineID SMALLINT NOT NULL, "
                                    "IsArtifical SMALLINT NOT NULL, "
                                    "WindowClientWidth SMALLINT NOT NULL, "
                                    "WindowClientHeight SMALLINT NOT NULL, "
                                    "ClientTimeZone SMALLINT NOT NULL, "
                                    "ClientEventTime TIMESTAMP NOT NULL, "
                                    "SilverlightVersion1 SMALLINT NOT NULL, "
                                    "SilverlightVersion2 SMALLINT NOT NULL, "
                                    "SilverlightVersion3 INTEGER NOT NULL, "
                                    "SilverlightVersion4 SMALLINT NOT NULL, "
                                    "PageCharset TEXT NOT NULL, "
                                    "CodeVersion INTEGER NOT NULL, "
                                    "IsLink SMALLINT NOT NULL, "
                                    "IsDownload SMALLINT NOT NULL, "
                                    "IsNotBounce SMALLINT NOT NULL, "
                                    "FUniqID BIGINT NOT NULL, "
                                    "OriginalURL TEXT NOT NULL, "
                                    "HID INTEGER NOT NULL, "
                                    "IsOldCounter SMALLINT NOT NULL, "
                                    "IsEvent SMALLINT NOT NULL, "
                                    "IsParameter SMALLINT NOT NULL, "
                                    "DontCountHits SMALLINT NOT NULL, "
                                    "WithHash SMALLINT NOT NULL, "
                                    "HitColor CHAR NOT NULL, "
                                    "LocalEventTime TIMESTAMP NOT NULL, "
                                    "Age SMALLINT NOT NULL, "
                                    "Sex SMALLINT NOT NULL, "
                                    "Income SMALLINT NOT NULL, "
                                    "Interests SMALLINT NOT NULL, "
                                    "Robotness SMALLINT NOT NULL, "
                                    "RemoteIP INTEGER NOT NULL, "
                                    "WindowName INTEGER NOT NULL, "
                                    "OpenerName INTEGER NOT NULL, "
                                    "HistoryLength SMALLINT NOT NULL, "
                                    "BrowserLanguage TEXT NOT NULL, "
                                    "BrowserCountry TEXT NOT NULL, "
                                    "SocialNetwork TEXT NOT NULL, "
                                    "SocialAction TEXT NOT NULL, "
                                    "HTTPError SMALLINT NOT NULL, "
                                    "SendTiming INTEGER NOT NULL, "
                                    "DNSTiming INTEGER NOT NULL, "
                                    "ConnectTiming INTEGER NOT NULL, "
                                    "ResponseStartTiming INTEGER NOT NULL, "
                                    "ResponseEndTiming INTEGER NOT NULL, "
                                    "FetchTiming INTEGER NOT NULL, "
                                    "SocialSourceNetworkID SMALLINT NOT NULL, "
                                    "SocialSourcePage TEXT NOT NULL, "
                                    "ParamPrice BIGINT NOT NULL, "
                                    "ParamOrderID TEXT NOT NULL, "
                                    "ParamCurrency TEXT NOT NULL, "
                                    "ParamCurrencyID SMALLINT NOT NULL, "
                                    "OpenstatServiceName TEXT NOT NULL, "
                                    "OpenstatCampaignID TEXT NOT NULL, "
                                    "OpenstatAdID TEXT NOT NULL, "
                                    "OpenstatSourceID TEXT NOT NULL, "
                                    "UTMSource TEXT NOT NULL, "
                                    "UTMMedium TEXT NOT NULL, "
                                    "UTMCampaign TEXT NOT NULL, "
                                    "UTMContent TEXT NOT NULL, "
                                    "UTMTerm TEXT NOT NULL, "
                                    "FromTag TEXT NOT NULL, "
                                    "HasGCLID SMALLINT NOT NULL, "
                                    "RefererHash BIGINT NOT NULL, "
                                    "URLHash BIGINT NOT NULL, "
                                    "CLID INTEGER NOT NULL)";

/* Types of all kinds, names with capitals, a second table to join with. */
static const char *const fake_other_sql[] = {
    "CREATE TABLE t (a int, b bigint, c smallint, d text, e double precision, f real, g numeric(12,2), h boolean, "
    "i date, j timestamp, k timestamptz, l interval, m uuid, n jsonb, o varchar(10), p char(5), q json, r bytea, "
    "s time, u numeric)",
    "CREATE TABLE t2 (id int NOT NULL, a int, name text, ts timestamptz NOT NULL)",
    "CREATE TABLE events (\"userId\" text, \"eventTime\" timestamptz, amount numeric, \"Kind\" text, kind2 int)",
    "CREATE TABLE amb (\"Col\" int, \"cOl\" int, ok int)",
    "CREATE TABLE empty_cols ()",
};

static inline bool fake_find(void *arg, struct strview schema, struct strview name, bool exact, struct relation *out,
                             bool *ambiguous)
{
    struct fake_catalog *fake = arg;
    if (ambiguous)
        *ambiguous = false;
    if (schema.len && !strview_equal_cstr(schema, "public"))
        return false;
    for (int nocase = 0; nocase <= !exact; nocase++)
        for (uint32_t i = 0; i < fake->n; i++)
            if (nocase ? strview_equal_nocase(name, strview_of(fake->table[i]->name))
                       : strview_equal_cstr(name, fake->table[i]->name)) {
                *out = (struct relation){.def = fake->table[i], .rows_estimate = fake->rows[i]};
                return true;
            }
    return false;
}

static inline bool fake_schema(void *arg, struct strview schema)
{
    (void)arg;
    return strview_equal_cstr(schema, "public");
}

static inline void fake_each(void *arg, void (*fn)(void *fn_arg, struct strview schema, struct strview name),
                             void *fn_arg)
{
    struct fake_catalog *fake = arg;
    for (uint32_t i = 0; i < fake->n; i++)
        fn(fn_arg, STRVIEW("public"), strview_of(fake->table[i]->name));
}

static inline bool fake_session_value(void *arg, const char *name, struct strview *out)
{
    (void)arg;
    *out = strcmp(name, "current_database") == 0 ? STRVIEW("postgres")
           : strcmp(name, "current_schema") == 0 ? STRVIEW("public")
                                                 : STRVIEW("postgres");
    return true;
}

static inline void fake_add(struct fake_catalog *fake, const char *sql, double rows)
{
    struct ast_list list;
    struct error err;
    if (!sql_parse(&fake->arena, strview_of(sql), &list, &err) || fake->n == FAKE_TABLES_MAX)
        abort();
    const struct ast_node *node = list.node[0];
    struct table_def *def = table_def_new();
    def->oid = 16384 + fake->n;
    def->schema_name = arena_strdup(&def->arena, "public");
    def->name = arena_strndup(&def->arena, node->create_table.table.name.ptr, node->create_table.table.name.len);
    def->ncolumn = node->create_table.ncolumn;
    def->column = ARENA_ARRAY(&def->arena, struct column_def, def->ncolumn);
    for (uint32_t i = 0; i < def->ncolumn; i++) {
        const struct ast_column_def *c = &node->create_table.column[i];
        def->column[i] = (struct column_def){.name = arena_strndup(&def->arena, c->name.ptr, c->name.len),
                                             .attnum = (int16_t)(i + 1),
                                             .type = c->type,
                                             .not_null = c->not_null};
    }
    fake->rows[fake->n] = rows;
    fake->table[fake->n++] = def;
}

static inline void fake_catalog_init(struct fake_catalog *fake)
{
    memset(fake, 0, sizeof *fake);
    arena_init(&fake->arena, NULL);
    fake_add(fake, fake_hits_sql, 1e6);
    for (size_t i = 0; i < ARRAY_LEN(fake_other_sql); i++)
        fake_add(fake, fake_other_sql[i], i == 0 ? 10000 : 100);
    fake->view = (struct catalog_view){.arg = fake,
                                       .find_relation = fake_find,
                                       .schema_exists = fake_schema,
                                       .each_relation = fake_each,
                                       .session_value = fake_session_value};
}

static inline void fake_catalog_release(struct fake_catalog *fake)
{
    for (uint32_t i = 0; i < fake->n; i++)
        table_def_put(fake->table[i]);
    arena_release(&fake->arena);
}

#endif
