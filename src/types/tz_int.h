/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a time zone, shared by the TZif reader, the POSIX rule expander and the lookups. Times here are Unix
 * seconds in UTC.
 *
 * A zone is a sorted list of transitions. Rules that go on for ever (a TZif footer, a POSIX string) are expanded into
 * more than one Gregorian cycle (400 years) of transitions; a time beyond the list is moved by whole cycles into it.
 */
#ifndef MENCIA_TYPES_TZ_INT_H
#define MENCIA_TYPES_TZ_INT_H

#include "types/datetime.h"

#define TZ_NAME_MAX    255
#define TZ_CYCLE_SECS  12622780800LL /* 400 Gregorian years */
#define TZ_CYCLE_YEARS 400
#define TZ_TYPES_MAX   256
#define TZ_ABBREVS_MAX 512
#define TZ_OFFSET_NONE INT32_MIN

struct tz_type {
    int32_t offset;  /* seconds east of UTC */
    bool dst;        /* daylight-saving time */
    uint16_t abbrev; /* offset into tz.abbrevs */
};

/* Times from 1970 to 2106 are looked up by their bucket of 194 days. */
#define TZ_BUCKETS      256
#define TZ_BUCKET_SHIFT 24

struct tz {
    uint32_t ntimes;             /* transitions */
    uint32_t ntypes;             /* at least 1; type 0 is in force before the first transition of a file */
    int64_t *at;                 /* transition instants, ascending */
    uint8_t *at_type;            /* type that starts at each */
    struct tz_type *types;       /* [ntypes] */
    bool cycle_ahead;            /* times after the last transition repeat the cycle before it */
    bool cycle_back;             /* the same before the first one */
    bool dynamic;                /* an abbreviation whose offset depends on the date: `base` and `name` tell */
    bool indexed;                /* `bucket` is filled */
    uint16_t bucket[TZ_BUCKETS]; /* transitions before the bucket begins */
    uint8_t first_type;          /* type in force before the first transition */
    const struct tz *base;       /* dynamic: the zone that uses the abbreviation */
    const struct tz *next;       /* next in the cache's bucket */
    char abbrevs[TZ_ABBREVS_MAX];
    char name[TZ_NAME_MAX + 1]; /* as SHOW TimeZone prints it */
    char key[TZ_NAME_MAX + 1];  /* upper-case name it was asked by */
};

/* A POSIX TZ rule (the TZ variable's format, also the TZif footer). */
enum tz_rule_kind { TZ_RULE_JULIAN, TZ_RULE_DAY, TZ_RULE_MONTH };
struct tz_rule {
    enum tz_rule_kind kind;
    int32_t day;   /* JULIAN 1..365 without 29 February, DAY 0..365, MONTH: 0..6 = weekday */
    int32_t week;  /* 1..5, 5 = last */
    int32_t month; /* 1..12 */
    int32_t secs;  /* local wall time of the change, may be negative or above a day */
};
struct tz_posix {
    struct strview std, dst; /* abbreviations; dst.len 0 and !has_dst = none */
    int32_t std_offset, dst_offset;
    bool has_dst;
    struct tz_rule start, end;
};

/* Reads a POSIX TZ string; false = not one. */
bool tz_posix_parse(struct strview text, struct tz_posix *out);
/* The two changes of a year, as Unix seconds in UTC. */
void tz_posix_year(const struct tz_posix *posix, int32_t year, int64_t *to_dst, int64_t *to_std);
/* Builds a zone from a POSIX string; NULL = not one. */
struct tz *tz_from_posix(struct strview text);
/* Builds a zone from a TZif file's bytes (untrusted); NULL = damaged, or has leap seconds. */
struct tz *tz_from_tzif(const uint8_t *bytes, size_t len);
/* Appends the transitions of a rule to a zone after its last one and sets the cycle flags. */
bool tz_extend(struct tz *tz, struct strview footer);
struct tz *tz_new(uint32_t times_max, uint32_t types_max);
void tz_free(struct tz *tz);
/* Fills the buckets; once, when all transitions are there. */
void tz_index(struct tz *tz);

/* The transition after `t`: false = none, *before is the offset for ever. */
bool tz_next_boundary(const struct tz *tz, int64_t t, int32_t *before, int64_t *boundary, int32_t *after);
/* Type in force at t; not for dynamic zones. */
const struct tz_type *tz_type_at(const struct tz *tz, int64_t t);
/* All of the zone's types have one offset. */
bool tz_is_fixed(const struct tz *tz, int32_t *offset);
/* Offset for a local wall time in Unix-like seconds, as PostgreSQL resolves gaps and overlaps. */
int32_t tz_offset_of_local(const struct tz *tz, int64_t local_secs);
/* What an upper-case abbreviation means in the zone at t: the latest use at or before t, else the first after it.
 * False = the zone never uses it. */
bool tz_abbrev_at(const struct tz *tz, const char *abbrev, int64_t t, int32_t *offset, bool *dst);

#endif
