/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of untrusted paths and parameters. */
#ifndef MENCIA_HTTP_PATH_INT_H
#define MENCIA_HTTP_PATH_INT_H

#include "base/base.h"

/* Replaces %XX in place. False: a broken escape, a NUL, or not UTF-8. */
bool percent_decode(char *s) MUST_CHECK;
/* Decodes a path in place and makes sure that it is the only spelling of it; a trailing slash is dropped. */
bool path_normalise(char *path) MUST_CHECK;

#endif
