/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Process-wide metrics for /metrics (Prometheus text 0.0.4). A metric is found or made by name and labels and lives
 * until metric_drop. metric_get takes a lock; keep the pointer, since add and set are lock-free.
 */
#ifndef MENCIA_BASE_METRICS_H
#define MENCIA_BASE_METRICS_H

#include "base/base.h"
#include "base/str.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric;

/* name: full name with unit suffix; help: one sentence, static; labels: `table="x",partition="3"` or "". */
struct metric *metric_get(enum metric_kind kind, const char *name, const char *help, const char *labels);
void metric_add(struct metric *metric, int64_t n);          /* counter, gauge */
void metric_set(struct metric *metric, double value);       /* gauge */
void metric_observe(struct metric *metric, double seconds); /* histogram: 1 ms … 100 s, three buckets a decade */
double metric_value(const struct metric *metric);
/* Removes every metric whose labels contain this text (a dropped table's gauges). Their pointers must be unused. */
void metric_drop(const char *label_text);
/* Appends all metrics as Prometheus text. */
void metrics_write(struct strbuf *out);

#endif
