/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the demonstration: the stream of invented click events, and one statement sent over the wire. */
#ifndef MENCIA_NODE_DEMO_INT_H
#define MENCIA_NODE_DEMO_INT_H

#include "base/error.h"
#include "base/str.h"

/* A topic `clicks` in a mock cluster, and the thread that feeds it. */
struct demo_stream;

bool demo_stream_open(struct demo_stream **out, struct error *err) MUST_CHECK;
void demo_stream_close(struct demo_stream *stream);
/* host:port of the mock broker; valid until close. */
const char *demo_stream_brokers(const struct demo_stream *stream);
/* Writes n events whose ts are spread over the last `seconds`; they are in the topic when it returns. */
bool demo_stream_history(struct demo_stream *stream, uint32_t n, uint32_t seconds, struct error *err) MUST_CHECK;
/* From now on events_per_s new ones, until close. */
bool demo_stream_run(struct demo_stream *stream, uint32_t events_per_s, struct error *err) MUST_CHECK;

/* Runs one statement as role and database mencia on 127.0.0.1:port; notices are appended to *notices, a line each. */
bool demo_run_sql(uint16_t port, const char *sql, struct strbuf *notices, struct error *err) MUST_CHECK;

#endif
