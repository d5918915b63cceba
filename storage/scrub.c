/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's turn: its footer is read and checked, then its streams' checksummed blocks one after the other (which covers
 * every byte but the header and footer, already checked by opening). A damaged block is reported and the file left.
 */
#include "storage/scrub.h"

#include "storage/segment_int.h"

#include <stdlib.h>

struct scrubber {
    struct env *env;
    scrub_finding fn;
    void *arg;
    char **path;
    size_t npath, cap;
    size_t next; /* file whose turn is or comes */
    struct segment *open;
    uint64_t stream; /* index of the next stream in the open file … */
    uint64_t at;     /* … and how far it is verified */
    uint64_t passes;
    uint8_t *buffer; /* FORMAT_CRC_BYTES */
};

struct scrubber *scrub_open(struct env *env, scrub_finding fn, void *arg)
{
    struct scrubber *s = xcalloc(1, sizeof *s);
    *s = (struct scrubber){.env = env, .fn = fn, .arg = arg, .buffer = xmalloc(FORMAT_CRC_BYTES)};
    return s;
}

void scrub_close(struct scrubber *s)
{
    if (!s)
        return;
    segment_put(s->open);
    for (size_t i = 0; i < s->npath; i++)
        free(s->path[i]);
    free(s->path);
    free(s->buffer);
    free(s);
}

static size_t find(const struct scrubber *s, const char *path)
{
    size_t i = 0;
    while (i < s->npath && strcmp(s->path[i], path) != 0)
        i++;
    return i;
}

void scrub_add(struct scrubber *s, const char *path)
{
    if (find(s, path) < s->npath)
        return;
    if (s->npath == s->cap) {
        s->cap = MAX_OF((size_t)16, s->cap * 2);
        s->path = xrealloc(s->path, s->cap * sizeof *s->path);
    }
    s->path[s->npath++] = xstrdup(path);
}

static void leave_file(struct scrubber *s)
{
    segment_put(s->open);
    s->open = NULL;
    if (++s->next >= s->npath) {
        s->next = 0;
        s->passes++;
    }
}

static void forget(struct scrubber *s, size_t i)
{
    if (i == s->next) {
        segment_put(s->open);
        s->open = NULL;
    }
    free(s->path[i]);
    memmove(s->path + i, s->path + i + 1, (s->npath - i - 1) * sizeof *s->path);
    s->npath--;
    if (i < s->next)
        s->next--;
    if (s->next >= s->npath)
        s->next = 0;
}

void scrub_remove(struct scrubber *s, const char *path)
{
    size_t i = find(s, path);
    if (i < s->npath)
        forget(s, i);
}

/* The index-th stream of a file, counting dictionaries, chunks, dead letters and the extra one; NULL = no more. */
static const struct format_stream *stream_at(const struct segment *s, uint64_t index)
{
    const struct format_footer *f = s->footer;
    uint64_t dicts = (uint64_t)f->ncolumn * DICT_STREAMS, chunks = (uint64_t)f->ncolumn * f->nchunk * STREAM_COUNT;
    if (index < dicts)
        return &s->column[index / DICT_STREAMS].dict[index % DICT_STREAMS];
    index -= dicts;
    if (index < chunks)
        return &s->chunk_column[index / STREAM_COUNT].stream[index % STREAM_COUNT];
    index -= chunks;
    return index == 0 ? &f->letters : index == 1 ? &f->extra : NULL;
}

/* Opens the file whose turn it is; false = it was left or forgotten. */
static bool enter_file(struct scrubber *s)
{
    struct error err;
    s->stream = s->at = 0;
    if (segment_open(s->env, NULL, s->path[s->next], &s->open, &err))
        return true;
    s->open = NULL;
    if (error_is(&err, SQLSTATE_UNDEFINED_FILE)) {
        forget(s, s->next);
    } else {
        s->fn(s->arg, s->path[s->next], &err);
        leave_file(s);
    }
    return false;
}

/* One block; the bytes verified, 0 = the file is done (or damaged). */
static uint64_t verify_block(struct scrubber *s)
{
    const struct format_stream *stream = stream_at(s->open, s->stream);
    struct error err;
    bool damaged;
    while (stream && s->at >= format_padded(stream->bytes)) {
        s->at = 0;
        stream = stream_at(s->open, ++s->stream);
    }
    if (!stream)
        return 0;
    uint64_t end = MIN_OF(s->at + FORMAT_CRC_BYTES, format_padded(stream->bytes)), bytes = end - s->at;
    if (!segment_read_range(s->open, stream, s->at, end, s->buffer, &damaged, &err)) {
        s->fn(s->arg, segment_path(s->open), &err);
        return 0;
    }
    s->at = end;
    return bytes;
}

uint64_t scrub_step(struct scrubber *s, uint64_t bytes, uint64_t *passes)
{
    uint64_t done = 0, rounds = s->passes;
    while (s->npath && done < MAX_OF(bytes, (uint64_t)1) && s->passes - rounds < 2) {
        if (!s->open && !enter_file(s))
            continue;
        uint64_t n = verify_block(s);
        done += n;
        if (n == 0)
            leave_file(s);
    }
    *passes = s->passes;
    return done;
}
