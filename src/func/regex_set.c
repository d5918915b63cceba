/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of characters as PostgreSQL's regular expressions see them: classes are those of LC_CTYPE=C.UTF-8. */
#include "func/regex_int.h"

#include <locale.h>
#include <pthread.h>
#include <stdlib.h>
#include <wctype.h>

static int range_order(const void *a, const void *b)
{
    const struct crange *x = a, *y = b;
    return (x->lo > y->lo) - (x->lo < y->lo);
}

static void normalise(struct cset *set)
{
    uint32_t k = 0;
    if (set->n == 0)
        return;
    qsort(set->range, set->n, sizeof *set->range, range_order);
    for (uint32_t i = 1; i < set->n; i++) {
        if (set->range[i].lo <= set->range[k].hi + 1)
            set->range[k].hi = MAX_OF(set->range[k].hi, set->range[i].hi);
        else
            set->range[++k] = set->range[i];
    }
    set->n = set->n ? k + 1 : 0;
}

static void append(struct arena *arena, struct cset *set, uint32_t lo, uint32_t hi)
{
    if (set->n == set->cap) {
        struct crange *grown = ARENA_ARRAY(arena, struct crange, set->cap ? 2 * set->cap : 4);
        if (set->n)
            memcpy(grown, set->range, set->n * sizeof *grown);
        set->range = grown;
        set->cap = set->cap ? 2 * set->cap : 4;
    }
    set->range[set->n++] = (struct crange){lo, hi};
}

void cset_add(struct arena *arena, struct cset *set, uint32_t lo, uint32_t hi)
{
    append(arena, set, lo, hi);
    normalise(set);
}

void cset_add_set(struct arena *arena, struct cset *set, const struct cset *other)
{
    for (uint32_t i = 0; i < other->n; i++)
        append(arena, set, other->range[i].lo, other->range[i].hi);
    normalise(set);
}

void cset_complement(struct arena *arena, struct cset *set)
{
    struct cset out = {0};
    uint32_t from = 0;
    for (uint32_t i = 0; i < set->n; i++) {
        if (set->range[i].lo > from)
            append(arena, &out, from, set->range[i].lo - 1);
        from = set->range[i].hi + 1;
    }
    if (from <= CODE_POINT_MAX)
        append(arena, &out, from, CODE_POINT_MAX);
    *set = out;
}

bool cset_intersects(const struct cset *a, const struct cset *b)
{
    for (uint32_t i = 0, j = 0; i < a->n && j < b->n;) {
        if (a->range[i].hi < b->range[j].lo)
            i++;
        else if (b->range[j].hi < a->range[i].lo)
            j++;
        else
            return true;
    }
    return false;
}

bool cset_is_full(const struct cset *set)
{
    return set->n == 1 && set->range[0].lo == 0 && set->range[0].hi == CODE_POINT_MAX;
}

static locale_t ctype;
static pthread_once_t ctype_once = PTHREAD_ONCE_INIT;
static void open_ctype(void) { ctype = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

void cset_limit(struct cset *set, uint32_t max)
{
    while (set->n && set->range[set->n - 1].lo > max)
        set->n--;
    if (set->n)
        set->range[set->n - 1].hi = MIN_OF(set->range[set->n - 1].hi, max);
}

void cset_fold(struct arena *arena, struct cset *set, uint32_t max)
{
    enum { CASED_MAX = 0x1FFFF };
    uint32_t n = set->n;
    pthread_once(&ctype_once, open_ctype);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t c = set->range[i].lo; c <= MIN_OF(set->range[i].hi, MIN_OF(max, (uint32_t)CASED_MAX)); c++) {
            uint32_t lower = (uint32_t)towlower_l((wint_t)c, ctype), upper = (uint32_t)towupper_l((wint_t)c, ctype);
            if (lower != c)
                append(arena, set, lower, lower);
            if (upper != c)
                append(arena, set, upper, upper);
        }
    normalise(set);
}

bool cset_add_class(struct arena *arena, struct cset *set, struct strview name)
{
    char buf[16];
    bool word = strview_equal(name, STRVIEW("word"));
    if (name.len >= sizeof buf)
        return false;
    memcpy(buf, name.ptr, name.len);
    buf[name.len] = '\0';
    pthread_once(&ctype_once, open_ctype);
    if (strview_equal(name, STRVIEW("ascii"))) {
        cset_add(arena, set, 0, 0x7F);
        return true;
    }
    wctype_t class = wctype_l(word ? "alnum" : buf, ctype);
    if (!class)
        return false;
    if (word)
        append(arena, set, '_', '_');
    for (uint32_t c = 0; c <= CODE_POINT_MAX; c++) {
        if (!iswctype_l((wint_t)c, class, ctype))
            continue;
        uint32_t lo = c;
        while (c < CODE_POINT_MAX && iswctype_l((wint_t)(c + 1), class, ctype))
            c++;
        append(arena, set, lo, c);
    }
    normalise(set);
    return true;
}
