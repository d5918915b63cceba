/* SPDX-License-Identifier: Apache-2.0 */
/* jsonb and json. Expected values are what PostgreSQL 15.20 answers; only the sign of an order counts. */
#include "tests/lib/unit.h"
#include "types/jsonb.h"

#include <stdlib.h>

struct json_case {
    const char *op, *a, *b, *c, *want;
};

static const struct json_case texts[] = {
    {"jsonb", "", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: "},
    {"json", "", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: "},
    {"jsonb", "\"\"", NULL, NULL, "\"\""},
    {"jsonb", "\" \"", NULL, NULL, "\" \""},
    {"json", "\" \"", NULL, NULL, "\" \""},
    {"jsonb", "[]", NULL, NULL, "[]"},
    {"jsonb", "{}", NULL, NULL, "{}"},
    {"jsonb", "null", NULL, NULL, "null"},
    {"json", "null", NULL, NULL, "null"},
    {"jsonb", "true", NULL, NULL, "true"},
    {"json", "true", NULL, NULL, "true"},
    {"jsonb", "false", NULL, NULL, "false"},
    {"jsonb", "nul", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"nul\" is invalid. CONTEXT JSON data, line 1: nul"},
    {"json", "nul", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"nul\" is invalid. CONTEXT JSON data, line 1: nul"},
    {"jsonb", "nulll", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"nulll\" is invalid. CONTEXT JSON data, line 1: nulll"},
    {"json", "nulll", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"nulll\" is invalid. CONTEXT JSON data, line 1: nulll"},
    {"jsonb", "tru", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"tru\" is invalid. CONTEXT JSON data, line 1: tru"},
    {"jsonb", "1", NULL, NULL, "1"},
    {"jsonb", "-1", NULL, NULL, "-1"},
    {"jsonb", "-", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"-\" is invalid. CONTEXT JSON data, line 1: -"},
    {"jsonb", "+1", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"+\" is invalid. CONTEXT JSON data, line 1: +..."},
    {"jsonb", "01", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"01\" is invalid. CONTEXT JSON data, line 1: 01"},
    {"json", "01", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"01\" is invalid. CONTEXT JSON data, line 1: 01"},
    {"jsonb", "1.", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"1.\" is invalid. CONTEXT JSON data, line 1: 1."},
    {"jsonb", ".5", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \".\" is invalid. CONTEXT JSON data, line 1: ...."},
    {"jsonb", "1.5", NULL, NULL, "1.5"},
    {"jsonb", "1e5", NULL, NULL, "100000"},
    {"jsonb", "1E+5", NULL, NULL, "100000"},
    {"jsonb", "1e-5", NULL, NULL, "0.00001"},
    {"json", "1e-5", NULL, NULL, "1e-5"},
    {"jsonb", "1e", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"1e\" is invalid. CONTEXT JSON data, line 1: 1e"},
    {"jsonb", "1e+", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"1e+\" is invalid. CONTEXT JSON data, line 1: 1e+"},
    {"jsonb", "-0", NULL, NULL, "0"},
    {"json", "-0", NULL, NULL, "-0"},
    {"jsonb", "-0.0", NULL, NULL, "0.0"},
    {"json", "-0.0", NULL, NULL, "-0.0"},
    {"jsonb", "0.00", NULL, NULL, "0.00"},
    {"jsonb", "1.50", NULL, NULL, "1.50"},
    {"jsonb", "123456789012345678", NULL, NULL, "123456789012345678"},
    {"jsonb", "1234567890123456789", NULL, NULL, "1234567890123456789"},
    {"jsonb", "9223372036854775807", NULL, NULL, "9223372036854775807"},
    {"jsonb", "9223372036854775808", NULL, NULL, "9223372036854775808"},
    {"jsonb", "-9223372036854775808", NULL, NULL, "-9223372036854775808"},
    {"json", "-9223372036854775808", NULL, NULL, "-9223372036854775808"},
    {"jsonb", "-9223372036854775809", NULL, NULL, "-9223372036854775809"},
    {"jsonb", "12345678901234567890123", NULL, NULL, "12345678901234567890123"},
    {"jsonb", "0.123456789012345678", NULL, NULL, "0.123456789012345678"},
    {"jsonb", "0.1234567890123456789", NULL, NULL, "0.1234567890123456789"},
    {"jsonb", "1e18", NULL, NULL, "1000000000000000000"},
    {"json", "1e18", NULL, NULL, "1e18"},
    {"jsonb", "1e19", NULL, NULL, "10000000000000000000"},
    {"json", "1e19", NULL, NULL, "1e19"},
    {"jsonb", "1e20", NULL, NULL, "100000000000000000000"},
    {"json", "1e20", NULL, NULL, "1e20"},
    {"jsonb", "1e-18", NULL, NULL, "0.000000000000000001"},
    {"jsonb", "1e-19", NULL, NULL, "0.0000000000000000001"},
    {"jsonb", "1e-20", NULL, NULL, "0.00000000000000000001"},
    {"jsonb", "1e30", NULL, NULL, "1000000000000000000000000000000"},
    {"json", "1e30", NULL, NULL, "1e30"},
    {"jsonb", "0e30", NULL, NULL, "0"},
    {"jsonb", "0e-30", NULL, NULL, "0.000000000000000000000000000000"},
    {"json", "0e-30", NULL, NULL, "0e-30"},
    {"jsonb", "0.000000000000000000000000", NULL, NULL, "0.000000000000000000000000"},
    {"json", "0.000000000000000000000000", NULL, NULL, "0.000000000000000000000000"},
    {"jsonb", "1.5e-30", NULL, NULL, "0.0000000000000000000000000000015"},
    {"jsonb", "100e-2", NULL, NULL, "1.00"},
    {"jsonb", "1000000000000000000000e-21", NULL, NULL, "1.000000000000000000000"},
    {"jsonb", "123.456e2", NULL, NULL, "12345.6"},
    {"jsonb", "123.456e-2", NULL, NULL, "1.23456"},
    {"jsonb", "123.456e3", NULL, NULL, "123456"},
    {"jsonb", "123.456e4", NULL, NULL, "1234560"},
    {"jsonb", "1e131072", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"json", "1e131072", NULL, NULL, "1e131072"},
    {"jsonb", "1e-16384", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"jsonb", "1e2147483648", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"jsonb", "1e1073741823", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"jsonb", "1e1073741822", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"jsonb", "-1e-1073741822", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"json", "-1e-1073741822", NULL, NULL, "-1e-1073741822"},
    {"jsonb", "0e1073741822", NULL, NULL, "0"},
    {"jsonb", "0e1073741823", NULL, NULL, "ERROR 22003 value overflows numeric format"},
    {"jsonb", "[1,2,3]", NULL, NULL, "[1, 2, 3]"},
    {"json", "[1,2,3]", NULL, NULL, "[1,2,3]"},
    {"jsonb", "[1,]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"]\". CONTEXT JSON data, line 1: [1,]"},
    {"json", "[1,]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"]\". CONTEXT JSON data, line 1: [1,]"},
    {"jsonb", "[,1]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \",\". CONTEXT JSON data, line 1: [,..."},
    {"jsonb", "[1 2]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected \",\" or \"]\", but found \"2\". CONTEXT JSON data, line 1: [1 2..."},
    {"jsonb", "[1", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: [1"},
    {"json", "[1", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: [1"},
    {"jsonb", "[1,", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: [1,"},
    {"jsonb", "[", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: ["},
    {"jsonb", "]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"]\". CONTEXT JSON data, line 1: ]"},
    {"json", "]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"]\". CONTEXT JSON data, line 1: ]"},
    {"jsonb", "}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"}\". CONTEXT JSON data, line 1: }"},
    {"json", "}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"}\". CONTEXT JSON data, line 1: }"},
    {"jsonb", "{", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {"},
    {"jsonb", "{\"a\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {\"a\""},
    {"jsonb", "{\"a\":", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {\"a\":"},
    {"json", "{\"a\":", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {\"a\":"},
    {"jsonb", "{\"a\":1", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {\"a\":1"},
    {"jsonb", "{\"a\":1,", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {\"a\":1,"},
    {"json", "{\"a\":1,", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 1: {\"a\":1,"},
    {"jsonb", "{\"a\":1,}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected string, but found \"}\". CONTEXT JSON data, line 1: {\"a\":1,}"},
    {"jsonb", "{,}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected string or \"}\", but found \",\". CONTEXT JSON data, line 1: {,..."},
    {"json", "{,}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected string or \"}\", but found \",\". CONTEXT JSON data, line 1: {,..."},
    {"jsonb", "{a:1}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"a\" is invalid. CONTEXT JSON data, line 1: {a..."},
    {"jsonb", "{1:1}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected string or \"}\", but found \"1\". CONTEXT JSON data, line 1: {1..."},
    {"jsonb", "{\"a\" 1}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected \":\", but found \"1\". CONTEXT JSON data, line 1: {\"a\" 1..."},
    {"jsonb", "{\"a\":1 \"b\":2}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected \",\" or \"}\", but found \"\"b\"\". CONTEXT JSON data, line 1: {\"a\":1 \"b\"..."},
    {"jsonb", "{\"a\":1,\"a\":2}", NULL, NULL, "{\"a\": 2}"},
    {"json", "{\"a\":1,\"a\":2}", NULL, NULL, "{\"a\":1,\"a\":2}"},
    {"jsonb", "{\"b\":1,\"a\":2,\"aa\":3,\"\":4}", NULL, NULL, "{\"\": 4, \"a\": 2, \"b\": 1, \"aa\": 3}"},
    {"json", "{\"b\":1,\"a\":2,\"aa\":3,\"\":4}", NULL, NULL, "{\"b\":1,\"a\":2,\"aa\":3,\"\":4}"},
    {"jsonb", "{\"a\":{\"b\":[1,{\"c\":null}]}}", NULL, NULL, "{\"a\": {\"b\": [1, {\"c\": null}]}}"},
    {"jsonb", "[[[[]]]]", NULL, NULL, "[[[[]]]]"},
    {"json", "[[[[]]]]", NULL, NULL, "[[[[]]]]"},
    {"jsonb", "\"abc", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"abc\" is invalid. CONTEXT JSON data, line 1: \"abc"},
    {"json", "\"abc", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"abc\" is invalid. CONTEXT JSON data, line 1: \"abc"},
    {"jsonb", "\"a\\\"b\"", NULL, NULL, "\"a\\\"b\""},
    {"json", "\"a\\\"b\"", NULL, NULL, "\"a\\\"b\""},
    {"jsonb", "\"a\\\\b\"", NULL, NULL, "\"a\\\\b\""},
    {"json", "\"a\\\\b\"", NULL, NULL, "\"a\\\\b\""},
    {"jsonb", "\"a\\/b\"", NULL, NULL, "\"a/b\""},
    {"json", "\"a\\/b\"", NULL, NULL, "\"a\\/b\""},
    {"jsonb", "\"\\b\\f\\n\\r\\t\"", NULL, NULL, "\"\\b\\f\\n\\r\\t\""},
    {"json", "\"\\b\\f\\n\\r\\t\"", NULL, NULL, "\"\\b\\f\\n\\r\\t\""},
    {"jsonb", "\"\\x\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Escape sequence \"\\x\" is invalid. CONTEXT JSON data, line 1: \"\\x..."},
    {"json", "\"\\x\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Escape sequence \"\\x\" is invalid. CONTEXT JSON data, line 1: \"\\x..."},
    {"jsonb", "\"\\u\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u\""},
    {"json", "\"\\u\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u\""},
    {"jsonb", "\"\\u12\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u12\""},
    {"json", "\"\\u12\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u12\""},
    {"jsonb", "\"\\u12zz\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u12z..."},
    {"json", "\"\\u12zz\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u12z..."},
    {"jsonb", "\"\\u0041\"", NULL, NULL, "\"A\""},
    {"json", "\"\\u0041\"", NULL, NULL, "\"\\u0041\""},
    {"jsonb", "\"\\u00e9\"", NULL, NULL, "\"\xc3\xa9\""},
    {"json", "\"\\u00e9\"", NULL, NULL, "\"\\u00e9\""},
    {"jsonb", "\"\\u20ac\"", NULL, NULL, "\"\xe2\x82\xac\""},
    {"json", "\"\\u20ac\"", NULL, NULL, "\"\\u20ac\""},
    {"jsonb", "\"\\ud83d\\ude00\"", NULL, NULL, "\"\xf0\x9f\x98\x80\""},
    {"json", "\"\\ud83d\\ude00\"", NULL, NULL, "\"\\ud83d\\ude00\""},
    {"jsonb", "\"\\ud83d\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Unicode low surrogate must follow a high surrogate. CONTEXT JSON data, line 1: \"\\ud83d\""},
    {"json", "\"\\ud83d\"", NULL, NULL, "\"\\ud83d\""},
    {"jsonb", "\"\\ude00\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Unicode low surrogate must follow a high surrogate. CONTEXT JSON data, line 1: \"\\ude00..."},
    {"json", "\"\\ude00\"", NULL, NULL, "\"\\ude00\""},
    {"jsonb", "\"\\ud83dx\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Unicode low surrogate must follow a high surrogate. CONTEXT JSON data, line 1: \"\\ud83dx..."},
    {"json", "\"\\ud83dx\"", NULL, NULL, "\"\\ud83dx\""},
    {"jsonb", "\"\\ud83d\\n\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Unicode low surrogate must follow a high surrogate. CONTEXT JSON data, line 1: \"\\ud83d\\n..."},
    {"json", "\"\\ud83d\\n\"", NULL, NULL, "\"\\ud83d\\n\""},
    {"jsonb", "\"\\ud83d\\ud83d\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Unicode high surrogate must not follow a high surrogate. CONTEXT JSON data, line 1: \"\\ud83d\\ud83d..."},
    {"json", "\"\\ud83d\\ud83d\"", NULL, NULL, "\"\\ud83d\\ud83d\""},
    {"jsonb", "\"\\ud83d\\u0041\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Unicode low surrogate must follow a high surrogate. CONTEXT JSON data, line 1: \"\\ud83d\\u0041..."},
    {"json", "\"\\ud83d\\u0041\"", NULL, NULL, "\"\\ud83d\\u0041\""},
    {"jsonb", "\"\\u0000\"", NULL, NULL, "ERROR 22P05 unsupported Unicode escape sequence DETAIL \\u0000 cannot be converted to text. CONTEXT JSON data, line 1: \"\\u0000..."},
    {"json", "\"\\u0000\"", NULL, NULL, "\"\\u0000\""},
    {"jsonb", "\"\\u0001\"", NULL, NULL, "\"\\u0001\""},
    {"json", "\"\\u0001\"", NULL, NULL, "\"\\u0001\""},
    {"jsonb", "\"\\u007f\"", NULL, NULL, "\"\x7f\""},
    {"json", "\"\\u007f\"", NULL, NULL, "\"\\u007f\""},
    {"jsonb", "\"a\x09" "b\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Character with value 0x09 must be escaped. CONTEXT JSON data, line 1: \"a..."},
    {"jsonb", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", NULL, NULL, "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
    {"jsonb", "\"\\\xc3\xa9\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Escape sequence \"\\\xc3\xa9\" is invalid. CONTEXT JSON data, line 1: \"\\\xc3\xa9..."},
    {"json", "\"\\\xc3\xa9\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Escape sequence \"\\\xc3\xa9\" is invalid. CONTEXT JSON data, line 1: \"\\\xc3\xa9..."},
    {"jsonb", "\"\\u00\xc3\xa9\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u00\xc3\xa9..."},
    {"json", "\"\\u00\xc3\xa9\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL \"\\u\" must be followed by four hexadecimal digits. CONTEXT JSON data, line 1: \"\\u00\xc3\xa9..."},
    {"jsonb", "\xc3\xa9", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\xc3\xa9\" is invalid. CONTEXT JSON data, line 1: \xc3\xa9"},
    {"json", "\xc3\xa9", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\xc3\xa9\" is invalid. CONTEXT JSON data, line 1: \xc3\xa9"},
    {"jsonb", "[\xc3\xa9]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\xc3\xa9\" is invalid. CONTEXT JSON data, line 1: [\xc3\xa9..."},
    {"json", "[\xc3\xa9]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\xc3\xa9\" is invalid. CONTEXT JSON data, line 1: [\xc3\xa9..."},
    {"jsonb", "\"a\" \"b\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected end of input, but found \"\"b\"\". CONTEXT JSON data, line 1: \"a\" \"b\""},
    {"jsonb", "1 2", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected end of input, but found \"2\". CONTEXT JSON data, line 1: 1 2"},
    {"json", "1 2", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected end of input, but found \"2\". CONTEXT JSON data, line 1: 1 2"},
    {"jsonb", "[1] x", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"x\" is invalid. CONTEXT JSON data, line 1: [1] x"},
    {"jsonb", "{\"a\":1} {\"b\":2}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected end of input, but found \"{\". CONTEXT JSON data, line 1: {\"a\":1} {..."},
    {"jsonb", "true false", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected end of input, but found \"false\". CONTEXT JSON data, line 1: true false"},
    {"json", "true false", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected end of input, but found \"false\". CONTEXT JSON data, line 1: true false"},
    {"jsonb", " [ 1 , 2 ] ", NULL, NULL, "[1, 2]"},
    {"jsonb", "{\"a\" : \"b\" , \"c\" : [ ] }", NULL, NULL, "{\"a\": \"b\", \"c\": []}"},
    {"jsonb", "_", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"_\" is invalid. CONTEXT JSON data, line 1: _"},
    {"jsonb", "a_b", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"a_b\" is invalid. CONTEXT JSON data, line 1: a_b"},
    {"jsonb", "12abc", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"12abc\" is invalid. CONTEXT JSON data, line 1: 12abc"},
    {"jsonb", "-abc", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"-abc\" is invalid. CONTEXT JSON data, line 1: -abc"},
    {"jsonb", "\"\\", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"\\\" is invalid. CONTEXT JSON data, line 1: \"\\"},
    {"json", "\"\\", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"\\\" is invalid. CONTEXT JSON data, line 1: \"\\"},
    {"jsonb", "\"\\u", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"\\u\" is invalid. CONTEXT JSON data, line 1: \"\\u"},
    {"json", "\"\\u", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"\\u\" is invalid. CONTEXT JSON data, line 1: \"\\u"},
    {"jsonb", "\"\\u0", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"\\u0\" is invalid. CONTEXT JSON data, line 1: \"\\u0"},
    {"json", "\"\\u0", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"\"\\u0\" is invalid. CONTEXT JSON data, line 1: \"\\u0"},
    {"jsonb", "-1.5e+3x", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"-1.5e+3x\" is invalid. CONTEXT JSON data, line 1: -1.5e+3x"},
    {"jsonb", "1.2.3", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \".\" is invalid. CONTEXT JSON data, line 1: 1.2...."},
    {"jsonb", "--1", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"-\" is invalid. CONTEXT JSON data, line 1: -..."},
    {"jsonb", "0x10", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"0x10\" is invalid. CONTEXT JSON data, line 1: 0x10"},
    {"jsonb", "NaN", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"NaN\" is invalid. CONTEXT JSON data, line 1: NaN"},
    {"json", "NaN", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"NaN\" is invalid. CONTEXT JSON data, line 1: NaN"},
    {"jsonb", "Infinity", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"Infinity\" is invalid. CONTEXT JSON data, line 1: Infinity"},
    {"json", "Infinity", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"Infinity\" is invalid. CONTEXT JSON data, line 1: Infinity"},
    {"jsonb", "'a'", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"'\" is invalid. CONTEXT JSON data, line 1: '..."},
    {"jsonb", "[\"a\",'b']", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"'\" is invalid. CONTEXT JSON data, line 1: [\"a\",'..."},
    {"jsonb", "/*c*/1", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"/\" is invalid. CONTEXT JSON data, line 1: /..."},
    {"jsonb", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,tru]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"tru\" is invalid. CONTEXT JSON data, line 1: ...,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,tru..."},
    {"json", "[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,tru]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"tru\" is invalid. CONTEXT JSON data, line 1: ...,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,tru..."},
    {"jsonb", "{\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\":\"bbbbbbbbbbbbbbbbbbb\",\"cc\":x}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"x\" is invalid. CONTEXT JSON data, line 1: ...aaaaaaaaaaaaaaaaaaa\":\"bbbbbbbbbbbbbbbbbbb\",\"cc\":x..."},
    {"jsonb", "{\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\", }", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected string, but found \"}\". CONTEXT JSON data, line 1: ...\xf0\x9f\x98\x80\":\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\", }"},
    {"jsonb", "\"\\u0000abc\"", NULL, NULL, "ERROR 22P05 unsupported Unicode escape sequence DETAIL \\u0000 cannot be converted to text. CONTEXT JSON data, line 1: \"\\u0000..."},
    {"json", "\"\\u0000abc\"", NULL, NULL, "\"\\u0000abc\""},
    {"jsonb", "{\"\\u0000\":1}", NULL, NULL, "ERROR 22P05 unsupported Unicode escape sequence DETAIL \\u0000 cannot be converted to text. CONTEXT JSON data, line 1: {\"\\u0000..."},
    {"json", "{\"\\u0000\":1}", NULL, NULL, "{\"\\u0000\":1}"},
    {"jsonb", "{\"a\":\"\\u0000\"}", NULL, NULL, "ERROR 22P05 unsupported Unicode escape sequence DETAIL \\u0000 cannot be converted to text. CONTEXT JSON data, line 1: {\"a\":\"\\u0000..."},
    {"json", "{\"a\":\"\\u0000\"}", NULL, NULL, "{\"a\":\"\\u0000\"}"},
    {"jsonb", "{\n\"a\":1,\n\n\"b\":x\n}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"x\" is invalid. CONTEXT JSON data, line 4: \"b\":x"},
    {"json", "{\n\"a\":1,\n\n\"b\":x\n}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Token \"x\" is invalid. CONTEXT JSON data, line 4: \"b\":x"},
    {"jsonb", "[1,\n2\n3]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected \",\" or \"]\", but found \"3\". CONTEXT JSON data, line 3: 3..."},
    {"json", "[1,\n2\n3]", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected \",\" or \"]\", but found \"3\". CONTEXT JSON data, line 3: 3..."},
    {"jsonb", "\"a\nb\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Character with value 0x0a must be escaped. CONTEXT JSON data, line 1: \"a"},
    {"json", "\"a\nb\"", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Character with value 0x0a must be escaped. CONTEXT JSON data, line 1: \"a"},
    {"jsonb", "{\"a\":\n\"b\n", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Character with value 0x0a must be escaped. CONTEXT JSON data, line 2: \"b"},
    {"json", "{\"a\":\n\"b\n", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Character with value 0x0a must be escaped. CONTEXT JSON data, line 2: \"b"},
    {"jsonb", "\n\n", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 3: "},
    {"json", "\n\n", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 3: "},
    {"jsonb", "[1,\x0d\n2,\x0d\n}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"}\". CONTEXT JSON data, line 3: }"},
    {"json", "[1,\x0d\n2,\x0d\n}", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL Expected JSON value, but found \"}\". CONTEXT JSON data, line 3: }"},
    {"jsonb", "[1\x0d\n", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 2: "},
    {"json", "[1\x0d\n", NULL, NULL, "ERROR 22P02 invalid input syntax for type json DETAIL The input string ended unexpectedly. CONTEXT JSON data, line 2: "},
};

static const struct json_case order[] = {
    {"jcmp", "1.0", "[\"a\"]", NULL, "-1"},
    {"jcmp", "[[\"a\"]]", "2", NULL, "1"},
    {"jcmp", "10000000000000000000000000", "null", NULL, "1"},
    {"jcmp", "[true]", "[2]", NULL, "1"},
    {"jcmp", "10000000000000000000000000.000", "[null]", NULL, "-1"},
    {"jcmp", "\"a\"", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "-1", "[1.0]", NULL, "-1"},
    {"jcmp", "10000000000000000000000000.000", "{\"a\":1.0}", NULL, "-1"},
    {"jcmp", "10000000000000000000000000.000", "-1", NULL, "1"},
    {"jcmp", "[[1]]", "[1,1]", NULL, "-1"},
    {"jcmp", "{\"a\":1,\"b\":2}", "{\"a\":1}", NULL, "1"},
    {"jcmp", "[\"a\"]", "[1,2]", NULL, "-1"},
    {"jcmp", "0e-30", "0.00000000000000000000001", NULL, "-1"},
    {"jcmp", "[\"a\"]", "[2]", NULL, "-1"},
    {"jcmp", "1e25", "[true]", NULL, "-1"},
    {"jcmp", "[1,1]", "10000000000000000000000000.000", NULL, "1"},
    {"jcmp", "[1,2]", "1.00", NULL, "1"},
    {"jcmp", "12345678901234567890", "1.0", NULL, "1"},
    {"jcmp", "{\"a\":{\"b\":1,\"c\":2}}", "\"b\"", NULL, "1"},
    {"jcmp", "1.0", "{\"a\":1,\"b\":2}", NULL, "-1"},
    {"jcmp", "[true]", "[1,2]", NULL, "-1"},
    {"jcmp", "-1", "[1,2]", NULL, "-1"},
    {"jcmp", "0e-30", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "1.0", "{\"a\":2}", NULL, "-1"},
    {"jcmp", "[\"a\",\"b\"]", "{\"a\":2}", NULL, "-1"},
    {"jcmp", "[1.0]", "1.00", NULL, "1"},
    {"jcmp", "10000000000000000000000000.000", "1e1", NULL, "1"},
    {"jcmp", "{\"aa\":1}", "10000000000000000000000000.000", NULL, "1"},
    {"jcmp", "[2,1]", "[\"a\",\"b\"]", NULL, "1"},
    {"jcmp", "[true]", "{\"a\":1,\"b\":2}", NULL, "-1"},
    {"jcmp", "1e25", "true", NULL, "-1"},
    {"jcmp", "[[]]", "9223372036854775807.0000000000000000000000", NULL, "1"},
    {"jcmp", "true", "[true]", NULL, "-1"},
    {"jcmp", "[\"a\",\"b\"]", "10", NULL, "1"},
    {"jcmp", "false", "[1]", NULL, "-1"},
    {"jcmp", "[[]]", "[\"a\",\"b\"]", NULL, "-1"},
    {"jcmp", "12345678901234567890.0", "[[\"a\"]]", NULL, "-1"},
    {"jcmp", "[true]", "10000000000000000000000000.000", NULL, "1"},
    {"jcmp", "[1.0]", "9223372036854775807", NULL, "1"},
    {"jcmp", "[2,1]", "{\"a\":1,\"b\":2}", NULL, "-1"},
    {"jcmp", "9223372036854775807.0000000000000000000000", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "[[\"a\"]]", "0", NULL, "1"},
    {"jcmp", "1e1", "{\"a\":2}", NULL, "-1"},
    {"jcmp", "9223372036854775807", "{\"a\":1}", NULL, "-1"},
    {"jcmp", "1.0", "12345678901234567890", NULL, "-1"},
    {"jcmp", "[{\"a\":1,\"b\":2}]", "[1,1,1]", NULL, "-1"},
    {"jcmp", "-1e25", "1e1", NULL, "-1"},
    {"jcmp", "{\"a\":null}", "1e-23", NULL, "1"},
    {"jcmp", "\"a\"", "[\"a\"]", NULL, "-1"},
    {"jcmp", "[[]]", "[]", NULL, "1"},
    {"jcmp", "{\"a\":{\"b\":1,\"c\":2}}", "12345678901234567890", NULL, "1"},
    {"jcmp", "[]", "9223372036854775807.0000000000000000000000", NULL, "-1"},
    {"jcmp", "0.00000000000000000000001", "9223372036854775807", NULL, "-1"},
    {"jcmp", "[2]", "[1,2]", NULL, "-1"},
    {"jcmp", "[1]", "10", NULL, "1"},
    {"jcmp", "[[1]]", "{\"b\":1}", NULL, "-1"},
    {"jcmp", "false", "[\"a\",\"b\"]", NULL, "-1"},
    {"jcmp", "0e-30", "[1,[1,2]]", NULL, "-1"},
    {"jcmp", "{\"b\":1}", "[]", NULL, "1"},
    {"jcmp", "0.00000000000000000000001", "{\"a\":[]}", NULL, "-1"},
    {"jcmp", "[1,1]", "\"a\"", NULL, "1"},
    {"jcmp", "0.0", "9223372036854775807", NULL, "-1"},
    {"jcmp", "1e1", "[1.0]", NULL, "-1"},
    {"jcmp", "1e25", "\"a\"", NULL, "1"},
    {"jcmp", "[[1]]", "1e1", NULL, "1"},
    {"jcmp", "[[1]]", "9223372036854775807.0000000000000000000000", NULL, "1"},
    {"jcmp", "0e-30", "{\"a\":1}", NULL, "-1"},
    {"jcmp", "{}", "1e1", NULL, "1"},
    {"jcmp", "{\"b\":1}", "{\"a\":1}", NULL, "1"},
    {"jcmp", "true", "\"a\"", NULL, "1"},
    {"jcmp", "0", "[true]", NULL, "-1"},
    {"jcmp", "[null]", "\"aa\"", NULL, "1"},
    {"jcmp", "12345678901234567890", "[1.0]", NULL, "-1"},
    {"jcmp", "0.00000000000000000000001", "[1,[1,2]]", NULL, "-1"},
    {"jcmp", "[]", "{\"a\":[]}", NULL, "-1"},
    {"jcmp", "[{\"a\":1,\"b\":2}]", "0e-30", NULL, "1"},
    {"jcmp", "{\"aa\":1}", "[[1]]", NULL, "1"},
    {"jcmp", "[2]", "[\"a\"]", NULL, "1"},
    {"jcmp", "{}", "\"a\"", NULL, "1"},
    {"jcmp", "9223372036854775807.0000000000000000000000", "{\"b\":1}", NULL, "-1"},
    {"jcmp", "10", "[{\"a\":1}]", NULL, "-1"},
    {"jcmp", "1.00", "[null]", NULL, "-1"},
    {"jcmp", "{\"a\":[]}", "2", NULL, "1"},
    {"jcmp", "false", "[{\"a\":1,\"b\":2}]", NULL, "-1"},
    {"jcmp", "[[]]", "{\"a\":[1,2]}", NULL, "-1"},
    {"jcmp", "[1,[1,2]]", "[1]", NULL, "1"},
    {"jcmp", "false", "\"b\"", NULL, "1"},
    {"jcmp", "[1,2]", "1.0", NULL, "1"},
    {"jcmp", "[null]", "[\"a\"]", NULL, "-1"},
    {"jcmp", "0.00000000000000000000001", "1e1", NULL, "-1"},
    {"jcmp", "0.0", "10", NULL, "-1"},
    {"jcmp", "10000000000000000000000000", "{\"a\":1}", NULL, "-1"},
    {"jcmp", "[null]", "0.00000000000000000000001", NULL, "1"},
    {"jcmp", "\"a\"", "[1.0]", NULL, "-1"},
    {"jcmp", "{\"a\":2}", "[]", NULL, "1"},
    {"jcmp", "[1,2]", "9223372036854775807", NULL, "1"},
    {"jcmp", "{\"a\":[1]}", "null", NULL, "1"},
    {"jcmp", "[2]", "[[\"a\"]]", NULL, "-1"},
    {"jcmp", "{\"a\":1,\"b\":2}", "[[]]", NULL, "1"},
    {"jcmp", "[null]", "[1,1]", NULL, "-1"},
    {"jcmp", "10000000000000000000000000.000", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "{\"a\":1.0}", "12345678901234567890.0", NULL, "1"},
    {"jcmp", "[1,2]", "-1e25", NULL, "1"},
    {"jcmp", "{\"a\":2}", "\"a\"", NULL, "1"},
    {"jcmp", "[{\"a\":1,\"b\":2}]", "1e-23", NULL, "1"},
    {"jcmp", "{\"a\":1.0}", "[null]", NULL, "1"},
    {"jcmp", "1.00", "{\"b\":1}", NULL, "-1"},
    {"jcmp", "{\"a\":1.0}", "[{\"a\":1}]", NULL, "1"},
    {"jcmp", "\"aa\"", "\"aa\"", NULL, "0"},
    {"jcmp", "null", "[2]", NULL, "-1"},
    {"jcmp", "1", "[2]", NULL, "-1"},
    {"jcmp", "{\"a\":{\"b\":1}}", "[1]", NULL, "1"},
    {"jcmp", "10000000000000000000000000", "[true]", NULL, "-1"},
    {"jcmp", "{\"a\":[1,2]}", "{\"a\":[1]}", NULL, "1"},
    {"jcmp", "{\"b\":1}", "true", NULL, "1"},
    {"jcmp", "[{\"a\":1,\"b\":2}]", "\"a\"", NULL, "1"},
    {"jcmp", "[1,1,1]", "{\"a\":2}", NULL, "-1"},
    {"jcmp", "[]", "12345678901234567890.0", NULL, "-1"},
    {"jcmp", "1.00", "[1.0]", NULL, "-1"},
    {"jcmp", "12345678901234567890", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "{\"aa\":1}", "0.00000000000000000000001", NULL, "1"},
    {"jcmp", "12345678901234567890.0", "1e1", NULL, "1"},
    {"jcmp", "1e-23", "{\"a\":[1,2]}", NULL, "-1"},
    {"jcmp", "12345678901234567890", "[true]", NULL, "-1"},
    {"jcmp", "{\"a\":[1]}", "{}", NULL, "1"},
    {"jcmp", "[1,2]", "1e25", NULL, "1"},
    {"jcmp", "[{\"a\":1}]", "-1", NULL, "1"},
    {"jcmp", "[null]", "{\"a\":1.0}", NULL, "-1"},
    {"jcmp", "{}", "[2]", NULL, "1"},
    {"jcmp", "-1", "[1,1]", NULL, "-1"},
    {"jcmp", "[true]", "[1]", NULL, "1"},
    {"jcmp", "[1,2]", "{\"a\":{\"b\":1,\"c\":2}}", NULL, "-1"},
    {"jcmp", "10", "{\"a\":{\"b\":1,\"c\":2}}", NULL, "-1"},
    {"jcmp", "[1]", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "2", "false", NULL, "-1"},
    {"jcmp", "1.00", "{\"a\":1.0}", NULL, "-1"},
    {"jcmp", "-1e25", "0e-30", NULL, "-1"},
    {"jcmp", "{\"a\":[1,2]}", "0.00000000000000000000001", NULL, "1"},
    {"jcmp", "null", "null", NULL, "0"},
    {"jcmp", "{\"a\":2}", "[1,1]", NULL, "1"},
    {"jcmp", "[1,[1,2]]", "[\"a\",\"b\"]", NULL, "1"},
    {"jcmp", "2", "{\"b\":1}", NULL, "-1"},
    {"jcmp", "1", "12345678901234567890", NULL, "-1"},
    {"jcmp", "{\"a\":{\"b\":1}}", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "12345678901234567890", "{\"b\":1}", NULL, "-1"},
    {"jcmp", "10", "{\"a\":[]}", NULL, "-1"},
    {"jcmp", "true", "[2]", NULL, "-1"},
    {"jcmp", "{\"a\":[1,2]}", "\"a\"", NULL, "1"},
    {"jcmp", "[2,1]", "{\"b\":1}", NULL, "-1"},
    {"jcmp", "[1]", "\"b\"", NULL, "1"},
    {"jcmp", "1.0", "[null]", NULL, "-1"},
    {"jcmp", "{\"a\":[1]}", "[1,[1,2]]", NULL, "1"},
    {"jcmp", "{\"a\":[]}", "{\"a\":1,\"b\":2}", NULL, "-1"},
    {"jcmp", "{\"a\":1.0}", "[1,[1,2]]", NULL, "1"},
    {"jcmp", "2", "1e-23", NULL, "1"},
    {"jcmp", "1e25", "9223372036854775807.0000000000000000000000", NULL, "1"},
    {"jcmp", "10", "\"a\"", NULL, "1"},
    {"jcmp", "[null]", "{\"a\":2}", NULL, "-1"},
    {"jcmp", "\"a\"", "1", NULL, "-1"},
    {"jcmp", "[1.0]", "10", NULL, "1"},
    {"jcmp", "{\"a\":[]}", "-1e25", NULL, "1"},
    {"jcmp", "{\"a\":{\"b\":1}}", "{}", NULL, "1"},
    {"jcmp", "9223372036854775807.0000000000000000000000", "true", NULL, "-1"},
    {"jcmp", "-1", "[[1]]", NULL, "-1"},
    {"jcmp", "[\"a\"]", "{}", NULL, "-1"},
    {"jcmp", "[]", "-1e25", NULL, "-1"},
    {"jcmp", "null", "\"b\"", NULL, "-1"},
    {"jcmp", "10", "10000000000000000000000000", NULL, "-1"},
    {"jcmp", "{\"a\":[]}", "[[1]]", NULL, "1"},
    {"jcmp", "10", "{\"aa\":1}", NULL, "-1"},
    {"jcmp", "true", "[1]", NULL, "-1"},
    {"jcmp", "[1]", "\"aa\"", NULL, "1"},
    {"jcmp", "9223372036854775807.0000000000000000000000", "[1,1]", NULL, "-1"},
    {"jcmp", "[2]", "{\"a\":[]}", NULL, "-1"},
    {"jcmp", "\"a\"", "false", NULL, "-1"},
    {"jcmp", "1", "{\"a\":2}", NULL, "-1"},
    {"jcmp", "{\"a\":{\"b\":1,\"c\":2}}", "1.0", NULL, "1"},
    {"jcmp", "10000000000000000000000000.000", "\"a\"", NULL, "1"},
    {"jcmp", "[1,[1,2]]", "1.0", NULL, "1"},
    {"jcmp", "{\"a\":1}", "1e25", NULL, "1"},
    {"jcmp", "2", "{\"a\":1,\"b\":2}", NULL, "-1"},
    {"jcmp", "12345678901234567890.0", "[1,2]", NULL, "-1"},
    {"jcmp", "[2]", "{\"a\":1}", NULL, "-1"},
    {"jcmp", "[1]", "1e-23", NULL, "1"},
    {"jcmp", "[2]", "[1]", NULL, "1"},
    {"jcmp", "10000000000000000000000000", "[[1]]", NULL, "-1"},
    {"jcmp", "{\"a\":[1]}", "[1,1]", NULL, "1"},
    {"jcmp", "{\"a\":[1]}", "[2]", NULL, "1"},
    {"jcmp", "{\"a\":2}", "[[]]", NULL, "1"},
    {"jcmp", "2", "{\"a\":[1]}", NULL, "-1"},
    {"jcmp", "{\"a\":1,\"b\":2}", "9223372036854775807", NULL, "1"},
    {"jcmp", "[[1]]", "true", NULL, "1"},
    {"jcmp", "9223372036854775807", "10000000000000000000000000.000", NULL, "-1"},
    {"jcmp", "1", "1e1", NULL, "-1"},
    {"jcmp", "2", "12345678901234567890", NULL, "-1"},
    {"jcmp", "9223372036854775807", "[{\"a\":1,\"b\":2}]", NULL, "-1"},
    {"jcmp", "\"a\"", "0.0", NULL, "-1"},
    {"jcmp", "2", "[1.0]", NULL, "-1"},
    {"jcmp", "10", "12345678901234567890.0", NULL, "-1"},
    {"jcmp", "-1", "{\"a\":null}", NULL, "-1"},
    {"jcmp", "{\"a\":{\"b\":1}}", "[{\"a\":1}]", NULL, "1"},
    {"jcmp", "1.00", "[2,1]", NULL, "-1"},
    {"jcmp", "[1,1,1]", "true", NULL, "1"},
    {"jcmp", "0.0", "\"b\"", NULL, "1"},
    {"jcmp", "{\"a\":[1]}", "1.00", NULL, "1"},
    {"jcmp", "{\"a\":[1,2]}", "-1", NULL, "1"},
    {"jcmp", "{\"a\":{\"b\":1,\"c\":2}}", "true", NULL, "1"},
    {"jcmp", "[[]]", "[{\"a\":1}]", NULL, "-1"},
    {"jcmp", "\"aa\"", "{}", NULL, "-1"},
    {"jcmp", "[[]]", "{\"a\":{\"b\":1}}", NULL, "-1"},
    {"jcmp", "0", "10", NULL, "-1"},
    {"jcmp", "[\"a\"]", "false", NULL, "1"},
    {"jcmp", "[[\"a\"]]", "[1,[1,2]]", NULL, "-1"},
    {"jcmp", "0.00000000000000000000001", "[[\"a\"]]", NULL, "-1"},
    {"jcmp", "[[\"a\"]]", "9223372036854775807.0000000000000000000000", NULL, "1"},
    {"jcmp", "[true]", "10", NULL, "1"},
    {"jcmp", "[2,1]", "0e-30", NULL, "1"},
    {"jcmp", "[\"a\"]", "{\"a\":null}", NULL, "-1"},
    {"jcmp", "[2]", "1.00", NULL, "1"},
    {"jcmp", "false", "[1,[1,2]]", NULL, "-1"},
    {"jcmp", "[[1]]", "{\"a\":{\"b\":1,\"c\":2}}", NULL, "-1"},
    {"jcmp", "{\"a\":2}", "10000000000000000000000000.000", NULL, "1"},
    {"jcmp", "10", "[1,1]", NULL, "-1"},
    {"jcmp", "\"a\"", "\"a\"", NULL, "0"},
    {"jcmp", "[{\"a\":1}]", "{\"a\":null}", NULL, "-1"},
    {"jcmp", "1", "null", NULL, "1"},
    {"jcmp", "[1,1,1]", "[\"a\"]", NULL, "1"},
    {"jcmp", "[1,1,1]", "12345678901234567890.0", NULL, "1"},
    {"jcmp", "[[\"a\"]]", "[1.0]", NULL, "1"},
    {"jcmp", "[{\"a\":1,\"b\":2}]", "[1,[1,2]]", NULL, "-1"},
    {"jcmp", "true", "1e-23", NULL, "1"},
    {"jcmp", "2", "-1", NULL, "1"},
    {"jcmp", "[\"a\",\"b\"]", "0.00000000000000000000001", NULL, "1"},
    {"jcmp", "{\"a\":1,\"b\":2}", "0.0", NULL, "1"},
    {"jcmp", "1e25", "[null]", NULL, "-1"},
    {"jcmp", "9223372036854775807.0000000000000000000000", "false", NULL, "-1"},
    {"jcmp", "{\"a\":[]}", "[1,1,1]", NULL, "1"},
    {"jcmp", "10000000000000000000000000.000", "[true]", NULL, "-1"},
    {"jcmp", "2", "0.0", NULL, "1"},
    {"jcmp", "10000000000000000000000000", "1e25", NULL, "0"},
    {"jcmp", "{\"b\":1}", "1", NULL, "1"},
    {"jcmp", "2", "0.00000000000000000000001", NULL, "1"},
    {"jcmp", "[\"a\",\"b\"]", "1e25", NULL, "1"},
    {"jcmp", "10000000000000000000000000.000", "0", NULL, "1"},
    {"jcmp", "{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":[1]}", NULL, "1"},
    {"jcmp", "12345678901234567890.0", "{\"a\":{\"b\":1,\"c\":2}}", NULL, "-1"},
    {"jcmp", "[1,1]", "{\"a\":1}", NULL, "-1"},
    {"jcmp", "{\"a\":2}", "true", NULL, "1"},
    {"jcmp", "-1e25", "[1,1]", NULL, "-1"},
    {"jcmp", "{\"a\":2}", "2", NULL, "1"},
};

static const struct json_case containment[] = {
    {"jcont", "{\"a\":1,\"b\":2}", "0.0", NULL, "f"},
    {"jcont", "1.0", "{}", NULL, "f"},
    {"jcont", "[1]", "{\"a\":{\"b\":1}}", NULL, "f"},
    {"jcont", "[]", "[{\"a\":1,\"b\":2}]", NULL, "f"},
    {"jcont", "{\"a\":[]}", "{\"a\":1}", NULL, "f"},
    {"jcont", "[2]", "[[1]]", NULL, "f"},
    {"jcont", "-1e25", "12345678901234567890.0", NULL, "f"},
    {"jcont", "[true]", "[[]]", NULL, "f"},
    {"jcont", "0", "10", NULL, "f"},
    {"jcont", "{\"a\":2}", "{\"a\":2}", NULL, "t"},
    {"jcont", "{}", "1e1", NULL, "f"},
    {"jcont", "{\"a\":2}", "{\"a\":{\"b\":1}}", NULL, "f"},
    {"jcont", "\"a\"", "[1,2]", NULL, "f"},
    {"jcont", "1.00", "1.0", NULL, "t"},
    {"jcont", "[[1]]", "[[]]", NULL, "t"},
    {"jcont", "[\"a\",\"b\"]", "[1,1]", NULL, "f"},
    {"jcont", "[{\"a\":1,\"b\":2}]", "\"a\"", NULL, "f"},
    {"jcont", "9223372036854775807.0000000000000000000000", "1e-23", NULL, "f"},
    {"jcont", "[1.0]", "1e-23", NULL, "f"},
    {"jcont", "10", "[1,[1,2]]", NULL, "f"},
    {"jcont", "{\"a\":1,\"b\":2}", "[1,2]", NULL, "f"},
    {"jcont", "-1e25", "{\"a\":{\"b\":1,\"c\":2}}", NULL, "f"},
    {"jcont", "10", "0e-30", NULL, "f"},
    {"jcont", "{\"a\":null}", "{\"aa\":1}", NULL, "f"},
    {"jcont", "1e-23", "{\"a\":1,\"b\":2}", NULL, "f"},
    {"jcont", "{\"a\":[]}", "0", NULL, "f"},
    {"jcont", "9223372036854775807.0000000000000000000000", "12345678901234567890", NULL, "f"},
    {"jcont", "[[\"a\"]]", "1.00", NULL, "f"},
    {"jcont", "1e-23", "9223372036854775807", NULL, "f"},
    {"jcont", "1e1", "10000000000000000000000000.000", NULL, "f"},
    {"jcont", "{\"a\":null}", "[1,[1,2]]", NULL, "f"},
    {"jcont", "[[]]", "[1,1]", NULL, "f"},
    {"jcont", "[{\"a\":1,\"b\":2}]", "{\"a\":1.0}", NULL, "f"},
    {"jcont", "{\"a\":[]}", "true", NULL, "f"},
    {"jcont", "1e1", "[[1]]", NULL, "f"},
    {"jcont", "[true]", "false", NULL, "f"},
    {"jcont", "[1,1,1]", "{\"a\":1}", NULL, "f"},
    {"jcont", "1", "[1,2]", NULL, "f"},
    {"jcont", "{\"a\":{\"b\":1}}", "1.0", NULL, "f"},
    {"jcont", "\"b\"", "[1]", NULL, "f"},
    {"jcont", "{}", "12345678901234567890.0", NULL, "f"},
    {"jcont", "9223372036854775807", "{\"a\":[1,2]}", NULL, "f"},
    {"jcont", "[[\"a\"]]", "12345678901234567890", NULL, "f"},
    {"jcont", "2", "\"b\"", NULL, "f"},
    {"jcont", "{\"a\":[1]}", "[1,1]", NULL, "f"},
    {"jcont", "0.0", "{\"a\":{\"b\":1}}", NULL, "f"},
    {"jcont", "[{\"a\":1,\"b\":2}]", "{\"b\":1}", NULL, "f"},
    {"jcont", "1e1", "1e1", NULL, "t"},
    {"jcont", "1e-23", "[2,1]", NULL, "f"},
    {"jcont", "[[\"a\"]]", "1", NULL, "f"},
    {"jcont", "true", "-1e25", NULL, "f"},
    {"jcont", "1.0", "[{\"a\":1}]", NULL, "f"},
    {"jcont", "[null]", "{\"a\":2}", NULL, "f"},
    {"jcont", "10", "[{\"a\":1,\"b\":2}]", NULL, "f"},
    {"jcont", "1.0", "1e-23", NULL, "f"},
    {"jcont", "10", "[]", NULL, "f"},
    {"jcont", "0e-30", "[[]]", NULL, "f"},
    {"jcont", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":2}}", NULL, "f"},
    {"jcont", "[1,1]", "1.00", NULL, "t"},
    {"jcont", "[1,2]", "[\"a\"]", NULL, "f"},
    {"jcont", "[1,[1,2]]", "{\"a\":{\"b\":1}}", NULL, "f"},
    {"jcont", "[2,1]", "{\"a\":1.0}", NULL, "f"},
    {"jcont", "0.0", "[2,1]", NULL, "f"},
    {"jcont", "1.00", "{\"a\":{\"b\":1}}", NULL, "f"},
    {"jcont", "9223372036854775807", "10", NULL, "f"},
    {"jcont", "[{\"a\":1,\"b\":2}]", "{\"a\":1}", NULL, "f"},
    {"jcont", "{\"a\":[1,2]}", "[true]", NULL, "f"},
    {"jcont", "{\"a\":[]}", "1", NULL, "f"},
    {"jcont", "[1,1,1]", "[[]]", NULL, "f"},
    {"jcont", "[1]", "1e1", NULL, "f"},
    {"jcont", "1e1", "{\"a\":[]}", NULL, "f"},
    {"jcont", "[{\"a\":1}]", "0e-30", NULL, "f"},
    {"jcont", "12345678901234567890", "0.00000000000000000000001", NULL, "f"},
    {"jcont", "1e1", "\"b\"", NULL, "f"},
    {"jcont", "[{\"a\":1}]", "1e25", NULL, "f"},
    {"jcont", "-1", "[[]]", NULL, "f"},
    {"jcont", "[{\"a\":1}]", "{\"a\":2}", NULL, "f"},
    {"jcont", "[[1]]", "[1]", NULL, "f"},
    {"jcont", "[{\"a\":1,\"b\":2}]", "{\"a\":2}", NULL, "f"},
    {"jcont", "true", "9223372036854775807", NULL, "f"},
    {"jcont", "0", "{\"b\":1}", NULL, "f"},
    {"jcont", "[1]", "[[]]", NULL, "f"},
    {"jcont", "true", "{\"a\":null}", NULL, "f"},
    {"jcont", "0.00000000000000000000001", "[[1]]", NULL, "f"},
    {"jcont", "[1]", "12345678901234567890.0", NULL, "f"},
    {"jcont", "{\"aa\":1}", "{\"a\":[1,2]}", NULL, "f"},
    {"jcont", "10000000000000000000000000", "[]", NULL, "f"},
    {"jcont", "[1,1]", "[1]", NULL, "t"},
    {"jcont", "12345678901234567890.0", "10", NULL, "f"},
    {"jcont", "{\"a\":1}", "{}", NULL, "t"},
    {"jcont", "[1.0]", "\"a\"", NULL, "f"},
    {"jcont", "[\"a\",\"b\"]", "[[1]]", NULL, "f"},
    {"jcont", "1e25", "-1", NULL, "f"},
    {"jcont", "{\"a\":1}", "{\"a\":1}", NULL, "t"},
    {"jcont", "[\"a\"]", "\"a\"", NULL, "t"},
    {"jcont", "[{\"a\":1}]", "9223372036854775807.0000000000000000000000", NULL, "f"},
    {"jcont", "{\"a\":2}", "2", NULL, "f"},
    {"jcont", "0", "9223372036854775807.0000000000000000000000", NULL, "f"},
    {"jcont", "[\"a\",\"b\"]", "9223372036854775807", NULL, "f"},
    {"jcont", "{\"a\":{\"b\":1,\"c\":2}}", "12345678901234567890.0", NULL, "f"},
    {"jcont", "{}", "[1,1,1]", NULL, "f"},
    {"jcont", "{\"a\":1.0}", "{\"a\":[1]}", NULL, "f"},
    {"jcont", "12345678901234567890", "[{\"a\":1,\"b\":2}]", NULL, "f"},
    {"jcont", "\"aa\"", "{\"a\":2}", NULL, "f"},
    {"jcont", "{\"a\":1.0}", "1e-23", NULL, "f"},
    {"jcont", "-1e25", "{\"a\":[1,2]}", NULL, "f"},
    {"jcont", "[{\"a\":1,\"b\":2}]", "0e-30", NULL, "f"},
    {"jcont", "12345678901234567890.0", "[2]", NULL, "f"},
    {"jcont", "[1,[1,2]]", "{\"a\":[1]}", NULL, "f"},
    {"jcont", "0e-30", "[null]", NULL, "f"},
    {"jcont", "{\"a\":[1]}", "\"a\"", NULL, "f"},
    {"jcont", "-1e25", "[]", NULL, "f"},
    {"jcont", "{\"a\":{\"b\":1}}", "1e25", NULL, "f"},
    {"jcont", "\"aa\"", "true", NULL, "f"},
    {"jcont", "0.00000000000000000000001", "\"aa\"", NULL, "f"},
    {"jcont", "{\"a\":1}", "0.00000000000000000000001", NULL, "f"},
    {"jcont", "\"b\"", "[1,[1,2]]", NULL, "f"},
    {"jcont", "\"aa\"", "{\"a\":[]}", NULL, "f"},
    {"jcont", "0.0", "[1,1]", NULL, "f"},
    {"jcont", "{\"a\":{\"b\":1,\"c\":2}}", "10000000000000000000000000", NULL, "f"},
    {"jcont", "{\"a\":1,\"b\":[1,2,{\"c\":3}]}", "{\"b\":[{\"c\":3}]}", NULL, "t"},
    {"jcont", "[1,2,3]", "[3,3,1]", NULL, "t"},
    {"jcont", "[\"foo\",\"bar\"]", "\"bar\"", NULL, "t"},
    {"jcont", "\"bar\"", "[\"bar\"]", NULL, "f"},
    {"jcont", "[[1,2]]", "[1]", NULL, "f"},
    {"jcont", "[[1,2]]", "[[1]]", NULL, "t"},
    {"jcont", "{\"a\":{}}", "{\"a\":{}}", NULL, "t"},
    {"jcont", "[]", "[]", NULL, "t"},
    {"jcont", "{}", "[]", NULL, "f"},
    {"jcont", "[1]", "1.0", NULL, "t"},
};

static const struct json_case members[] = {
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "a", NULL, "{\"b\": [1, {\"c\": null}]}"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "a", NULL, "{\"b\": [1, {\"c\": null}]}"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "a", NULL, "t"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "aa", NULL, "\"t\\\"x\""},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "aa", NULL, "t\"x"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "aa", NULL, "t"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "b", NULL, "2.50"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "b", NULL, "2.50"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "b", NULL, "t"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "", NULL, "true"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "", NULL, "true"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "", NULL, "t"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "10", NULL, "[]"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "10", NULL, "[]"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "10", NULL, "t"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "n", NULL, "null"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "n", NULL, "NULL"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "n", NULL, "t"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "zz", NULL, "NULL"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "zz", NULL, "NULL"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "zz", NULL, "f"},
    {"jkey", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "aaa", NULL, "NULL"},
    {"jkeyt", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "aaa", NULL, "NULL"},
    {"jexists", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "aaa", NULL, "f"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "-6", NULL, "NULL"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "-5", NULL, "NULL"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "-4", NULL, "1"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "-3", NULL, "[2]"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "-2", NULL, "{\"a\": 3}"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "-1", NULL, "null"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "0", NULL, "1"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "1", NULL, "[2]"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "2", NULL, "{\"a\": 3}"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "3", NULL, "null"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "4", NULL, "NULL"},
    {"jidx", "[1, [2], {\"a\": 3}, null]", "5", NULL, "NULL"},
    {"jidx", "5", "0", NULL, "5"},
    {"jidx", "5", "-1", NULL, "5"},
    {"jidx", "5", "1", NULL, "NULL"},
    {"jidx", "\"a\"", "0", NULL, "\"a\""},
    {"jidx", "\"a\"", "-1", NULL, "\"a\""},
    {"jidx", "\"a\"", "1", NULL, "NULL"},
    {"jidx", "null", "0", NULL, "null"},
    {"jidx", "null", "-1", NULL, "null"},
    {"jidx", "null", "1", NULL, "NULL"},
    {"jidx", "{\"a\":1}", "0", NULL, "NULL"},
    {"jidx", "{\"a\":1}", "-1", NULL, "NULL"},
    {"jidx", "{\"a\":1}", "1", NULL, "NULL"},
    {"jpath", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "a", "b", "[1, {\"c\": null}]"},
    {"jpath", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "b", "x", "NULL"},
    {"jpath", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "10", NULL, "[]"},
    {"jpath", "{\"a\": {\"b\": [1, {\"c\": null}]}, \"aa\": \"t\\\"x\", \"b\": 2.50, \"\": true, \"10\": [], \"n\": null}", "n", NULL, "null"},
    {"jpath", "[[1,2],3]", "0", "1", "2"},
    {"jpath", "[[1,2],3]", "0", "-3", "NULL"},
    {"jpath", "[[1,2],3]", "-2", "1", "2"},
    {"jpath", "[[1,2],3]", "-2", "-3", "NULL"},
    {"jpath", "[[1,2],3]", " 0", "1", "2"},
    {"jpath", "[[1,2],3]", " 0", "-3", "NULL"},
    {"jpath", "[[1,2],3]", "+0", "1", "2"},
    {"jpath", "[[1,2],3]", "+0", "-3", "NULL"},
    {"jpath", "[[1,2],3]", "0 ", "1", "NULL"},
    {"jpath", "[[1,2],3]", "0 ", "-3", "NULL"},
    {"jpath", "[[1,2],3]", "x", "1", "NULL"},
    {"jpath", "[[1,2],3]", "x", "-3", "NULL"},
    {"jpath", "[[1,2],3]", "", "1", "NULL"},
    {"jpath", "[[1,2],3]", "", "-3", "NULL"},
    {"jexists", "[\"a\",\"b\",1]", "a", NULL, "t"},
    {"jexists", "[\"a\",\"b\",1]", "1", NULL, "f"},
    {"jexists", "\"a\"", "a", NULL, "t"},
    {"jexists", "1", "1", NULL, "f"},
    {"jkey", "[1]", "a", NULL, "NULL"},
    {"jkey", "5", "a", NULL, "NULL"},
};

static bool parse(const char *text, struct strbuf *out)
{
    struct error err;
    strbuf_clear(out);
    return jsonb_parse(strview_of(text), out, &err);
}

static struct strview view(const struct strbuf *sb) { return strview_make(sb->data, sb->len); }

static void add_error(struct strbuf *out, const struct error *err)
{
    strbuf_clear(out);
    strbuf_add_fmt(out, "ERROR %s %s", err->sqlstate, err->message);
    if (err->detail[0])
        strbuf_add_fmt(out, " DETAIL %s", err->detail);
    if (err->context[0])
        strbuf_add_fmt(out, " CONTEXT %s", err->context);
}

static void op_text(const struct json_case *r, struct strbuf *out)
{
    struct strbuf bytes;
    struct error err;
    error_clear(&err);
    strbuf_init(&bytes);
    if (strcmp(r->op, "json") == 0) {
        if (json_check_text(strview_of(r->a), &err))
            strbuf_add_cstr(out, r->a);
        else
            add_error(out, &err);
    } else if (jsonb_parse(strview_of(r->a), &bytes, &err)) {
        assert_ok(jsonb_check(view(&bytes), &err), &err);
        jsonb_format(out, view(&bytes));
    } else {
        assert_int_equal(bytes.len, 0);
        add_error(out, &err);
    }
    strbuf_release(&bytes);
}

static void show(struct strbuf *out, bool found, struct strview v)
{
    if (found)
        jsonb_format(out, v);
    else
        strbuf_add_cstr(out, "NULL");
}

static void op_values(const struct json_case *r, struct strbuf *out)
{
    struct strbuf x, y;
    struct strview found = {0};
    struct arena arena;
    strbuf_init(&x);
    strbuf_init(&y);
    arena_init(&arena, NULL);
    assert_true(parse(r->a, &x));
    if (strcmp(r->op, "jcmp") == 0) {
        assert_true(parse(r->b, &y));
        int c = jsonb_compare(view(&x), view(&y));
        assert_int_equal(c, -jsonb_compare(view(&y), view(&x)));
        if (c == 0)
            assert_true(jsonb_hash(view(&x)) == jsonb_hash(view(&y)));
        strbuf_add_cstr(out, c < 0 ? "-1" : c > 0 ? "1" : "0");
    } else if (strcmp(r->op, "jcont") == 0) {
        assert_true(parse(r->b, &y));
        strbuf_add_cstr(out, jsonb_contains(view(&x), view(&y)) ? "t" : "f");
    } else if (strcmp(r->op, "jexists") == 0) {
        strbuf_add_cstr(out, jsonb_exists(view(&x), strview_of(r->b)) ? "t" : "f");
    } else if (strcmp(r->op, "jkey") == 0) {
        show(out, jsonb_get_key(view(&x), strview_of(r->b), &arena, &found), found);
    } else if (strcmp(r->op, "jkeyt") == 0) {
        if (!jsonb_get_key(view(&x), strview_of(r->b), &arena, &found) || !jsonb_as_text(found, out))
            strbuf_add_cstr(out, "NULL");
    } else if (strcmp(r->op, "jidx") == 0) {
        show(out, jsonb_get_index(view(&x), atoi(r->b), &arena, &found), found);
    } else {
        struct strview path[2] = {strview_of(r->b), strview_of(r->c ? r->c : "")};
        assert_string_equal(r->op, "jpath");
        show(out, jsonb_get_path(view(&x), path, r->c ? 2 : 1, &arena, &found), found);
    }
    arena_release(&arena);
    strbuf_release(&x);
    strbuf_release(&y);
}

static void run_cases(const struct json_case *rows, size_t n)
{
    struct strbuf out;
    size_t differ = 0;
    strbuf_init(&out);
    for (size_t i = 0; i < n; i++) {
        strbuf_clear(&out);
        if (strncmp(rows[i].op, "json", 4) == 0)
            op_text(&rows[i], &out);
        else
            op_values(&rows[i], &out);
        if (strcmp(out.data, rows[i].want) != 0) {
            print_error("%s(%s, %s): got %s, want %s\n", rows[i].op, rows[i].a, rows[i].b, out.data, rows[i].want);
            differ++;
        }
    }
    strbuf_release(&out);
    assert_int_equal(differ, 0);
}

static void test_texts(void **state) { run_cases(texts, ARRAY_LEN(texts)); }
static void test_order(void **state) { run_cases(order, ARRAY_LEN(order)); }
static void test_containment(void **state) { run_cases(containment, ARRAY_LEN(containment)); }
static void test_access(void **state) { run_cases(members, ARRAY_LEN(members)); }

/* The form is part of the segment format: these bytes must not change. */
static void test_bytes(void **state)
{
    static const struct {
        const char *text;
        size_t len;
        const char *bytes;
    } rows[] = {
        {"null", 1, "\x00"},
        {"false", 1, "\x01"},
        {"true", 1, "\x02"},
        {"0", 1, "\x03"},
        {"1", 2, "\x0b\x01"},
        {"-1", 2, "\x0b\xff"},
        {"128", 3, "\x13\x80\x00"},
        {"1.50", 4, "\x93\x02\x96\x00"},
        {"1e20", 9, "\x4b\x00\x00\x00\x15\x00\x00\x00" "1"},
        {"\"ab\"", 3, "\x04" "ab"},
        {"[]", 2, "\x05\x00"},
        {"[true,\"x\"]", 7, "\x05\x02\x01\x03\x02\x04x"},
        {"{}", 2, "\x06\x00"},
        {"{\"bb\":1,\"a\":null,\"a\":false}", 12, "\x06\x02\x01\x03\x01\x03" "abb\x01\x0b\x01"},
    };
    struct strbuf out;
    strbuf_init(&out);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_true(parse(rows[i].text, &out));
        assert_int_equal(out.len, rows[i].len);
        assert_memory_equal(out.data, rows[i].bytes, rows[i].len);
    }
    strbuf_release(&out);
}

/* Wide offsets: more than 255 bytes, more than 65,535 bytes. */
static void test_wide_containers(void **state)
{
    static const uint32_t counts[] = {60, 300, 30000};
    struct strbuf text, bytes, again;
    struct error err;
    strbuf_init(&text);
    strbuf_init(&bytes);
    strbuf_init(&again);
    for (size_t k = 0; k < ARRAY_LEN(counts); k++) {
        strbuf_clear(&text);
        strbuf_clear(&bytes);
        strbuf_clear(&again);
        strbuf_add_char(&text, '{');
        for (uint32_t i = counts[k]; i-- > 0;)
            strbuf_add_fmt(&text, "\"key%u\": [%u, \"v\"]%s", i, i, i ? "," : "}");
        assert_ok(jsonb_parse(view(&text), &bytes, &err), &err);
        assert_ok(jsonb_check(view(&bytes), &err), &err);
        assert_int_equal(jsonb_count(view(&bytes)), counts[k]);
        for (uint32_t i = 0; i < counts[k]; i += 7) {
            char key[32], want[32];
            struct strview v;
            snprintf(key, sizeof key, "key%u", i);
            snprintf(want, sizeof want, "[%u, \"v\"]", i);
            assert_true(jsonb_get_key(view(&bytes), strview_of(key), NULL, &v));
            strbuf_clear(&text);
            jsonb_format(&text, v);
            assert_string_equal(text.data, want);
        }
        strbuf_clear(&text);
        jsonb_format(&text, view(&bytes));
        assert_ok(jsonb_parse(view(&text), &again, &err), &err);
        assert_int_equal(again.len, bytes.len);
        assert_memory_equal(again.data, bytes.data, bytes.len);
    }
    strbuf_release(&text);
    strbuf_release(&bytes);
    strbuf_release(&again);
}

static void test_depth_limit(void **state)
{
    struct strbuf text, bytes;
    struct error err;
    strbuf_init(&text);
    strbuf_init(&bytes);
    for (int i = 0; i < 1000; i++)
        strbuf_add_char(&text, '[');
    size_t opened = text.len;
    for (int i = 0; i < 1000; i++)
        strbuf_add_char(&text, ']');
    assert_ok(jsonb_parse(view(&text), &bytes, &err), &err);
    assert_ok(jsonb_check(view(&bytes), &err), &err);
    strbuf_clear(&text);
    jsonb_format(&text, view(&bytes));
    assert_int_equal(text.len, 2 * opened);
    strbuf_add_char(&text, ']');
    memmove(text.data + 1, text.data, text.len - 1);
    strbuf_clear(&bytes);
    assert_sqlstate(jsonb_parse(view(&text), &bytes, &err), &err, "54001");
    assert_sqlstate(json_check_text(view(&text), &err), &err, "54001");
    strbuf_release(&text);
    strbuf_release(&bytes);
}

/* No change of one byte, and no cut, of a value passes the check and then reads outside it or prints what reads back
 * as something else. */
static void test_damaged_bytes(void **state)
{
    struct strbuf good, bad, text, again;
    struct error err;
    uint32_t passed = 0;
    strbuf_init(&good);
    strbuf_init(&bad);
    strbuf_init(&text);
    strbuf_init(&again);
    assert_true(parse("{\"a\":[1,2.50,1e30,\"x\",{\"b\":null}],\"cc\":{\"d\":\"text\",\"e\":[true,false]},\"f\":-70000}",
                      &good));
    for (size_t i = 0; i < good.len; i++) {
        for (int byte = 0; byte < 256; byte++) {
            /* An exact allocation, so that the sanitizer sees a read beyond it. */
            char *copy = malloc(good.len);
            memcpy(copy, good.data, good.len);
            copy[i] = (char)byte;
            struct strview v = strview_make(copy, good.len);
            if (jsonb_check(v, &err)) {
                passed++;
                strbuf_clear(&text);
                strbuf_clear(&again);
                jsonb_format(&text, v);
                assert_ok(jsonb_parse(view(&text), &again, &err), &err);
                assert_int_equal(again.len, v.len);
                assert_memory_equal(again.data, v.ptr, v.len);
            } else {
                assert_string_equal(err.sqlstate, "XX001");
            }
            free(copy);
        }
        assert_false(jsonb_check(strview_make(good.data, i), &err));
    }
    assert_true(passed > good.len);
    strbuf_release(&good);
    strbuf_release(&bad);
    strbuf_release(&text);
    strbuf_release(&again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_containment),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_wide_containers),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_damaged_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
