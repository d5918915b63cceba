/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Publishing finished loads. Small: begin, pages and publish of all are one multi. Large: the loads are registered
 * PENDING and their pages written first, which nobody can see; then one multi publishes all.
 *
 * An unknown outcome is decided by the first load's state after a sync: the multi that publishes is all or nothing, so
 * PUBLISHED means all of it was done, and anything else that it was not and never will be.
 */
#include "cluster/records_int.h"

#include <inttypes.h>

#define ONE_MULTI_RECORDS 1024u /* so many fit with room to spare */
#define TRIES             16

/* The table's visible list, read once per multi even if several loads share it. */
struct table_visible {
    oid_t table;
    struct visible visible;
};

struct publishing {
    struct coord *coord;
    struct publication *publication;
    uint32_t n;
    struct arena arena;
    struct load *load; /* working copies: builders change them before the outcome is known */
    struct table_visible *visible;
    uint32_t nvisible;
};

static bool label_taken(const struct load *load, struct error *err)
{
    return error_set(err, SQLSTATE_DUPLICATE_OBJECT, "load \"%.*s\" already exists", (int)load->record.label.len,
                     load->record.label.ptr);
}

static struct visible *visible_of(struct publishing *p, oid_t table, struct error *err)
{
    for (uint32_t i = 0; i < p->nvisible; i++)
        if (p->visible[i].table == table)
            return &p->visible[i].visible;
    struct table_visible *entry = &p->visible[p->nvisible];
    entry->table = table;
    if (!visible_read(p->coord, table, &p->arena, &entry->visible, err))
        return NULL;
    p->nvisible++;
    return &entry->visible;
}

static bool add_pages(struct load *load, const struct publication *from, struct coord_multi *multi, struct error *err)
{
    for (uint32_t done = 0; done < from->nrecord; done += RECORDS_PER_PAGE)
        if (!load_add_page(load, from->record + done, MIN_OF(from->nrecord - done, RECORDS_PER_PAGE), multi, err))
            return false;
    return true;
}

/* One multi for everything that is left to do. */
static bool build_publish(struct publishing *p, struct coord_multi *multi, struct error *err)
{
    p->nvisible = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        const struct publication *from = &p->publication[i];
        if (from->nrecord == 0)
            continue;
        if (p->load[i].version == VERSION_ABSENT) {
            load_begin(&p->load[i], multi);
            if (!add_pages(&p->load[i], from, multi, err))
                return false;
        }
        struct visible *visible = visible_of(p, from->load.table, err);
        if (!visible ||
            !load_publish(&p->load[i], visible, from->replaced, from->nreplaced, from->meta_version, multi, err))
            return false;
    }
    return true;
}

/* The first load that has anything to publish. */
static const struct publication *first_real(const struct publishing *p)
{
    for (uint32_t i = 0; i < p->n; i++)
        if (p->publication[i].nrecord)
            return &p->publication[i];
    return NULL;
}

enum outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_AGAIN };

static enum outcome resolve(struct publishing *p, struct error *err)
{
    const struct publication *first = first_real(p);
    for (int try = 0; try < TRIES; try++) {
        struct load now;
        if (coord_sync(p->coord, err) != COORD_DONE)
            continue;
        if (load_read(p->coord, first->load.table, first->load.id, &p->arena, &now, err))
            return now.record.state == LOAD_PUBLISHED ? OUTCOME_DONE : OUTCOME_AGAIN;
        if (error_is(err, SQLSTATE_UNDEFINED_OBJECT))
            return OUTCOME_AGAIN;
    }
    error_set(err, SQLSTATE_TRANSACTION_RESOLUTION_UNKNOWN, "the rows may or may not have been loaded");
    return OUTCOME_FAILED;
}

/* Who refused: a label in use is final, a moved visible list or load is not. */
static enum outcome judge(const struct publishing *p, const struct coord_multi *multi, enum coord_rc rc,
                          uint32_t failed, struct error *err)
{
    if (rc == COORD_EXISTS && failed < multi->nop && strstr(multi->op[failed].path, "/label/")) {
        for (uint32_t i = 0; i < p->n; i++)
            if (p->load[i].record.label.len &&
                strcmp(multi->op[failed].path,
                       load_label_path(multi->arena, p->load[i].table, p->load[i].record.label)) == 0)
                label_taken(&p->load[i], err);
        return OUTCOME_FAILED;
    }
    if (rc == COORD_NO_NODE || rc == COORD_BAD_VERSION) {
        bool meta =
            failed < multi->nop && multi->op[failed].kind == COORD_OP_CHECK && strstr(multi->op[failed].path, "/meta");
        if (!meta)
            return OUTCOME_AGAIN;
        error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update");
    }
    return OUTCOME_FAILED;
}

static enum outcome try_publish(struct publishing *p, struct error *err)
{
    struct coord_multi multi;
    uint32_t failed = 0;
    coord_multi_init(&multi, &p->arena);
    if (!build_publish(p, &multi, err))
        return OUTCOME_FAILED;
    enum coord_rc rc = coord_multi_run(p->coord, &multi, &failed, err);
    if (rc == COORD_DONE)
        return OUTCOME_DONE;
    return rc == COORD_UNKNOWN ? resolve(p, err) : judge(p, &multi, rc, failed, err);
}

/* One step of preparing a large load: repeated after an unknown outcome, when finding it done is as good. */
static bool run_step(struct publishing *p, struct load *load, const struct coord_multi *multi, struct error *err)
{
    bool doubtful = false;
    for (int try = 0; try < TRIES; try++) {
        uint32_t failed = 0;
        enum coord_rc rc = coord_multi_run(p->coord, multi, &failed, err);
        if (rc == COORD_DONE)
            return true;
        if (rc == COORD_UNKNOWN) {
            doubtful = true;
            while (try < TRIES && coord_sync(p->coord, err) != COORD_DONE)
                try++;
            continue;
        }
        if (rc == COORD_EXISTS && failed < multi->nop && strstr(multi->op[failed].path, "/label/"))
            return label_taken(load, err);
        if (rc == COORD_NO_NODE)
            return error_set(err, SQLSTATE_UNDEFINED_TABLE, "table %u does not exist", load->table);
        return rc == COORD_EXISTS && doubtful;
    }
    return error_set(err, SQLSTATE_TRANSACTION_RESOLUTION_UNKNOWN, "load %" PRIu64 " could not be registered",
                     load->id);
}

static bool prepare_large(struct publishing *p, struct error *err)
{
    for (uint32_t i = 0; i < p->n; i++) {
        const struct publication *from = &p->publication[i];
        struct load *load = &p->load[i];
        struct coord_multi multi;
        if (from->nrecord == 0)
            continue;
        coord_multi_init(&multi, &p->arena);
        load_begin(load, &multi);
        if (!run_step(p, load, &multi, err))
            return false;
        for (uint32_t done = 0; done < from->nrecord; done += RECORDS_PER_PAGE) {
            coord_multi_init(&multi, &p->arena);
            if (!load_add_page(load, from->record + done, MIN_OF(from->nrecord - done, RECORDS_PER_PAGE), &multi,
                               err) ||
                !run_step(p, load, &multi, err))
                return false;
        }
    }
    return true;
}

/* Frees labels of loads that were registered but will not be published; what fails here is left to a sweep. */
static void abort_prepared(struct publishing *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        struct coord_multi multi;
        struct error ignored;
        struct load now;
        coord_multi_init(&multi, &p->arena);
        if (p->load[i].version != VERSION_ABSENT &&
            load_read(p->coord, p->load[i].table, p->load[i].id, &p->arena, &now, &ignored) &&
            load_abort(&now, &multi, &ignored))
            (void)!coord_multi_run(p->coord, &multi, NULL, &ignored);
    }
}

static void copy_loads(struct publishing *p, struct load *to, const struct load *from)
{
    for (uint32_t i = 0; i < p->n; i++)
        to[i] = from ? from[i] : p->publication[i].load;
}

bool loads_publish_all(struct coord *coord, struct publication *publication, uint32_t n, struct error *err)
{
    struct publishing p = {.coord = coord, .publication = publication, .n = n};
    enum outcome outcome = OUTCOME_AGAIN;
    uint64_t records = 0;
    for (uint32_t i = 0; i < n; i++) {
        assert(publication[i].load.version == VERSION_ABSENT);
        records += publication[i].nrecord;
    }
    if (records == 0)
        return true;
    arena_init(&p.arena, NULL);
    struct load *prepared = ARENA_ARRAY(&p.arena, struct load, n);
    p.load = ARENA_ARRAY(&p.arena, struct load, n);
    p.visible = ARENA_ARRAY(&p.arena, struct table_visible, n);
    copy_loads(&p, p.load, NULL);
    bool large = records > ONE_MULTI_RECORDS || n > ONE_MULTI_RECORDS / 8;
    if (large && !prepare_large(&p, err))
        outcome = OUTCOME_FAILED;
    copy_loads(&p, prepared, p.load);
    for (int try = 0; try < TRIES && outcome == OUTCOME_AGAIN; try++) {
        copy_loads(&p, p.load, prepared);
        if (try > 0 && coord_sync(coord, err) != COORD_DONE)
            outcome = OUTCOME_FAILED;
        else
            outcome = try_publish(&p, err);
    }
    if (outcome == OUTCOME_AGAIN)
        error_set(err, SQLSTATE_SERIALIZATION_FAILURE, "could not serialize access due to concurrent update");
    if (outcome != OUTCOME_DONE && large && !error_is(err, SQLSTATE_TRANSACTION_RESOLUTION_UNKNOWN)) {
        copy_loads(&p, p.load, prepared);
        abort_prepared(&p);
    }
    for (uint32_t i = 0; i < n && outcome == OUTCOME_DONE; i++)
        publication[i].load = p.load[i];
    arena_release(&p.arena);
    return outcome == OUTCOME_DONE;
}
