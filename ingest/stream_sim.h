/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A simulated topic in memory, for tests: messages are added, hidden (holes as transaction markers and compaction leave
 * them), expired; the topic can be re-created, be away, or fail. Several streams may be opened on one; thread-safe.
 */
#ifndef MENCIA_INGEST_STREAM_SIM_H
#define MENCIA_INGEST_STREAM_SIM_H

#include "ingest/stream.h"

struct sim_topic;

struct sim_topic *sim_topic_open(struct env *env, const char *name, uint32_t partitions);
void sim_topic_close(struct sim_topic *topic);
/* For ingest_config.open_stream: arg is the topic. 42704 if config->topic is another. */
bool sim_stream_open(void *arg, const struct stream_config *config, struct stream **out, struct error *err) MUST_CHECK;

/* Appends; returns its offset. value NULL = tombstone, key NULL = none; timestamp in µs since 2000. */
uint64_t sim_topic_add(struct sim_topic *topic, uint32_t partition, const char *key, const char *value, size_t len,
                       int64_t timestamp_us);
/* Appends n offsets that no consumer sees. */
void sim_topic_add_hole(struct sim_topic *topic, uint32_t partition, uint32_t n);
/* Everything below offset is gone. */
void sim_topic_expire(struct sim_topic *topic, uint32_t partition, uint64_t offset);
/* Deleted and created again, empty. */
void sim_topic_recreate(struct sim_topic *topic, uint32_t partition);
void sim_topic_set_partitions(struct sim_topic *topic, uint32_t n);
/* While away, reading gives STREAM_RETRY now and then and control calls fail with 08001. */
void sim_topic_set_away(struct sim_topic *topic, bool away);
/* The next read of the partition fails for good. */
void sim_topic_fail_once(struct sim_topic *topic, uint32_t partition);
uint64_t sim_topic_end(struct sim_topic *topic, uint32_t partition);

#endif
