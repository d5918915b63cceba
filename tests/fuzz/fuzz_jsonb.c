/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonb from text and from bytes. Input: one byte, even = the rest is JSON text, odd = the rest is the binary form.
 * What is accepted must print to text that parses to the same bytes.
 */
#include "types/jsonb.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

/* A value that passed the check: prints and parses back, is equal to itself and contains itself. */
static void check_value(struct strview v)
{
    struct strbuf text, again;
    struct strview member;
    struct error err;
    strbuf_init(&text);
    strbuf_init(&again);
    jsonb_format(&text, v);
    must(jsonb_parse(strview_make(text.data, text.len), &again, &err));
    struct strview back = strview_make(again.data, again.len);
    must(strview_equal(back, v));
    must(jsonb_compare(v, back) == 0 && jsonb_hash(v) == jsonb_hash(back));
    if (v.len < 4096)
        must(jsonb_contains(v, back));
    if (jsonb_kind(v) == JSONB_OBJECT) {
        for (uint32_t i = 0; i < jsonb_count(v); i++) {
            struct strview key, value;
            jsonb_pair(v, i, &key, &value);
            must(jsonb_get_key(v, key, NULL, &member) && member.ptr == value.ptr && member.len == value.len);
            must(jsonb_exists(v, key));
        }
    }
    strbuf_release(&text);
    strbuf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct error err;
    if (size < 2 || size > 1 << 16)
        return 0;
    struct strview rest = strview_make((const char *)data + 1, size - 1);
    if (data[0] & 1) {
        if (jsonb_check(rest, &err))
            check_value(rest);
        return 0;
    }
    /* Text reaches the parser as valid UTF-8. */
    if (!utf8_valid(rest.ptr, rest.len, NULL))
        return 0;
    struct strbuf bytes;
    strbuf_init(&bytes);
    bool ok = jsonb_parse(rest, &bytes, &err);
    if (ok) {
        struct strview v = strview_make(bytes.data, bytes.len);
        must(jsonb_check(v, &err));
        check_value(v);
        /* json takes all that jsonb takes. */
        must(json_check_text(rest, &err));
    }
    strbuf_release(&bytes);
    return 0;
}
