/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers inside date and time input, and the errors of that input.
 */
#include "types/datetime_int.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

bool dt_int64(const char *text, char **end, int64_t *out)
{
    errno = 0;
    *out = strtoll(text, end, 10);
    return errno != ERANGE;
}

bool dt_int(const char *text, char **end, int32_t *out)
{
    int64_t wide;
    bool fits = dt_int64(text, end, &wide) && wide >= INT32_MIN && wide <= INT32_MAX;
    *out = fits ? (int32_t)wide : 0;
    return fits;
}

bool dt_fraction(const char *text, double *out)
{
    char *end;
    assert(text[0] == '.');
    *out = 0;
    if (text[1] == '\0')
        return true;
    errno = 0;
    *out = strtod(text, &end);
    return *end == '\0' && errno == 0;
}

static bool fraction_usec(const char *text, int64_t *usec)
{
    double fraction;
    if (!dt_fraction(text, &fraction))
        return false;
    *usec = (int64_t)rint(fraction * 1000000);
    return true;
}

enum dt_status dt_decode_clock(const char *text, uint32_t range, int64_t *hour, int32_t *minute, int32_t *second,
                               int64_t *usec)
{
    char *at;
    bool shift = false; /* what was read as hh:mm is mm:ss */
    *second = 0;
    *usec = 0;
    if (!dt_int64(text, &at, hour))
        return DT_FIELD_OVERFLOW;
    if (*at != ':')
        return DT_BAD_FORMAT;
    if (!dt_int(at + 1, &at, minute))
        return DT_FIELD_OVERFLOW;
    if (*at == '\0') {
        shift = range == (RANGE_MINUTE | RANGE_SECOND);
    } else if (*at == '.') {
        if (!fraction_usec(at, usec))
            return DT_BAD_FORMAT;
        shift = true;
    } else if (*at == ':') {
        if (!dt_int(at + 1, &at, second))
            return DT_FIELD_OVERFLOW;
        if (*at != '\0' && (*at != '.' || !fraction_usec(at, usec)))
            return DT_BAD_FORMAT;
    } else {
        return DT_BAD_FORMAT;
    }
    if (shift) {
        if (*hour > INT_MAX || *hour < INT_MIN)
            return DT_FIELD_OVERFLOW;
        *second = *minute;
        *minute = (int32_t)*hour;
        *hour = 0;
    }
    if (*hour < 0 || *minute < 0 || *minute > 59 || *second < 0 || *second > 60 || *usec < 0 || *usec > USECS_PER_SEC)
        return DT_FIELD_OVERFLOW;
    return DT_OK;
}

bool dt_time_overflows(int64_t hour, int32_t minute, int32_t second, int64_t usec)
{
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || second < 0 || second > 60 || usec < 0 ||
        usec > USECS_PER_SEC)
        return true;
    return ((hour * 60 + minute) * 60 + second) * USECS_PER_SEC + usec > USECS_PER_DAY;
}

bool dt_raise(enum dt_status status, struct strview text, const char *type, const char *bad_zone, struct error *err)
{
    const char *state = SQLSTATE_DATETIME_FIELD_OVERFLOW;
    const char *what = "date/time field value out of range";
    int len = (int)dt_quoted_len(text);
    switch (status) {
    case DT_FIELD_OVERFLOW:
    case DT_MD_OVERFLOW: break;
    case DT_INTERVAL_OVERFLOW:
        state = SQLSTATE_INTERVAL_FIELD_OVERFLOW;
        what = "interval field value out of range";
        break;
    case DT_ZONE_OVERFLOW:
        state = SQLSTATE_INVALID_TIME_ZONE_DISPLACEMENT_VALUE;
        what = "time zone displacement out of range";
        break;
    case DT_BAD_ZONE:
        return error_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized", bad_zone);
    case DT_OK:
    case DT_BAD_FORMAT:
        return error_set(err, SQLSTATE_INVALID_DATETIME_FORMAT, "invalid input syntax for type %s: \"%.*s\"", type, len,
                         text.ptr ? text.ptr : "");
    }
    error_set(err, state, "%s: \"%.*s\"", what, len, text.ptr ? text.ptr : "");
    if (status == DT_MD_OVERFLOW)
        error_hint(err, "Perhaps you need a different \"datestyle\" setting.");
    return false;
}
