/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of JSON text (RFC 8259) and PostgreSQL's words for what is wrong with it. Text is valid UTF-8 already; any
 * byte above 0x7F is only looked at for error messages.
 */
#include "types/jsonb_int.h"

#include <stdio.h>

/* Bytes of the text that an error's context shows. */
#define CONTEXT_BYTES 50

void json_lexer_init(struct json_lexer *lx, struct strview text, bool unescape)
{
    static const char empty[1] = "";
    if (!text.ptr)
        text.ptr = empty;
    *lx = (struct json_lexer){.text = text,
                              .at = text.ptr,
                              .end = text.ptr + text.len,
                              .start = text.ptr,
                              .stop = text.ptr,
                              .line_start = text.ptr,
                              .line = 1,
                              .unescape = unescape};
    strbuf_init(&lx->scratch);
}

void json_lexer_release(struct json_lexer *lx) { strbuf_release(&lx->scratch); }

bool json_error_context(const struct json_lexer *lx, struct error *err)
{
    const char *from = lx->line_start, *to = lx->stop;
    if (from > to)
        from = to;
    while (to - from >= CONTEXT_BYTES)
        from += utf8_step((unsigned char)*from);
    if (from > to)
        from = to;
    if (from - lx->line_start <= 3)
        from = MIN_OF(lx->line_start, to);
    bool more = lx->token != JSON_END && to < lx->end && *to != '\n' && *to != '\r';
    return error_context(err, "JSON data, line %u: %s%.*s%s", (unsigned)lx->line, from > lx->line_start ? "..." : "",
                         (int)(to - from), from, more ? "..." : "");
}

static bool bad_text(const struct json_lexer *lx, struct error *err)
{
    return error_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json");
}

/* How much of the token a message quotes: whole characters that fit its buffer. */
static int token_len(const struct json_lexer *lx)
{
    ptrdiff_t all = lx->stop - lx->start, len = MIN_OF(all, 900);
    while (len > 0 && len < all && ((unsigned char)lx->start[len] & 0xC0) == 0x80)
        len--;
    return (int)len;
}

bool json_unexpected(const struct json_lexer *lx, const char *wanted, struct error *err)
{
    bad_text(lx, err);
    if (lx->token == JSON_END)
        error_detail(err, "The input string ended unexpectedly.");
    else
        error_detail(err, "Expected %s, but found \"%.*s\".", wanted, token_len(lx), lx->start);
    return json_error_context(lx, err);
}

static bool bad_token(struct json_lexer *lx, const char *stop, struct error *err)
{
    lx->stop = stop;
    lx->token = JSON_STRING; /* anything but the end of input */
    bad_text(lx, err);
    error_detail(err, "Token \"%.*s\" is invalid.", token_len(lx), lx->start);
    return json_error_context(lx, err);
}

static const char *char_end(const struct json_lexer *lx, const char *p)
{
    return p + MIN_OF((size_t)utf8_step((unsigned char)*p), (size_t)(lx->end - p));
}

static bool bad_escape(struct json_lexer *lx, const char *stop, const char *detail, struct error *err)
{
    lx->stop = stop;
    lx->token = JSON_STRING;
    bad_text(lx, err);
    error_detail(err, "%s", detail);
    return json_error_context(lx, err);
}

static int hex_value(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A \u escape; *at is at the u and moves to the last digit. *high: a first surrogate that waits for its second. */
static bool lex_unicode(struct json_lexer *lx, const char **at, uint32_t *high, struct error *err)
{
    const char *p = *at;
    uint32_t ch = 0;
    char utf8[4];
    for (int i = 0; i < 4; i++) {
        p++;
        if (p == lx->end)
            return bad_token(lx, p, err);
        int v = hex_value(*p);
        if (v < 0)
            return bad_escape(lx, char_end(lx, p), "\"\\u\" must be followed by four hexadecimal digits.", err);
        ch = ch * 16 + (uint32_t)v;
    }
    *at = p;
    if (!lx->unescape)
        return true;
    if (ch >= 0xD800 && ch <= 0xDBFF) {
        if (*high)
            return bad_escape(lx, p + 1, "Unicode high surrogate must not follow a high surrogate.", err);
        *high = ch;
        return true;
    }
    bool second = ch >= 0xDC00 && ch <= 0xDFFF;
    if (second != (*high != 0))
        return bad_escape(lx, p + 1, "Unicode low surrogate must follow a high surrogate.", err);
    if (second) {
        ch = 0x10000 + ((*high & 0x3FF) << 10) + (ch & 0x3FF);
        *high = 0;
    }
    if (ch == 0) {
        bad_escape(lx, p + 1, "\\u0000 cannot be converted to text.", err);
        char context[sizeof err->context];
        memcpy(context, err->context, sizeof context);
        error_set(err, SQLSTATE_UNTRANSLATABLE_CHARACTER, "unsupported Unicode escape sequence");
        error_detail(err, "\\u0000 cannot be converted to text.");
        return error_context(err, "%s", context);
    }
    strbuf_add(&lx->scratch, utf8, utf8_encode(ch, utf8));
    return true;
}

/* The escape at *at (the character after the backslash). */
static bool lex_escape(struct json_lexer *lx, const char **at, uint32_t *high, struct error *err)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (**at == 'u')
        return lex_unicode(lx, at, high, err);
    if (*high)
        return bad_escape(lx, char_end(lx, *at), "Unicode low surrogate must follow a high surrogate.", err);
    const char *found = **at ? strchr(from, **at) : NULL;
    if (!found) {
        lx->start = *at;
        lx->stop = char_end(lx, *at);
        lx->token = JSON_STRING;
        bad_text(lx, err);
        error_detail(err, "Escape sequence \"\\%.*s\" is invalid.", token_len(lx), lx->start);
        return json_error_context(lx, err);
    }
    if (lx->unescape)
        strbuf_add_char(&lx->scratch, to[found - from]);
    return true;
}

const char *json_plain_end(const char *p, const char *end)
{
    const uint64_t ones = 0x0101010101010101ULL, highs = 0x8080808080808080ULL;
    while (end - p >= 8) {
        uint64_t w = load_u64(p);
        uint64_t quote = w ^ (ones * '"'), slash = w ^ (ones * '\\');
        uint64_t hit = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((w - ones * 0x20) & ~w);
        hit &= highs;
        if (hit)
            return p + (__builtin_ctzll(hit) >> 3);
        p += 8;
    }
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
        p++;
    return p;
}

/* A string from its opening quote. */
static bool lex_string(struct json_lexer *lx, struct error *err)
{
    const char *p = lx->start + 1, *from = p;
    uint32_t high = 0;
    lx->escaped = false;
    lx->scratch_start = lx->scratch.len;
    for (;;) {
        const char *plain = p;
        p = json_plain_end(p, lx->end);
        if (high && p > plain && lx->unescape)
            return bad_escape(lx, char_end(lx, plain), "Unicode low surrogate must follow a high surrogate.", err);
        if (p == lx->end)
            return bad_token(lx, p, err);
        if (*p == '"')
            break;
        if (*p != '\\') {
            char detail[64];
            snprintf(detail, sizeof detail, "Character with value 0x%02x must be escaped.", (unsigned char)*p);
            return bad_escape(lx, p, detail, err);
        }
        if (lx->unescape)
            strbuf_add(&lx->scratch, from, (size_t)(p - from));
        lx->escaped = true;
        if (++p == lx->end)
            return bad_token(lx, p, err);
        if (!lex_escape(lx, &p, &high, err))
            return false;
        from = ++p;
    }
    if (high)
        return bad_escape(lx, p + 1, "Unicode low surrogate must follow a high surrogate.", err);
    if (lx->escaped && lx->unescape)
        strbuf_add(&lx->scratch, from, (size_t)(p - from));
    lx->string = strview_make(from, (size_t)(p - from));
    lx->stop = lx->at = p + 1;
    lx->token = JSON_STRING;
    return true;
}

static bool is_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || char_is_digit(c) || c == '_' || (c & 0x80);
}

static const char *skip_digits(const char *p, const char *end)
{
    while (p < end && char_is_digit(*p))
        p++;
    return p;
}

static bool lex_number(struct json_lexer *lx, struct error *err)
{
    const char *p = lx->start, *end = lx->end, *from;
    bool bad = false;
    if (*p == '-')
        p++;
    if (p < end && *p == '0')
        p++;
    else if (p < end && char_is_digit(*p))
        p = skip_digits(p, end);
    else
        bad = true;
    if (p < end && *p == '.') {
        from = ++p;
        p = skip_digits(p, end);
        bad |= p == from;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        from = p;
        p = skip_digits(p, end);
        bad |= p == from;
    }
    for (; p < end && is_word_char(*p); p++)
        bad = true;
    if (bad)
        return bad_token(lx, p, err);
    lx->stop = lx->at = p;
    lx->token = JSON_NUMBER;
    return true;
}

static bool lex_word(struct json_lexer *lx, struct error *err)
{
    static const struct {
        struct strview word;
        enum json_token token;
    } words[] = {{{"true", 4}, JSON_TRUE}, {{"false", 5}, JSON_FALSE}, {{"null", 4}, JSON_NULL}};
    const char *p = lx->start;
    while (p < lx->end && is_word_char(*p))
        p++;
    if (p == lx->start)
        return bad_token(lx, p + 1, err);
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (strview_equal(words[i].word, strview_make(lx->start, (size_t)(p - lx->start)))) {
            lx->token = words[i].token;
            lx->stop = lx->at = p;
            return true;
        }
    }
    return bad_token(lx, p, err);
}

bool json_next(struct json_lexer *lx, struct error *err)
{
    static const uint8_t single[128] = {['{'] = JSON_LBRACE,   ['}'] = JSON_RBRACE, ['['] = JSON_LBRACKET,
                                        [']'] = JSON_RBRACKET, [','] = JSON_COMMA,  [':'] = JSON_COLON};
    const char *p = lx->at;
    for (; p < lx->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'); p++) {
        if (*p == '\n') {
            lx->line++;
            lx->line_start = p + 1;
        }
    }
    lx->at = lx->start = p;
    if (p == lx->end) {
        lx->token = JSON_END;
        lx->stop = p;
        return true;
    }
    if (*p == '"')
        return lex_string(lx, err);
    if (!(*p & 0x80) && single[(uint8_t)*p]) {
        lx->token = (enum json_token)single[(uint8_t)*p];
        lx->stop = ++lx->at;
        return true;
    }
    if (*p == '-' || char_is_digit(*p))
        return lex_number(lx, err);
    return lex_word(lx, err);
}
