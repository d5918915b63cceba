#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes ../relations.c and ../relations_int.h from relations.list and a running PostgreSQL 15.
usage: python3 generate.py "host=/tmp port=5432 user=postgres" (needs psql and clang-format-14)
Arrays become text[], which so far can only be NULL; vectors, names of functions and types that Mencía does not have
become text."""
import os, re, subprocess, sys

os.chdir(os.path.dirname(os.path.abspath(__file__)))
CONN = sys.argv[1] + " dbname=postgres"


def psql(sql):
    return subprocess.run(["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", CONN, "-c", sql], check=True,
                          capture_output=True, text=True).stdout.rstrip("\n")


def lines(sql):
    text = psql("COPY (" + sql + ") TO STDOUT")
    return [line.split("\t") for line in text.split("\n")] if text else []


ours = re.findall(r'^    X\((TYPE_[A-Z0-9_]+), "([^"]+)"', open("../../types/type.c").read(), re.M)
constant = {name: const for const, name in ours}
names = ", ".join("'" + name + "'" for _, name in ours)
TYPES = (f"ARRAY(SELECT oid FROM pg_type WHERE typnamespace = 11 AND typname IN ({names}) UNION "
         f"SELECT typarray FROM pg_type WHERE typnamespace = 11 AND typname IN ({names}) AND typarray <> 0)")


def columns(relation):
    out = []
    for name, not_null, type_ in lines(
            "SELECT a.attname, a.attnotnull AND c.relkind = 'r', b.typname FROM pg_attribute a "
            "JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid "
            "JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END "
            f"WHERE a.attrelid = '{relation}'::regclass AND a.attnum > 0 ORDER BY a.attnum"):
        if type_.startswith("_") and (relation, name) != ("pg_catalog.pg_settings", "enumvals"):
            type_ = "_text"
        elif type_ in ("regproc", "int2vector", "oidvector") or type_.startswith("_") or type_ not in constant:
            type_ = "text"
        out.append((name, not_null == "t", type_))
    return out


def literal(line):
    return '    "' + line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '\\n"\n'


header = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by gen/generate.py from PostgreSQL 15: the columns of the relations that have a fill function. */
#ifndef MENCIA_SYSCAT_RELATIONS_INT_H
#define MENCIA_SYSCAT_RELATIONS_INT_H

#include "syscat/syscat.h"

extern const struct virtual_table *const syscat_relations[];
extern const uint32_t syscat_relation_count;

"""
source = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by gen/generate.py from PostgreSQL 15: the system relations, and those of their rows that never change. */
#include "syscat/relations_int.h"

"""
table = ""
index = []
for entry in open("relations.list"):
    if entry.startswith("#") or not entry.strip():
        continue
    relation, how, where = (entry.strip().split(" ", 2) + ["", ""])[:3]
    schema, name = relation.split(".")
    ident = name if schema == "pg_catalog" else "info_" + name
    column = columns(relation)
    source += f"static const struct vt_column {ident}_columns[] = {{\n"
    for cname, not_null, type_ in column:
        source += f'    {{"{cname}", {constant[type_]}, {"true" if not_null else "false"}}},\n'
    source += "};\n"
    rows = fill = "NULL"
    if "fixed" in how:
        rows = ident + "_rows"
        target = ", ".join(f'"{c}"' + ("::text" if t == "text" else "") for c, _, t in column)
        source += f"static const char {rows}[] =\n"
        for row in lines(f"SELECT {target} FROM {relation} WHERE {where.replace('%TYPES%', TYPES)} ORDER BY oid"):
            source += literal("\t".join(row))
        source += "    ;\n"
    if "fill" in how:
        fill = "fill_" + ident
        header += "enum {" + ", ".join(f"{ident}_{c}".upper() for c, _, _ in column) + f", {ident.upper()}_COLUMNS }};\n"
        header += f"bool {fill}(void *context, struct vt_writer *w, struct error *err) MUST_CHECK;\n\n"
    oid = psql(f"SELECT '{relation}'::regclass::oid")
    kind = psql(f"SELECT relkind FROM pg_class WHERE oid = '{relation}'::regclass")
    source += (f'static const struct virtual_table {ident} = {{"{schema}", "{name}", {oid}, {ident}_columns, '
               f"ARRAY_LEN({ident}_columns), {fill}, '{kind}', {rows}}};\n\n")
    index.append("&" + ident)
source += "const struct virtual_table *const syscat_relations[] = {" + ", ".join(index) + "};\n"
source += "const uint32_t syscat_relation_count = ARRAY_LEN(syscat_relations);\n"
header += "#endif\n"
open("../relations_int.h", "w").write(header)
open("../relations.c", "w").write(source)
subprocess.run(["clang-format-14", "-i", "../relations_int.h", "../relations.c"], check=True)
