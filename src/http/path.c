/* SPDX-License-Identifier: Apache-2.0 */
#include "http/path_int.h"

#include "base/str.h"

static int hex(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool percent_decode(char *s)
{
    char *to = s;
    for (char *at = s; *at; at++) {
        if (*at != '%') {
            *to++ = *at;
            continue;
        }
        int high = hex(at[1]), low = high < 0 ? -1 : hex(at[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *to++ = (char)(high << 4 | low);
        at += 2;
    }
    *to = '\0';
    return utf8_valid(s, (size_t)(to - s), NULL);
}

bool path_normalise(char *path)
{
    for (const char *p = strchr(path, '%'); p; p = strchr(p + 1, '%'))
        if (p[1] == '2' && char_lower(p[2]) == 'f')
            return false;
    if (path[0] != '/' || !percent_decode(path))
        return false;
    for (const char *p = path; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F || *p == '\\' || *p == ';')
            return false;
        if (*p == '/' && (p[1] == '/' || (p[1] == '.' && (p[2] == '\0' || p[2] == '/' ||
                                                          (p[2] == '.' && (p[3] == '\0' || p[3] == '/'))))))
            return false;
    }
    size_t len = strlen(path);
    if (len > 1 && path[len - 1] == '/')
        path[len - 1] = '\0';
    return true;
}
