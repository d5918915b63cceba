/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of functions as pg_proc, pg_operator and pg_cast. */
#include "func/func.h"
#include "syscat/cell_int.h"

#include <stdio.h>

static void flag_text(char out[2], uint8_t flag)
{
    out[0] = (char)flag;
    out[1] = '\0';
}

static void proc_row(struct vt_writer *w, const struct func *f)
{
    char kind[2], volatility[2], args[FUNC_ARGS_MAX * 11 + 1] = "";
    size_t at = 0;
    flag_text(kind, f->kind == FUNC_SET ? FUNC_SCALAR : f->kind);
    flag_text(volatility, f->volatility);
    for (uint32_t i = 0; i < f->nargs; i++)
        at += (size_t)snprintf(args + at, sizeof args - at, "%s%u", i ? " " : "", f->arg[i]);
    vt_cells(w,
             (struct cell[PG_PROC_COLUMNS]){
                 [PG_PROC_OID] = NUMBER(f->oid),
                 [PG_PROC_PRONAME] = TEXT(f->name),
                 [PG_PROC_PRONAMESPACE] = NUMBER(SCHEMA_CATALOG),
                 [PG_PROC_PROOWNER] = NUMBER(OWNER),
                 [PG_PROC_PROLANG] = NUMBER(LANGUAGE_INTERNAL),
                 [PG_PROC_PROCOST] = REAL(1),
                 [PG_PROC_PROROWS] = REAL(f->kind == FUNC_SET ? 1000 : 0),
                 [PG_PROC_PROVARIADIC] = NUMBER(f->variadic_any ? TYPE_ANY : 0),
                 [PG_PROC_PROSUPPORT] = TEXT("-"),
                 [PG_PROC_PROKIND] = TEXT(kind),
                 [PG_PROC_PROSECDEF] = NUMBER(false),
                 [PG_PROC_PROLEAKPROOF] = NUMBER(false),
                 [PG_PROC_PROISSTRICT] = NUMBER(f->strict),
                 [PG_PROC_PRORETSET] = NUMBER(f->kind == FUNC_SET),
                 [PG_PROC_PROVOLATILE] = TEXT(volatility),
                 [PG_PROC_PROPARALLEL] = TEXT("s"),
                 [PG_PROC_PRONARGS] = NUMBER(f->nargs),
                 [PG_PROC_PRONARGDEFAULTS] = NUMBER(f->ndefault),
                 [PG_PROC_PRORETTYPE] = NUMBER(f->result),
                 [PG_PROC_PROARGTYPES] = TEXT(args),
                 [PG_PROC_PROSRC] = TEXT(f->name),
             },
             PG_PROC_COLUMNS);
}

bool fill_pg_proc(void *context, struct vt_writer *w, struct error *err)
{
    uint32_t n;
    const struct func *const *all = func_all(&n);
    for (uint32_t i = 0; i < n; i++)
        proc_row(w, all[i]);
    return true;
}

bool fill_pg_operator(void *context, struct vt_writer *w, struct error *err)
{
    uint32_t n;
    const struct operator* const * all = operator_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        const struct operator* o = all[i];
        const struct func *f = func_by_oid(o->func);
        vt_cells(w,
                 (struct cell[PG_OPERATOR_COLUMNS]){
                     [PG_OPERATOR_OID] = NUMBER(o->oid),
                     [PG_OPERATOR_OPRNAME] = TEXT(o->name),
                     [PG_OPERATOR_OPRNAMESPACE] = NUMBER(SCHEMA_CATALOG),
                     [PG_OPERATOR_OPROWNER] = NUMBER(OWNER),
                     [PG_OPERATOR_OPRKIND] = TEXT(o->left ? "b" : "l"),
                     [PG_OPERATOR_OPRCANMERGE] = NUMBER(false),
                     [PG_OPERATOR_OPRCANHASH] = NUMBER(false),
                     [PG_OPERATOR_OPRLEFT] = NUMBER(o->left),
                     [PG_OPERATOR_OPRRIGHT] = NUMBER(o->right),
                     [PG_OPERATOR_OPRRESULT] = NUMBER(o->result),
                     [PG_OPERATOR_OPRCOM] = NUMBER(o->commutator),
                     [PG_OPERATOR_OPRNEGATE] = NUMBER(o->negator),
                     [PG_OPERATOR_OPRCODE] = TEXT(f ? f->name : "-"),
                     [PG_OPERATOR_OPRREST] = TEXT("-"),
                     [PG_OPERATOR_OPRJOIN] = TEXT("-"),
                 },
                 PG_OPERATOR_COLUMNS);
    }
    return true;
}

bool fill_pg_cast(void *context, struct vt_writer *w, struct error *err)
{
    uint32_t n;
    const struct cast *all = cast_all(&n);
    for (uint32_t i = 0; i < n; i++) {
        char cast_context[2];
        flag_text(cast_context, all[i].context);
        vt_cells(w,
                 (struct cell[PG_CAST_COLUMNS]){
                     /* A cast has no number here; its place in the list is one. */
                     [PG_CAST_OID] = NUMBER(9600 + i),
                     [PG_CAST_CASTSOURCE] = NUMBER(all[i].source),
                     [PG_CAST_CASTTARGET] = NUMBER(all[i].target),
                     [PG_CAST_CASTFUNC] = NUMBER(all[i].method == CAST_BY_FUNC ? all[i].func : 0),
                     [PG_CAST_CASTCONTEXT] = TEXT(cast_context),
                     [PG_CAST_CASTMETHOD] = TEXT(all[i].method == CAST_BY_FUNC  ? "f"
                                                 : all[i].method == CAST_BINARY ? "b"
                                                                                : "i"),
                 },
                 PG_CAST_COLUMNS);
    }
    return true;
}
