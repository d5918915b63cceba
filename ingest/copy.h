/* SPDX-License-Identifier: Apache-2.0 */
/*
 * COPY's text and csv formats with PostgreSQL 15's meaning and error texts: a decoder that takes bytes in pieces of any
 * size and writes rows into open chunks, and an encoder of rows given as text values.
 */
#ifndef MENCIA_INGEST_COPY_H
#define MENCIA_INGEST_COPY_H

#include "ingest/decode.h"

struct copy_options {
    bool csv;
    bool header;       /* COPY FROM: the first line is skipped; COPY TO: names are written */
    bool header_match; /* COPY FROM … HEADER MATCH: it must name the columns */
    char delimiter;    /* 0 = default: tab, csv comma */
    char quote;        /* csv; 0 = " */
    char escape;       /* csv; 0 = quote */
    const char *null;  /* NULL = default: \N, csv empty */
    bool force_quote_all;
    const bool *force_quote;    /* [ncolumn] of the column list, NULL = none; COPY TO */
    const bool *force_not_null; /* same; COPY FROM */
    const bool *force_null;
};
/* Fills the defaults and checks the combination as PostgreSQL does (22023, 0A000, 42601). */
bool copy_options_check(struct copy_options *options, bool is_from, struct error *err) MUST_CHECK;

struct copy_decoder;

/* A row that is complete goes into the chunk the caller gives; pos numbers are the caller's. */
struct copy_sink {
    void *arg;
    /* The chunk for the next row, with a row begun. False: err. */
    bool (*begin_row)(void *arg, struct mutable_chunk **mc, struct error *err);
    /* pos and ordinal to commit the row with. */
    uint64_t (*row_pos)(void *arg);
    /* Row done; may hand a full chunk on. False: err, COPY fails. NULL = nothing to do. */
    bool (*end_row)(void *arg, struct error *err);
};

/* attnum[ncolumn]: the column list, in input order. Columns not in it get their default, else NULL, and are computed if
 * generated. The spec is held. ctx: session settings for text input. */
bool copy_decoder_open(struct decode_spec *spec, const struct copy_options *options, const int16_t *attnum,
                       uint32_t ncolumn, const struct value_ctx *ctx, const struct copy_sink *sink,
                       struct mem_account *account, struct copy_decoder **out, struct error *err) MUST_CHECK;
/* The next piece of input; it is consumed whole. An error ends the COPY; it carries PostgreSQL's CONTEXT. */
bool copy_decoder_put(struct copy_decoder *d, const char *data, size_t len, struct error *err) MUST_CHECK;
/* End of input: a last line without newline counts. */
bool copy_decoder_finish(struct copy_decoder *d, struct error *err) MUST_CHECK;
uint64_t copy_decoder_rows(const struct copy_decoder *d);
void copy_decoder_close(struct copy_decoder *d);

/* ---- COPY TO ---- one row per call, appended to out with its newline. */
void copy_encode_header(struct strbuf *out, const struct copy_options *options, const struct strview *name,
                        uint32_t ncolumn);
/* value[i].ptr NULL = NULL. */
void copy_encode_row(struct strbuf *out, const struct copy_options *options, const struct strview *value,
                     uint32_t ncolumn);

#endif
