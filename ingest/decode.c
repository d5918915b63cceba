/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/decode_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "types/jsonb.h"

/* ---- specs ---- */

struct decode_spec *decode_spec_new(const struct table_def *def)
{
    struct decode_spec *spec = xcalloc(1, sizeof *spec);

    spec->refs = 1;
    arena_init(&spec->arena, NULL);
    spec->def = table_def_get(def);
    spec->decoder_rev = DECODER_REV;
    spec->column = ARENA_ARRAY(&spec->arena, struct decode_column, MAX_OF(def->ncolumn, 1u));
    return spec;
}

struct decode_spec *decode_spec_get(struct decode_spec *spec)
{
    __atomic_add_fetch(&spec->refs, 1, __ATOMIC_RELAXED);
    return spec;
}

void decode_spec_put(struct decode_spec *spec)
{
    if (!spec || __atomic_sub_fetch(&spec->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    table_def_put(spec->def);
    arena_release(&spec->arena);
    free(spec);
}

/* ---- what every row gets besides its message ---- */

bool filler_open(struct row_filler *f, const struct decode_spec *spec, struct arena *arena, struct mem_account *account)
{
    const struct table_def *def = spec->def;
    uint32_t n = def->ncolumn;

    memset(f, 0, sizeof *f);
    f->spec = spec;
    f->field = ARENA_ARRAY(arena, struct field, MAX_OF(n, 1u));
    f->seen = ARENA_ARRAY(arena, uint64_t, MAX_OF(n, 1u));
    f->fed = ARENA_ARRAY(arena, uint32_t, MAX_OF(n, 1u));
    f->other = ARENA_ARRAY(arena, uint32_t, MAX_OF(n, 1u));
    f->meta = ARENA_ARRAY(arena, uint32_t, MAX_OF(n, 1u));
    f->computed = ARENA_ARRAY(arena, uint32_t, MAX_OF(n, 1u));
    f->state = ARENA_ARRAY(arena, struct expr_state *, MAX_OF(n, 1u));
    for (uint32_t i = 0; i < n; i++) {
        const struct column_def *column = &def->column[i];
        field_init(&f->field[i], column);
        if (column->dropped)
            f->other[f->nother++] = i;
        else if (column->generated == GENERATED_NONE)
            f->fed[f->nfed++] = i;
        else if (column->generated != GENERATED_EXPR)
            f->meta[f->nmeta++] = i;
        else if (spec->column[i].computed)
            f->computed[f->ncomputed++] = i;
        else
            f->other[f->nother++] = i;
    }
    if (!f->ncomputed)
        return true;
    f->cell = ARENA_ARRAY(arena, char, (size_t)n *CELL_BYTES);
    f->cell_null = ARENA_ARRAY(arena, uint64_t, n);
    f->cell_vec = ARENA_ARRAY(arena, struct vec, n);
    for (uint32_t i = 0; i < n; i++)
        f->cell_vec[i] = (struct vec){.phys = (uint8_t)type_phys(def->column[i].type.oid),
                                      .form = VEC_FLAT,
                                      .data = f->cell + (size_t)i * CELL_BYTES};
    for (uint32_t i = 0; i < f->ncomputed; i++)
        f->state[i] = expr_state_new(spec->column[f->computed[i]].computed, account);
    return true;
}

void filler_close(struct row_filler *f)
{
    for (uint32_t i = 0; i < f->ncomputed; i++)
        expr_state_free(f->state[i]);
}

bool filler_not_null_error(const struct row_filler *f, uint32_t column, struct error *err)
{
    const struct table_def *def = f->spec->def;

    error_set(err, SQLSTATE_NOT_NULL_VIOLATION,
              "null value in column \"%s\" of relation \"%s\" violates not-null constraint", def->column[column].name,
              def->name);
    snprintf(err->schema, sizeof err->schema, "%s", def->schema_name ? def->schema_name : "");
    snprintf(err->table, sizeof err->table, "%s", def->name);
    snprintf(err->column, sizeof err->column, "%s", def->column[column].name);
    return false;
}

static bool put_meta(struct row_filler *f, struct field_ctx *ctx, struct mutable_chunk *mc, uint32_t column,
                     const struct decode_meta *meta, struct error *err)
{
    const struct column_def *def = &f->spec->def->column[column];
    const struct field *field = &f->field[column];
    char text[32];

    switch (def->generated) {
    case GENERATED_KAFKA_OFFSET:
    case GENERATED_KAFKA_PARTITION: {
        uint64_t v = def->generated == GENERATED_KAFKA_OFFSET ? meta->offset : meta->partition;
        int n = snprintf(text, sizeof text, "%llu", (unsigned long long)v);
        return field_put(ctx, mc, field, text, (size_t)n, err);
    }
    case GENERATED_KAFKA_TIMESTAMP:
        if (meta->timestamp_us == STREAM_NO_TIMESTAMP)
            break;
        if (field->is_epoch)
            return field_put_epoch_int(mc, field, EPOCH_US,
                                       meta->timestamp_us + POSTGRES_EPOCH_UNIX_SECS * USECS_PER_SEC, err);
        strbuf_clear(&ctx->json);
        timestamptz_format(&ctx->json, meta->timestamp_us, tz_utc());
        return field_put(ctx, mc, field, ctx->json.data, ctx->json.len, err);
    case GENERATED_KAFKA_KEY: {
        size_t bad;
        if (meta->key_null)
            break;
        if (def->type.oid == TYPE_BYTEA)
            return mutable_put_str(mc, column, meta->key.ptr, meta->key.len) || field_memory_error(mc, err);
        if (!utf8_valid(meta->key.ptr, meta->key.len, &bad))
            return field_utf8_error(meta->key.ptr + bad, meta->key.len - bad, err);
        return field_put(ctx, mc, field, meta->key.ptr, meta->key.len, err);
    }
    default: break;
    }
    if (def->not_null)
        f->violation = MIN_OF(f->violation, column);
    mutable_put_null(mc, column);
    return true;
}

/* The row's values as a batch of one row. */
static void load_cells(struct row_filler *f, struct mutable_chunk *mc)
{
    uint32_t block = mc->next_row / VEC_ROWS, i = mc->next_row % VEC_ROWS;

    for (uint32_t c = 0; c < f->spec->def->ncolumn; c++) {
        const struct mutable_col *col = &mc->col[c];
        uint32_t size = phys_size[col->phys];
        f->cell_null[c] = col->block[block].null[i];
        f->cell_vec[c].null = f->cell_null[c] ? &f->cell_null[c] : NULL;
        memcpy(f->cell + (size_t)c * CELL_BYTES, (const char *)col->block[block].data + (size_t)i * size, size);
    }
}

static bool compute(struct row_filler *f, struct mutable_chunk *mc, struct error *err)
{
    struct batch batch = {.n = 1, .ncol = f->spec->def->ncolumn, .col = f->cell_vec};
    struct row_errors errors;
    uint64_t bits = 0;

    for (uint32_t i = 0; i < f->ncomputed; i++)
        mutable_put_null(mc, f->computed[i]);
    load_cells(f, mc);
    for (uint32_t i = 0; i < f->ncomputed; i++) {
        uint32_t column = f->computed[i];
        struct vec out;
        union datum datum;
        row_errors_init(&errors, &bits);
        if (!expr_eval(f->spec->column[column].computed, f->state[i], &batch, NULL, &out, &errors, err))
            return false;
        if (errors.count) {
            *err = errors.first;
            snprintf(err->column, sizeof err->column, "%s", f->spec->def->column[column].name);
            return false;
        }
        if (vec_is_null(&out, 0)) {
            if (f->spec->def->column[column].not_null)
                f->violation = MIN_OF(f->violation, column);
            continue;
        }
        memcpy(&datum, vec_value(&out, 0), phys_size[out.phys]);
        if (!field_put_datum(mc, &f->field[column], &datum, err))
            return false;
    }
    return true;
}

static bool fill_missing(struct row_filler *f, struct mutable_chunk *mc, struct error *err)
{
    for (uint32_t i = 0; i < f->nfed; i++) {
        uint32_t column = f->fed[i];
        const struct decode_column *dc = &f->spec->column[column];
        if (f->seen[column] == f->stamp)
            continue;
        if (dc->has_default && !dc->default_value.is_null) {
            if (!field_put_datum(mc, &f->field[column], &dc->default_value.d, err))
                return false;
            continue;
        }
        if (f->spec->def->column[column].not_null)
            f->violation = MIN_OF(f->violation, column);
        mutable_put_null(mc, column);
    }
    return true;
}

bool filler_finish(struct row_filler *f, struct field_ctx *ctx, struct mutable_chunk *mc,
                   const struct decode_meta *meta, struct error *err)
{
    if (f->nseen != f->nfed && !fill_missing(f, mc, err))
        return false;
    for (uint32_t i = 0; i < f->nother; i++)
        mutable_put_null(mc, f->other[i]);
    for (uint32_t i = 0; i < f->nmeta; i++) {
        if (!meta)
            mutable_put_null(mc, f->meta[i]);
        else if (!put_meta(f, ctx, mc, f->meta[i], meta, err)) {
            snprintf(err->column, sizeof err->column, "%s", f->spec->def->column[f->meta[i]].name);
            return false;
        }
    }
    if (f->ncomputed && !compute(f, mc, err))
        return false;
    return f->violation == UINT32_MAX || filler_not_null_error(f, f->violation, err);
}

/* ---- decoders ---- */

bool decoder_open(struct decode_spec *spec, struct mem_account *account, struct decoder **out, struct error *err)
{
    struct decoder *d = xcalloc(1, sizeof *d);

    d->spec = decode_spec_get(spec);
    d->account = account;
    d->scan = KERNEL_PICK(scan_kernels);
    arena_init(&d->arena, NULL);
    field_ctx_init(&d->ctx, &value_ctx_default, NULL);
    strbuf_init(&d->text);
    d->column_stats = ARENA_ARRAY(&d->arena, struct decode_column_stats, MAX_OF(spec->def->ncolumn, 1u));
    d->unknown = ARENA_ARRAY(&d->arena, struct json_node *, DECODE_UNKNOWN_KEYS_MAX);
    d->fault = xcalloc(ROW_FAULTS_MAX, sizeof *d->fault);
    bool ok = filler_open(&d->filler, spec, &d->arena, account);
    if (ok)
        ok = spec->def->options.format == FORMAT_CSV ? csv_message_open(d, err) : json_open(d, err);
    if (!ok) {
        decoder_close(d);
        return false;
    }
    *out = d;
    return true;
}

void decoder_close(struct decoder *d)
{
    if (!d)
        return;
    if (d->spec->def->options.format == FORMAT_CSV)
        csv_message_close(d);
    else
        json_close(d);
    filler_close(&d->filler);
    field_ctx_release(&d->ctx);
    strbuf_release(&d->text);
    arena_release(&d->arena);
    decode_spec_put(d->spec);
    free(d->fault);
    free(d->buf);
    free(d);
}

const struct decode_spec *decoder_spec(const struct decoder *d) { return d->spec; }

void decoder_fault(struct decoder *d, uint32_t column, const struct error *err)
{
    if (error_is(err, SQLSTATE_OUT_OF_MEMORY)) {
        d->failed = true;
        d->failure = *err;
        return;
    }
    uint32_t at = MIN_OF(d->nfault, ROW_FAULTS_MAX - 1u);
    d->fault_overflow |= d->nfault == ROW_FAULTS_MAX;
    d->fault[at].column = column;
    d->fault[at].err = *err;
    d->nfault = at + 1;
}

void decoder_unfault(struct decoder *d, uint32_t column)
{
    uint32_t kept = 0;

    /* After an overflow the row is bad whatever comes: which values were bad is not known any more. */
    for (uint32_t i = 0; i < d->nfault; i++) {
        if (d->fault[i].column == column && !d->fault_overflow)
            continue;
        if (kept != i)
            d->fault[kept] = d->fault[i];
        kept++;
    }
    d->nfault = kept;
}

/* Copies the message behind which SCAN_PAD NULs follow, and checks its encoding. */
static bool take_message(struct decoder *d, struct strview value, struct error *err)
{
    size_t bad;

    if (value.len > DECODE_MESSAGE_MAX)
        return error_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "message of %zu bytes is too long, the limit is %d",
                         value.len, DECODE_MESSAGE_MAX);
    if (d->buf_cap < value.len + SCAN_PAD) {
        d->buf_cap = MAX_OF(2 * (value.len + SCAN_PAD), (size_t)4096);
        d->buf = xrealloc(d->buf, d->buf_cap);
    }
    bool ascii = d->scan->copy_ascii(d->buf, value.ptr, value.len);
    memset(d->buf + value.len, 0, SCAN_PAD);
    if (!ascii && !utf8_valid(value.ptr, value.len, &bad))
        return field_utf8_error(value.ptr + bad, value.len - bad, err);
    return true;
}

enum decode_result decoder_row(struct decoder *d, struct mutable_chunk *mc, const struct decode_meta *meta,
                               struct strview value, struct error *err)
{
    assert(mc->ncol == d->spec->def->ncolumn + HIDDEN_COUNT);
    d->mc = mc;
    d->nfault = 0;
    d->fault_overflow = d->failed = false;
    filler_begin(&d->filler);
    bool ok = take_message(d, value, err);
    if (!ok)
        err->column[0] = '\0';
    else if (d->csv)
        ok = csv_message(d, value.len, err);
    else
        ok = json_message(d, value.len, err);
    if (ok && d->failed) {
        *err = d->failure;
        ok = false;
    }
    if (ok && d->nfault) {
        *err = d->fault[0].err;
        snprintf(err->column, sizeof err->column, "%s", d->spec->def->column[d->fault[0].column].name);
        ok = false;
    }
    if (ok)
        ok = filler_finish(&d->filler, &d->ctx, mc, meta, err);
    if (d->ctx.scratch.block)
        arena_reset(&d->ctx.scratch);
    if (ok) {
        mutable_chunk_commit_row(mc, meta->pos, 0);
        return DECODE_ROW;
    }
    mutable_chunk_abort_row(mc);
    return error_is(err, SQLSTATE_OUT_OF_MEMORY) ? DECODE_FAILED : DECODE_FAULT;
}

void decoder_stats(const struct decoder *d, struct decode_stats *out)
{
    out->unknown_keys = d->unknown_keys;
    out->unknown_names = d->nunknown;
}

struct strview decoder_unknown(const struct decoder *d, uint32_t i, uint64_t *count)
{
    assert(i < d->nunknown);
    return json_unknown_name(d, i, count);
}

void decoder_column_stats(const struct decoder *d, uint32_t column, struct decode_column_stats *out)
{
    assert(column < d->spec->def->ncolumn);
    *out = d->column_stats[column];
}

void decoder_track_columns(struct decoder *d, bool on) { d->track = on; }
