/* SPDX-License-Identifier: Apache-2.0 */
/* jsonb: members, elements, containment. */
#include "func/kernels_int.h"
#include "types/jsonb.h"

/* The member or element that a row names, as a value. */
static bool find(struct func_call *call, const struct vec *arg, uint32_t i, bool by_key, struct strview *out)
{
    struct strview container = str_view(&ARG(struct str, 0, i));
    enum jsonb_kind kind = jsonb_kind(container);
    if (by_key)
        return kind == JSONB_OBJECT && jsonb_get_key(container, str_view(&ARG(struct str, 1, i)), call->arena, out);
    if (kind != JSONB_ARRAY && kind != JSONB_OBJECT) { /* a bare scalar counts as an array of one */
        *out = container;
        return ARG(int32_t, 1, i) == 0 || ARG(int32_t, 1, i) == -1;
    }
    return kind == JSONB_ARRAY && jsonb_get_index(container, ARG(int32_t, 1, i), call->arena, out);
}

static bool get_rows(FUNC_ARGS, bool by_key, bool as_text)
{
    struct strbuf text;
    bool ok = true;
    strbuf_init(&text);
    FOR_ROWS(i)
    {
        struct strview value;
        strbuf_clear(&text);
        if (!find(call, arg, i, by_key, &value) || (as_text && !jsonb_as_text(value, &text)))
            ok = out_set_null(call, out, n, i, err);
        else if (as_text)
            ok = call_str(call, text.data, text.len, &OUT(struct str)[i], err);
        else
            ok = call_str(call, value.ptr, value.len, &OUT(struct str)[i], err);
        if (!ok)
            break;
    }
    strbuf_release(&text);
    return ok;
}
bool fk_jsonb_field(FUNC_ARGS) { return get_rows(call, arg, n, sel, out, errors, err, true, false); }
bool fk_jsonb_field_text(FUNC_ARGS) { return get_rows(call, arg, n, sel, out, errors, err, true, true); }
bool fk_jsonb_element(FUNC_ARGS) { return get_rows(call, arg, n, sel, out, errors, err, false, false); }
bool fk_jsonb_element_text(FUNC_ARGS) { return get_rows(call, arg, n, sel, out, errors, err, false, true); }

bool fk_jsonb_typeof(FUNC_ARGS)
{
    static const char *const names[] = {
        [JSONB_NULL] = "null",     [JSONB_FALSE] = "boolean", [JSONB_TRUE] = "boolean",  [JSONB_NUMBER] = "number",
        [JSONB_STRING] = "string", [JSONB_ARRAY] = "array",   [JSONB_OBJECT] = "object",
    };
    FOR_ROWS(i)
    {
        const char *name = names[jsonb_kind(str_view(&ARG(struct str, 0, i)))];
        OUT(struct str)[i] = str_make(name, strlen(name));
    }
    return true;
}

bool fk_jsonb_array_length(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        struct strview v = str_view(&ARG(struct str, 0, i));
        enum jsonb_kind kind = jsonb_kind(v);
        OUT(int32_t)[i] = 0;
        if (kind == JSONB_ARRAY) {
            OUT(int32_t)[i] = (int32_t)jsonb_count(v);
            continue;
        }
        error_set(&errors->scratch, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot get array length of a %s",
                  kind == JSONB_OBJECT ? "non-array" : "scalar");
        row_failed(errors, i);
    }
    return true;
}

bool fk_jsonb_contains(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        OUT(uint8_t)[i] = jsonb_contains(str_view(&ARG(struct str, 0, i)), str_view(&ARG(struct str, 1, i)));
    }
    return true;
}
bool fk_jsonb_contained(FUNC_ARGS)
{
    FOR_ROWS(i)
    {
        OUT(uint8_t)[i] = jsonb_contains(str_view(&ARG(struct str, 1, i)), str_view(&ARG(struct str, 0, i)));
    }
    return true;
}
bool fk_jsonb_exists(FUNC_ARGS)
{
    FOR_ROWS(i) { OUT(uint8_t)[i] = jsonb_exists(str_view(&ARG(struct str, 0, i)), str_view(&ARG(struct str, 1, i))); }
    return true;
}
