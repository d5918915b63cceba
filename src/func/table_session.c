/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions about the session and the catalogue, as clients call them. They see a few rows of system relations, so they
 * go row by row. What they know comes from value_ctx.session.
 */
#include "func/session.h"

#include "func/func_int.h"

#include <stdio.h>

static bool no_session(struct func_call *call, struct row_errors *errors, uint32_t row)
{
    error_set(&errors->scratch, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s() is not available here", call->func->name);
    row_failed(errors, row);
    return true;
}

/* Appends nothing itself: the text gathered in sb becomes the row's result. */
static bool put_text(struct func_call *call, struct vec *out, uint32_t row, const struct strbuf *sb, struct error *err)
{
    return call_str(call, sb->data, sb->len, &OUT(struct str)[row], err);
}

static bool k_current_setting(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    struct strbuf sb;
    bool ok = true;
    strbuf_init(&sb);
    FOR_ROWS(i)
    {
        const struct str *name = &ARG(struct str, 0, i);
        bool missing_ok = call->nargs > 1 && ARG(uint8_t, 1, i);
        if (!s) {
            no_session(call, errors, i);
            continue;
        }
        strbuf_clear(&sb);
        if (s->setting(s->arg, str_view(name), &sb, &errors->scratch))
            ok = ok && put_text(call, out, i, &sb, err);
        else if (missing_ok)
            ok = ok && out_set_null(call, out, n, i, err);
        else
            row_failed(errors, i);
    }
    strbuf_release(&sb);
    return ok;
}

static bool k_backend_pid(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    FOR_ROWS(i)
    {
        if (s)
            OUT(int32_t)[i] = s->pid;
        else
            no_session(call, errors, i);
    }
    return true;
}

static bool k_start_time(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    FOR_ROWS(i)
    {
        if (s)
            OUT(int64_t)[i] = s->server_start;
        else
            no_session(call, errors, i);
    }
    return true;
}

/* Also pg_terminate_backend; its timeout is not waited for when it is 0, and others are refused. */
static bool k_cancel(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    bool terminate = strcmp(call->func->name, "pg_terminate_backend") == 0;
    FOR_ROWS(i)
    {
        if (!s) {
            no_session(call, errors, i);
        } else if (call->nargs > 1 && ARG(int64_t, 1, i) != 0) {
            error_set(&errors->scratch, SQLSTATE_FEATURE_NOT_SUPPORTED, "a timeout is not supported");
            error_hint(&errors->scratch, "Leave it out and look at pg_stat_activity.");
            row_failed(errors, i);
        } else {
            bool found = false;
            if (!s->cancel(s->arg, ARG(int32_t, 0, i), terminate, &found, &errors->scratch))
                row_failed(errors, i);
            OUT(uint8_t)[i] = found;
        }
    }
    return true;
}

static bool k_false(FUNC_ARGS)
{
    FOR_ROWS(i) OUT(uint8_t)[i] = false;
    return true;
}

/* Relations without a schema in a query are looked for in pg_catalog and public. */
static bool k_table_is_visible(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    char schema[FUNC_NAME_SIZE], name[FUNC_NAME_SIZE];
    bool ok = true;
    FOR_ROWS(i)
    {
        if (!s)
            no_session(call, errors, i);
        else if (s->relation(s->arg, (oid_t)ARG(int32_t, 0, i), schema, name))
            OUT(uint8_t)[i] = strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "public") == 0;
        else
            ok = ok && out_set_null(call, out, n, i, err);
    }
    return ok;
}

static bool k_function_is_visible(FUNC_ARGS)
{
    bool ok = true;
    FOR_ROWS(i)
    {
        OUT(uint8_t)[i] = true;
        if (!func_by_oid((oid_t)ARG(int32_t, 0, i)))
            ok = ok && out_set_null(call, out, n, i, err);
    }
    return ok;
}

/* The element of a type that exists only as pg_type.typarray. */
static const struct type_info *element_of(oid_t array)
{
    uint32_t n;
    const struct type_info *all = type_all(&n);
    for (uint32_t i = 0; i < n; i++)
        if (all[i].array_oid == array)
            return &all[i];
    return NULL;
}

static bool k_type_is_visible(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    char schema[FUNC_NAME_SIZE], name[FUNC_NAME_SIZE];
    bool ok = true;
    FOR_ROWS(i)
    {
        /* Row types follow their relation, array types follow them: see the catalogue's blocks of numbers. */
        oid_t oid = (oid_t)ARG(int32_t, 0, i);
        bool row =
            s && oid >= 16384 && (oid % 8 == 1 || oid % 8 == 2) && s->relation(s->arg, oid / 8 * 8, schema, name);
        OUT(uint8_t)[i] = true;
        if (!row && !type_by_oid(oid) && !(oid && element_of(oid)))
            ok = ok && out_set_null(call, out, n, i, err);
    }
    return ok;
}

static void format_one(struct strbuf *sb, oid_t oid, bool given, int32_t typmod)
{
    const struct type_info *element = type_by_oid(oid) || !oid ? NULL : element_of(oid);
    oid_t base = element ? element->oid : oid;
    if (oid == 0)
        strbuf_add_char(sb, '-');
    else if (base == TYPE_BPCHAR && given && typmod < 0)
        strbuf_add_cstr(sb, "bpchar");
    else
        type_format(sb, (struct coltype){base, given ? typmod : -1});
    if (element)
        strbuf_add_cstr(sb, "[]");
}

/* Not strict: without a type it is NULL, without a modifier the bare name. */
static bool k_format_type(FUNC_ARGS)
{
    struct strbuf sb;
    bool ok = true;
    strbuf_init(&sb);
    FOR_ROWS(i)
    {
        if (vec_is_null(&arg[0], i)) {
            ok = ok && out_set_null(call, out, n, i, err);
            continue;
        }
        bool given = !vec_is_null(&arg[1], i);
        strbuf_clear(&sb);
        format_one(&sb, (oid_t)ARG(int32_t, 0, i), given, given ? ARG(int32_t, 1, i) : -1);
        ok = ok && put_text(call, out, i, &sb, err);
    }
    strbuf_release(&sb);
    return ok;
}

static bool k_userbyid(FUNC_ARGS)
{
    const struct func_session *s = call->ctx->session;
    bool ok = true;
    FOR_ROWS(i)
    {
        char name[FUNC_NAME_SIZE];
        oid_t oid = (oid_t)ARG(int32_t, 0, i);
        int len;
        if (!s) {
            no_session(call, errors, i);
            continue;
        }
        len = s->role(s->arg, oid, name) ? (int)strlen(name) : snprintf(name, sizeof name, "unknown (OID=%u)", oid);
        ok = ok && call_str(call, name, (size_t)len, &OUT(struct str)[i], err);
    }
    return ok;
}

/* There are no comments on objects, so none is ever found. */
static bool k_no_description(FUNC_ARGS)
{
    bool ok = true;
    FOR_ROWS(i) ok = ok && out_set_null(call, out, n, i, err);
    return ok;
}

/* pg_attrdef.adbin holds the expression's text. */
static bool k_get_expr(FUNC_ARGS)
{
    FOR_ROWS(i) OUT(struct str)[i] = ARG(struct str, 0, i);
    return true;
}

static bool k_size_pretty(FUNC_ARGS)
{
    enum { BYTES_BELOW = 10 * 1024, OTHERS_BELOW = 20 * 1024 - 1 };
    static const char *const units[] = {"kB", "MB", "GB", "TB", "PB"};
    struct strbuf sb;
    bool ok = true;
    strbuf_init(&sb);
    FOR_ROWS(i)
    {
        int64_t size = ARG(int64_t, 0, i);
        uint32_t unit = 0;
        strbuf_clear(&sb);
        if (size > -BYTES_BELOW && size < BYTES_BELOW) {
            strbuf_add_fmt(&sb, "%lld bytes", (long long)size);
        } else {
            /* Counted in half units, so that the last step rounds half away from zero. */
            size /= 512;
            while (unit + 1 < ARRAY_LEN(units) && (size >= OTHERS_BELOW || size <= -OTHERS_BELOW)) {
                size /= 1024;
                unit++;
            }
            strbuf_add_fmt(&sb, "%lld %s", (long long)((size + (size < 0 ? -1 : 1)) / 2), units[unit]);
        }
        ok = ok && put_text(call, out, i, &sb, err);
    }
    strbuf_release(&sb);
    return ok;
}

static bool k_encoding_name(FUNC_ARGS)
{
    static const char *const names[] = {
        "SQL_ASCII",     "EUC_JP",  "EUC_CN",  "EUC_KR",  "EUC_TW",     "EUC_JIS_2004", "UTF8",
        "MULE_INTERNAL", "LATIN1",  "LATIN2",  "LATIN3",  "LATIN4",     "LATIN5",       "LATIN6",
        "LATIN7",        "LATIN8",  "LATIN9",  "LATIN10", "WIN1256",    "WIN1258",      "WIN866",
        "WIN874",        "KOI8R",   "WIN1251", "WIN1252", "ISO_8859_5", "ISO_8859_6",   "ISO_8859_7",
        "ISO_8859_8",    "WIN1250", "WIN1253", "WIN1254", "WIN1255",    "WIN1257",      "KOI8U",
        "SJIS",          "BIG5",    "GBK",     "UHC",     "GB18030",    "JOHAB",        "SHIFT_JIS_2004"};
    bool ok = true;
    FOR_ROWS(i)
    {
        uint32_t number = (uint32_t)ARG(int32_t, 0, i);
        const char *name = number < ARRAY_LEN(names) ? names[number] : "";
        ok = ok && call_str(call, name, strlen(name), &OUT(struct str)[i], err);
    }
    return ok;
}

/* pg_get_function_arguments and pg_get_function_result. */
static bool k_function_types(FUNC_ARGS)
{
    bool result = strcmp(call->func->name, "pg_get_function_result") == 0;
    struct strbuf sb;
    bool ok = true;
    strbuf_init(&sb);
    FOR_ROWS(i)
    {
        const struct func *f = func_by_oid((oid_t)ARG(int32_t, 0, i));
        strbuf_clear(&sb);
        for (uint32_t k = 0; f && !result && k < f->nargs; k++) {
            strbuf_add_cstr(&sb, k ? ", " : "");
            type_format(&sb, coltype(f->arg[k]));
        }
        if (f && result) {
            strbuf_add_cstr(&sb, f->kind == FUNC_SET ? "SETOF " : "");
            type_format(&sb, coltype(f->result));
        }
        ok = ok && (f ? put_text(call, out, i, &sb, err) : out_set_null(call, out, n, i, err));
    }
    strbuf_release(&sb);
    return ok;
}

/* The type as bound; knows nothing of the value, so NULLs have one too. */
static bool k_typeof(FUNC_ARGS)
{
    FOR_ROWS(i) OUT(int32_t)[i] = (int32_t)call->arg_type[0].oid;
    return true;
}

/* Columns of arrays hold only NULLs so far: strictness answers, and no row gets here. */
static bool k_array_to_string(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        error_set(&errors->scratch, SQLSTATE_FEATURE_NOT_SUPPORTED, "arrays are not supported");
        row_failed(errors, i);
    }
    return true;
}

#define ROW(number, function, returns, vol, k, count, ...)                                                             \
    {                                                                                                                  \
        .oid = number, .name = function, .kind = FUNC_SCALAR, .volatility = vol, .strict = true, .fallible = true,     \
        .nargs = count, .arg = {__VA_ARGS__}, .result = returns, .kernel = k                                           \
    }
const struct func func_session_rows[] = {
    ROW(2077, "current_setting", TYPE_TEXT, FUNC_STABLE, k_current_setting, 1, TYPE_TEXT),
    ROW(3294, "current_setting", TYPE_TEXT, FUNC_STABLE, k_current_setting, 2, TYPE_TEXT, TYPE_BOOL),
    ROW(2026, "pg_backend_pid", TYPE_INT4, FUNC_STABLE, k_backend_pid, 0, 0),
    ROW(2560, "pg_postmaster_start_time", TYPE_TIMESTAMPTZ, FUNC_STABLE, k_start_time, 0, 0),
    ROW(2171, "pg_cancel_backend", TYPE_BOOL, FUNC_VOLATILE, k_cancel, 1, TYPE_INT4),
    {.oid = 2096,
     .name = "pg_terminate_backend",
     .kind = FUNC_SCALAR,
     .volatility = FUNC_VOLATILE,
     .strict = true,
     .fallible = true,
     .nargs = 2,
     .ndefault = 1,
     .arg = {TYPE_INT4, TYPE_INT8},
     .result = TYPE_BOOL,
     .kernel = k_cancel},
    ROW(3810, "pg_is_in_recovery", TYPE_BOOL, FUNC_VOLATILE, k_false, 0, 0),
    ROW(2079, "pg_table_is_visible", TYPE_BOOL, FUNC_STABLE, k_table_is_visible, 1, TYPE_OID),
    ROW(2080, "pg_type_is_visible", TYPE_BOOL, FUNC_STABLE, k_type_is_visible, 1, TYPE_OID),
    ROW(2081, "pg_function_is_visible", TYPE_BOOL, FUNC_STABLE, k_function_is_visible, 1, TYPE_OID),
    {.oid = 1619,
     .name = "pg_typeof",
     .kind = FUNC_SCALAR,
     .volatility = FUNC_STABLE,
     .nargs = 1,
     .arg = {TYPE_ANY},
     .result = TYPE_REGTYPE,
     .kernel = k_typeof},
    {.oid = 1081,
     .name = "format_type",
     .kind = FUNC_SCALAR,
     .volatility = FUNC_STABLE,
     .nargs = 2,
     .arg = {TYPE_OID, TYPE_INT4},
     .result = TYPE_TEXT,
     .kernel = k_format_type},
    ROW(1642, "pg_get_userbyid", TYPE_NAME, FUNC_STABLE, k_userbyid, 1, TYPE_OID),
    ROW(1215, "obj_description", TYPE_TEXT, FUNC_STABLE, k_no_description, 2, TYPE_OID, TYPE_NAME),
    ROW(1348, "obj_description", TYPE_TEXT, FUNC_STABLE, k_no_description, 1, TYPE_OID),
    ROW(1216, "col_description", TYPE_TEXT, FUNC_STABLE, k_no_description, 2, TYPE_OID, TYPE_INT4),
    ROW(1993, "shobj_description", TYPE_TEXT, FUNC_STABLE, k_no_description, 2, TYPE_OID, TYPE_NAME),
    ROW(1716, "pg_get_expr", TYPE_TEXT, FUNC_STABLE, k_get_expr, 2, TYPE_TEXT, TYPE_OID),
    ROW(2509, "pg_get_expr", TYPE_TEXT, FUNC_STABLE, k_get_expr, 3, TYPE_TEXT, TYPE_OID, TYPE_BOOL),
    ROW(2288, "pg_size_pretty", TYPE_TEXT, FUNC_IMMUTABLE, k_size_pretty, 1, TYPE_INT8),
    ROW(1597, "pg_encoding_to_char", TYPE_NAME, FUNC_STABLE, k_encoding_name, 1, TYPE_INT4),
    ROW(2162, "pg_get_function_arguments", TYPE_TEXT, FUNC_STABLE, k_function_types, 1, TYPE_OID),
    ROW(2165, "pg_get_function_result", TYPE_TEXT, FUNC_STABLE, k_function_types, 1, TYPE_OID),
    ROW(395, "array_to_string", TYPE_TEXT, FUNC_STABLE, k_array_to_string, 2, TYPE_TEXT_ARRAY, TYPE_TEXT),
};
const uint32_t func_session_rows_count = ARRAY_LEN(func_session_rows);
