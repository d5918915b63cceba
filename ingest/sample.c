/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/sample.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"

enum { SAMPLE_BYTES = 8 << 20, SHOWN_KEYS = 10 };

/* 2000-01-01 and 2100-01-01 in µs since 2000. */
static const timestamp_t SANE_BEGIN = 0, SANE_END = 36525 * USECS_PER_DAY;

struct sampler {
    struct decode_spec *spec;
    struct env *env;
    struct stream *stream;
    struct arena *arena;
    struct sample *out;
    int64_t deadline_ns;
    struct strbuf text;
    uint32_t line_cap, warning_cap;
};

static int64_t time_left(const struct sampler *s)
{
    return MAX_OF(s->deadline_ns - s->env->mono_ns(s->env), INT64_C(1000000));
}

static void add_text(struct sampler *s, const char ***list, uint32_t *n, uint32_t *cap, const char *text)
{
    if (*n == *cap) {
        *cap = MAX_OF(2 * *cap, 16u);
        const char **more = ARENA_ARRAY(s->arena, const char *, *cap);
        if (*n)
            memcpy(more, *list, *n * sizeof *more);
        *list = more;
    }
    (*list)[(*n)++] = text;
}
static void add_line(struct sampler *s, const char *text)
{
    add_text(s, &s->out->line, &s->out->nline, &s->line_cap, text);
}
static void add_warning(struct sampler *s, const char *text)
{
    add_text(s, &s->out->warning, &s->out->nwarning, &s->warning_cap, text);
}

/* ---- where partitions start ---- */

static bool parse_start(const struct sampler *s, const struct value_ctx *ctx, int64_t *out, struct error *err)
{
    const char *start = s->spec->def->options.start;
    struct error why;
    timestamp_t t;

    if (!start || strcmp(start, "earliest") == 0) {
        *out = STREAM_EARLIEST;
        return true;
    }
    if (strcmp(start, "latest") == 0) {
        *out = STREAM_LATEST;
        return true;
    }
    if (timestamptz_parse(strview_of(start), -1, &ctx->datetime, &t, &why) && timestamp_is_finite(t)) {
        *out = t;
        return true;
    }
    error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid value for option \"start\": \"%s\"", start);
    return error_hint(err, "Use earliest, latest or a timestamp.");
}

static bool ask(struct sampler *s, struct stream_time *query, uint32_t n, int64_t timestamp_us, struct error *err)
{
    for (uint32_t i = 0; i < n; i++)
        query[i] = (struct stream_time){.partition = i, .timestamp_us = timestamp_us};
    return stream_offsets_for(s->stream, query, n, time_left(s), err);
}

static bool resolve(struct sampler *s, int64_t start, struct error *err)
{
    struct sample *out = s->out;
    uint32_t n;

    if (!stream_partitions(s->stream, time_left(s), &n, err))
        return false;
    struct stream_time *query = ARENA_ARRAY(s->arena, struct stream_time, n);
    out->npartition = n;
    out->partition = ARENA_ARRAY(s->arena, struct sample_partition, n);
    if (!ask(s, query, n, STREAM_EARLIEST, err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        out->partition[i] = (struct sample_partition){i, query[i].offset, query[i].offset, 0};
    if (!ask(s, query, n, STREAM_LATEST, err))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        out->partition[i].high = MAX_OF(query[i].offset, out->partition[i].low);
        if (start == STREAM_LATEST)
            out->partition[i].start = out->partition[i].high;
    }
    if (start == STREAM_EARLIEST || start == STREAM_LATEST)
        return true;
    if (!ask(s, query, n, start, err))
        return false;
    for (uint32_t i = 0; i < n; i++)
        out->partition[i].start = MAX_OF(query[i].offset, out->partition[i].low);
    return true;
}

/* ---- messages ---- */

static struct sample_column *column_named(struct sample *out, const char *name)
{
    for (uint32_t i = 0; i < out->ncolumn; i++)
        if (strcmp(out->column[i].name, name) == 0)
            return &out->column[i];
    return NULL;
}

static void note_fault(struct sample *out, const struct error *err)
{
    struct sample_column *column = err->column[0] ? column_named(out, err->column) : NULL;

    if (!out->faults++)
        snprintf(out->fault_reason, sizeof out->fault_reason, "%.250s", err->message);
    if (!column)
        return;
    if (!column->failed++)
        snprintf(column->reason, sizeof column->reason, "%.250s", err->message);
}

/* Times outside 2000–2100 are mostly another epoch unit. */
static void note_epochs(const struct sampler *s, const struct mutable_chunk *mc, uint32_t row)
{
    const struct table_def *def = s->spec->def;

    for (uint32_t c = 0, k = 0; c < def->ncolumn; c++) {
        if (def->column[c].dropped)
            continue;
        struct sample_column *column = &s->out->column[k++];
        const struct mutable_block *b = &mc->col[c].block[row / VEC_ROWS];
        uint32_t i = row % VEC_ROWS;
        oid_t type = def->column[c].type.oid;
        if (!column->from_message || b->null[i])
            continue;
        int64_t t;
        if (type == TYPE_TIMESTAMP || type == TYPE_TIMESTAMPTZ)
            t = ((const int64_t *)b->data)[i];
        else if (type == TYPE_DATE)
            t = ((const int32_t *)b->data)[i] * USECS_PER_DAY;
        else
            continue;
        column->odd_epoch += t < SANE_BEGIN || t >= SANE_END;
    }
}

static bool take_sample(struct sampler *s, struct decoder *d, struct mutable_chunk *mc,
                        const struct stream_message *msg, uint32_t partition, struct error *err)
{
    struct decode_meta meta = {.partition = partition,
                               .offset = msg->offset,
                               .pos = s->out->messages,
                               .timestamp_us = msg->timestamp_us,
                               .key = msg->key,
                               .key_null = msg->key_null};
    bool full;
    struct error fault;

    s->out->messages++;
    if (msg->value_null) {
        s->out->tombstones++;
        return true;
    }
    if (!mutable_chunk_begin_row(mc, &full, err))
        return false;
    uint32_t row = mc->next_row;
    switch (decoder_row(d, mc, &meta, msg->value, &fault)) {
    case DECODE_ROW:
        s->out->rows++;
        note_epochs(s, mc, row);
        return true;
    case DECODE_FAULT: note_fault(s->out, &fault); return true;
    case DECODE_FAILED: break;
    }
    *err = fault;
    return false;
}

/* Reads until every partition is at its end, max messages are there, or half the time is over. A topic that is slow to
 * answer gives a smaller sample, no error. */
static bool read_messages(struct sampler *s, struct decoder *d, struct mutable_chunk *mc, uint32_t max,
                          struct error *err)
{
    struct sample *out = s->out;
    uint32_t open = 0, share = MAX_OF(max / MAX_OF(out->npartition, 1u), 1u);
    uint32_t *left = ARENA_ARRAY(s->arena, uint32_t, MAX_OF(out->npartition, 1u));

    for (uint32_t i = 0; i < out->npartition; i++) {
        const struct sample_partition *p = &out->partition[i];
        uint64_t from = p->start;
        if (from >= p->high)
            from = p->high - MIN_OF(p->high - p->low, (uint64_t)share);
        if (from >= p->high)
            continue;
        if (!stream_assign(s->stream, i, from, err))
            return false;
        left[i] = share;
        open++;
    }
    while (open && out->messages < max && s->env->mono_ns(s->env) < s->deadline_ns) {
        bool any = false;
        for (uint32_t i = 0; i < out->npartition && out->messages < max; i++) {
            struct stream_message msg;
            struct error ignored;
            if (!left[i])
                continue;
            enum stream_event event = stream_next(s->stream, i, &msg, &ignored);
            any |= event != STREAM_NONE;
            if (event == STREAM_MESSAGE) {
                if (!take_sample(s, d, mc, &msg, i, err))
                    return false;
                left[i]--;
            } else if (event == STREAM_EOF || event == STREAM_OUT_OF_RANGE || event == STREAM_FAILED) {
                left[i] = 0;
            }
            open -= left[i] == 0;
        }
        if (!any)
            stream_wait(s->stream, MIN_OF(time_left(s), INT64_C(50000000)));
    }
    return true;
}

/* ---- the report ---- */

static void init_columns(struct sampler *s)
{
    const struct table_def *def = s->spec->def;

    s->out->column = ARENA_ARRAY(s->arena, struct sample_column, MAX_OF(def->ncolumn, 1u));
    for (uint32_t c = 0; c < def->ncolumn; c++) {
        if (def->column[c].dropped)
            continue;
        struct sample_column *column = &s->out->column[s->out->ncolumn++];
        column->name = arena_strdup(s->arena, def->column[c].name);
        column->from_message = def->column[c].source_path && def->column[c].generated == GENERATED_NONE;
    }
}

static void count_columns(struct sampler *s, const struct decoder *d)
{
    const struct table_def *def = s->spec->def;
    uint64_t values = s->out->messages - s->out->tombstones;

    for (uint32_t c = 0, k = 0; c < def->ncolumn; c++) {
        struct decode_column_stats stats;
        if (def->column[c].dropped)
            continue;
        struct sample_column *column = &s->out->column[k++];
        decoder_column_stats(d, c, &stats);
        column->found = stats.found;
        column->null = stats.null;
        column->absent = values - MIN_OF(stats.found + stats.null, values);
    }
}

static void copy_unknown(struct sampler *s, const struct decoder *d)
{
    struct decode_stats stats;
    struct sample *out = s->out;

    decoder_stats(d, &stats);
    out->unknown = ARENA_ARRAY(s->arena, struct strview, MAX_OF(stats.unknown_names, 1u));
    uint64_t *count = ARENA_ARRAY(s->arena, uint64_t, MAX_OF(stats.unknown_names, 1u));
    for (uint32_t i = 0; i < stats.unknown_names; i++) {
        uint64_t times;
        struct strview name = arena_strview(s->arena, decoder_unknown(d, i, &times));
        uint32_t at = out->nunknown++;
        for (; at > 0 && count[at - 1] < times; at--) {
            out->unknown[at] = out->unknown[at - 1];
            count[at] = count[at - 1];
        }
        out->unknown[at] = name;
        count[at] = times;
    }
}

static void report_column(struct sampler *s, const struct sample_column *c)
{
    uint64_t values = s->out->messages - s->out->tombstones;

    if (!c->from_message)
        return;
    strbuf_clear(&s->text);
    strbuf_add_fmt(&s->text, "column \"%s\": found in %llu of %llu", c->name, (unsigned long long)(c->found + c->null),
                   (unsigned long long)values);
    if (c->null)
        strbuf_add_fmt(&s->text, ", null in %llu", (unsigned long long)c->null);
    if (c->failed)
        strbuf_add_fmt(&s->text, ", does not fit in %llu (%s)", (unsigned long long)c->failed, c->reason);
    add_line(s, arena_strdup(s->arena, s->text.data));
    if (values && c->found + c->null == 0 && s->spec->def->options.format == FORMAT_JSON)
        add_warning(s, arena_fmt(s->arena, "no sampled message has a key for column \"%s\"", c->name));
    if (c->failed)
        add_warning(s, arena_fmt(s->arena, "column \"%s\": %llu of %llu sampled values do not fit: %s", c->name,
                                 (unsigned long long)c->failed, (unsigned long long)values, c->reason));
    if (c->odd_epoch)
        add_warning(s,
                    arena_fmt(s->arena,
                              "column \"%s\": %llu of %llu sampled times lie outside the years 2000 to 2100; check the "
                              "option epoch_unit",
                              c->name, (unsigned long long)c->odd_epoch, (unsigned long long)c->found));
}

static void report(struct sampler *s)
{
    struct sample *out = s->out;
    uint64_t total = 0;

    for (uint32_t i = 0; i < out->npartition; i++)
        total += out->partition[i].high - MIN_OF(out->partition[i].start, out->partition[i].high);
    add_line(s, arena_fmt(s->arena, "topic \"%s\": %u partitions, about %llu messages to read",
                          s->spec->def->options.kafka_topic, out->npartition, (unsigned long long)total));
    if (!out->messages) {
        add_line(s, "no messages to sample");
        return;
    }
    add_line(s, arena_fmt(s->arena, "sampled %llu messages: %llu rows, %llu that are no rows, %llu tombstones",
                          (unsigned long long)out->messages, (unsigned long long)out->rows,
                          (unsigned long long)out->faults, (unsigned long long)out->tombstones));
    for (uint32_t i = 0; i < out->ncolumn; i++)
        report_column(s, &out->column[i]);
    if (out->faults)
        add_warning(s,
                    arena_fmt(s->arena, "%llu of %llu sampled messages are no rows, the first because: %s",
                              (unsigned long long)out->faults, (unsigned long long)out->messages, out->fault_reason));
    if (out->nunknown) {
        strbuf_clear(&s->text);
        strbuf_add_fmt(&s->text, "keys no column takes (%u):", out->nunknown);
        for (uint32_t i = 0; i < MIN_OF(out->nunknown, (uint32_t)SHOWN_KEYS); i++)
            strbuf_add_fmt(&s->text, "%s %.*s", i ? "," : "", (int)out->unknown[i].len, out->unknown[i].ptr);
        if (out->nunknown > SHOWN_KEYS)
            strbuf_add_cstr(&s->text, ", …");
        add_line(s, arena_strdup(s->arena, s->text.data));
    }
}

static bool read_sample(struct sampler *s, uint32_t max, struct error *err)
{
    struct decoder *d = NULL;
    struct mutable_chunk *mc = NULL;
    struct mem_pool *pool = mem_pool_open(4 * (uint64_t)SAMPLE_BYTES * 16, 0);
    struct mem_account *account = mem_account_open(pool, MEM_INGEST, 0, "sample");

    bool ok = mutable_chunk_open(s->spec->def, account, &mc, err) && decoder_open(s->spec, account, &d, err);
    if (ok) {
        decoder_track_columns(d, true);
        ok = read_messages(s, d, mc, max, err);
    }
    if (ok) {
        count_columns(s, d);
        copy_unknown(s, d);
    }
    decoder_close(d);
    if (mc)
        chunk_put(mc->chunk);
    mem_account_close(account);
    mem_pool_close(pool);
    return ok;
}

bool sample_stream(struct decode_spec *spec, struct env *env, const struct value_ctx *ctx, uint32_t max,
                   bool (*open)(void *arg, const struct stream_config *config, struct stream **out, struct error *err),
                   void *open_arg, struct arena *arena, struct sample *out, struct error *err)
{
    struct sampler s = {.spec = spec,
                        .env = env,
                        .arena = arena,
                        .out = out,
                        .deadline_ns = env->mono_ns(env) + SAMPLE_TIMEOUT_S * INT64_C(1000000000)};
    struct stream_config config = {.env = env,
                                   .brokers = spec->def->options.kafka_brokers,
                                   .topic = spec->def->options.kafka_topic,
                                   .client_id = "mencia-sample",
                                   .control = true};
    int64_t start;

    memset(out, 0, sizeof *out);
    if (!parse_start(&s, ctx, &start, err))
        return false;
    if (!(open ? open(open_arg, &config, &s.stream, err) : stream_open(&config, &s.stream, err)))
        return false;
    strbuf_init(&s.text);
    init_columns(&s);
    bool ok = resolve(&s, start, err);
    if (ok && max)
        ok = read_sample(&s, MIN_OF(max, (uint32_t)CHUNK_ROWS), err);
    if (ok)
        report(&s);
    strbuf_release(&s.text);
    stream_close(s.stream);
    return ok;
}
