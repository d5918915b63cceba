/* SPDX-License-Identifier: Apache-2.0 */
#include "session/table_options.h"

#include "types/value.h"

#include <stdlib.h>

enum key {
    KEY_BROKERS,
    KEY_TOPIC,
    KEY_FORMAT,
    KEY_START,
    KEY_TIME_COLUMN,
    KEY_EPOCH_UNIT,
    KEY_SEAL_ROWS,
    KEY_SEAL_AGE,
    KEY_ON_ERROR,
    KEY_ON_GAP,
    KEY_SORT_BY,
    KEY_INGEST,
    KEY_CONNECTOR,
};

struct key_def {
    const char *name;
    enum key key;
    bool alterable;
    bool kafka; /* needs kafka.topic */
};

static const struct key_def keys[] = {
    {"kafka.brokers", KEY_BROKERS, false, true},
    {"kafka.topic", KEY_TOPIC, false, true},
    {"format", KEY_FORMAT, false, true},
    {"start", KEY_START, false, true},
    {"time_column", KEY_TIME_COLUMN, false, false},
    {"epoch_unit", KEY_EPOCH_UNIT, false, true},
    {"seal_rows", KEY_SEAL_ROWS, true, true},
    {"seal_age", KEY_SEAL_AGE, true, true},
    {"on_error", KEY_ON_ERROR, true, true},
    {"on_gap", KEY_ON_GAP, true, true},
    {"sort_by", KEY_SORT_BY, false, false},
    {"ingest", KEY_INGEST, true, true},
    /* Spellings other systems use for the same things. */
    {"connector", KEY_CONNECTOR, false, true},
    {"topic", KEY_TOPIC, false, true},
    {"properties.bootstrap.server", KEY_BROKERS, false, true},
    {"scan.startup.mode", KEY_START, false, true},
};

#define SEAL_ROWS_DEFAULT 1000000u
#define SEAL_ROWS_MAX     (1u << 24)
#define SEAL_AGE_DEFAULT  (3600 * USECS_PER_SEC)

void table_options_default(struct table_options *options)
{
    *options = (struct table_options){
        .format = FORMAT_JSON,
        .epoch_unit = EPOCH_MS,
        .on_error = ON_ERROR_DEAD_LETTER,
        .on_gap = ON_GAP_STOP,
        .ingest = INGEST_RUNNING,
        .seal_rows = SEAL_ROWS_DEFAULT,
        .seal_age_us = SEAL_AGE_DEFAULT,
    };
}

static bool unknown_key(const struct ast_option *o, struct error *err)
{
    const char *best = NULL;
    uint32_t best_distance = 4;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        uint32_t distance = str_distance(o->key, strview_of(keys[i].name), 3);
        /* kafka.broker for kafka.brokers, broker for kafka.brokers: the last part counts too. */
        const char *dot = strrchr(keys[i].name, '.');
        if (dot)
            distance = MIN_OF(distance, str_distance(o->key, strview_of(dot + 1), 3));
        if (distance < best_distance) {
            best_distance = distance;
            best = keys[i].name;
        }
    }
    error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "unrecognized parameter \"%.*s\"", (int)o->key.len, o->key.ptr);
    if (best)
        return error_hint(err, "Perhaps you meant \"%s\".", best);
    return error_hint(err, "Known parameters: kafka.brokers, kafka.topic, format, start, time_column, epoch_unit, "
                           "seal_rows, seal_age, on_error, on_gap, sort_by, ingest.");
}

static bool bad_value(const struct ast_option *o, const char *allowed, struct error *err)
{
    error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid value for parameter \"%.*s\": \"%.*s\"", (int)o->key.len,
              o->key.ptr, (int)o->text.len, o->text.ptr);
    return error_hint(err, "Allowed: %s.", allowed);
}

/* choices: "a,b,c"; *out = index. */
static bool choose(const struct ast_option *o, const char *choices, int *out, struct error *err)
{
    int i = 0;
    for (const char *p = choices; *p; i++) {
        size_t n = strcspn(p, ",");
        if (strview_equal_nocase(o->text, strview_make(p, n))) {
            *out = i;
            return true;
        }
        p += n + (p[n] == ',');
    }
    return bad_value(o, choices, err);
}

static bool column_attnum(const struct table_def *def, struct strview name, int16_t *out, struct error *err)
{
    name = strview_trim(name);
    const struct column_def *c = table_def_column(def, name);
    for (uint32_t i = 0; !c && i < def->ncolumn; i++)
        if (strview_equal_nocase(name, strview_of(def->column[i].name)))
            c = &def->column[i];
    if (!c)
        return error_set(err, SQLSTATE_UNDEFINED_COLUMN, "column \"%.*s\" does not exist", (int)name.len, name.ptr);
    *out = c->attnum;
    return true;
}

static bool set_sort_by(struct table_def *def, const struct ast_option *o, struct error *err)
{
    uint32_t n = 0;
    struct strview rest = o->text;
    while (rest.len) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma ? (size_t)(comma - rest.ptr) : rest.len;
        if (n == ARRAY_LEN(def->options.sort_attnum))
            return bad_value(o, "at most 8 columns, separated by commas", err);
        if (!column_attnum(def, strview_make(rest.ptr, len), &def->options.sort_attnum[n++], err))
            return false;
        rest.ptr += len + (comma != NULL);
        rest.len -= len + (comma != NULL);
    }
    return true;
}

static bool set_time_column(struct table_def *def, const struct ast_option *o, struct error *err)
{
    int16_t attnum;
    if (!column_attnum(def, o->text, &attnum, err))
        return false;
    oid_t type = def->column[attnum - 1].type.oid;
    if (type != TYPE_TIMESTAMPTZ && type != TYPE_TIMESTAMP && type != TYPE_DATE)
        return error_set(err, SQLSTATE_DATATYPE_MISMATCH, "the time column must be a date or timestamp");
    def->options.time_attnum = attnum;
    return true;
}

static bool set_seal_age(struct table_def *def, const struct ast_option *o, struct error *err)
{
    struct interval v;
    struct error unused;
    if (!interval_parse(o->text, -1, &v, &unused) || v.months || v.days < 0 || v.days > 30 || v.us < 0 ||
        v.days * USECS_PER_DAY + v.us < USECS_PER_SEC)
        return bad_value(o, "an interval from '1 second' to '30 days'", err);
    def->options.seal_age_us = v.days * USECS_PER_DAY + v.us;
    return true;
}

static bool set_seal_rows(struct table_def *def, const struct ast_option *o, struct error *err)
{
    int64_t rows;
    struct error unused;
    if (!int_parse(o->text, 1, SEAL_ROWS_MAX, "integer", &rows, &unused))
        return bad_value(o, "1 to 16777216", err);
    def->options.seal_rows = (uint32_t)rows;
    return true;
}

static bool set_start(struct table_def *def, const struct ast_option *o, struct error *err)
{
    timestamp_t t;
    struct error unused;
    if (!strview_equal_cstr(o->text, "earliest") && !strview_equal_cstr(o->text, "latest") &&
        !timestamptz_parse(o->text, -1, &value_ctx_default.datetime, &t, &unused))
        return bad_value(o, "earliest, latest, or a timestamp such as '2024-05-01 00:00:00+00'", err);
    def->options.start = arena_strndup(&def->arena, o->text.ptr, o->text.len);
    return true;
}

static bool set_one(struct table_def *def, const struct ast_option *o, enum key key, struct error *err)
{
    struct table_options *t = &def->options;
    int choice = 0;
    bool ok = true;
    switch (key) {
    case KEY_BROKERS: t->kafka_brokers = arena_strndup(&def->arena, o->text.ptr, o->text.len); break;
    case KEY_TOPIC: t->kafka_topic = arena_strndup(&def->arena, o->text.ptr, o->text.len); break;
    case KEY_START: return set_start(def, o, err);
    case KEY_TIME_COLUMN: return set_time_column(def, o, err);
    case KEY_SEAL_ROWS: return set_seal_rows(def, o, err);
    case KEY_SEAL_AGE: return set_seal_age(def, o, err);
    case KEY_SORT_BY: return set_sort_by(def, o, err);
    case KEY_FORMAT:
        ok = choose(o, "json", &choice, err);
        t->format = FORMAT_JSON;
        break;
    case KEY_CONNECTOR: ok = choose(o, "kafka", &choice, err); break;
    case KEY_EPOCH_UNIT:
        ok = choose(o, "s,ms,us,ns", &choice, err);
        t->epoch_unit = (enum epoch_unit)choice;
        break;
    case KEY_ON_ERROR:
        ok = choose(o, "dead_letter,skip,fail", &choice, err);
        t->on_error = (enum on_error)choice;
        break;
    case KEY_ON_GAP:
        ok = choose(o, "stop,record", &choice, err);
        t->on_gap = (enum on_gap)choice;
        break;
    case KEY_INGEST:
        ok = choose(o, "running,paused", &choice, err);
        t->ingest = (enum ingest_mode)choice;
        break;
    }
    return ok;
}

static bool apply_one(struct table_def *def, const struct ast_option *o, bool altering, bool *kafka, struct error *err)
{
    const struct key_def *k = NULL;
    for (size_t i = 0; !k && i < ARRAY_LEN(keys); i++)
        if (strview_equal_cstr(o->key, keys[i].name))
            k = &keys[i];
    if (!k)
        return unknown_key(o, err);
    if (altering && !k->alterable) {
        error_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "parameter \"%s\" cannot be changed", k->name);
        return error_hint(err, "These can: ingest, on_error, on_gap, seal_rows, seal_age.");
    }
    if (o->kind == OPTION_NONE || o->kind == OPTION_LIST)
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "parameter \"%s\" requires a value", k->name);
    if (o->capitals_lost) {
        error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "the value of parameter \"%s\" has capitals but no quotes",
                  k->name);
        return error_hint(err, "Write it in single quotes, as in %s = 'Value'.", k->name);
    }
    *kafka = *kafka || k->kafka;
    return set_one(def, o, k->key, err);
}

bool table_options_apply(struct table_def *def, const struct ast_option *option, uint32_t n, bool altering,
                         struct error *err)
{
    bool kafka = false;
    for (uint32_t i = 0; i < n; i++)
        if (!apply_one(def, &option[i], altering, &kafka, err))
            return error_position(err, option[i].location + 1);
    const struct table_options *t = &def->options;
    if (kafka && !t->kafka_topic)
        return error_set(err, SQLSTATE_INVALID_TABLE_DEFINITION, "parameter \"kafka.topic\" is missing");
    if (kafka && !t->kafka_brokers) {
        error_set(err, SQLSTATE_INVALID_TABLE_DEFINITION, "parameter \"kafka.brokers\" is missing");
        return error_hint(err, "Add kafka.brokers = 'host:9092'.");
    }
    if (kafka && !t->start)
        def->options.start = arena_strdup(&def->arena, "earliest");
    return true;
}
