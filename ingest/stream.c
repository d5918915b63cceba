/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/stream_int.h"

#include <stdio.h>

#include "base/hash.h"

bool stream_open(const struct stream_config *config, struct stream **out, struct error *err)
{
    if (strncmp(config->brokers, "file:", 5) == 0)
        return stream_file_open(config, out, err);
    return stream_kafka_open(config, out, err);
}

uint32_t stream_message_crc(const struct stream_message *msg)
{
    uint64_t len[2] = {msg->key_null ? UINT64_MAX : msg->key.len, msg->value_null ? UINT64_MAX : msg->value.len};
    uint32_t crc = crc32c(0, len, sizeof len);

    if (msg->key.len)
        crc = crc32c(crc, msg->key.ptr, msg->key.len);
    return msg->value.len ? crc32c(crc, msg->value.ptr, msg->value.len) : crc;
}

void stream_topic_hint(struct error *err, const char *name, const char *const *known, uint32_t n)
{
    const char *best[3] = {NULL, NULL, NULL};
    uint32_t distance[3] = {4, 4, 4};

    for (uint32_t i = 0; i < n; i++) {
        uint32_t d = str_distance(strview_of(name), strview_of(known[i]), 3);
        for (uint32_t k = 0; k < 3; k++) {
            if (d >= distance[k])
                continue;
            for (uint32_t m = 2; m > k; m--) {
                best[m] = best[m - 1];
                distance[m] = distance[m - 1];
            }
            best[k] = known[i];
            distance[k] = d;
            break;
        }
    }
    if (best[2])
        error_hint(err, "Did you mean \"%s\", \"%s\" or \"%s\"?", best[0], best[1], best[2]);
    else if (best[1])
        error_hint(err, "Did you mean \"%s\" or \"%s\"?", best[0], best[1]);
    else if (best[0])
        error_hint(err, "Did you mean \"%s\"?", best[0]);
    else if (n == 0)
        error_hint(err, "The broker has no topics.");
    else
        error_hint(err, "The broker has %u topics, for example \"%s\".", n, known[0]);
}
