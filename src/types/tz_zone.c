/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building zones from TZif bytes (RFC 8536) and POSIX strings, and finding what is in force at an instant.
 */
#include "types/tz_int.h"

#include <stdlib.h>

#define TZIF_HEADER      44
#define TZIF_TIMES_MAX   4096
#define RULE_YEARS       (TZ_CYCLE_YEARS + 3)
#define POSIX_FIRST_YEAR 1770

struct tz *tz_new(uint32_t times_max, uint32_t types_max)
{
    struct tz *tz = xcalloc(1, sizeof *tz);
    tz->at = xcalloc(times_max + 1, sizeof *tz->at);
    tz->at_type = xcalloc(times_max + 1, 1);
    tz->types = xcalloc(types_max, sizeof *tz->types);
    return tz;
}

void tz_free(struct tz *tz)
{
    if (!tz)
        return;
    free(tz->at);
    free(tz->at_type);
    free(tz->types);
    free(tz);
}

/* Index of the type, added if there is none like it; -1 = no room. */
static int32_t add_type(struct tz *tz, int32_t offset, bool dst, struct strview abbrev)
{
    size_t used = 0;
    for (uint32_t i = 0; i < tz->ntypes; i++) {
        const char *name = tz->abbrevs + tz->types[i].abbrev;
        used = MAX_OF(used, tz->types[i].abbrev + strlen(name) + 1);
        if (tz->types[i].offset == offset && tz->types[i].dst == dst && strview_equal_cstr(abbrev, name))
            return (int32_t)i;
    }
    if (tz->ntypes == TZ_TYPES_MAX || used + abbrev.len + 1 > sizeof tz->abbrevs)
        return -1;
    if (abbrev.len)
        memcpy(tz->abbrevs + used, abbrev.ptr, abbrev.len);
    tz->types[tz->ntypes] = (struct tz_type){.offset = offset, .dst = dst, .abbrev = (uint16_t)used};
    return (int32_t)tz->ntypes++;
}

static void add_transition(struct tz *tz, int64_t at, int32_t type)
{
    if (tz->ntimes && at <= tz->at[tz->ntimes - 1])
        return;
    tz->at[tz->ntimes] = at;
    tz->at_type[tz->ntimes++] = (uint8_t)type;
}

static void expand_rule(struct tz *tz, const struct tz_posix *posix, int32_t first_year, int32_t std, int32_t dst)
{
    for (int32_t year = first_year; year < first_year + RULE_YEARS; year++) {
        int64_t to_dst, to_std;
        tz_posix_year(posix, year, &to_dst, &to_std);
        if (to_dst < to_std) {
            add_transition(tz, to_dst, dst);
            add_transition(tz, to_std, std);
        } else {
            add_transition(tz, to_std, std);
            add_transition(tz, to_dst, dst);
        }
    }
}

static int32_t unix_year(int64_t t)
{
    int32_t y, m, d;
    int64_t days = t / 86400 - (t % 86400 < 0) - POSTGRES_EPOCH_UNIX_SECS / 86400;
    date_to_ymd((date_t)days, &y, &m, &d);
    return y;
}

bool tz_extend(struct tz *tz, struct strview footer)
{
    struct tz_posix posix;
    if (!tz_posix_parse(footer, &posix))
        return false;
    int32_t std = add_type(tz, posix.std_offset, false, posix.std);
    int32_t dst = posix.has_dst ? add_type(tz, posix.dst_offset, true, posix.dst) : 0;
    if (std < 0 || dst < 0)
        return false;
    if (!posix.has_dst) {
        if (tz->ntimes == 0)
            tz->first_type = (uint8_t)std;
        return true;
    }
    bool from_file = tz->ntimes > 0;
    expand_rule(tz, &posix, from_file ? unix_year(tz->at[tz->ntimes - 1]) : POSIX_FIRST_YEAR, std, dst);
    tz->cycle_ahead = true;
    tz->cycle_back = !from_file;
    if (!from_file)
        tz->first_type = (uint8_t)std;
    return true;
}

struct tz *tz_from_posix(struct strview text)
{
    struct tz_posix posix;
    if (!tz_posix_parse(text, &posix))
        return NULL;
    struct tz *tz = tz_new(posix.has_dst ? 2 * RULE_YEARS : 0, 2);
    if (!tz_extend(tz, text)) {
        tz_free(tz);
        return NULL;
    }
    return tz;
}

struct tzif {
    const uint8_t *body;                                /* after the header */
    uint32_t nutc, nstd, nleap, ntimes, ntypes, nchars; /* header's counts */
    size_t body_len;
    char version;
};

/* Reads a header and bounds its body; width = bytes of a time. */
static bool tzif_header(const uint8_t *bytes, size_t len, size_t width, struct tzif *out)
{
    if (len < TZIF_HEADER || memcmp(bytes, "TZif", 4) != 0)
        return false;
    out->version = (char)bytes[4];
    uint32_t *counts[6] = {&out->nutc, &out->nstd, &out->nleap, &out->ntimes, &out->ntypes, &out->nchars};
    for (int i = 0; i < 6; i++) {
        *counts[i] = load_be32(bytes + 20 + 4 * i);
        if (*counts[i] > TZIF_TIMES_MAX)
            return false;
    }
    out->body = bytes + TZIF_HEADER;
    out->body_len =
        out->ntimes * (width + 1) + out->ntypes * 6 + out->nchars + out->nleap * (width + 4) + out->nstd + out->nutc;
    return out->body_len <= len - TZIF_HEADER;
}

static bool tzif_body(const struct tzif *h, size_t width, struct tz *tz)
{
    const uint8_t *times = h->body;
    const uint8_t *indexes = times + h->ntimes * width;
    const uint8_t *types = indexes + h->ntimes;
    const char *chars = (const char *)types + h->ntypes * 6;
    memcpy(tz->abbrevs, chars, h->nchars);
    tz->ntypes = h->ntypes;
    for (uint32_t i = 0; i < h->ntypes; i++) {
        const uint8_t *t = types + 6 * i;
        tz->types[i] = (struct tz_type){.offset = (int32_t)load_be32(t), .dst = t[4] != 0, .abbrev = t[5]};
        if (t[5] >= h->nchars || tz->types[i].offset <= -604800 || tz->types[i].offset >= 604800)
            return false;
    }
    for (uint32_t i = 0; i < h->ntimes; i++) {
        int64_t at = width == 8 ? (int64_t)load_be64(times + 8 * i) : (int32_t)load_be32(times + 4 * i);
        if (indexes[i] >= h->ntypes || (i && at <= tz->at[i - 1]))
            return false;
        tz->at[i] = at;
        tz->at_type[i] = indexes[i];
    }
    tz->ntimes = h->ntimes;
    return true;
}

struct tz *tz_from_tzif(const uint8_t *bytes, size_t len)
{
    struct tzif h;
    size_t width = 4;
    if (!tzif_header(bytes, len, 4, &h))
        return NULL;
    if (h.version >= '2') {
        size_t skip = TZIF_HEADER + h.body_len;
        bytes += skip;
        len -= skip;
        width = 8;
        if (!tzif_header(bytes, len, 8, &h))
            return NULL;
    }
    if (h.ntypes == 0 || h.ntypes > TZ_TYPES_MAX - 2 || h.nchars == 0 || h.nchars >= TZ_ABBREVS_MAX / 2 || h.nleap != 0)
        return NULL;
    struct tz *tz = tz_new(h.ntimes + 2 * RULE_YEARS, h.ntypes + 2);
    if (!tzif_body(&h, width, tz))
        goto damaged;
    if (width == 8) {
        const char *footer = (const char *)h.body + h.body_len;
        size_t left = len - TZIF_HEADER - h.body_len;
        const char *end = left > 1 ? memchr(footer + 1, '\n', left - 1) : NULL;
        if (left > 2 && footer[0] == '\n' && end && end > footer + 1)
            (void)tz_extend(tz, strview_make(footer + 1, (size_t)(end - footer - 1)));
    }
    return tz;
damaged:
    tz_free(tz);
    return NULL;
}

/* Number of transitions at or before t. */
static uint32_t count_until(const struct tz *tz, int64_t t)
{
    uint64_t bucket = (uint64_t)t >> TZ_BUCKET_SHIFT;
    if (tz->indexed && bucket < TZ_BUCKETS) {
        uint32_t i = tz->bucket[bucket];
        while (i < tz->ntimes && tz->at[i] <= t)
            i++;
        return i;
    }
    uint32_t lo = 0, n = tz->ntimes;
    while (n > 0) {
        uint32_t half = n / 2;
        bool right = tz->at[lo + half] <= t;
        lo = right ? lo + half + 1 : lo;
        n = right ? n - half - 1 : half;
    }
    return lo;
}

void tz_index(struct tz *tz)
{
    if (tz->ntimes > UINT16_MAX)
        return;
    for (int64_t i = 0; i < TZ_BUCKETS; i++)
        tz->bucket[i] = (uint16_t)count_until(tz, (i << TZ_BUCKET_SHIFT) - 1);
    tz->indexed = true;
}

/* Moves t by whole cycles into the list; *shift is what was taken off. */
static int64_t into_cycle(const struct tz *tz, int64_t t, int64_t *shift)
{
    *shift = 0;
    if (tz->cycle_ahead && t >= tz->at[tz->ntimes - 1])
        *shift = ((t - tz->at[tz->ntimes - 1]) / TZ_CYCLE_SECS + 1) * TZ_CYCLE_SECS;
    else if (tz->cycle_back && t < tz->at[0])
        *shift = -((tz->at[0] - t) / TZ_CYCLE_SECS + 1) * TZ_CYCLE_SECS;
    return t - *shift;
}

const struct tz_type *tz_type_at(const struct tz *tz, int64_t t)
{
    assert(!tz->dynamic);
    if (tz->ntimes == 0)
        return &tz->types[tz->first_type];
    int64_t shift;
    uint32_t n = count_until(tz, into_cycle(tz, t, &shift));
    return &tz->types[n ? tz->at_type[n - 1] : tz->first_type];
}

/* For "before the first transition" PostgreSQL takes the first type that is standard time. */
static const struct tz_type *first_standard(const struct tz *tz)
{
    for (uint32_t i = 0; i < tz->ntypes; i++)
        if (!tz->types[i].dst)
            return &tz->types[i];
    return &tz->types[0];
}

bool tz_next_boundary(const struct tz *tz, int64_t t, int32_t *before, int64_t *boundary, int32_t *after)
{
    if (tz->ntimes == 0) {
        *before = first_standard(tz)->offset;
        return false;
    }
    int64_t shift;
    t = into_cycle(tz, t, &shift);
    uint32_t n = count_until(tz, t);
    *before = n ? tz->types[tz->at_type[n - 1]].offset : first_standard(tz)->offset;
    if (n == tz->ntimes)
        return false;
    *boundary = tz->at[n] + shift;
    *after = tz->types[tz->at_type[n]].offset;
    return true;
}

bool tz_is_fixed(const struct tz *tz, int32_t *offset)
{
    if (tz->dynamic)
        return false;
    *offset = tz->types[0].offset;
    for (uint32_t i = 1; i < tz->ntypes; i++)
        if (tz->types[i].offset != *offset)
            return false;
    return true;
}

int32_t tz_offset_of_local(const struct tz *tz, int64_t local_secs)
{
    int32_t before, after;
    int64_t boundary;
    if (!tz_next_boundary(tz, local_secs - 86400, &before, &boundary, &after))
        return before;
    int64_t as_before = local_secs - before, as_after = local_secs - after;
    if (as_before < boundary && as_after < boundary)
        return before;
    if (as_before > boundary && as_after >= boundary)
        return after;
    /* A wall time that does not exist is read with the offset before the gap; one that occurs twice with the later
     * offset. */
    return as_before > as_after ? before : after;
}

static bool abbrev_is(const struct tz *tz, uint32_t type, const char *abbrev)
{
    return strcmp(tz->abbrevs + tz->types[type].abbrev, abbrev) == 0;
}

bool tz_abbrev_at(const struct tz *tz, const char *abbrev, int64_t t, int32_t *offset, bool *dst)
{
    uint32_t n = 0;
    int64_t shift;
    const struct tz_type *found = NULL;
    if (tz->ntimes)
        n = count_until(tz, into_cycle(tz, t, &shift));
    for (uint32_t i = n; i-- > 0 && !found;)
        if (abbrev_is(tz, tz->at_type[i], abbrev))
            found = &tz->types[tz->at_type[i]];
    if (!found && abbrev_is(tz, (uint32_t)(first_standard(tz) - tz->types), abbrev))
        found = first_standard(tz);
    for (uint32_t i = n; i < tz->ntimes && !found; i++)
        if (abbrev_is(tz, tz->at_type[i], abbrev))
            found = &tz->types[tz->at_type[i]];
    if (!found)
        return false;
    *offset = found->offset;
    *dst = found->dst;
    return true;
}
