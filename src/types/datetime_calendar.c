/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proleptic Gregorian calendar by arithmetic on eras of 400 years that begin on 1 March, so that the leap day is
 * the last day of a year.
 */
#include "types/datetime_int.h"

#define DAYS_PER_ERA    146097
#define MARCH_0000_DAYS 730425 /* from 0000-03-01 to 2000-01-01 */

date_t date_from_ymd(int32_t year, int32_t month, int32_t day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t month_from_march = month > 2 ? month - 3 : month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return (date_t)(era * DAYS_PER_ERA + day_of_era - MARCH_0000_DAYS);
}

void date_to_ymd(date_t date, int32_t *year, int32_t *month, int32_t *day)
{
    int64_t z = (int64_t)date + MARCH_0000_DAYS;
    int64_t era = (z >= 0 ? z : z - (DAYS_PER_ERA - 1)) / DAYS_PER_ERA;
    uint32_t day_of_era = (uint32_t)(z - era * DAYS_PER_ERA);
    uint32_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    uint32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    uint32_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int32_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int32_t)(era * 400 + year_of_era) + (*month <= 2);
}

int32_t days_in_month(int32_t year, int32_t month)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    assert(month >= 1 && month <= 12);
    return days[month - 1] + (month == 2 && leap);
}

bool dt_is_julian_ok(int32_t year, int32_t month, int32_t day)
{
    (void)day;
    return (year > -4713 || (year == -4713 && month >= 11)) && (year < 5874898 || (year == 5874898 && month < 6));
}

void timestamp_to_parts(timestamp_t local, struct datetime_parts *out)
{
    assert(local != TIMESTAMP_NEG_INFINITY);
    int64_t days = local / USECS_PER_DAY, us = local % USECS_PER_DAY;
    if (us < 0) {
        us += USECS_PER_DAY;
        days--;
    }
    date_to_ymd((date_t)days, &out->year, &out->month, &out->day);
    int32_t secs = (int32_t)(us / USECS_PER_SEC);
    out->usec = (int32_t)(us % USECS_PER_SEC);
    out->hour = secs / 3600;
    out->minute = secs / 60 % 60;
    out->second = secs % 60;
    out->gmt_offset = 0;
    out->zone_abbrev = NULL;
}

bool parts_to_timestamp(const struct datetime_parts *p, timestamp_t *out)
{
    if (!dt_is_julian_ok(p->year, p->month, p->day))
        return false;
    int64_t days = date_from_ymd(p->year, p->month, p->day);
    int128_t us = (int128_t)days * USECS_PER_DAY +
                  ((int64_t)p->hour * 3600 + p->minute * 60 + p->second) * USECS_PER_SEC + p->usec -
                  p->gmt_offset * USECS_PER_SEC;
    if (us < TIMESTAMP_MIN_US || us >= TIMESTAMP_END_US)
        return false;
    *out = (timestamp_t)us;
    return true;
}

int64_t dt_local_secs(const struct datetime_parts *p)
{
    return date_from_ymd(p->year, p->month, p->day) * 86400LL + p->hour * 3600LL + p->minute * 60 + p->second +
           POSTGRES_EPOCH_UNIX_SECS;
}
