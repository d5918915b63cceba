/* SPDX-License-Identifier: Apache-2.0 */
/* What every unit test includes: cmocka and checks for our error convention. */
#ifndef MENCIA_TESTS_UNIT_H
#define MENCIA_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/error.h"

/* The call succeeded; prints the error otherwise. */
#define assert_ok(call, err)                                                                          \
    do {                                                                                              \
        if (!(call)) {                                                                                \
            print_error("%s failed: %s %s (%s)\n", #call, (err)->sqlstate, (err)->message, (err)->detail); \
            fail();                                                                                   \
        }                                                                                             \
    } while (0)
/* The call failed with this SQLSTATE. */
#define assert_sqlstate(call, err, state)         \
    do {                                          \
        if (call)                                 \
            fail_msg("%s succeeded", #call);      \
        assert_string_equal((err)->sqlstate, (state)); \
    } while (0)

#endif
