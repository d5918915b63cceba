/* SPDX-License-Identifier: Apache-2.0 */
#include "base/metrics.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { HISTOGRAM_BUCKETS = 16 };

static const double bucket_limits[HISTOGRAM_BUCKETS] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2,
                                                        0.5,   1,     2,     5,    10,   20,   50,  100};

struct metric {
    struct metric *next; /* sorted by name, then labels */
    enum metric_kind kind;
    const char *help;
    char *name, *labels;
    int64_t count;                     /* counter: value; histogram: observations. atomic */
    uint64_t value;                    /* gauge and histogram sum: bits of a double. atomic */
    int64_t bucket[HISTOGRAM_BUCKETS]; /* not cumulative. atomic */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct metric *metrics; /* guarded by lock */

static int metric_order(const struct metric *m, const char *name, const char *labels)
{
    int order = strcmp(m->name, name);
    return order ? order : strcmp(m->labels, labels);
}

struct metric *metric_get(enum metric_kind kind, const char *name, const char *help, const char *labels)
{
    pthread_mutex_lock(&lock);
    struct metric **at = &metrics;
    while (*at && metric_order(*at, name, labels) < 0)
        at = &(*at)->next;
    struct metric *m = *at;
    if (!m || metric_order(m, name, labels) != 0) {
        m = xcalloc(1, sizeof *m);
        m->kind = kind;
        m->help = help;
        m->name = xstrdup(name);
        m->labels = xstrdup(labels);
        m->next = *at;
        *at = m;
    }
    pthread_mutex_unlock(&lock);
    return m;
}

/* Adds to a double kept as bits. */
static void add_double(uint64_t *bits, double more)
{
    uint64_t old = __atomic_load_n(bits, __ATOMIC_RELAXED), new;
    do {
        double v;
        memcpy(&v, &old, sizeof v);
        v += more;
        memcpy(&new, &v, sizeof v);
    } while (!__atomic_compare_exchange_n(bits, &old, new, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
}

static double get_double(const uint64_t *bits)
{
    uint64_t raw = __atomic_load_n(bits, __ATOMIC_RELAXED);
    double v;
    memcpy(&v, &raw, sizeof v);
    return v;
}

void metric_add(struct metric *m, int64_t n)
{
    if (m->kind == METRIC_COUNTER)
        __atomic_fetch_add(&m->count, n, __ATOMIC_RELAXED);
    else
        add_double(&m->value, (double)n);
}

void metric_set(struct metric *m, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    __atomic_store_n(&m->value, bits, __ATOMIC_RELAXED);
}

void metric_observe(struct metric *m, double seconds)
{
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++)
        if (seconds <= bucket_limits[i]) {
            __atomic_fetch_add(&m->bucket[i], 1, __ATOMIC_RELAXED);
            break;
        }
    __atomic_fetch_add(&m->count, 1, __ATOMIC_RELAXED);
    add_double(&m->value, seconds);
}

double metric_value(const struct metric *m)
{
    return m->kind == METRIC_COUNTER ? (double)__atomic_load_n(&m->count, __ATOMIC_RELAXED) : get_double(&m->value);
}

void metric_drop(const char *label_text)
{
    pthread_mutex_lock(&lock);
    for (struct metric **at = &metrics; *at;) {
        struct metric *m = *at;
        if (!strstr(m->labels, label_text)) {
            at = &m->next;
            continue;
        }
        *at = m->next;
        free(m->name);
        free(m->labels);
        free(m);
    }
    pthread_mutex_unlock(&lock);
}

static void write_histogram(const struct metric *m, struct strbuf *out)
{
    int64_t sum = 0;
    const char *comma = m->labels[0] ? "," : "";
    for (int i = 0; i < HISTOGRAM_BUCKETS; i++) {
        sum += __atomic_load_n(&m->bucket[i], __ATOMIC_RELAXED);
        strbuf_add_fmt(out, "%s_bucket{%s%sle=\"%g\"} %lld\n", m->name, m->labels, comma, bucket_limits[i],
                       (long long)sum);
    }
    int64_t count = MAX_OF(sum, __atomic_load_n(&m->count, __ATOMIC_RELAXED));
    strbuf_add_fmt(out, "%s_bucket{%s%sle=\"+Inf\"} %lld\n", m->name, m->labels, comma, (long long)count);
    const char *open = m->labels[0] ? "{" : "", *close = m->labels[0] ? "}" : "";
    strbuf_add_fmt(out, "%s_sum%s%s%s %.9g\n", m->name, open, m->labels, close, get_double(&m->value));
    strbuf_add_fmt(out, "%s_count%s%s%s %lld\n", m->name, open, m->labels, close, (long long)count);
}

void metrics_write(struct strbuf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    const char *last = "";
    pthread_mutex_lock(&lock);
    for (const struct metric *m = metrics; m; m = m->next) {
        if (strcmp(m->name, last) != 0)
            strbuf_add_fmt(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, kinds[m->kind]);
        last = m->name;
        if (m->kind == METRIC_HISTOGRAM) {
            write_histogram(m, out);
            continue;
        }
        const char *open = m->labels[0] ? "{" : "", *close = m->labels[0] ? "}" : "";
        if (m->kind == METRIC_COUNTER)
            strbuf_add_fmt(out, "%s%s%s%s %lld\n", m->name, open, m->labels, close,
                           (long long)__atomic_load_n(&m->count, __ATOMIC_RELAXED));
        else
            strbuf_add_fmt(out, "%s%s%s%s %.17g\n", m->name, open, m->labels, close, get_double(&m->value));
    }
    pthread_mutex_unlock(&lock);
}
