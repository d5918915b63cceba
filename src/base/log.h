/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Log lines on standard error: `time LEVEL component key=value …`. Thread-safe; a line is written with one write().
 * The component is a short fixed word (a folder's name); details are key=value pairs in the text.
 */
#ifndef MENCIA_BASE_LOG_H
#define MENCIA_BASE_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR };

void log_set_level(enum log_level lowest);
enum log_level log_get_level(void);
void log_write(enum log_level level, const char *component, const char *fmt, ...) PRINTF_LIKE(3, 4);

#define log_debug(component, ...)                                                                                      \
    do {                                                                                                               \
        if (log_get_level() <= LOG_DEBUG)                                                                              \
            log_write(LOG_DEBUG, (component), __VA_ARGS__);                                                            \
    } while (0)
#define log_info(component, ...)    log_write(LOG_INFO, (component), __VA_ARGS__)
#define log_warning(component, ...) log_write(LOG_WARNING, (component), __VA_ARGS__)
#define log_error(component, ...)   log_write(LOG_ERROR, (component), __VA_ARGS__)

#endif
