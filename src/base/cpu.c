/* SPDX-License-Identifier: Apache-2.0 */
#include "base/kernel.h"

#include <stdlib.h>

static int detect(void)
{
    int level = 1;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma"))
        level = 3;
    if (level == 3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        level = 4;
#endif
    const char *cap = getenv("MENCIA_CPU_LEVEL");
    if (cap && atoi(cap) >= 1 && atoi(cap) < level)
        level = atoi(cap) >= 3 ? 3 : 1;
    return level;
}

int cpu_level(void)
{
    static int level; /* atomic; every thread computes the same value */
    int known = __atomic_load_n(&level, __ATOMIC_RELAXED);
    if (known == 0) {
        known = detect();
        __atomic_store_n(&level, known, __ATOMIC_RELAXED);
    }
    return known;
}
