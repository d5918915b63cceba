/* SPDX-License-Identifier: Apache-2.0 */
/* Made by gen/generate.py from PostgreSQL 15: the system relations, and those of their rows that never change. */
#include "syscat/relations_int.h"

static const struct vt_column pg_aggregate_columns[] = {
    {"aggfnoid", TYPE_TEXT, true},       {"aggkind", TYPE_CHAR, true},        {"aggnumdirectargs", TYPE_INT2, true},
    {"aggtransfn", TYPE_TEXT, true},     {"aggfinalfn", TYPE_TEXT, true},     {"aggcombinefn", TYPE_TEXT, true},
    {"aggserialfn", TYPE_TEXT, true},    {"aggdeserialfn", TYPE_TEXT, true},  {"aggmtransfn", TYPE_TEXT, true},
    {"aggminvtransfn", TYPE_TEXT, true}, {"aggmfinalfn", TYPE_TEXT, true},    {"aggfinalextra", TYPE_BOOL, true},
    {"aggmfinalextra", TYPE_BOOL, true}, {"aggfinalmodify", TYPE_CHAR, true}, {"aggmfinalmodify", TYPE_CHAR, true},
    {"aggsortop", TYPE_OID, true},       {"aggtranstype", TYPE_OID, true},    {"aggtransspace", TYPE_INT4, true},
    {"aggmtranstype", TYPE_OID, true},   {"aggmtransspace", TYPE_INT4, true}, {"agginitval", TYPE_TEXT, false},
    {"aggminitval", TYPE_TEXT, false},
};
static const struct virtual_table pg_aggregate = {
    "pg_catalog", "pg_aggregate", 2600, pg_aggregate_columns, ARRAY_LEN(pg_aggregate_columns), NULL, 'r', NULL};

static const struct vt_column pg_am_columns[] = {
    {"oid", TYPE_OID, true},
    {"amname", TYPE_NAME, true},
    {"amhandler", TYPE_TEXT, true},
    {"amtype", TYPE_CHAR, true},
};
static const char pg_am_rows[] = "2\theap\theap_tableam_handler\tt\n";
static const struct virtual_table pg_am = {"pg_catalog", "pg_am", 2601,      pg_am_columns, ARRAY_LEN(pg_am_columns),
                                           NULL,         'r',     pg_am_rows};

static const struct vt_column pg_attrdef_columns[] = {
    {"oid", TYPE_OID, true},
    {"adrelid", TYPE_OID, true},
    {"adnum", TYPE_INT2, true},
    {"adbin", TYPE_TEXT, true},
};
static const struct virtual_table pg_attrdef = {
    "pg_catalog", "pg_attrdef", 2604, pg_attrdef_columns, ARRAY_LEN(pg_attrdef_columns), fill_pg_attrdef, 'r', NULL};

static const struct vt_column pg_attribute_columns[] = {
    {"attrelid", TYPE_OID, true},
    {"attname", TYPE_NAME, true},
    {"atttypid", TYPE_OID, true},
    {"attstattarget", TYPE_INT4, true},
    {"attlen", TYPE_INT2, true},
    {"attnum", TYPE_INT2, true},
    {"attndims", TYPE_INT4, true},
    {"attcacheoff", TYPE_INT4, true},
    {"atttypmod", TYPE_INT4, true},
    {"attbyval", TYPE_BOOL, true},
    {"attalign", TYPE_CHAR, true},
    {"attstorage", TYPE_CHAR, true},
    {"attcompression", TYPE_CHAR, true},
    {"attnotnull", TYPE_BOOL, true},
    {"atthasdef", TYPE_BOOL, true},
    {"atthasmissing", TYPE_BOOL, true},
    {"attidentity", TYPE_CHAR, true},
    {"attgenerated", TYPE_CHAR, true},
    {"attisdropped", TYPE_BOOL, true},
    {"attislocal", TYPE_BOOL, true},
    {"attinhcount", TYPE_INT4, true},
    {"attcollation", TYPE_OID, true},
    {"attacl", TYPE_TEXT_ARRAY, false},
    {"attoptions", TYPE_TEXT_ARRAY, false},
    {"attfdwoptions", TYPE_TEXT_ARRAY, false},
    {"attmissingval", TYPE_ANYARRAY, false},
};
static const struct virtual_table pg_attribute = {
    "pg_catalog", "pg_attribute", 1249, pg_attribute_columns, ARRAY_LEN(pg_attribute_columns), fill_pg_attribute, 'r',
    NULL};

static const struct vt_column pg_auth_members_columns[] = {
    {"roleid", TYPE_OID, true},
    {"member", TYPE_OID, true},
    {"grantor", TYPE_OID, true},
    {"admin_option", TYPE_BOOL, true},
};
static const struct virtual_table pg_auth_members = {
    "pg_catalog", "pg_auth_members", 1261, pg_auth_members_columns, ARRAY_LEN(pg_auth_members_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_cast_columns[] = {
    {"oid", TYPE_OID, true},      {"castsource", TYPE_OID, true},   {"casttarget", TYPE_OID, true},
    {"castfunc", TYPE_OID, true}, {"castcontext", TYPE_CHAR, true}, {"castmethod", TYPE_CHAR, true},
};
static const struct virtual_table pg_cast = {"pg_catalog", "pg_cast", 2605, pg_cast_columns, ARRAY_LEN(pg_cast_columns),
                                             fill_pg_cast, 'r',       NULL};

static const struct vt_column pg_class_columns[] = {
    {"oid", TYPE_OID, true},
    {"relname", TYPE_NAME, true},
    {"relnamespace", TYPE_OID, true},
    {"reltype", TYPE_OID, true},
    {"reloftype", TYPE_OID, true},
    {"relowner", TYPE_OID, true},
    {"relam", TYPE_OID, true},
    {"relfilenode", TYPE_OID, true},
    {"reltablespace", TYPE_OID, true},
    {"relpages", TYPE_INT4, true},
    {"reltuples", TYPE_FLOAT4, true},
    {"relallvisible", TYPE_INT4, true},
    {"reltoastrelid", TYPE_OID, true},
    {"relhasindex", TYPE_BOOL, true},
    {"relisshared", TYPE_BOOL, true},
    {"relpersistence", TYPE_CHAR, true},
    {"relkind", TYPE_CHAR, true},
    {"relnatts", TYPE_INT2, true},
    {"relchecks", TYPE_INT2, true},
    {"relhasrules", TYPE_BOOL, true},
    {"relhastriggers", TYPE_BOOL, true},
    {"relhassubclass", TYPE_BOOL, true},
    {"relrowsecurity", TYPE_BOOL, true},
    {"relforcerowsecurity", TYPE_BOOL, true},
    {"relispopulated", TYPE_BOOL, true},
    {"relreplident", TYPE_CHAR, true},
    {"relispartition", TYPE_BOOL, true},
    {"relrewrite", TYPE_OID, true},
    {"relfrozenxid", TYPE_XID, true},
    {"relminmxid", TYPE_XID, true},
    {"relacl", TYPE_TEXT_ARRAY, false},
    {"reloptions", TYPE_TEXT_ARRAY, false},
    {"relpartbound", TYPE_TEXT, false},
};
static const struct virtual_table pg_class = {
    "pg_catalog", "pg_class", 1259, pg_class_columns, ARRAY_LEN(pg_class_columns), fill_pg_class, 'r', NULL};

static const struct vt_column pg_collation_columns[] = {
    {"oid", TYPE_OID, true},           {"collname", TYPE_NAME, true},
    {"collnamespace", TYPE_OID, true}, {"collowner", TYPE_OID, true},
    {"collprovider", TYPE_CHAR, true}, {"collisdeterministic", TYPE_BOOL, true},
    {"collencoding", TYPE_INT4, true}, {"collcollate", TYPE_TEXT, false},
    {"collctype", TYPE_TEXT, false},   {"colliculocale", TYPE_TEXT, false},
    {"collversion", TYPE_TEXT, false},
};
static const char pg_collation_rows[] = "100\tdefault\t11\t10\td\tt\t-1\t\\N\t\\N\t\\N\t\\N\n"
                                        "950\tC\t11\t10\tc\tt\t-1\tC\tC\t\\N\t\\N\n"
                                        "951\tPOSIX\t11\t10\tc\tt\t-1\tPOSIX\tPOSIX\t\\N\t\\N\n";
static const struct virtual_table pg_collation = {
    "pg_catalog", "pg_collation",   3456, pg_collation_columns, ARRAY_LEN(pg_collation_columns), NULL,
    'r',          pg_collation_rows};

static const struct vt_column pg_constraint_columns[] = {
    {"oid", TYPE_OID, true},
    {"conname", TYPE_NAME, true},
    {"connamespace", TYPE_OID, true},
    {"contype", TYPE_CHAR, true},
    {"condeferrable", TYPE_BOOL, true},
    {"condeferred", TYPE_BOOL, true},
    {"convalidated", TYPE_BOOL, true},
    {"conrelid", TYPE_OID, true},
    {"contypid", TYPE_OID, true},
    {"conindid", TYPE_OID, true},
    {"conparentid", TYPE_OID, true},
    {"confrelid", TYPE_OID, true},
    {"confupdtype", TYPE_CHAR, true},
    {"confdeltype", TYPE_CHAR, true},
    {"confmatchtype", TYPE_CHAR, true},
    {"conislocal", TYPE_BOOL, true},
    {"coninhcount", TYPE_INT4, true},
    {"connoinherit", TYPE_BOOL, true},
    {"conkey", TYPE_TEXT_ARRAY, false},
    {"confkey", TYPE_TEXT_ARRAY, false},
    {"conpfeqop", TYPE_TEXT_ARRAY, false},
    {"conppeqop", TYPE_TEXT_ARRAY, false},
    {"conffeqop", TYPE_TEXT_ARRAY, false},
    {"confdelsetcols", TYPE_TEXT_ARRAY, false},
    {"conexclop", TYPE_TEXT_ARRAY, false},
    {"conbin", TYPE_TEXT, false},
};
static const struct virtual_table pg_constraint = {
    "pg_catalog", "pg_constraint", 2606, pg_constraint_columns, ARRAY_LEN(pg_constraint_columns), NULL, 'r', NULL};

static const struct vt_column pg_conversion_columns[] = {
    {"oid", TYPE_OID, true},      {"conname", TYPE_NAME, true},        {"connamespace", TYPE_OID, true},
    {"conowner", TYPE_OID, true}, {"conforencoding", TYPE_INT4, true}, {"contoencoding", TYPE_INT4, true},
    {"conproc", TYPE_TEXT, true}, {"condefault", TYPE_BOOL, true},
};
static const struct virtual_table pg_conversion = {
    "pg_catalog", "pg_conversion", 2607, pg_conversion_columns, ARRAY_LEN(pg_conversion_columns), NULL, 'r', NULL};

static const struct vt_column pg_cursors_columns[] = {
    {"name", TYPE_TEXT, false},      {"statement", TYPE_TEXT, false},     {"is_holdable", TYPE_BOOL, false},
    {"is_binary", TYPE_BOOL, false}, {"is_scrollable", TYPE_BOOL, false}, {"creation_time", TYPE_TIMESTAMPTZ, false},
};
static const struct virtual_table pg_cursors = {
    "pg_catalog", "pg_cursors", 12077, pg_cursors_columns, ARRAY_LEN(pg_cursors_columns), NULL, 'v', NULL};

static const struct vt_column pg_database_columns[] = {
    {"oid", TYPE_OID, true},
    {"datname", TYPE_NAME, true},
    {"datdba", TYPE_OID, true},
    {"encoding", TYPE_INT4, true},
    {"datlocprovider", TYPE_CHAR, true},
    {"datistemplate", TYPE_BOOL, true},
    {"datallowconn", TYPE_BOOL, true},
    {"datconnlimit", TYPE_INT4, true},
    {"datfrozenxid", TYPE_XID, true},
    {"datminmxid", TYPE_XID, true},
    {"dattablespace", TYPE_OID, true},
    {"datcollate", TYPE_TEXT, true},
    {"datctype", TYPE_TEXT, true},
    {"daticulocale", TYPE_TEXT, false},
    {"datcollversion", TYPE_TEXT, false},
    {"datacl", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_database = {
    "pg_catalog",     "pg_database", 1262, pg_database_columns, ARRAY_LEN(pg_database_columns),
    fill_pg_database, 'r',           NULL};

static const struct vt_column pg_db_role_setting_columns[] = {
    {"setdatabase", TYPE_OID, true},
    {"setrole", TYPE_OID, true},
    {"setconfig", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_db_role_setting = {"pg_catalog",
                                                        "pg_db_role_setting",
                                                        2964,
                                                        pg_db_role_setting_columns,
                                                        ARRAY_LEN(pg_db_role_setting_columns),
                                                        NULL,
                                                        'r',
                                                        NULL};

static const struct vt_column pg_default_acl_columns[] = {
    {"oid", TYPE_OID, true},
    {"defaclrole", TYPE_OID, true},
    {"defaclnamespace", TYPE_OID, true},
    {"defaclobjtype", TYPE_CHAR, true},
    {"defaclacl", TYPE_TEXT_ARRAY, true},
};
static const struct virtual_table pg_default_acl = {
    "pg_catalog", "pg_default_acl", 826, pg_default_acl_columns, ARRAY_LEN(pg_default_acl_columns), NULL, 'r', NULL};

static const struct vt_column pg_depend_columns[] = {
    {"classid", TYPE_OID, true},    {"objid", TYPE_OID, true},    {"objsubid", TYPE_INT4, true},
    {"refclassid", TYPE_OID, true}, {"refobjid", TYPE_OID, true}, {"refobjsubid", TYPE_INT4, true},
    {"deptype", TYPE_CHAR, true},
};
static const struct virtual_table pg_depend = {
    "pg_catalog", "pg_depend", 2608, pg_depend_columns, ARRAY_LEN(pg_depend_columns), NULL, 'r', NULL};

static const struct vt_column pg_description_columns[] = {
    {"objoid", TYPE_OID, true},
    {"classoid", TYPE_OID, true},
    {"objsubid", TYPE_INT4, true},
    {"description", TYPE_TEXT, true},
};
static const struct virtual_table pg_description = {
    "pg_catalog", "pg_description", 2609, pg_description_columns, ARRAY_LEN(pg_description_columns), NULL, 'r', NULL};

static const struct vt_column pg_enum_columns[] = {
    {"oid", TYPE_OID, true},
    {"enumtypid", TYPE_OID, true},
    {"enumsortorder", TYPE_FLOAT4, true},
    {"enumlabel", TYPE_NAME, true},
};
static const struct virtual_table pg_enum = {"pg_catalog", "pg_enum", 3501, pg_enum_columns, ARRAY_LEN(pg_enum_columns),
                                             NULL,         'r',       NULL};

static const struct vt_column pg_event_trigger_columns[] = {
    {"oid", TYPE_OID, true},
    {"evtname", TYPE_NAME, true},
    {"evtevent", TYPE_NAME, true},
    {"evtowner", TYPE_OID, true},
    {"evtfoid", TYPE_OID, true},
    {"evtenabled", TYPE_CHAR, true},
    {"evttags", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_event_trigger = {
    "pg_catalog", "pg_event_trigger", 3466, pg_event_trigger_columns, ARRAY_LEN(pg_event_trigger_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_extension_columns[] = {
    {"oid", TYPE_OID, true},
    {"extname", TYPE_NAME, true},
    {"extowner", TYPE_OID, true},
    {"extnamespace", TYPE_OID, true},
    {"extrelocatable", TYPE_BOOL, true},
    {"extversion", TYPE_TEXT, true},
    {"extconfig", TYPE_TEXT_ARRAY, false},
    {"extcondition", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_extension = {
    "pg_catalog", "pg_extension", 3079, pg_extension_columns, ARRAY_LEN(pg_extension_columns), NULL, 'r', NULL};

static const struct vt_column pg_foreign_data_wrapper_columns[] = {
    {"oid", TYPE_OID, true},
    {"fdwname", TYPE_NAME, true},
    {"fdwowner", TYPE_OID, true},
    {"fdwhandler", TYPE_OID, true},
    {"fdwvalidator", TYPE_OID, true},
    {"fdwacl", TYPE_TEXT_ARRAY, false},
    {"fdwoptions", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_foreign_data_wrapper = {"pg_catalog",
                                                             "pg_foreign_data_wrapper",
                                                             2328,
                                                             pg_foreign_data_wrapper_columns,
                                                             ARRAY_LEN(pg_foreign_data_wrapper_columns),
                                                             NULL,
                                                             'r',
                                                             NULL};

static const struct vt_column pg_foreign_server_columns[] = {
    {"oid", TYPE_OID, true},
    {"srvname", TYPE_NAME, true},
    {"srvowner", TYPE_OID, true},
    {"srvfdw", TYPE_OID, true},
    {"srvtype", TYPE_TEXT, false},
    {"srvversion", TYPE_TEXT, false},
    {"srvacl", TYPE_TEXT_ARRAY, false},
    {"srvoptions", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_foreign_server = {
    "pg_catalog", "pg_foreign_server", 1417, pg_foreign_server_columns, ARRAY_LEN(pg_foreign_server_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_foreign_table_columns[] = {
    {"ftrelid", TYPE_OID, true},
    {"ftserver", TYPE_OID, true},
    {"ftoptions", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_foreign_table = {
    "pg_catalog", "pg_foreign_table", 3118, pg_foreign_table_columns, ARRAY_LEN(pg_foreign_table_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_index_columns[] = {
    {"indexrelid", TYPE_OID, true},      {"indrelid", TYPE_OID, true},        {"indnatts", TYPE_INT2, true},
    {"indnkeyatts", TYPE_INT2, true},    {"indisunique", TYPE_BOOL, true},    {"indnullsnotdistinct", TYPE_BOOL, true},
    {"indisprimary", TYPE_BOOL, true},   {"indisexclusion", TYPE_BOOL, true}, {"indimmediate", TYPE_BOOL, true},
    {"indisclustered", TYPE_BOOL, true}, {"indisvalid", TYPE_BOOL, true},     {"indcheckxmin", TYPE_BOOL, true},
    {"indisready", TYPE_BOOL, true},     {"indislive", TYPE_BOOL, true},      {"indisreplident", TYPE_BOOL, true},
    {"indkey", TYPE_TEXT, true},         {"indcollation", TYPE_TEXT, true},   {"indclass", TYPE_TEXT, true},
    {"indoption", TYPE_TEXT, true},      {"indexprs", TYPE_TEXT, false},      {"indpred", TYPE_TEXT, false},
};
static const struct virtual_table pg_index = {
    "pg_catalog", "pg_index", 2610, pg_index_columns, ARRAY_LEN(pg_index_columns), NULL, 'r', NULL};

static const struct vt_column pg_indexes_columns[] = {
    {"schemaname", TYPE_NAME, false}, {"tablename", TYPE_NAME, false}, {"indexname", TYPE_NAME, false},
    {"tablespace", TYPE_NAME, false}, {"indexdef", TYPE_TEXT, false},
};
static const struct virtual_table pg_indexes = {
    "pg_catalog", "pg_indexes", 12043, pg_indexes_columns, ARRAY_LEN(pg_indexes_columns), NULL, 'v', NULL};

static const struct vt_column pg_inherits_columns[] = {
    {"inhrelid", TYPE_OID, true},
    {"inhparent", TYPE_OID, true},
    {"inhseqno", TYPE_INT4, true},
    {"inhdetachpending", TYPE_BOOL, true},
};
static const struct virtual_table pg_inherits = {
    "pg_catalog", "pg_inherits", 2611, pg_inherits_columns, ARRAY_LEN(pg_inherits_columns), NULL, 'r', NULL};

static const struct vt_column pg_language_columns[] = {
    {"oid", TYPE_OID, true},       {"lanname", TYPE_NAME, true},      {"lanowner", TYPE_OID, true},
    {"lanispl", TYPE_BOOL, true},  {"lanpltrusted", TYPE_BOOL, true}, {"lanplcallfoid", TYPE_OID, true},
    {"laninline", TYPE_OID, true}, {"lanvalidator", TYPE_OID, true},  {"lanacl", TYPE_TEXT_ARRAY, false},
};
static const char pg_language_rows[] = "12\tinternal\t10\tf\tf\t0\t0\t2246\t\\N\n"
                                       "14\tsql\t10\tf\tt\t0\t0\t2248\t\\N\n";
static const struct virtual_table pg_language = {
    "pg_catalog", "pg_language",   2612, pg_language_columns, ARRAY_LEN(pg_language_columns), NULL,
    'r',          pg_language_rows};

static const struct vt_column pg_locks_columns[] = {
    {"locktype", TYPE_TEXT, false},
    {"database", TYPE_OID, false},
    {"relation", TYPE_OID, false},
    {"page", TYPE_INT4, false},
    {"tuple", TYPE_INT2, false},
    {"virtualxid", TYPE_TEXT, false},
    {"transactionid", TYPE_XID, false},
    {"classid", TYPE_OID, false},
    {"objid", TYPE_OID, false},
    {"objsubid", TYPE_INT2, false},
    {"virtualtransaction", TYPE_TEXT, false},
    {"pid", TYPE_INT4, false},
    {"mode", TYPE_TEXT, false},
    {"granted", TYPE_BOOL, false},
    {"fastpath", TYPE_BOOL, false},
    {"waitstart", TYPE_TIMESTAMPTZ, false},
};
static const struct virtual_table pg_locks = {
    "pg_catalog", "pg_locks", 12073, pg_locks_columns, ARRAY_LEN(pg_locks_columns), NULL, 'v', NULL};

static const struct vt_column pg_matviews_columns[] = {
    {"schemaname", TYPE_NAME, false}, {"matviewname", TYPE_NAME, false}, {"matviewowner", TYPE_NAME, false},
    {"tablespace", TYPE_NAME, false}, {"hasindexes", TYPE_BOOL, false},  {"ispopulated", TYPE_BOOL, false},
    {"definition", TYPE_TEXT, false},
};
static const struct virtual_table pg_matviews = {
    "pg_catalog", "pg_matviews", 12038, pg_matviews_columns, ARRAY_LEN(pg_matviews_columns), NULL, 'v', NULL};

static const struct vt_column pg_namespace_columns[] = {
    {"oid", TYPE_OID, true},
    {"nspname", TYPE_NAME, true},
    {"nspowner", TYPE_OID, true},
    {"nspacl", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_namespace = {
    "pg_catalog", "pg_namespace", 2615, pg_namespace_columns, ARRAY_LEN(pg_namespace_columns), fill_pg_namespace, 'r',
    NULL};

static const struct vt_column pg_opclass_columns[] = {
    {"oid", TYPE_OID, true},          {"opcmethod", TYPE_OID, true},   {"opcname", TYPE_NAME, true},
    {"opcnamespace", TYPE_OID, true}, {"opcowner", TYPE_OID, true},    {"opcfamily", TYPE_OID, true},
    {"opcintype", TYPE_OID, true},    {"opcdefault", TYPE_BOOL, true}, {"opckeytype", TYPE_OID, true},
};
static const struct virtual_table pg_opclass = {
    "pg_catalog", "pg_opclass", 2616, pg_opclass_columns, ARRAY_LEN(pg_opclass_columns), NULL, 'r', NULL};

static const struct vt_column pg_operator_columns[] = {
    {"oid", TYPE_OID, true},         {"oprname", TYPE_NAME, true}, {"oprnamespace", TYPE_OID, true},
    {"oprowner", TYPE_OID, true},    {"oprkind", TYPE_CHAR, true}, {"oprcanmerge", TYPE_BOOL, true},
    {"oprcanhash", TYPE_BOOL, true}, {"oprleft", TYPE_OID, true},  {"oprright", TYPE_OID, true},
    {"oprresult", TYPE_OID, true},   {"oprcom", TYPE_OID, true},   {"oprnegate", TYPE_OID, true},
    {"oprcode", TYPE_TEXT, true},    {"oprrest", TYPE_TEXT, true}, {"oprjoin", TYPE_TEXT, true},
};
static const struct virtual_table pg_operator = {
    "pg_catalog",     "pg_operator", 2617, pg_operator_columns, ARRAY_LEN(pg_operator_columns),
    fill_pg_operator, 'r',           NULL};

static const struct vt_column pg_partitioned_table_columns[] = {
    {"partrelid", TYPE_OID, true},      {"partstrat", TYPE_CHAR, true},  {"partnatts", TYPE_INT2, true},
    {"partdefid", TYPE_OID, true},      {"partattrs", TYPE_TEXT, true},  {"partclass", TYPE_TEXT, true},
    {"partcollation", TYPE_TEXT, true}, {"partexprs", TYPE_TEXT, false},
};
static const struct virtual_table pg_partitioned_table = {"pg_catalog",
                                                          "pg_partitioned_table",
                                                          3350,
                                                          pg_partitioned_table_columns,
                                                          ARRAY_LEN(pg_partitioned_table_columns),
                                                          NULL,
                                                          'r',
                                                          NULL};

static const struct vt_column pg_policy_columns[] = {
    {"oid", TYPE_OID, true},       {"polname", TYPE_NAME, true},       {"polrelid", TYPE_OID, true},
    {"polcmd", TYPE_CHAR, true},   {"polpermissive", TYPE_BOOL, true}, {"polroles", TYPE_TEXT_ARRAY, true},
    {"polqual", TYPE_TEXT, false}, {"polwithcheck", TYPE_TEXT, false},
};
static const struct virtual_table pg_policy = {
    "pg_catalog", "pg_policy", 3256, pg_policy_columns, ARRAY_LEN(pg_policy_columns), NULL, 'r', NULL};

static const struct vt_column pg_proc_columns[] = {
    {"oid", TYPE_OID, true},
    {"proname", TYPE_NAME, true},
    {"pronamespace", TYPE_OID, true},
    {"proowner", TYPE_OID, true},
    {"prolang", TYPE_OID, true},
    {"procost", TYPE_FLOAT4, true},
    {"prorows", TYPE_FLOAT4, true},
    {"provariadic", TYPE_OID, true},
    {"prosupport", TYPE_TEXT, true},
    {"prokind", TYPE_CHAR, true},
    {"prosecdef", TYPE_BOOL, true},
    {"proleakproof", TYPE_BOOL, true},
    {"proisstrict", TYPE_BOOL, true},
    {"proretset", TYPE_BOOL, true},
    {"provolatile", TYPE_CHAR, true},
    {"proparallel", TYPE_CHAR, true},
    {"pronargs", TYPE_INT2, true},
    {"pronargdefaults", TYPE_INT2, true},
    {"prorettype", TYPE_OID, true},
    {"proargtypes", TYPE_TEXT, true},
    {"proallargtypes", TYPE_TEXT_ARRAY, false},
    {"proargmodes", TYPE_TEXT_ARRAY, false},
    {"proargnames", TYPE_TEXT_ARRAY, false},
    {"proargdefaults", TYPE_TEXT, false},
    {"protrftypes", TYPE_TEXT_ARRAY, false},
    {"prosrc", TYPE_TEXT, true},
    {"probin", TYPE_TEXT, false},
    {"prosqlbody", TYPE_TEXT, false},
    {"proconfig", TYPE_TEXT_ARRAY, false},
    {"proacl", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_proc = {"pg_catalog", "pg_proc", 1255, pg_proc_columns, ARRAY_LEN(pg_proc_columns),
                                             fill_pg_proc, 'r',       NULL};

static const struct vt_column pg_publication_columns[] = {
    {"oid", TYPE_OID, true},           {"pubname", TYPE_NAME, true},     {"pubowner", TYPE_OID, true},
    {"puballtables", TYPE_BOOL, true}, {"pubinsert", TYPE_BOOL, true},   {"pubupdate", TYPE_BOOL, true},
    {"pubdelete", TYPE_BOOL, true},    {"pubtruncate", TYPE_BOOL, true}, {"pubviaroot", TYPE_BOOL, true},
};
static const struct virtual_table pg_publication = {
    "pg_catalog", "pg_publication", 6104, pg_publication_columns, ARRAY_LEN(pg_publication_columns), NULL, 'r', NULL};

static const struct vt_column pg_publication_namespace_columns[] = {
    {"oid", TYPE_OID, true},
    {"pnpubid", TYPE_OID, true},
    {"pnnspid", TYPE_OID, true},
};
static const struct virtual_table pg_publication_namespace = {"pg_catalog",
                                                              "pg_publication_namespace",
                                                              6237,
                                                              pg_publication_namespace_columns,
                                                              ARRAY_LEN(pg_publication_namespace_columns),
                                                              NULL,
                                                              'r',
                                                              NULL};

static const struct vt_column pg_publication_rel_columns[] = {
    {"oid", TYPE_OID, true},      {"prpubid", TYPE_OID, true},   {"prrelid", TYPE_OID, true},
    {"prqual", TYPE_TEXT, false}, {"prattrs", TYPE_TEXT, false},
};
static const struct virtual_table pg_publication_rel = {"pg_catalog",
                                                        "pg_publication_rel",
                                                        6106,
                                                        pg_publication_rel_columns,
                                                        ARRAY_LEN(pg_publication_rel_columns),
                                                        NULL,
                                                        'r',
                                                        NULL};

static const struct vt_column pg_publication_tables_columns[] = {
    {"pubname", TYPE_NAME, false},        {"schemaname", TYPE_NAME, false}, {"tablename", TYPE_NAME, false},
    {"attnames", TYPE_TEXT_ARRAY, false}, {"rowfilter", TYPE_TEXT, false},
};
static const struct virtual_table pg_publication_tables = {"pg_catalog",
                                                           "pg_publication_tables",
                                                           12068,
                                                           pg_publication_tables_columns,
                                                           ARRAY_LEN(pg_publication_tables_columns),
                                                           NULL,
                                                           'v',
                                                           NULL};

static const struct vt_column pg_range_columns[] = {
    {"rngtypid", TYPE_OID, true},     {"rngsubtype", TYPE_OID, true}, {"rngmultitypid", TYPE_OID, true},
    {"rngcollation", TYPE_OID, true}, {"rngsubopc", TYPE_OID, true},  {"rngcanonical", TYPE_TEXT, true},
    {"rngsubdiff", TYPE_TEXT, true},
};
static const struct virtual_table pg_range = {
    "pg_catalog", "pg_range", 3541, pg_range_columns, ARRAY_LEN(pg_range_columns), NULL, 'r', NULL};

static const struct vt_column pg_rewrite_columns[] = {
    {"oid", TYPE_OID, true},      {"rulename", TYPE_NAME, true},   {"ev_class", TYPE_OID, true},
    {"ev_type", TYPE_CHAR, true}, {"ev_enabled", TYPE_CHAR, true}, {"is_instead", TYPE_BOOL, true},
    {"ev_qual", TYPE_TEXT, true}, {"ev_action", TYPE_TEXT, true},
};
static const struct virtual_table pg_rewrite = {
    "pg_catalog", "pg_rewrite", 2618, pg_rewrite_columns, ARRAY_LEN(pg_rewrite_columns), NULL, 'r', NULL};

static const struct vt_column pg_roles_columns[] = {
    {"rolname", TYPE_NAME, false},
    {"rolsuper", TYPE_BOOL, false},
    {"rolinherit", TYPE_BOOL, false},
    {"rolcreaterole", TYPE_BOOL, false},
    {"rolcreatedb", TYPE_BOOL, false},
    {"rolcanlogin", TYPE_BOOL, false},
    {"rolreplication", TYPE_BOOL, false},
    {"rolconnlimit", TYPE_INT4, false},
    {"rolpassword", TYPE_TEXT, false},
    {"rolvaliduntil", TYPE_TIMESTAMPTZ, false},
    {"rolbypassrls", TYPE_BOOL, false},
    {"rolconfig", TYPE_TEXT_ARRAY, false},
    {"oid", TYPE_OID, false},
};
static const struct virtual_table pg_roles = {
    "pg_catalog", "pg_roles", 12000, pg_roles_columns, ARRAY_LEN(pg_roles_columns), fill_pg_roles, 'v', NULL};

static const struct vt_column pg_sequence_columns[] = {
    {"seqrelid", TYPE_OID, true},      {"seqtypid", TYPE_OID, true},  {"seqstart", TYPE_INT8, true},
    {"seqincrement", TYPE_INT8, true}, {"seqmax", TYPE_INT8, true},   {"seqmin", TYPE_INT8, true},
    {"seqcache", TYPE_INT8, true},     {"seqcycle", TYPE_BOOL, true},
};
static const struct virtual_table pg_sequence = {
    "pg_catalog", "pg_sequence", 2224, pg_sequence_columns, ARRAY_LEN(pg_sequence_columns), NULL, 'r', NULL};

static const struct vt_column pg_sequences_columns[] = {
    {"schemaname", TYPE_NAME, false},   {"sequencename", TYPE_NAME, false}, {"sequenceowner", TYPE_NAME, false},
    {"data_type", TYPE_REGTYPE, false}, {"start_value", TYPE_INT8, false},  {"min_value", TYPE_INT8, false},
    {"max_value", TYPE_INT8, false},    {"increment_by", TYPE_INT8, false}, {"cycle", TYPE_BOOL, false},
    {"cache_size", TYPE_INT8, false},   {"last_value", TYPE_INT8, false},
};
static const struct virtual_table pg_sequences = {
    "pg_catalog", "pg_sequences", 12048, pg_sequences_columns, ARRAY_LEN(pg_sequences_columns), NULL, 'v', NULL};

static const struct vt_column pg_settings_columns[] = {
    {"name", TYPE_TEXT, false},       {"setting", TYPE_TEXT, false},         {"unit", TYPE_TEXT, false},
    {"category", TYPE_TEXT, false},   {"short_desc", TYPE_TEXT, false},      {"extra_desc", TYPE_TEXT, false},
    {"context", TYPE_TEXT, false},    {"vartype", TYPE_TEXT, false},         {"source", TYPE_TEXT, false},
    {"min_val", TYPE_TEXT, false},    {"max_val", TYPE_TEXT, false},         {"enumvals", TYPE_TEXT, false},
    {"boot_val", TYPE_TEXT, false},   {"reset_val", TYPE_TEXT, false},       {"sourcefile", TYPE_TEXT, false},
    {"sourceline", TYPE_INT4, false}, {"pending_restart", TYPE_BOOL, false},
};
static const struct virtual_table pg_settings = {
    "pg_catalog",     "pg_settings", 12104, pg_settings_columns, ARRAY_LEN(pg_settings_columns),
    fill_pg_settings, 'v',           NULL};

static const struct vt_column pg_shdescription_columns[] = {
    {"objoid", TYPE_OID, true},
    {"classoid", TYPE_OID, true},
    {"description", TYPE_TEXT, true},
};
static const struct virtual_table pg_shdescription = {
    "pg_catalog", "pg_shdescription", 2396, pg_shdescription_columns, ARRAY_LEN(pg_shdescription_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_stat_activity_columns[] = {
    {"datid", TYPE_OID, false},
    {"datname", TYPE_NAME, false},
    {"pid", TYPE_INT4, false},
    {"leader_pid", TYPE_INT4, false},
    {"usesysid", TYPE_OID, false},
    {"usename", TYPE_NAME, false},
    {"application_name", TYPE_TEXT, false},
    {"client_addr", TYPE_TEXT, false},
    {"client_hostname", TYPE_TEXT, false},
    {"client_port", TYPE_INT4, false},
    {"backend_start", TYPE_TIMESTAMPTZ, false},
    {"xact_start", TYPE_TIMESTAMPTZ, false},
    {"query_start", TYPE_TIMESTAMPTZ, false},
    {"state_change", TYPE_TIMESTAMPTZ, false},
    {"wait_event_type", TYPE_TEXT, false},
    {"wait_event", TYPE_TEXT, false},
    {"state", TYPE_TEXT, false},
    {"backend_xid", TYPE_XID, false},
    {"backend_xmin", TYPE_XID, false},
    {"query_id", TYPE_INT8, false},
    {"query", TYPE_TEXT, false},
    {"backend_type", TYPE_TEXT, false},
};
static const struct virtual_table pg_stat_activity = {"pg_catalog",
                                                      "pg_stat_activity",
                                                      12222,
                                                      pg_stat_activity_columns,
                                                      ARRAY_LEN(pg_stat_activity_columns),
                                                      fill_pg_stat_activity,
                                                      'v',
                                                      NULL};

static const struct vt_column pg_statistic_ext_columns[] = {
    {"oid", TYPE_OID, true},          {"stxrelid", TYPE_OID, true},       {"stxname", TYPE_NAME, true},
    {"stxnamespace", TYPE_OID, true}, {"stxowner", TYPE_OID, true},       {"stxstattarget", TYPE_INT4, true},
    {"stxkeys", TYPE_TEXT, true},     {"stxkind", TYPE_TEXT_ARRAY, true}, {"stxexprs", TYPE_TEXT, false},
};
static const struct virtual_table pg_statistic_ext = {
    "pg_catalog", "pg_statistic_ext", 3381, pg_statistic_ext_columns, ARRAY_LEN(pg_statistic_ext_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_subscription_columns[] = {
    {"oid", TYPE_OID, true},
    {"subdbid", TYPE_OID, true},
    {"subskiplsn", TYPE_TEXT, true},
    {"subname", TYPE_NAME, true},
    {"subowner", TYPE_OID, true},
    {"subenabled", TYPE_BOOL, true},
    {"subbinary", TYPE_BOOL, true},
    {"substream", TYPE_BOOL, true},
    {"subtwophasestate", TYPE_CHAR, true},
    {"subdisableonerr", TYPE_BOOL, true},
    {"subconninfo", TYPE_TEXT, true},
    {"subslotname", TYPE_NAME, false},
    {"subsynccommit", TYPE_TEXT, true},
    {"subpublications", TYPE_TEXT_ARRAY, true},
};
static const struct virtual_table pg_subscription = {
    "pg_catalog", "pg_subscription", 6100, pg_subscription_columns, ARRAY_LEN(pg_subscription_columns), NULL, 'r',
    NULL};

static const struct vt_column pg_tables_columns[] = {
    {"schemaname", TYPE_NAME, false},  {"tablename", TYPE_NAME, false},   {"tableowner", TYPE_NAME, false},
    {"tablespace", TYPE_NAME, false},  {"hasindexes", TYPE_BOOL, false},  {"hasrules", TYPE_BOOL, false},
    {"hastriggers", TYPE_BOOL, false}, {"rowsecurity", TYPE_BOOL, false},
};
static const struct virtual_table pg_tables = {
    "pg_catalog", "pg_tables", 12033, pg_tables_columns, ARRAY_LEN(pg_tables_columns), fill_pg_tables, 'v', NULL};

static const struct vt_column pg_tablespace_columns[] = {
    {"oid", TYPE_OID, true},
    {"spcname", TYPE_NAME, true},
    {"spcowner", TYPE_OID, true},
    {"spcacl", TYPE_TEXT_ARRAY, false},
    {"spcoptions", TYPE_TEXT_ARRAY, false},
};
static const char pg_tablespace_rows[] = "1663\tpg_default\t10\t\\N\t\\N\n"
                                         "1664\tpg_global\t10\t\\N\t\\N\n";
static const struct virtual_table pg_tablespace = {
    "pg_catalog", "pg_tablespace",   1213, pg_tablespace_columns, ARRAY_LEN(pg_tablespace_columns), NULL,
    'r',          pg_tablespace_rows};

static const struct vt_column pg_trigger_columns[] = {
    {"oid", TYPE_OID, true},
    {"tgrelid", TYPE_OID, true},
    {"tgparentid", TYPE_OID, true},
    {"tgname", TYPE_NAME, true},
    {"tgfoid", TYPE_OID, true},
    {"tgtype", TYPE_INT2, true},
    {"tgenabled", TYPE_CHAR, true},
    {"tgisinternal", TYPE_BOOL, true},
    {"tgconstrrelid", TYPE_OID, true},
    {"tgconstrindid", TYPE_OID, true},
    {"tgconstraint", TYPE_OID, true},
    {"tgdeferrable", TYPE_BOOL, true},
    {"tginitdeferred", TYPE_BOOL, true},
    {"tgnargs", TYPE_INT2, true},
    {"tgattr", TYPE_TEXT, true},
    {"tgargs", TYPE_BYTEA, true},
    {"tgqual", TYPE_TEXT, false},
    {"tgoldtable", TYPE_NAME, false},
    {"tgnewtable", TYPE_NAME, false},
};
static const struct virtual_table pg_trigger = {
    "pg_catalog", "pg_trigger", 2620, pg_trigger_columns, ARRAY_LEN(pg_trigger_columns), NULL, 'r', NULL};

static const struct vt_column pg_type_columns[] = {
    {"oid", TYPE_OID, true},           {"typname", TYPE_NAME, true},       {"typnamespace", TYPE_OID, true},
    {"typowner", TYPE_OID, true},      {"typlen", TYPE_INT2, true},        {"typbyval", TYPE_BOOL, true},
    {"typtype", TYPE_CHAR, true},      {"typcategory", TYPE_CHAR, true},   {"typispreferred", TYPE_BOOL, true},
    {"typisdefined", TYPE_BOOL, true}, {"typdelim", TYPE_CHAR, true},      {"typrelid", TYPE_OID, true},
    {"typsubscript", TYPE_TEXT, true}, {"typelem", TYPE_OID, true},        {"typarray", TYPE_OID, true},
    {"typinput", TYPE_TEXT, true},     {"typoutput", TYPE_TEXT, true},     {"typreceive", TYPE_TEXT, true},
    {"typsend", TYPE_TEXT, true},      {"typmodin", TYPE_TEXT, true},      {"typmodout", TYPE_TEXT, true},
    {"typanalyze", TYPE_TEXT, true},   {"typalign", TYPE_CHAR, true},      {"typstorage", TYPE_CHAR, true},
    {"typnotnull", TYPE_BOOL, true},   {"typbasetype", TYPE_OID, true},    {"typtypmod", TYPE_INT4, true},
    {"typndims", TYPE_INT4, true},     {"typcollation", TYPE_OID, true},   {"typdefaultbin", TYPE_TEXT, false},
    {"typdefault", TYPE_TEXT, false},  {"typacl", TYPE_TEXT_ARRAY, false},
};
static const char pg_type_rows[] =
    "16\tbool\t11\t10\t1\tt\tb\tB\tt\tt\t,\t0\t-\t0\t1000\tboolin\tboolout\tboolrecv\tboolsend\t-\t-\t-\tc\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "17\tbytea\t11\t10\t-1\tf\tb\tU\tf\tt\t,\t0\t-\t0\t1001\tbyteain\tbyteaout\tbytearecv\tbyteasend\t-\t-\t-"
    "\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "18\tchar\t11\t10\t1\tt\tb\tZ\tf\tt\t,\t0\t-\t0\t1002\tcharin\tcharout\tcharrecv\tcharsend\t-\t-\t-\tc\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "19\tname\t11\t10\t64\tf\tb\tS\tf\tt\t,\t0\traw_array_subscript_"
    "handler\t18\t1003\tnamein\tnameout\tnamerecv\tnamesend\t-\t-\t-\tc\tp\tf\t0\t-1\t0\t950\t\\N\t\\N\t\\N\n"
    "20\tint8\t11\t10\t8\tt\tb\tN\tf\tt\t,\t0\t-\t0\t1016\tint8in\tint8out\tint8recv\tint8send\t-\t-\t-\td\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "21\tint2\t11\t10\t2\tt\tb\tN\tf\tt\t,\t0\t-\t0\t1005\tint2in\tint2out\tint2recv\tint2send\t-\t-\t-\ts\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "22\tint2vector\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_"
    "handler\t21\t1006\tint2vectorin\tint2vectorout\tint2vectorrecv\tint2vectorsend\t-\t-\t-\ti\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "23\tint4\t11\t10\t4\tt\tb\tN\tf\tt\t,\t0\t-\t0\t1007\tint4in\tint4out\tint4recv\tint4send\t-\t-\t-\ti\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "24\tregproc\t11\t10\t4\tt\tb\tN\tf\tt\t,\t0\t-\t0\t1008\tregprocin\tregprocout\tregprocrecv\tregprocsend\t-\t-\t-"
    "\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "25\ttext\t11\t10\t-1\tf\tb\tS\tt\tt\t,\t0\t-\t0\t1009\ttextin\ttextout\ttextrecv\ttextsend\t-\t-\t-\ti\tx\tf\t0\t-"
    "1\t0\t100\t\\N\t\\N\t\\N\n"
    "26\toid\t11\t10\t4\tt\tb\tN\tt\tt\t,\t0\t-\t0\t1028\toidin\toidout\toidrecv\toidsend\t-\t-\t-\ti\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "28\txid\t11\t10\t4\tt\tb\tU\tf\tt\t,\t0\t-\t0\t1011\txidin\txidout\txidrecv\txidsend\t-\t-\t-\ti\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "30\toidvector\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_"
    "handler\t26\t1013\toidvectorin\toidvectorout\toidvectorrecv\toidvectorsend\t-\t-\t-\ti\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "114\tjson\t11\t10\t-1\tf\tb\tU\tf\tt\t,\t0\t-\t0\t199\tjson_in\tjson_out\tjson_recv\tjson_send\t-\t-\t-"
    "\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "199\t_json\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t114\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "700\tfloat4\t11\t10\t4\tt\tb\tN\tf\tt\t,\t0\t-\t0\t1021\tfloat4in\tfloat4out\tfloat4recv\tfloat4send\t-\t-\t-"
    "\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "701\tfloat8\t11\t10\t8\tt\tb\tN\tt\tt\t,\t0\t-\t0\t1022\tfloat8in\tfloat8out\tfloat8recv\tfloat8send\t-\t-\t-"
    "\td\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "705\tunknown\t11\t10\t-2\tf\tp\tX\tf\tt\t,\t0\t-\t0\t0\tunknownin\tunknownout\tunknownrecv\tunknownsend\t-\t-\t-"
    "\tc\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1000\t_bool\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t16\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1001\t_bytea\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t17\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1002\t_char\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t18\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1003\t_name\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t19\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t950\t\\N\t\\N\t\\N\n"
    "1005\t_int2\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t21\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1006\t_int2vector\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t22\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1007\t_int4\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t23\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1008\t_regproc\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t24\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1009\t_text\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t25\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t100\t\\N\t\\N\t\\N\n"
    "1011\t_xid\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t28\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1013\t_oidvector\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t30\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1014\t_bpchar\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1042\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\tbpchartypmodin\tbpchartypmodout\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t100\t\\N\t\\N\t\\N\n"
    "1015\t_varchar\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1043\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\tvarchartypmodin\tvarchartypmodout\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t100\t\\N\t\\N\t\\N\n"
    "1016\t_int8\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t20\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1021\t_float4\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t700\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1022\t_float8\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t701\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1028\t_oid\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t26\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1042\tbpchar\t11\t10\t-1\tf\tb\tS\tf\tt\t,\t0\t-"
    "\t0\t1014\tbpcharin\tbpcharout\tbpcharrecv\tbpcharsend\tbpchartypmodin\tbpchartypmodout\t-\ti\tx\tf\t0\t-"
    "1\t0\t100\t\\N\t\\N\t\\N\n"
    "1043\tvarchar\t11\t10\t-1\tf\tb\tS\tf\tt\t,\t0\t-"
    "\t0\t1015\tvarcharin\tvarcharout\tvarcharrecv\tvarcharsend\tvarchartypmodin\tvarchartypmodout\t-\ti\tx\tf\t0\t-"
    "1\t0\t100\t\\N\t\\N\t\\N\n"
    "1082\tdate\t11\t10\t4\tt\tb\tD\tf\tt\t,\t0\t-\t0\t1182\tdate_in\tdate_out\tdate_recv\tdate_send\t-\t-\t-"
    "\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1083\ttime\t11\t10\t8\tt\tb\tD\tf\tt\t,\t0\t-\t0\t1183\ttime_in\ttime_out\ttime_recv\ttime_"
    "send\ttimetypmodin\ttimetypmodout\t-\td\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1114\ttimestamp\t11\t10\t8\tt\tb\tD\tf\tt\t,\t0\t-\t0\t1115\ttimestamp_in\ttimestamp_out\ttimestamp_"
    "recv\ttimestamp_send\ttimestamptypmodin\ttimestamptypmodout\t-\td\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1115\t_timestamp\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1114\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\ttimestamptypmodin\ttimestamptypmodout\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1182\t_date\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1082\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1183\t_time\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1083\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\ttimetypmodin\ttimetypmodout\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1184\ttimestamptz\t11\t10\t8\tt\tb\tD\tt\tt\t,\t0\t-\t0\t1185\ttimestamptz_in\ttimestamptz_out\ttimestamptz_"
    "recv\ttimestamptz_send\ttimestamptztypmodin\ttimestamptztypmodout\t-\td\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1185\t_timestamptz\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1184\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\ttimestamptztypmodin\ttimestamptztypmodout\tarray_typanalyze\td\tx\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "1186\tinterval\t11\t10\t16\tf\tb\tT\tt\tt\t,\t0\t-\t0\t1187\tinterval_in\tinterval_out\tinterval_recv\tinterval_"
    "send\tintervaltypmodin\tintervaltypmodout\t-\td\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1187\t_interval\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1186\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\tintervaltypmodin\tintervaltypmodout\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1231\t_numeric\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1700\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\tnumerictypmodin\tnumerictypmodout\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1266\ttimetz\t11\t10\t12\tf\tb\tD\tf\tt\t,\t0\t-\t0\t1270\ttimetz_in\ttimetz_out\ttimetz_recv\ttimetz_"
    "send\ttimetztypmodin\ttimetztypmodout\t-\td\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1270\t_timetz\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t1266\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\ttimetztypmodin\ttimetztypmodout\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "1700\tnumeric\t11\t10\t-1\tf\tb\tN\tf\tt\t,\t0\t-\t0\t1231\tnumeric_in\tnumeric_out\tnumeric_recv\tnumeric_"
    "send\tnumerictypmodin\tnumerictypmodout\t-\ti\tm\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2205\tregclass\t11\t10\t4\tt\tb\tN\tf\tt\t,\t0\t-\t0\t2210\tregclassin\tregclassout\tregclassrecv\tregclasssend\t-"
    "\t-\t-\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2206\tregtype\t11\t10\t4\tt\tb\tN\tf\tt\t,\t0\t-\t0\t2211\tregtypein\tregtypeout\tregtyperecv\tregtypesend\t-\t-"
    "\t-\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2210\t_regclass\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t2205\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2211\t_regtype\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t2206\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2249\trecord\t11\t10\t-1\tf\tp\tP\tf\tt\t,\t0\t-\t0\t2287\trecord_in\trecord_out\trecord_recv\trecord_send\t-\t-"
    "\t-\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2276\tany\t11\t10\t4\tt\tp\tP\tf\tt\t,\t0\t-\t0\t0\tany_in\tany_out\t-\t-\t-\t-\t-\ti\tp\tf\t0\t-"
    "1\t0\t0\t\\N\t\\N\t\\N\n"
    "2277\tanyarray\t11\t10\t-1\tf\tp\tP\tf\tt\t,\t0\t-\t0\t0\tanyarray_in\tanyarray_out\tanyarray_recv\tanyarray_"
    "send\t-\t-\t-\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2278\tvoid\t11\t10\t4\tt\tp\tP\tf\tt\t,\t0\t-\t0\t0\tvoid_in\tvoid_out\tvoid_recv\tvoid_send\t-\t-\t-"
    "\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2283\tanyelement\t11\t10\t4\tt\tp\tP\tf\tt\t,\t0\t-\t0\t0\tanyelement_in\tanyelement_out\t-\t-\t-\t-\t-"
    "\ti\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2287\t_record\t11\t10\t-1\tf\tp\tP\tf\tt\t,\t0\tarray_subscript_handler\t2249\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\td\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2950\tuuid\t11\t10\t16\tf\tb\tU\tf\tt\t,\t0\t-\t0\t2951\tuuid_in\tuuid_out\tuuid_recv\tuuid_send\t-\t-\t-"
    "\tc\tp\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "2951\t_uuid\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t2950\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "3802\tjsonb\t11\t10\t-1\tf\tb\tU\tf\tt\t,\t0\tjsonb_subscript_handler\t0\t3807\tjsonb_in\tjsonb_out\tjsonb_"
    "recv\tjsonb_send\t-\t-\t-\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n"
    "3807\t_jsonb\t11\t10\t-1\tf\tb\tA\tf\tt\t,\t0\tarray_subscript_handler\t3802\t0\tarray_in\tarray_out\tarray_"
    "recv\tarray_send\t-\t-\tarray_typanalyze\ti\tx\tf\t0\t-1\t0\t0\t\\N\t\\N\t\\N\n";
static const struct virtual_table pg_type = {
    "pg_catalog", "pg_type", 1247, pg_type_columns, ARRAY_LEN(pg_type_columns), fill_pg_type, 'r', pg_type_rows};

static const struct vt_column pg_user_columns[] = {
    {"usename", TYPE_NAME, false},  {"usesysid", TYPE_OID, false},         {"usecreatedb", TYPE_BOOL, false},
    {"usesuper", TYPE_BOOL, false}, {"userepl", TYPE_BOOL, false},         {"usebypassrls", TYPE_BOOL, false},
    {"passwd", TYPE_TEXT, false},   {"valuntil", TYPE_TIMESTAMPTZ, false}, {"useconfig", TYPE_TEXT_ARRAY, false},
};
static const struct virtual_table pg_user = {
    "pg_catalog", "pg_user", 12014, pg_user_columns, ARRAY_LEN(pg_user_columns), fill_pg_user, 'v', NULL};

static const struct vt_column pg_views_columns[] = {
    {"schemaname", TYPE_NAME, false},
    {"viewname", TYPE_NAME, false},
    {"viewowner", TYPE_NAME, false},
    {"definition", TYPE_TEXT, false},
};
static const struct virtual_table pg_views = {
    "pg_catalog", "pg_views", 12028, pg_views_columns, ARRAY_LEN(pg_views_columns), fill_pg_views, 'v', NULL};

static const struct vt_column info_columns_columns[] = {
    {"table_catalog", TYPE_NAME, false},
    {"table_schema", TYPE_NAME, false},
    {"table_name", TYPE_NAME, false},
    {"column_name", TYPE_NAME, false},
    {"ordinal_position", TYPE_INT4, false},
    {"column_default", TYPE_VARCHAR, false},
    {"is_nullable", TYPE_VARCHAR, false},
    {"data_type", TYPE_VARCHAR, false},
    {"character_maximum_length", TYPE_INT4, false},
    {"character_octet_length", TYPE_INT4, false},
    {"numeric_precision", TYPE_INT4, false},
    {"numeric_precision_radix", TYPE_INT4, false},
    {"numeric_scale", TYPE_INT4, false},
    {"datetime_precision", TYPE_INT4, false},
    {"interval_type", TYPE_VARCHAR, false},
    {"interval_precision", TYPE_INT4, false},
    {"character_set_catalog", TYPE_NAME, false},
    {"character_set_schema", TYPE_NAME, false},
    {"character_set_name", TYPE_NAME, false},
    {"collation_catalog", TYPE_NAME, false},
    {"collation_schema", TYPE_NAME, false},
    {"collation_name", TYPE_NAME, false},
    {"domain_catalog", TYPE_NAME, false},
    {"domain_schema", TYPE_NAME, false},
    {"domain_name", TYPE_NAME, false},
    {"udt_catalog", TYPE_NAME, false},
    {"udt_schema", TYPE_NAME, false},
    {"udt_name", TYPE_NAME, false},
    {"scope_catalog", TYPE_NAME, false},
    {"scope_schema", TYPE_NAME, false},
    {"scope_name", TYPE_NAME, false},
    {"maximum_cardinality", TYPE_INT4, false},
    {"dtd_identifier", TYPE_NAME, false},
    {"is_self_referencing", TYPE_VARCHAR, false},
    {"is_identity", TYPE_VARCHAR, false},
    {"identity_generation", TYPE_VARCHAR, false},
    {"identity_start", TYPE_VARCHAR, false},
    {"identity_increment", TYPE_VARCHAR, false},
    {"identity_maximum", TYPE_VARCHAR, false},
    {"identity_minimum", TYPE_VARCHAR, false},
    {"identity_cycle", TYPE_VARCHAR, false},
    {"is_generated", TYPE_VARCHAR, false},
    {"generation_expression", TYPE_VARCHAR, false},
    {"is_updatable", TYPE_VARCHAR, false},
};
static const struct virtual_table info_columns = {
    "information_schema", "columns", 13295, info_columns_columns, ARRAY_LEN(info_columns_columns),
    fill_info_columns,    'v',       NULL};

static const struct vt_column info_constraint_column_usage_columns[] = {
    {"table_catalog", TYPE_NAME, false},      {"table_schema", TYPE_NAME, false},
    {"table_name", TYPE_NAME, false},         {"column_name", TYPE_NAME, false},
    {"constraint_catalog", TYPE_NAME, false}, {"constraint_schema", TYPE_NAME, false},
    {"constraint_name", TYPE_NAME, false},
};
static const struct virtual_table info_constraint_column_usage = {"information_schema",
                                                                  "constraint_column_usage",
                                                                  13300,
                                                                  info_constraint_column_usage_columns,
                                                                  ARRAY_LEN(info_constraint_column_usage_columns),
                                                                  NULL,
                                                                  'v',
                                                                  NULL};

static const struct vt_column info_key_column_usage_columns[] = {
    {"constraint_catalog", TYPE_NAME, false},
    {"constraint_schema", TYPE_NAME, false},
    {"constraint_name", TYPE_NAME, false},
    {"table_catalog", TYPE_NAME, false},
    {"table_schema", TYPE_NAME, false},
    {"table_name", TYPE_NAME, false},
    {"column_name", TYPE_NAME, false},
    {"ordinal_position", TYPE_INT4, false},
    {"position_in_unique_constraint", TYPE_INT4, false},
};
static const struct virtual_table info_key_column_usage = {"information_schema",
                                                           "key_column_usage",
                                                           13329,
                                                           info_key_column_usage_columns,
                                                           ARRAY_LEN(info_key_column_usage_columns),
                                                           NULL,
                                                           'v',
                                                           NULL};

static const struct vt_column info_referential_constraints_columns[] = {
    {"constraint_catalog", TYPE_NAME, false},       {"constraint_schema", TYPE_NAME, false},
    {"constraint_name", TYPE_NAME, false},          {"unique_constraint_catalog", TYPE_NAME, false},
    {"unique_constraint_schema", TYPE_NAME, false}, {"unique_constraint_name", TYPE_NAME, false},
    {"match_option", TYPE_VARCHAR, false},          {"update_rule", TYPE_VARCHAR, false},
    {"delete_rule", TYPE_VARCHAR, false},
};
static const struct virtual_table info_referential_constraints = {"information_schema",
                                                                  "referential_constraints",
                                                                  13339,
                                                                  info_referential_constraints_columns,
                                                                  ARRAY_LEN(info_referential_constraints_columns),
                                                                  NULL,
                                                                  'v',
                                                                  NULL};

static const struct vt_column info_schemata_columns[] = {
    {"catalog_name", TYPE_NAME, false},
    {"schema_name", TYPE_NAME, false},
    {"schema_owner", TYPE_NAME, false},
    {"default_character_set_catalog", TYPE_NAME, false},
    {"default_character_set_schema", TYPE_NAME, false},
    {"default_character_set_name", TYPE_NAME, false},
    {"sql_path", TYPE_VARCHAR, false},
};
static const struct virtual_table info_schemata = {
    "information_schema", "schemata", 13382, info_schemata_columns, ARRAY_LEN(info_schemata_columns),
    fill_info_schemata,   'v',        NULL};

static const struct vt_column info_table_constraints_columns[] = {
    {"constraint_catalog", TYPE_NAME, false},    {"constraint_schema", TYPE_NAME, false},
    {"constraint_name", TYPE_NAME, false},       {"table_catalog", TYPE_NAME, false},
    {"table_schema", TYPE_NAME, false},          {"table_name", TYPE_NAME, false},
    {"constraint_type", TYPE_VARCHAR, false},    {"is_deferrable", TYPE_VARCHAR, false},
    {"initially_deferred", TYPE_VARCHAR, false}, {"enforced", TYPE_VARCHAR, false},
    {"nulls_distinct", TYPE_VARCHAR, false},
};
static const struct virtual_table info_table_constraints = {"information_schema",
                                                            "table_constraints",
                                                            13411,
                                                            info_table_constraints_columns,
                                                            ARRAY_LEN(info_table_constraints_columns),
                                                            NULL,
                                                            'v',
                                                            NULL};

static const struct vt_column info_tables_columns[] = {
    {"table_catalog", TYPE_NAME, false},
    {"table_schema", TYPE_NAME, false},
    {"table_name", TYPE_NAME, false},
    {"table_type", TYPE_VARCHAR, false},
    {"self_referencing_column_name", TYPE_NAME, false},
    {"reference_generation", TYPE_VARCHAR, false},
    {"user_defined_type_catalog", TYPE_NAME, false},
    {"user_defined_type_schema", TYPE_NAME, false},
    {"user_defined_type_name", TYPE_NAME, false},
    {"is_insertable_into", TYPE_VARCHAR, false},
    {"is_typed", TYPE_VARCHAR, false},
    {"commit_action", TYPE_VARCHAR, false},
};
static const struct virtual_table info_tables = {
    "information_schema",           "tables",         13425, info_tables_columns,
    ARRAY_LEN(info_tables_columns), fill_info_tables, 'v',   NULL};

static const struct vt_column info_views_columns[] = {
    {"table_catalog", TYPE_NAME, false},
    {"table_schema", TYPE_NAME, false},
    {"table_name", TYPE_NAME, false},
    {"view_definition", TYPE_VARCHAR, false},
    {"check_option", TYPE_VARCHAR, false},
    {"is_updatable", TYPE_VARCHAR, false},
    {"is_insertable_into", TYPE_VARCHAR, false},
    {"is_trigger_updatable", TYPE_VARCHAR, false},
    {"is_trigger_deletable", TYPE_VARCHAR, false},
    {"is_trigger_insertable_into", TYPE_VARCHAR, false},
};
static const struct virtual_table info_views = {"information_schema",          "views", 13483, info_views_columns,
                                                ARRAY_LEN(info_views_columns), NULL,    'v',   NULL};

const struct virtual_table *const syscat_relations[] = {&pg_aggregate,
                                                        &pg_am,
                                                        &pg_attrdef,
                                                        &pg_attribute,
                                                        &pg_auth_members,
                                                        &pg_cast,
                                                        &pg_class,
                                                        &pg_collation,
                                                        &pg_constraint,
                                                        &pg_conversion,
                                                        &pg_cursors,
                                                        &pg_database,
                                                        &pg_db_role_setting,
                                                        &pg_default_acl,
                                                        &pg_depend,
                                                        &pg_description,
                                                        &pg_enum,
                                                        &pg_event_trigger,
                                                        &pg_extension,
                                                        &pg_foreign_data_wrapper,
                                                        &pg_foreign_server,
                                                        &pg_foreign_table,
                                                        &pg_index,
                                                        &pg_indexes,
                                                        &pg_inherits,
                                                        &pg_language,
                                                        &pg_locks,
                                                        &pg_matviews,
                                                        &pg_namespace,
                                                        &pg_opclass,
                                                        &pg_operator,
                                                        &pg_partitioned_table,
                                                        &pg_policy,
                                                        &pg_proc,
                                                        &pg_publication,
                                                        &pg_publication_namespace,
                                                        &pg_publication_rel,
                                                        &pg_publication_tables,
                                                        &pg_range,
                                                        &pg_rewrite,
                                                        &pg_roles,
                                                        &pg_sequence,
                                                        &pg_sequences,
                                                        &pg_settings,
                                                        &pg_shdescription,
                                                        &pg_stat_activity,
                                                        &pg_statistic_ext,
                                                        &pg_subscription,
                                                        &pg_tables,
                                                        &pg_tablespace,
                                                        &pg_trigger,
                                                        &pg_type,
                                                        &pg_user,
                                                        &pg_views,
                                                        &info_columns,
                                                        &info_constraint_column_usage,
                                                        &info_key_column_usage,
                                                        &info_referential_constraints,
                                                        &info_schemata,
                                                        &info_table_constraints,
                                                        &info_tables,
                                                        &info_views};
const uint32_t syscat_relation_count = ARRAY_LEN(syscat_relations);
