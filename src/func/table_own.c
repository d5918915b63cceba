/* SPDX-License-Identifier: Apache-2.0 */
/* Functions PostgreSQL does not have: OIDs 9000–9999. */
#include "func/kernels_int.h"

/* They name the metadata of the event a row came from: only the generated columns of a table can know it. */
static bool k_event_only(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        error_set(&errors->scratch, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s() can only be used in a generated column",
                  call->func->name);
        error_hint(&errors->scratch, "Declare a column GENERATED ALWAYS AS (%s()) STORED and select that column.",
                   call->func->name);
        row_failed(errors, i);
    }
    return true;
}

#define EVENT(number, function, type, text)                                                                            \
    {                                                                                                                  \
        .oid = number, .name = function, .kind = FUNC_SCALAR, .volatility = FUNC_IMMUTABLE, .fallible = true,          \
        .result = type, .kernel = k_event_only, .doc = text                                                            \
    }
/* TimescaleDB's, as Grafana writes it. */
#define BUCKET(number, type, function)                                                                                 \
    {                                                                                                                  \
        .oid = number, .name = "time_bucket", .kind = FUNC_SCALAR, .volatility = FUNC_IMMUTABLE, .strict = true,       \
        .fallible = true, .nargs = 2, .arg = {TYPE_INTERVAL, type}, .result = type, .kernel = function,                \
        .doc = "Start of the bucket of this width that a time is in"                                                   \
    }
const struct func func_own[] = {
    BUCKET(9010, TYPE_TIMESTAMP, fk_time_bucket),
    BUCKET(9011, TYPE_TIMESTAMPTZ, fk_time_bucket),
    BUCKET(9012, TYPE_DATE, fk_time_bucket_date),
    EVENT(9000, "kafka_offset", TYPE_INT8, "Offset of the event the row came from"),
    EVENT(9001, "kafka_partition", TYPE_INT4, "Partition of the event the row came from"),
    EVENT(9002, "kafka_timestamp", TYPE_TIMESTAMPTZ, "Kafka's timestamp of the event the row came from"),
    EVENT(9003, "kafka_key", TYPE_TEXT, "Key of the event the row came from"),
};
const uint32_t func_own_count = ARRAY_LEN(func_own);
