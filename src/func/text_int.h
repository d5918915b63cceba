/* SPDX-License-Identifier: Apache-2.0 */
/* Helpers of the string functions. */
#ifndef MENCIA_FUNC_TEXT_INT_H
#define MENCIA_FUNC_TEXT_INT_H

#include "func/func_int.h"

/* Appends the text in lower or upper case, by LC_CTYPE=C.UTF-8; initcap: first letter of each word upper.
 * CASE_LOWER_ASCII: as the C locale does it. */
enum case_mapping { CASE_LOWER, CASE_UPPER, CASE_INITCAP, CASE_LOWER_ASCII };
void text_map_case(struct strbuf *out, struct strview text, enum case_mapping mapping);
/* Position of needle in text from `from`, -1 = none. An empty needle is found at once. */
int64_t text_find(struct strview text, size_t from, struct strview needle);

#endif
