/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding zones by name, the process-wide cache of them, and the public conversions.
 *
 * The cache is a hash table of lists that only grow at their heads: readers take no lock, a writer holds the lock and
 * publishes with release order. Zones are never freed, so pointers to them stay good.
 */
#include "types/datetime_int.h"
#include "types/tz_int.h"

#include <dirent.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define ZONEINFO       "/usr/share/zoneinfo"
#define CACHE_BUCKETS  512
#define CACHE_MAX      4096 /* zones; bounds what odd names can make us keep */
#define TZIF_BYTES_MAX (256 * 1024)

static struct {
    pthread_mutex_t lock; /* held by writers */
    _Atomic(const struct tz *) bucket[CACHE_BUCKETS];
    uint32_t count;
} cache = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct tz_type utc_type = {0};
static const struct tz utc = {.ntypes = 1, .types = &utc_type, .abbrevs = "UTC", .name = "UTC", .key = "UTC"};

const struct tz *tz_utc(void) { return &utc; }
const char *tz_name(const struct tz *tz) { return tz->name; }

static char upper(char c) { return c >= 'a' && c <= 'z' ? (char)(c - 32) : c; }

static uint32_t key_bucket(const char *key)
{
    uint32_t h = 2166136261u;
    for (; *key; key++)
        h = (h ^ (uint8_t)*key) * 16777619u;
    return h % CACHE_BUCKETS;
}

static const struct tz *cache_get(const char *key)
{
    const struct tz *tz = atomic_load_explicit(&cache.bucket[key_bucket(key)], memory_order_acquire);
    while (tz && strcmp(tz->key, key) != 0)
        tz = tz->next;
    return tz;
}

/* Takes tz over (NULL is passed through). Another thread's zone of the same key wins. */
static const struct tz *cache_put(struct tz *tz, const char *key)
{
    if (!tz)
        return NULL;
    snprintf(tz->key, sizeof tz->key, "%s", key);
    tz_index(tz);
    pthread_mutex_lock(&cache.lock);
    const struct tz *result = cache_get(key);
    if (!result && cache.count < CACHE_MAX) {
        _Atomic(const struct tz *) *head = &cache.bucket[key_bucket(key)];
        cache.count++;
        tz->next = atomic_load_explicit(head, memory_order_relaxed);
        atomic_store_explicit(head, tz, memory_order_release);
        result = tz;
        tz = NULL;
    }
    pthread_mutex_unlock(&cache.lock);
    tz_free(tz);
    return result;
}

/* Finds `part` among a directory's entries whatever its case; writes the true spelling over it. */
static bool spell_as_on_disk(const char *dir_path, char *part, size_t len)
{
    DIR *dir = opendir(dir_path);
    bool found = false;
    if (!dir)
        return false;
    for (struct dirent *e; !found && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.' || strlen(e->d_name) != len)
            continue;
        if (strview_equal_nocase(strview_make(e->d_name, len), strview_make(part, len))) {
            memcpy(part, e->d_name, len);
            found = true;
        }
    }
    closedir(dir);
    return found;
}

/* Turns name (any case) into the file's true name below the zoneinfo directory, in place. */
static bool find_file(char *name)
{
    char path[sizeof ZONEINFO + TZ_NAME_MAX + 2];
    for (char *part = name; part;) {
        char *slash = strchr(part, '/');
        size_t len = slash ? (size_t)(slash - part) : strlen(part);
        snprintf(path, sizeof path, "%s/%.*s", ZONEINFO, (int)(part - name), name);
        if (len == 0 || !spell_as_on_disk(path, part, len))
            return false;
        part = slash ? slash + 1 : NULL;
    }
    return true;
}

static struct tz *load_file(const char *asked)
{
    char name[TZ_NAME_MAX + 1], path[sizeof ZONEINFO + TZ_NAME_MAX + 2];
    struct tz *tz = NULL;
    snprintf(name, sizeof name, "%s", asked);
    if (name[0] == '\0' || !find_file(name))
        return NULL;
    snprintf(path, sizeof path, "%s/%s", ZONEINFO, name);
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    uint8_t *bytes = xmalloc(TZIF_BYTES_MAX);
    size_t len = fread(bytes, 1, TZIF_BYTES_MAX, file);
    if (!ferror(file))
        tz = tz_from_tzif(bytes, len);
    fclose(file);
    free(bytes);
    if (tz)
        snprintf(tz->name, sizeof tz->name, "%s", name);
    return tz;
}

/* A fixed offset under its POSIX spelling: <+05:30>-05:30. */
static struct tz *from_offset(int32_t east)
{
    char clock[16], text[64];
    int32_t secs = east < 0 ? -east : east;
    int n = snprintf(clock, sizeof clock, "%02d", secs / 3600);
    if (secs % 3600)
        n += snprintf(clock + n, sizeof clock - (size_t)n, ":%02d", secs / 60 % 60);
    if (secs % 60)
        snprintf(clock + n, sizeof clock - (size_t)n, ":%02d", secs % 60);
    snprintf(text, sizeof text, "<%c%s>%c%s", east < 0 ? '-' : '+', clock, east < 0 ? '+' : '-', clock);
    struct tz *tz = tz_from_posix(strview_of(text));
    if (tz)
        snprintf(tz->name, sizeof tz->name, "%s", text);
    return tz;
}

/* Copies to NUL-terminated upper case; false = too long or with NUL. */
static bool make_key(struct strview name, char key[TZ_NAME_MAX + 1])
{
    if (name.len > TZ_NAME_MAX || (name.len && memchr(name.ptr, '\0', name.len)))
        return false;
    for (size_t i = 0; i < name.len; i++)
        key[i] = upper(name.ptr[i]);
    key[name.len] = '\0';
    return true;
}

static const struct tz *find_by_key(const char *key)
{
    if (strcmp(key, "UTC") == 0)
        return &utc;
    const struct tz *cached = cache_get(key);
    if (cached)
        return cached;
    struct tz *tz = NULL;
    if (strcmp(key, "GMT") == 0)
        tz = tz_from_posix(STRVIEW("GMT0"));
    else
        tz = load_file(key);
    if (!tz)
        tz = tz_from_posix(strview_of(key));
    if (tz && tz->name[0] == '\0')
        snprintf(tz->name, sizeof tz->name, "%s", key);
    return cache_put(tz, key);
}

const struct tz *tz_find_name(struct strview name)
{
    char key[TZ_NAME_MAX + 1];
    return make_key(name, key) ? find_by_key(key) : NULL;
}

const struct tz *tz_find(struct strview name)
{
    char text[TZ_NAME_MAX + 1], offset_key[32], *end;
    if (!make_key(name, text))
        return NULL;
    const char *digits = text[0] == '+' || text[0] == '-' ? text + 1 : text;
    if ((char_is_digit(*digits) || *digits == '.') && !strchr(text, 'X')) {
        double hours = strtod(text, &end);
        if (*end == '\0') {
            if (!(fabs(hours) * 3600 < 168 * 3600))
                return NULL;
            int32_t east = (int32_t)(hours * 3600);
            snprintf(offset_key, sizeof offset_key, "=%d", east);
            const struct tz *cached = cache_get(offset_key);
            return cached ? cached : cache_put(from_offset(east), offset_key);
        }
    }
    return find_by_key(text);
}

/* A zone for an abbreviation; kept in the cache under a key no name can have. */
static const struct tz *find_abbrev(const char *upper_name, const struct tz_abbrev *abbrev)
{
    char key[TZ_NAME_MAX + 1];
    snprintf(key, sizeof key, "\x01%.200s", upper_name);
    const struct tz *cached = cache_get(key);
    if (cached)
        return cached;
    const struct tz *base = abbrev->zone ? tz_find_name(strview_of(abbrev->zone)) : NULL;
    if (abbrev->zone && !base)
        return NULL;
    struct tz *tz = tz_new(0, 1);
    tz->ntypes = 1;
    tz->types[0] = (struct tz_type){.offset = abbrev->offset, .dst = abbrev->dst};
    tz->base = base;
    tz->dynamic = base != NULL;
    snprintf(tz->abbrevs, sizeof tz->abbrevs, "%s", upper_name);
    snprintf(tz->name, sizeof tz->name, "%s", upper_name);
    return cache_put(tz, key);
}

const struct tz *tz_find_any(struct strview name)
{
    char key[TZ_NAME_MAX + 1], lower[WORD_LEN_MAX + 1];
    if (!make_key(name, key))
        return NULL;
    if (name.len <= WORD_LEN_MAX) {
        for (size_t i = 0; i <= name.len; i++)
            lower[i] = char_lower(key[i]);
        const struct tz_abbrev *abbrev = tz_abbrev_find(lower);
        if (abbrev)
            return find_abbrev(key, abbrev);
    }
    return find_by_key(key);
}

static int64_t floor_secs(timestamp_t t)
{
    int64_t s = t / USECS_PER_SEC;
    return s - (t % USECS_PER_SEC < 0) + POSTGRES_EPOCH_UNIX_SECS;
}

int32_t tz_offset_at(const struct tz *tz, timestamp_t t, const char **abbrev)
{
    int32_t offset;
    bool dst;
    int64_t secs = floor_secs(t);
    if (tz->dynamic) {
        if (abbrev)
            *abbrev = tz->name;
        if (tz_abbrev_at(tz->base, tz->name, secs, &offset, &dst))
            return offset;
        tz = tz->base;
    }
    const struct tz_type *type = tz_type_at(tz, secs);
    if (abbrev)
        *abbrev = tz->abbrevs + type->abbrev;
    return type->offset;
}

timestamp_t tz_utc_to_local(const struct tz *tz, timestamp_t t)
{
    return timestamp_is_finite(t) && tz != &utc ? t + tz_offset_at(tz, t, NULL) * USECS_PER_SEC : t;
}

timestamp_t tz_local_to_utc(const struct tz *tz, timestamp_t local)
{
    int32_t offset;
    bool dst;
    if (!timestamp_is_finite(local) || tz == &utc)
        return local;
    int64_t secs = floor_secs(local);
    if (tz->dynamic) {
        int32_t by_zone = tz_offset_of_local(tz->base, secs);
        offset = tz_abbrev_at(tz->base, tz->name, secs - by_zone, &offset, &dst) ? offset : by_zone;
    } else {
        offset = tz_offset_of_local(tz, secs);
    }
    return local - offset * USECS_PER_SEC;
}
