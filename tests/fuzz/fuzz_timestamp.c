/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text input of dates, times, timestamps, intervals and zones. Input: one byte that selects the zone of the session,
 * then the text. What parses must print to what parses as the same value; the fast path must agree with the full
 * parser.
 */
#include "types/datetime.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    struct datetime_ctx ctx;
    struct strbuf text;
    struct error err;
};

static struct strview printed(const struct target *t) { return strview_make(t->text.data, t->text.len); }

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void check_stamp(struct target *t, struct strview text)
{
    timestamp_t v, back;
    if (timestamp_parse(text, -1, &t->ctx, &v, &t->err)) {
        strbuf_clear(&t->text);
        timestamp_format(&t->text, v);
        must(timestamp_parse(printed(t), -1, &t->ctx, &back, &t->err) && back == v);
    }
    if (timestamptz_parse(text, -1, &t->ctx, &v, &t->err)) {
        strbuf_clear(&t->text);
        timestamptz_format(&t->text, v, t->ctx.zone);
        must(timestamptz_parse(printed(t), -1, &t->ctx, &back, &t->err) && back == v);
    }
}

static void check_date_and_time(struct target *t, struct strview text)
{
    date_t d, d_back;
    int64_t v, v_back;
    if (date_parse(text, &t->ctx, &d, &t->err)) {
        strbuf_clear(&t->text);
        date_format(&t->text, d);
        must(date_parse(printed(t), &t->ctx, &d_back, &t->err) && d_back == d);
    }
    if (time_parse(text, -1, &t->ctx, &v, &t->err)) {
        strbuf_clear(&t->text);
        time_format(&t->text, v);
        must(time_parse(printed(t), -1, &t->ctx, &v_back, &t->err) && v_back == v);
    }
}

static void check_interval(struct target *t, struct strview text)
{
    struct interval v, back;
    /* The least time cannot be read back: its digits without the sign overflow, in PostgreSQL too. */
    if (!interval_parse(text, -1, &v, &t->err) || v.us == INT64_MIN)
        return;
    strbuf_clear(&t->text);
    interval_format(&t->text, &v);
    must(interval_parse(printed(t), -1, &back, &t->err) && memcmp(&v, &back, sizeof v) == 0);
}

static void check_fast_path(struct target *t, struct strview text)
{
    timestamp_t fast, full;
    bool has_zone;
    date_t date, full_date;
    strbuf_clear(&t->text);
    strbuf_add_view(&t->text, text);
    strbuf_add_cstr(&t->text, " AD");
    if (text.len == 10 && date_parse(text, &t->ctx, &date, &t->err) &&
        date_parse(printed(t), &t->ctx, &full_date, &t->err))
        must(date == full_date);
    if (!timestamp_parse_iso(text.ptr, text.len, &fast, &has_zone))
        return;
    /* The era is not in the fast path's form, so this goes the long way. */
    strbuf_clear(&t->text);
    strbuf_add_view(&t->text, text);
    strbuf_add_cstr(&t->text, " AD");
    t->ctx.zone = tz_utc();
    must(timestamptz_parse(printed(t), -1, &t->ctx, &full, &t->err) && full == fast);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const zones[] = {"UTC", "Europe/Madrid", "America/New_York", "AAA-3:30:15BBB"};
    struct target t;
    if (size < 1 || size > 400)
        return 0;
    struct strview text = strview_make((const char *)data + 1, size - 1);
    t.ctx.zone = tz_find(strview_of(zones[data[0] % ARRAY_LEN(zones)]));
    t.ctx.now = 762525296789000;
    must(t.ctx.zone != NULL);
    strbuf_init(&t.text);
    check_stamp(&t, text);
    check_date_and_time(&t, text);
    check_interval(&t, text);
    check_fast_path(&t, text);
    strbuf_release(&t.text);
    return 0;
}
