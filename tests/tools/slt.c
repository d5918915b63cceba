/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs files of SQL with their expected answers over libpq. usage: slt [options] FILE...
 *
 *   --conn INFO      the server (libpq's connection string)
 *   --engine NAME    mencia (default) or postgres: which @-lines apply
 *   --rewrite        writes what the server answers into the files (run it against PostgreSQL, never against ourselves)
 *   --known FILE     answers known to differ, "file<TAB>statement<TAB>reason"; one that is right must leave the list
 *   --set SQL        runs SQL first in each session (may be repeated); known answers may then be right or wrong
 *   --print-known    prints wrong answers as lines for that list
 *   --extended       Parse/Bind/Execute in place of simple queries
 *
 * A file is a list of blocks divided by empty lines: comment lines (#), lines `@mencia`, `@postgres` (only there) or
 * `@sort` (the order of rows means nothing), the statement, a line `----`, the answer: `ok TAG`, `error SQLSTATE text`, or
 * `columns name:oid ...` with one line per row, values divided by tabs, NULL as \N. Each file has a session of its own.
 */
#include <libpq-fe.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
    char *data;
    size_t len, cap;
};

struct block {
    struct text head;   /* comments and @-lines, as they were */
    struct text sql;    /* the statement */
    struct text answer; /* expected; empty = none yet */
    bool sort, skip;
    int line;
};

struct options {
    const char *conn, *engine, *known_file;
    const char *set[16];
    int nset;
    bool rewrite, extended, print_known;
};

struct known {
    char *file, *sql, *reason;
    bool used;
};

struct run {
    struct options opt;
    struct known *known;
    int nknown;
    int passed, failed, expected;
};

static void die(const char *what, const char *detail)
{
    fprintf(stderr, "slt: %s%s%s\n", what, detail ? ": " : "", detail ? detail : "");
    exit(2);
}

static void text_add(struct text *t, const char *s, size_t len)
{
    if (t->len + len + 1 > t->cap) {
        t->cap = (t->len + len + 1) * 2;
        t->data = realloc(t->data, t->cap);
        if (!t->data)
            die("out of memory", NULL);
    }
    memcpy(t->data + t->len, s, len);
    t->len += len;
    t->data[t->len] = 0;
}

__attribute__((format(printf, 2, 3))) static void text_addf(struct text *t, const char *format, ...)
{
    char *s;
    va_list args;
    va_start(args, format);
    int n = vasprintf(&s, format, args);
    va_end(args);
    if (n < 0)
        die("out of memory", NULL);
    text_add(t, s, (size_t)n);
    free(s);
}

static const char *text_str(const struct text *t)
{
    return t->data ? t->data : "";
}

/* Tabs, line feeds and backslashes of values, so that a row stays a line. An empty value is written as \e. */
static void add_value(struct text *t, const char *v)
{
    if (!*v)
        text_add(t, "\\e", 2);
    for (; *v; v++) {
        if (*v == '\t')
            text_add(t, "\\t", 2);
        else if (*v == '\n')
            text_add(t, "\\n", 2);
        else if (*v == '\r')
            text_add(t, "\\r", 2);
        else if (*v == '\\')
            text_add(t, "\\\\", 2);
        else
            text_add(t, v, 1);
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct text *)a)->data, ((const struct text *)b)->data);
}

static void answer_rows(const PGresult *r, bool sort, struct text *out)
{
    int rows = PQntuples(r), columns = PQnfields(r);
    struct text *row = calloc((size_t)rows + 1, sizeof *row);
    if (!row)
        die("out of memory", NULL);
    text_addf(out, "columns");
    for (int c = 0; c < columns; c++)
        text_addf(out, " %s:%u", PQfname(r, c), PQftype(r, c));
    text_addf(out, "\n");
    for (int i = 0; i < rows; i++) {
        text_add(&row[i], "", 0);
        for (int c = 0; c < columns; c++) {
            if (c)
                text_add(&row[i], "\t", 1);
            if (PQgetisnull(r, i, c))
                text_add(&row[i], "\\N", 2);
            else
                add_value(&row[i], PQgetvalue(r, i, c));
        }
    }
    if (sort)
        qsort(row, (size_t)rows, sizeof *row, by_text);
    for (int i = 0; i < rows; i++) {
        text_addf(out, "%s\n", row[i].len ? row[i].data : "\\row");
        free(row[i].data);
    }
    free(row);
}

static void answer_of(const PGresult *r, bool sort, struct text *out)
{
    ExecStatusType status = PQresultStatus(r);
    if (status == PGRES_TUPLES_OK) {
        answer_rows(r, sort, out);
    } else if (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
        text_addf(out, "ok %s\n", PQcmdStatus((PGresult *)r));
    } else {
        const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
        const char *message = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
        text_addf(out, "error %s ", state ? state : "?");
        add_value(out, message ? message : PQresultErrorMessage(r));
        text_addf(out, "\n");
    }
}

/* ---- files ---- */

static bool starts(const char *line, const char *with)
{
    return strncmp(line, with, strlen(with)) == 0;
}

static struct block *read_blocks(const char *path, const char *engine, int *n)
{
    FILE *f = fopen(path, "r");
    if (!f)
        die("cannot open", path);
    struct block *list = NULL;
    char *line = NULL;
    size_t cap = 0;
    int number = 0;
    bool open = false, answering = false;
    *n = 0;
    while (getline(&line, &cap, f) >= 0) {
        number++;
        if (line[0] == '\n') {
            open = answering = false;
            continue;
        }
        if (!open) {
            list = realloc(list, sizeof *list * (size_t)(*n + 1));
            if (!list)
                die("out of memory", NULL);
            list[(*n)++] = (struct block){.line = number};
            open = true;
        }
        struct block *b = &list[*n - 1];
        if (answering) {
            text_add(&b->answer, line, strlen(line));
        } else if (strcmp(line, "----\n") == 0) {
            answering = true;
        } else if (!b->sql.len && (line[0] == '#' || line[0] == '@')) {
            text_add(&b->head, line, strlen(line));
            b->sort |= strcmp(line, "@sort\n") == 0;
            b->skip |= (starts(line, "@mencia") && strcmp(engine, "mencia") != 0) ||
                       (starts(line, "@postgres") && strcmp(engine, "postgres") != 0);
        } else {
            text_add(&b->sql, line, strlen(line));
        }
    }
    free(line);
    fclose(f);
    return list;
}

static void free_blocks(struct block *list, int n)
{
    for (int i = 0; i < n; i++) {
        free(list[i].head.data);
        free(list[i].sql.data);
        free(list[i].answer.data);
    }
    free(list);
}

static void write_blocks(const char *path, const struct block *list, int n)
{
    FILE *f = fopen(path, "w");
    if (!f)
        die("cannot write", path);
    for (int i = 0; i < n; i++) {
        fprintf(f, "%s%s%s", i ? "\n" : "", text_str(&list[i].head), text_str(&list[i].sql));
        if (list[i].sql.len)
            fprintf(f, "----\n%s", text_str(&list[i].answer));
    }
    if (fclose(f) != 0)
        die("cannot write", path);
}

/* ---- known differences ---- */

/* White space collapsed, so that a statement fits a line of the list. */
static char *flat(const char *sql)
{
    struct text t = {0};
    text_add(&t, "", 0);
    for (bool space = false; *sql; sql++) {
        if (strchr(" \t\n", *sql)) {
            space = t.len > 0;
        } else {
            if (space)
                text_add(&t, " ", 1);
            space = false;
            text_add(&t, sql, 1);
        }
    }
    return t.data;
}

static void read_known(struct run *run)
{
    FILE *f = fopen(run->opt.known_file, "r");
    char *line = NULL;
    size_t cap = 0;
    if (!f)
        die("cannot open", run->opt.known_file);
    while (getline(&line, &cap, f) >= 0) {
        if (line[0] == '#' || line[0] == '\n')
            continue;
        char *save = NULL;
        char *file = strtok_r(line, "\t\n", &save), *sql = strtok_r(NULL, "\t\n", &save);
        char *reason = strtok_r(NULL, "\t\n", &save);
        if (!reason)
            die("a line without a reason", run->opt.known_file);
        run->known = realloc(run->known, sizeof *run->known * (size_t)(run->nknown + 1));
        if (!run->known)
            die("out of memory", NULL);
        run->known[run->nknown++] = (struct known){strdup(file), strdup(sql), strdup(reason), false};
    }
    free(line);
    fclose(f);
}

static struct known *find_known(struct run *run, const char *file, const char *sql)
{
    char *s = flat(sql);
    struct known *found = NULL;
    for (int i = 0; i < run->nknown && !found; i++) {
        if (strcmp(run->known[i].file, file) == 0 && strcmp(run->known[i].sql, s) == 0)
            found = &run->known[i];
    }
    free(s);
    return found;
}

/* ---- running ---- */

static void judge(struct run *run, const char *file, const struct block *b, const char *got)
{
    bool right = strcmp(got, text_str(&b->answer)) == 0;
    struct known *k = find_known(run, file, text_str(&b->sql));
    if (k)
        k->used = true;
    if (right && k && !run->opt.nset && !run->opt.extended) {
        run->failed++;
        printf("%s:%d: right, but listed as known to differ (%s)\n%s", file, b->line, k->reason, text_str(&b->sql));
    } else if (right) {
        run->passed++;
    } else if (k) {
        run->expected++;
    } else if (run->opt.print_known) {
        char *sql = flat(text_str(&b->sql));
        printf("%s\t%s\t%.*s\n", file, sql, (int)strcspn(got, "\n"), got);
        free(sql);
    } else {
        run->failed++;
        printf("%s:%d: %s--- expected\n%.2000s--- got\n%.2000s\n", file, b->line, text_str(&b->sql),
               text_str(&b->answer), got);
    }
}

static PGconn *open_session(const struct options *opt)
{
    PGconn *c = PQconnectdb(opt->conn);
    if (PQstatus(c) != CONNECTION_OK)
        die("cannot connect", PQerrorMessage(c));
    for (int i = 0; i < opt->nset; i++) {
        PGresult *r = PQexec(c, opt->set[i]);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            die(opt->set[i], PQerrorMessage(c));
        PQclear(r);
    }
    return c;
}

static void ignore_notice(void *arg, const PGresult *r)
{
    (void)arg;
    (void)r;
}

static void run_file(struct run *run, const char *path)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    int n;
    struct block *list = read_blocks(path, run->opt.engine, &n);
    PGconn *c = open_session(&run->opt);
    PQsetNoticeReceiver(c, ignore_notice, NULL);
    for (int i = 0; i < n; i++) {
        struct block *b = &list[i];
        struct text got = {0};
        if (b->skip || !b->sql.len)
            continue;
        PGresult *r = run->opt.extended ? PQexecParams(c, text_str(&b->sql), 0, NULL, NULL, NULL, NULL, 0)
                                        : PQexec(c, text_str(&b->sql));
        answer_of(r, b->sort, &got);
        PQclear(r);
        if (run->opt.rewrite) {
            free(b->answer.data);
            b->answer = got;
            continue;
        }
        judge(run, file, b, text_str(&got));
        free(got.data);
        if (PQstatus(c) != CONNECTION_OK) {
            printf("%s:%d: the session ended\n%s", file, b->line, text_str(&b->sql));
            run->failed++;
            break;
        }
    }
    if (run->opt.rewrite)
        write_blocks(path, list, n);
    PQfinish(c);
    free_blocks(list, n);
}

static const char *argument(int argc, char **argv, int *i)
{
    if (*i + 1 >= argc)
        die("an argument is missing", argv[*i]);
    return argv[++*i];
}

int main(int argc, char **argv)
{
    struct run run = {.opt = {.conn = "", .engine = "mencia"}};
    int i = 1;
    for (; i < argc && starts(argv[i], "--"); i++) {
        if (strcmp(argv[i], "--conn") == 0)
            run.opt.conn = argument(argc, argv, &i);
        else if (strcmp(argv[i], "--engine") == 0)
            run.opt.engine = argument(argc, argv, &i);
        else if (strcmp(argv[i], "--known") == 0)
            run.opt.known_file = argument(argc, argv, &i);
        else if (strcmp(argv[i], "--set") == 0 && run.opt.nset < 16)
            run.opt.set[run.opt.nset++] = argument(argc, argv, &i);
        else if (strcmp(argv[i], "--rewrite") == 0)
            run.opt.rewrite = true;
        else if (strcmp(argv[i], "--extended") == 0)
            run.opt.extended = true;
        else if (strcmp(argv[i], "--print-known") == 0)
            run.opt.print_known = true;
        else
            die("unknown option", argv[i]);
    }
    if (run.opt.known_file)
        read_known(&run);
    for (; i < argc; i++)
        run_file(&run, argv[i]);
    for (int k = 0; k < run.nknown; k++) {
        if (!run.known[k].used) {
            run.failed++;
            printf("%s: listed as known to differ, but there is no such statement: %s\n", run.known[k].file,
                   run.known[k].sql);
        }
        free(run.known[k].file);
        free(run.known[k].sql);
        free(run.known[k].reason);
    }
    free(run.known);
    if (run.expected)
        printf("sql: %d known differences\n", run.expected);
    printf("sql: %d passed, %d failed\n", run.passed, run.failed);
    return run.failed != 0;
}
