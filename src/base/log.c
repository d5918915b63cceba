/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static int lowest_level = LOG_INFO; /* atomic; the one process-wide setting a log needs */

void log_set_level(enum log_level lowest) { __atomic_store_n(&lowest_level, (int)lowest, __ATOMIC_RELAXED); }

enum log_level log_get_level(void) { return (enum log_level)__atomic_load_n(&lowest_level, __ATOMIC_RELAXED); }

/* Newlines would let data forge log lines. */
static void flatten(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] < 0x20)
            text[i] = ' ';
}

void log_write(enum log_level level, const char *component, const char *fmt, ...)
{
    static const char *const names[] = {"DEBUG", "INFO", "WARNING", "ERROR"};
    char line[4096];
    struct timespec ts;
    struct tm tm;
    if (level < log_get_level())
        return;
    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    int head =
        snprintf(line, sizeof line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %-7s %s ", tm.tm_year + 1900, tm.tm_mon + 1,
                 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(ts.tv_nsec / 1000000), names[level], component);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line + head, sizeof line - (size_t)head - 1, fmt, args);
    va_end(args);
    size_t len = (size_t)head + (n < 0 ? 0 : MIN_OF((size_t)n, sizeof line - (size_t)head - 2));
    flatten(line, len);
    line[len++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, len);
    (void)written; /* nowhere left to report it */
}
