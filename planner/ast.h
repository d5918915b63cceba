/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own syntax tree: everything a later stage may know of a statement's text. Made by pgq_parse.c, the only file that
 * sees libpg_query; lives in the caller's arena; read-only. Locations are byte offsets into the text, -1 = unknown.
 */
#ifndef MENCIA_PLANNER_AST_H
#define MENCIA_PLANNER_AST_H

#include "types/schema.h"

enum ast_kind {
    /* statements the session executes itself */
    AST_SELECT,
    AST_INSERT,
    AST_COPY,
    AST_CREATE_TABLE,
    AST_ALTER_TABLE,
    AST_DROP,
    AST_CREATE_ROLE,
    AST_ALTER_ROLE,
    AST_DROP_ROLE,
    AST_SET,
    AST_SHOW,
    AST_TRANSACTION,
    AST_EXPLAIN,
    AST_PREPARE,
    AST_EXECUTE,
    AST_DEALLOCATE,
    AST_DECLARE_CURSOR,
    AST_FETCH,
    AST_CLOSE_CURSOR,
    AST_DISCARD,
    AST_LISTEN,
    AST_UNLISTEN,
    AST_NOTIFY,
    AST_LOCK,
    AST_CHECKPOINT,
    AST_VACUUM,
    AST_CALL,
    AST_COMMENT,
    AST_GRANT,
    AST_CREATE_SCHEMA,
    AST_TRUNCATE,
    AST_DELETE,
    AST_UPDATE,
    AST_OTHER, /* parsed but unknown to us: other.tag names it, for 0A000 */
};

/* Expressions, FROM items and other parts of SELECT are planner-private (planner/ast_int.h). */
struct ast_expr;
struct ast_select;

struct ast_name {          /* [schema.]name */
    struct strview schema; /* empty = none given */
    struct strview name;
    bool quoted; /* the name was written in double quotes or has a capital: no case-insensitive second look */
    int32_t location;
};

/* WITH (key = value), OPTIONS (key 'value'), EXPLAIN (key value), COPY options. */
struct ast_option {
    struct strview key; /* 'kafka.brokers', lower case as parsed */
    enum { OPTION_NONE, OPTION_STRING, OPTION_INTEGER, OPTION_FLOAT, OPTION_WORD, OPTION_LIST } kind;
    struct strview text; /* value as text (words folded to lower case); LIST: elements below */
    bool capitals_lost;  /* a bare word was written with capitals: suggest quotes */
    uint32_t nlist;
    struct strview *list;
    int32_t location;
};

struct ast_column_def {
    struct strview name;
    bool quoted;
    struct coltype type; /* resolved built-in type */
    bool not_null, primary_key;
    struct strview default_sql;   /* source text; empty = none */
    struct strview generated_sql; /* GENERATED ALWAYS AS (…) STORED; empty = none */
    uint32_t noption;
    struct ast_option *option; /* OPTIONS (path '…') */
    int32_t location;
};

enum alter_kind {
    ALTER_SET_OPTIONS,
    ALTER_RESET_OPTIONS,
    ALTER_ADD_COLUMN,
    ALTER_DROP_COLUMN,
    ALTER_RENAME_COLUMN,
    ALTER_RENAME_TABLE,
    ALTER_OTHER
};
enum transaction_kind { TX_BEGIN, TX_COMMIT, TX_ROLLBACK, TX_SAVEPOINT, TX_RELEASE, TX_ROLLBACK_TO, TX_PREPARE };
enum drop_kind { DROP_TABLE, DROP_VIEW, DROP_INDEX, DROP_SCHEMA, DROP_OTHER };

struct ast_node {
    enum ast_kind kind;
    int32_t begin, end;  /* statement's text: [begin, end) in the source */
    struct strview text; /* that text, trimmed */
    union {
        struct ast_select *select;
        struct {
            struct ast_name table;
            uint32_t ncolumn;
            struct strview *column;
            int32_t *column_location;
            struct ast_node *source; /* SELECT or VALUES; NULL = DEFAULT VALUES */
            bool has_returning, has_conflict;
        } insert;
        struct {
            struct ast_name table;
            bool has_table;
            struct ast_node *query;
            bool from; /* COPY … FROM */
            bool program;
            struct strview filename; /* empty = STDIN/STDOUT */
            uint32_t ncolumn;
            struct strview *column;
            uint32_t noption;
            struct ast_option *option;
            bool has_where;
        } copy;
        struct {
            struct ast_name table;
            bool if_not_exists, temporary;
            uint32_t ncolumn;
            struct ast_column_def *column;
            bool partition_by_range;
            struct strview partition_column; /* empty = an expression: 0A000 */
            uint32_t noption;
            struct ast_option *option;
            struct ast_node *as_query; /* CREATE TABLE AS */
            bool like, inherits, constraints;
        } create_table;
        struct {
            struct ast_name table;
            bool if_exists;
            enum alter_kind what;
            uint32_t noption;
            struct ast_option *option;
            struct strview old_name, new_name;
            struct ast_column_def column;
            const char *other;
        } alter_table;
        struct {
            enum drop_kind what;
            uint32_t nname;
            struct ast_name *name;
            bool if_exists, cascade;
            const char *other;
        } drop;
        struct {
            struct strview name;
            uint32_t noption;
            struct ast_option *option;
            bool if_exists;
            uint32_t nname;
            struct strview *names;
        } role;
        struct {
            struct strview name;
            bool local, reset, reset_all, is_default;
            struct strview value; /* list joined by ", " */
            bool transaction;     /* SET [SESSION CHARACTERISTICS AS] TRANSACTION */
            uint32_t noption;
            struct ast_option *option;
        } set;
        struct {
            struct strview name;
            bool all;
        } show;
        struct {
            enum transaction_kind what;
            struct strview savepoint;
            bool chain;
            uint32_t noption;
            struct ast_option *option; /* isolation, read only … */
            bool start;
        } transaction;
        struct {
            struct ast_node *statement;
            uint32_t noption;
            struct ast_option *option;
        } explain;
        struct {
            struct strview name;
            uint32_t ntype;
            oid_t *type;
            struct ast_node *statement;
        } prepare;
        struct {
            struct strview name;
            uint32_t narg;
            struct strview *arg_sql;
        } execute;
        struct {
            struct strview name;
            bool all;
        } deallocate; /* also CLOSE, LISTEN, UNLISTEN, NOTIFY */
        struct {
            struct strview name;
            struct ast_node *query;
            bool scroll, no_scroll, hold, binary;
        } cursor;
        struct {
            struct strview name;
            bool move;
            enum { FETCH_DIR_FORWARD, FETCH_DIR_BACKWARD, FETCH_DIR_ABSOLUTE, FETCH_DIR_RELATIVE } direction;
            int64_t count; /* INT64_MAX = ALL */
        } fetch;
        struct {
            const char *what;
        } discard; /* ALL, PLANS, TEMP, SEQUENCES */
        struct {
            struct strview function_sql;
        } call;
        struct {
            const char *tag;
        } other;
    };
};

struct ast_list {
    uint32_t n;
    struct ast_node **node;
};

/* Command tag of a statement as PostgreSQL's completion tags begin: SELECT, INSERT, CREATE TABLE … */
const char *ast_tag(const struct ast_node *node);

#endif
