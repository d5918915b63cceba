/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order, hash and containment of jsonb values.
 *
 * PostgreSQL's order: null < string < number < boolean < array < object; containers first by their number of elements,
 * then element by element. At the top a scalar is treated as an array of one element, so the empty array comes before
 * every scalar.
 */
#include "base/hash.h"
#include "types/jsonb_int.h"

static int rank(enum jsonb_kind kind)
{
    static const uint8_t ranks[] = {[JSONB_NULL] = 0, [JSONB_STRING] = 1, [JSONB_NUMBER] = 2, [JSONB_FALSE] = 3,
                                    [JSONB_TRUE] = 3, [JSONB_ARRAY] = 4,  [JSONB_OBJECT] = 5};
    return ranks[kind];
}

static int compare_bytes(struct strview a, struct strview b)
{
    size_t n = MIN_OF(a.len, b.len);
    int c = n ? memcmp(a.ptr, b.ptr, n) : 0;
    return c ? (c > 0) - (c < 0) : (a.len > b.len) - (a.len < b.len);
}

static struct strview string_of(struct strview v) { return strview_make(v.ptr + 1, v.len - 1); }

static int compare_numbers(struct strview a, struct strview b)
{
    struct jsonb_number x, y;
    jsonb_number_read(a, &x);
    jsonb_number_read(b, &y);
    return jsonb_number_compare(&x, &y);
}

static int compare_values(struct strview a, struct strview b);

static int compare_containers(struct strview a, struct strview b, bool object)
{
    struct jsonb_container x, y;
    jsonb_open(a, &x);
    jsonb_open(b, &y);
    if (x.count != y.count)
        return x.count < y.count ? -1 : 1;
    for (uint32_t i = 0; i < x.count; i++) {
        int c = object ? compare_bytes(jsonb_element(&x, i), jsonb_element(&y, i)) : 0;
        if (c == 0)
            c = object ? compare_values(jsonb_value(&x, i), jsonb_value(&y, i))
                       : compare_values(jsonb_element(&x, i), jsonb_element(&y, i));
        if (c)
            return c;
    }
    return 0;
}

static int compare_values(struct strview a, struct strview b)
{
    enum jsonb_kind ka = jsonb_tag_kind(a), kb = jsonb_tag_kind(b);
    if (rank(ka) != rank(kb))
        return rank(ka) < rank(kb) ? -1 : 1;
    switch (ka) {
    case JSONB_NULL: return 0;
    case JSONB_FALSE:
    case JSONB_TRUE: return (ka == JSONB_TRUE) - (kb == JSONB_TRUE);
    case JSONB_NUMBER: return compare_numbers(a, b);
    case JSONB_STRING: return compare_bytes(string_of(a), string_of(b));
    case JSONB_ARRAY: return compare_containers(a, b, false);
    case JSONB_OBJECT: return compare_containers(a, b, true);
    }
    return 0;
}

int jsonb_compare(struct strview a, struct strview b)
{
    if (strview_equal(a, b))
        return 0;
    bool scalar_a = jsonb_tag_kind(a) < JSONB_ARRAY, scalar_b = jsonb_tag_kind(b) < JSONB_ARRAY;
    if (scalar_a && jsonb_tag_kind(b) == JSONB_ARRAY)
        return jsonb_count(b) == 0 ? 1 : -1;
    if (scalar_b && jsonb_tag_kind(a) == JSONB_ARRAY)
        return jsonb_count(a) == 0 ? -1 : 1;
    return compare_values(a, b);
}

uint64_t jsonb_hash(struct strview jsonb)
{
    enum jsonb_kind kind = jsonb_tag_kind(jsonb);
    struct jsonb_number number;
    struct jsonb_container c;
    uint64_t h = hash_u64(kind);
    if (kind == JSONB_NUMBER) {
        jsonb_number_read(jsonb, &number);
        return hash_combine(h, jsonb_number_hash(&number));
    }
    if (kind != JSONB_ARRAY && kind != JSONB_OBJECT)
        return hash_combine(h, hash_bytes(jsonb.ptr + 1, jsonb.len - 1));
    jsonb_open(jsonb, &c);
    for (uint32_t i = 0; i < c.count; i++) {
        struct strview element = jsonb_element(&c, i);
        if (kind == JSONB_OBJECT)
            h = hash_combine(hash_combine(h, hash_bytes(element.ptr, element.len)), jsonb_hash(jsonb_value(&c, i)));
        else
            h = hash_combine(h, jsonb_hash(element));
    }
    return h;
}

static bool is_container(struct strview v) { return jsonb_tag_kind(v) >= JSONB_ARRAY; }

static bool contains(struct strview v, struct strview part);

static bool object_contains(const struct jsonb_container *v, const struct jsonb_container *part)
{
    if (v->count < part->count)
        return false;
    for (uint32_t i = 0; i < part->count; i++) {
        int64_t at = jsonb_find_key(v, jsonb_element(part, i));
        if (at < 0 || !contains(jsonb_value(v, (uint32_t)at), jsonb_value(part, i)))
            return false;
    }
    return true;
}

static bool array_contains(const struct jsonb_container *v, const struct jsonb_container *part)
{
    for (uint32_t i = 0; i < part->count; i++) {
        struct strview wanted = jsonb_element(part, i);
        bool found = false;
        for (uint32_t j = 0; j < v->count && !found; j++)
            found = contains(jsonb_element(v, j), wanted);
        if (!found)
            return false;
    }
    return true;
}

/* Scalars contain their equals; containers those of their own kind. */
static bool contains(struct strview v, struct strview part)
{
    struct jsonb_container x, y;
    if (jsonb_tag_kind(v) != jsonb_tag_kind(part))
        return false;
    if (!is_container(v))
        return compare_values(v, part) == 0;
    jsonb_open(v, &x);
    jsonb_open(part, &y);
    return jsonb_tag_kind(v) == JSONB_OBJECT ? object_contains(&x, &y) : array_contains(&x, &y);
}

bool jsonb_contains(struct strview container, struct strview contained)
{
    struct jsonb_container c;
    if (jsonb_tag_kind(container) != JSONB_ARRAY || is_container(contained))
        return contains(container, contained);
    /* An array contains a scalar that is one of its elements. */
    jsonb_open(container, &c);
    for (uint32_t i = 0; i < c.count; i++)
        if (contains(jsonb_element(&c, i), contained))
            return true;
    return false;
}

bool jsonb_exists(struct strview container, struct strview key)
{
    struct jsonb_container c;
    switch (jsonb_tag_kind(container)) {
    case JSONB_STRING: return strview_equal(string_of(container), key);
    case JSONB_OBJECT: jsonb_open(container, &c); return jsonb_find_key(&c, key) >= 0;
    case JSONB_ARRAY:
        jsonb_open(container, &c);
        for (uint32_t i = 0; i < c.count; i++) {
            struct strview element = jsonb_element(&c, i);
            if (jsonb_tag_kind(element) == JSONB_STRING && strview_equal(string_of(element), key))
                return true;
        }
        return false;
    default: return false;
    }
}
