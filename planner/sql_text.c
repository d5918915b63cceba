/* SPDX-License-Identifier: Apache-2.0 */
#include "planner/sql_text.h"

static bool is_word_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word_part(char c) { return is_word_start(c) || char_is_digit(c) || c == '$'; }

static size_t skip_block_comment(struct strview sql, size_t i)
{
    uint32_t depth = 0;
    while (i < sql.len) {
        if (sql.ptr[i] == '/' && i + 1 < sql.len && sql.ptr[i + 1] == '*') {
            depth++;
            i += 2;
        } else if (sql.ptr[i] == '*' && i + 1 < sql.len && sql.ptr[i + 1] == '/') {
            i += 2;
            if (--depth == 0)
                break;
        } else {
            i++;
        }
    }
    return i;
}

static size_t skip_space(struct strview sql, size_t i)
{
    while (i < sql.len) {
        char c = sql.ptr[i];
        if (char_is_space(c)) {
            i++;
        } else if (c == '-' && i + 1 < sql.len && sql.ptr[i + 1] == '-') {
            while (i < sql.len && sql.ptr[i] != '\n')
                i++;
        } else if (c == '/' && i + 1 < sql.len && sql.ptr[i + 1] == '*') {
            i = skip_block_comment(sql, i);
        } else {
            break;
        }
    }
    return i;
}

/* i is at the opening quote; a doubled quote is part of the text. */
static size_t skip_quoted(struct strview sql, size_t i, char quote, bool backslash)
{
    for (i++; i < sql.len; i++) {
        if (backslash && sql.ptr[i] == '\\' && i + 1 < sql.len)
            i++;
        else if (sql.ptr[i] == quote && !(i + 1 < sql.len && sql.ptr[i + 1] == quote))
            return i + 1;
        else if (sql.ptr[i] == quote)
            i++;
    }
    return sql.len;
}

/* i is at a '$'; returns the end of a dollar-quoted string, or i if it is not one. */
static size_t skip_dollar(struct strview sql, size_t i)
{
    size_t tag_end = i + 1;
    while (tag_end < sql.len && is_word_part(sql.ptr[tag_end]) && sql.ptr[tag_end] != '$')
        tag_end++;
    if (tag_end >= sql.len || sql.ptr[tag_end] != '$' || (i + 1 < sql.len && char_is_digit(sql.ptr[i + 1])))
        return i;
    size_t len = tag_end + 1 - i;
    for (size_t j = tag_end + 1; j + len <= sql.len; j++)
        if (memcmp(sql.ptr + j, sql.ptr + i, len) == 0)
            return j + len;
    return sql.len;
}

static size_t skip_number(struct strview sql, size_t i)
{
    while (i < sql.len && (char_is_digit(sql.ptr[i]) || sql.ptr[i] == '.'))
        i++;
    if (i < sql.len && char_lower(sql.ptr[i]) == 'e') {
        size_t j = i + 1;
        if (j < sql.len && (sql.ptr[j] == '+' || sql.ptr[j] == '-'))
            j++;
        if (j < sql.len && char_is_digit(sql.ptr[j]))
            for (i = j; i < sql.len && char_is_digit(sql.ptr[i]);)
                i++;
    }
    return i;
}

struct sql_token sql_token_at(struct strview sql, size_t at)
{
    struct sql_token token = {.begin = skip_space(sql, at)};
    size_t i = token.begin;
    char c = i < sql.len ? sql.ptr[i] : '\0';
    char next = i + 1 < sql.len ? sql.ptr[i + 1] : '\0';
    if (i >= sql.len) {
        token.kind = SQL_END;
    } else if (c == '\'') {
        token.kind = SQL_STRING;
        i = skip_quoted(sql, i, '\'', false);
    } else if (next == '\'' && strchr("eEbBxXnN", c)) {
        token.kind = SQL_STRING;
        i = skip_quoted(sql, i + 1, '\'', c == 'e' || c == 'E');
    } else if (c == '"') {
        token.kind = SQL_QUOTED_NAME;
        i = skip_quoted(sql, i, '"', false);
    } else if (is_word_start(c)) {
        token.kind = SQL_WORD;
        while (i < sql.len && is_word_part(sql.ptr[i]))
            i++;
    } else if (char_is_digit(c) || (c == '.' && char_is_digit(next))) {
        token.kind = SQL_NUMBER;
        i = skip_number(sql, i);
    } else if (c == '$' && skip_dollar(sql, i) > i) {
        token.kind = SQL_STRING;
        i = skip_dollar(sql, i);
    } else {
        token.kind = SQL_OTHER;
        i++;
    }
    token.end = i;
    token.text = strview_make(sql.ptr + token.begin, i - token.begin);
    return token;
}

bool sql_token_is(const struct sql_token *token, const char *word)
{
    return token->kind == SQL_WORD && strview_equal_nocase(token->text, strview_of(word));
}

static bool begins_constraint(const struct sql_token *token)
{
    static const char *const words[] = {"not",       "null",       "check",      "primary",   "unique",  "references",
                                        "generated", "constraint", "deferrable", "initially", "collate", "default"};
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (sql_token_is(token, words[i]))
            return true;
    return false;
}

size_t sql_expr_end(struct strview sql, size_t at, bool stop_words)
{
    int depth = 0;
    bool first = true, after_is = false;
    size_t end = at;
    for (;;) {
        struct sql_token token = sql_token_at(sql, end);
        char c = token.kind == SQL_OTHER ? token.text.ptr[0] : '\0';
        if (token.kind == SQL_END || (depth == 0 && (c == ',' || c == ')' || c == ']' || c == ';')))
            return end;
        if (stop_words && depth == 0 && !first && !after_is && begins_constraint(&token))
            return end;
        depth += (c == '(' || c == '[') - (c == ')' || c == ']');
        after_is = sql_token_is(&token, "is");
        first = false;
        end = token.end;
    }
}
