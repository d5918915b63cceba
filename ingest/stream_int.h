/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of streams stream_open chooses from. */
#ifndef MENCIA_INGEST_STREAM_INT_H
#define MENCIA_INGEST_STREAM_INT_H

#include "ingest/stream.h"

bool stream_kafka_open(const struct stream_config *config, struct stream **out, struct error *err) MUST_CHECK;
bool stream_file_open(const struct stream_config *config, struct stream **out, struct error *err) MUST_CHECK;

#endif
