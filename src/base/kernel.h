/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hot loops compiled once per instruction level. A file NAME.kern.c is compiled with -DKERNEL_LEVEL=v1 (baseline),
 * and on x86-64 also v3 (AVX2, BMI2) and v4 (AVX-512). It defines one const table
 *
 *     const struct foo_kernels KERNEL_NAME(foo_kernels) = { ... };        -> foo_kernels_v1, foo_kernels_v3, ...
 *
 * with all else static; a plain .c file declares them with KERNEL_DECLARE(struct foo_kernels, foo_kernels) and
 * takes the best with KERNEL_PICK(foo_kernels), which is a pointer chosen by cpu_level().
 */
#ifndef MENCIA_BASE_KERNEL_H
#define MENCIA_BASE_KERNEL_H

#include "base/base.h"

#define KERNEL_PASTE2(name, level) name##_##level
#define KERNEL_PASTE(name, level)  KERNEL_PASTE2(name, level)
#ifdef KERNEL_LEVEL
#define KERNEL_NAME(name) KERNEL_PASTE(name, KERNEL_LEVEL)
#endif

/* 1, 3 or 4: the highest level this machine runs, at most MENCIA_CPU_LEVEL of the environment. */
int cpu_level(void);

#if defined(__x86_64__)
#define KERNEL_DECLARE(type, name) extern const type name##_v1, name##_v3, name##_v4
#define KERNEL_PICK(name)          (cpu_level() >= 4 ? &name##_v4 : cpu_level() >= 3 ? &name##_v3 : &name##_v1)
#else
#define KERNEL_DECLARE(type, name) extern const type name##_v1
#define KERNEL_PICK(name)          (&name##_v1)
#endif

#endif
