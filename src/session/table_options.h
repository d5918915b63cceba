/* SPDX-License-Identifier: Apache-2.0 */
/* WITH (…) of CREATE TABLE and SET (…) of ALTER TABLE: one table of keys, with what each may be and when. */
#ifndef MENCIA_SESSION_TABLE_OPTIONS_H
#define MENCIA_SESSION_TABLE_OPTIONS_H

#include "base/error.h"
#include "planner/ast.h"
#include "types/schema.h"

void table_options_default(struct table_options *options);
/* Applies the options to def (whose columns are set). altering: only those that can change later. Unknown keys: 22023
 * with did-you-mean; bad values name key, value and what is allowed. Positions are set. */
bool table_options_apply(struct table_def *def, const struct ast_option *option, uint32_t n, bool altering,
                         struct error *err) MUST_CHECK;

#endif
