/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cutting date, time and interval input into tokens. What a token is depends on its first character and on what ends
 * its first run of digits or letters; see enum token_kind.
 */
#include "types/datetime_int.h"

struct lexer {
    const char *at, *end; /* input left */
    char *out, *out_end;  /* room for token texts */
    bool full;            /* a token did not fit */
};

static bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_punct(char c) { return c > ' ' && c < 127 && !is_alpha(c) && !char_is_digit(c); }
static char peek(const struct lexer *lx) { return lx->at < lx->end ? *lx->at : '\0'; }

static void put(struct lexer *lx, char c)
{
    if (lx->out + 1 >= lx->out_end)
        lx->full = true;
    else
        *lx->out++ = c;
}

static void take(struct lexer *lx) { put(lx, char_lower(*lx->at++)); }

static void take_digits(struct lexer *lx)
{
    while (char_is_digit(peek(lx)))
        take(lx);
}

/* Digits, and any of the characters of `more`. */
static void take_digits_and(struct lexer *lx, const char *more)
{
    while (char_is_digit(peek(lx)) || (peek(lx) && strchr(more, peek(lx))))
        take(lx);
}

static enum token_kind lex_number(struct lexer *lx)
{
    take_digits(lx);
    char delim = peek(lx);
    if (delim == ':') {
        take_digits_and(lx, ":.");
        return TOKEN_TIME;
    }
    if (delim != '-' && delim != '/' && delim != '.')
        return TOKEN_NUMBER;
    const char more[2] = {delim, '\0'};
    take(lx);
    if (!char_is_digit(peek(lx))) {
        while (is_alpha(peek(lx)) || char_is_digit(peek(lx)) || peek(lx) == delim)
            take(lx);
        return TOKEN_DATE;
    }
    enum token_kind kind = delim == '.' ? TOKEN_NUMBER : TOKEN_DATE;
    take_digits(lx);
    if (peek(lx) == delim) {
        kind = TOKEN_DATE;
        take_digits_and(lx, more);
    }
    return kind;
}

/* A word; with punctuation in it a date (Jan-8-1999) or a zone (Europe/Madrid, EST5EDT). */
static enum token_kind lex_word(struct lexer *lx, char *start)
{
    while (is_alpha(peek(lx)))
        take(lx);
    char c = peek(lx);
    bool more = c == '-' || c == '/' || c == '.';
    if (!lx->full && (c == '+' || char_is_digit(c))) {
        *lx->out = '\0';
        more = dt_word_find(start) == NULL;
    }
    if (!more)
        return TOKEN_STRING;
    do {
        take(lx);
        c = peek(lx);
    } while (is_alpha(c) || char_is_digit(c) || (c && strchr("+-/_.:", c)));
    return TOKEN_DATE;
}

/* False = a sign without anything. */
static bool lex_signed(struct lexer *lx, enum token_kind *kind)
{
    take(lx);
    while (char_is_space(peek(lx)))
        lx->at++;
    if (char_is_digit(peek(lx))) {
        *kind = TOKEN_ZONE;
        take_digits_and(lx, ":.-");
        return true;
    }
    *kind = TOKEN_SPECIAL;
    if (!is_alpha(peek(lx)))
        return false;
    while (is_alpha(peek(lx)))
        take(lx);
    return true;
}

enum dt_status dt_lex(struct strview text, size_t bytes_max, struct dt_tokens *out)
{
    assert(bytes_max <= sizeof out->bytes);
    struct lexer lx = {text.ptr, text.ptr + text.len, out->bytes, out->bytes + bytes_max, false};
    out->n = 0;
    while (lx.at < lx.end) {
        char c = *lx.at;
        char *start = lx.out;
        enum token_kind kind;
        if (char_is_space(c)) {
            lx.at++;
            continue;
        }
        if (out->n == TOKENS_MAX)
            return DT_BAD_FORMAT;
        if (char_is_digit(c)) {
            kind = lex_number(&lx);
        } else if (c == '.') {
            take(&lx);
            take_digits(&lx);
            kind = TOKEN_NUMBER;
        } else if (is_alpha(c)) {
            kind = lex_word(&lx, start);
        } else if (c == '+' || c == '-') {
            if (!lex_signed(&lx, &kind))
                return DT_BAD_FORMAT;
        } else if (is_punct(c)) {
            lx.at++;
            continue;
        } else {
            return DT_BAD_FORMAT;
        }
        if (lx.full)
            return DT_BAD_FORMAT;
        *lx.out++ = '\0';
        out->token[out->n++] = (struct dt_token){kind, start};
    }
    return DT_OK;
}
