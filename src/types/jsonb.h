/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonb in a canonical binary form, version 1: equal values have equal bytes (keys sorted as PostgreSQL sorts them: by
 * length, then bytes; duplicates removed, last wins; numbers keep their display scale in the text but compare by
 * value). The form is described at the top of jsonb.c and in storage/README.md; it is part of the segment format.
 */
#ifndef MENCIA_TYPES_JSONB_H
#define MENCIA_TYPES_JSONB_H

#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"

/* Parses JSON text into the binary form, appended to out. Depth limit 1000 (54001); 22P02 with PostgreSQL's texts. */
bool jsonb_parse(struct strview text, struct strbuf *out, struct error *err) MUST_CHECK;
/* Appends PostgreSQL's text form: `{"a": 1, "b": [true, null]}`. */
void jsonb_format(struct strbuf *out, struct strview jsonb);
/* Checks untrusted bytes: everything the other functions rely on. XX001. */
bool jsonb_check(struct strview jsonb, struct error *err) MUST_CHECK;

enum jsonb_kind { JSONB_NULL, JSONB_FALSE, JSONB_TRUE, JSONB_NUMBER, JSONB_STRING, JSONB_ARRAY, JSONB_OBJECT };
enum jsonb_kind jsonb_kind(struct strview jsonb);
uint32_t jsonb_count(struct strview container); /* elements or keys */
/* A member or element as a value in the same form (bytes inside `container`, or built in the arena). False = none.
 * Negative index counts from the end. */
bool jsonb_get_key(struct strview container, struct strview key, struct arena *arena, struct strview *out);
bool jsonb_get_index(struct strview container, int64_t index, struct arena *arena, struct strview *out);
bool jsonb_get_path(struct strview jsonb, const struct strview *path, uint32_t npath, struct arena *arena,
                    struct strview *out);
/* ->> : a string's content without quotes, others as text; JSON null → false. */
bool jsonb_as_text(struct strview jsonb, struct strbuf *out);
/* Iteration over an object's i-th pair (key order) or an array's i-th element. */
void jsonb_pair(struct strview object, uint32_t i, struct strview *key, struct strview *value);
/* PostgreSQL's btree order of jsonb, and a hash that agrees with equality. */
int jsonb_compare(struct strview a, struct strview b);
uint64_t jsonb_hash(struct strview jsonb);
bool jsonb_contains(struct strview container, struct strview contained);
bool jsonb_exists(struct strview container, struct strview key);

/* json (not b): checks the text only. */
bool json_check_text(struct strview text, struct error *err) MUST_CHECK;
/* Appends a JSON string literal with quotes and escapes. */
void json_quote(struct strbuf *out, struct strview text);

#endif
