/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL's regular expressions (POSIX AREs: leftmost, longest) on PCRE2 (leftmost, first alternative). Whether
 * there is a match does not depend on that difference; where it ends and what the groups hold may. A pattern is
 * therefore parsed here, written anew for PCRE2 with explicit sets of characters, and, where the extent matters,
 * accepted only if both engines must find the same: see regex_same_extent in regex_parse.c. Others are 0A000.
 */
#ifndef MENCIA_FUNC_REGEX_INT_H
#define MENCIA_FUNC_REGEX_INT_H

#include "func/func_int.h"

/* Ranges of code points, ascending, disjoint. */
struct cset {
    uint32_t n, cap;
    struct crange {
        uint32_t lo, hi; /* inclusive */
    } * range;
};

enum re_kind { RE_SET, RE_EMPTY, RE_CAT, RE_ALT, RE_GROUP, RE_REPEAT, RE_BEGIN, RE_END, RE_WORD };
struct re_node {
    enum re_kind kind;
    struct cset set;       /* RE_SET */
    struct re_node *child; /* first; GROUP and REPEAT have one */
    struct re_node *next;  /* sibling */
    uint32_t min, max;     /* REPEAT; UINT32_MAX = any number */
    bool lazy;             /* REPEAT */
    bool capturing;        /* GROUP */
    char word;             /* RE_WORD: m M y Y */
    uint32_t class_max;    /* RE_WORD: highest character that may belong to a word */
};

struct re_flags {
    bool ignore_case;
    bool c_locale; /* of type name: only ASCII has classes and case */
};

/* 2201B for a wrong pattern, 0A000 for one we do not support. */
bool regex_parse(struct arena *arena, struct strview pattern, struct re_flags flags, struct re_node **out,
                 uint32_t *ncapture, struct error *err) MUST_CHECK;
/* The pattern for PCRE2 (UTF, DOTALL, DOLLAR_ENDONLY). */
void regex_emit(struct strbuf *out, const struct re_node *node);
/* PCRE2 finds the same extent and groups as PostgreSQL. */
bool regex_same_extent(struct arena *arena, const struct re_node *root);

/* ---- sets of characters (regex_set.c) ---- */
enum { CODE_POINT_MAX = 0x10FFFF };
void cset_add(struct arena *arena, struct cset *set, uint32_t lo, uint32_t hi);
void cset_add_set(struct arena *arena, struct cset *set, const struct cset *other);
void cset_complement(struct arena *arena, struct cset *set);
bool cset_intersects(const struct cset *a, const struct cset *b);
bool cset_is_full(const struct cset *set);
/* Adds the other case of every character in it, up to max. */
void cset_fold(struct arena *arena, struct cset *set, uint32_t max);
/* Leaves only the characters up to max. */
void cset_limit(struct cset *set, uint32_t max);
/* Adds a class by POSIX name (alpha, digit, …, word); false = no such class. */
bool cset_add_class(struct arena *arena, struct cset *set, struct strview name);

#endif
