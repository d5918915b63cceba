/* SPDX-License-Identifier: Apache-2.0 */
#include "pgwire/hba.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum hba_type { TYPE_LOCAL, TYPE_HOST, TYPE_HOSTSSL, TYPE_HOSTNOSSL };
enum hba_address { ADDRESS_ALL, ADDRESS_PREFIX, ADDRESS_SAMEHOST };
enum { TOKENS_MAX = 64, LIST_MAX = 64 };

struct hba_name {
    const char *text;
    bool quoted; /* keywords lose their meaning in quotes */
};

struct hba_list {
    uint32_t n;
    struct hba_name *name;
};

struct hba_rule {
    enum hba_type type;
    struct hba_list database, user;
    enum hba_address address;
    struct net_addr net; /* for ADDRESS_PREFIX */
    uint32_t prefix_bits;
    enum hba_method method;
};

struct hba {
    struct arena arena; /* names and rules */
    uint32_t n, cap;
    struct hba_rule *rule;
};

/* One field of a line: a comma-separated list of names. */
struct hba_parser {
    struct hba *hba;
    const char *file;
    uint32_t line;
    struct hba_list field[TOKENS_MAX];
    uint32_t nfield;
};

static bool PRINTF_LIKE(3, 4) bad_line(const struct hba_parser *p, struct error *err, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "%s:%u: %s", p->file, p->line, text);
}

/* Reads one name at *s, quoted or bare; a bare one ends at white space, comma, quote or '#'. */
static bool read_name(struct hba_parser *p, const char **s, const char *end, struct hba_name *out, struct error *err)
{
    const char *at = *s;
    if (*at == '"') {
        const char *start = ++at;
        while (at < end && *at != '"')
            at++;
        if (at == end)
            return bad_line(p, err, "unterminated quoted string");
        *out = (struct hba_name){arena_strndup(&p->hba->arena, start, (size_t)(at - start)), true};
        *s = at + 1;
        return true;
    }
    const char *start = at;
    while (at < end && !char_is_space(*at) && *at != ',' && *at != '"' && *at != '#')
        at++;
    *out = (struct hba_name){arena_strndup(&p->hba->arena, start, (size_t)(at - start)), false};
    *s = at;
    return true;
}

static bool split_line(struct hba_parser *p, const char *s, const char *end, struct error *err)
{
    p->nfield = 0;
    for (;;) {
        while (s < end && char_is_space(*s))
            s++;
        if (s == end || *s == '#')
            return true;
        if (p->nfield == TOKENS_MAX)
            return bad_line(p, err, "too many fields");
        struct hba_name name[LIST_MAX];
        uint32_t n = 0;
        for (;;) {
            if (*s == ',')
                return bad_line(p, err, "empty name in a list");
            if (n == LIST_MAX)
                return bad_line(p, err, "more than %d names in a list", LIST_MAX);
            if (!read_name(p, &s, end, &name[n++], err))
                return false;
            if (s == end || *s != ',')
                break;
            s++;
            while (s < end && char_is_space(*s))
                s++;
            if (s == end || *s == '#')
                return bad_line(p, err, "list ends with a comma");
        }
        struct hba_list *field = &p->field[p->nfield++];
        field->n = n;
        field->name = ARENA_ARRAY(&p->hba->arena, struct hba_name, n);
        memcpy(field->name, name, n * sizeof *name);
    }
}

static bool is_keyword(struct hba_name name, const char *keyword)
{
    return !name.quoted && strcmp(name.text, keyword) == 0;
}

/* Names we would have to look up somewhere that does not exist here. */
static bool check_names(const struct hba_parser *p, const struct hba_list *list, bool database, struct error *err)
{
    for (uint32_t i = 0; i < list->n; i++) {
        struct hba_name name = list->name[i];
        if (!name.quoted && (name.text[0] == '+' || name.text[0] == '@' || name.text[0] == '/'))
            return bad_line(p, err, "name lists by group, file or pattern are not supported: \"%s\"", name.text);
        if (database && (is_keyword(name, "samerole") || is_keyword(name, "samegroup")))
            return bad_line(p, err, "database keyword \"%s\" is not supported", name.text);
    }
    return true;
}

static uint32_t mask_bits(const struct net_addr *mask, bool *contiguous)
{
    uint32_t bits = 0, total = mask->family == 4 ? 32 : 128;
    while (bits < total && (mask->bytes[bits / 8] & (0x80 >> bits % 8)))
        bits++;
    *contiguous = true;
    for (uint32_t i = bits; i < total; i++)
        if (mask->bytes[i / 8] & (0x80 >> i % 8))
            *contiguous = false;
    return bits;
}

/* Fields from *at on: address, and mask if the address has none of its own. */
static bool parse_address(struct hba_parser *p, struct hba_rule *rule, uint32_t *at, struct error *err)
{
    if (*at >= p->nfield)
        return bad_line(p, err, "end-of-line before IP address specification");
    struct hba_list *field = &p->field[(*at)++];
    if (field->n > 1)
        return bad_line(p, err, "multiple values specified for host address");
    struct hba_name name = field->name[0];
    rule->address = ADDRESS_PREFIX;
    if (is_keyword(name, "all")) {
        rule->address = ADDRESS_ALL;
        return true;
    }
    if (is_keyword(name, "samehost")) {
        rule->address = ADDRESS_SAMEHOST;
        return true;
    }
    char host[128];
    const char *slash = strchr(name.text, '/');
    snprintf(host, sizeof host, "%.*s", slash ? (int)(slash - name.text) : (int)strlen(name.text), name.text);
    if (!net_addr_parse(host, &rule->net)) {
        bad_line(p, err, "invalid IP address \"%s\"", name.text);
        return error_hint(err, "Host names and samenet are not supported; give an address with a prefix length.");
    }
    uint32_t total = rule->net.family == 4 ? 32 : 128;
    if (slash) {
        char *rest;
        unsigned long bits = strtoul(slash + 1, &rest, 10);
        if (!char_is_digit(slash[1]) || *rest || bits > total)
            return bad_line(p, err, "invalid CIDR mask in address \"%s\"", name.text);
        rule->prefix_bits = (uint32_t)bits;
        return true;
    }
    if (*at >= p->nfield) {
        bad_line(p, err, "end-of-line before netmask specification");
        return error_hint(err, "Specify an address range in CIDR notation, or provide a separate netmask.");
    }
    struct hba_list *mask_field = &p->field[(*at)++];
    struct net_addr mask;
    bool contiguous;
    if (mask_field->n > 1 || !net_addr_parse(mask_field->name[0].text, &mask))
        return bad_line(p, err, "invalid IP mask \"%s\"", mask_field->name[0].text);
    if (mask.family != rule->net.family)
        return bad_line(p, err, "IP address and mask do not match");
    rule->prefix_bits = mask_bits(&mask, &contiguous);
    return contiguous || bad_line(p, err, "invalid IP mask \"%s\"", mask.text);
}

static bool parse_type(const struct hba_parser *p, enum hba_type *type, struct error *err)
{
    static const struct {
        const char *name;
        enum hba_type type;
    } types[] = {{"local", TYPE_LOCAL}, {"host", TYPE_HOST}, {"hostssl", TYPE_HOSTSSL}, {"hostnossl", TYPE_HOSTNOSSL}};
    struct hba_name name = p->field[0].name[0];
    if (p->field[0].n > 1)
        return bad_line(p, err, "multiple values specified for connection type");
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(name.text, types[i].name) == 0) {
            *type = types[i].type;
            return true;
        }
    return bad_line(p, err, "invalid connection type \"%s\"", name.text);
}

static bool parse_method(struct hba_parser *p, uint32_t at, enum hba_method *method, struct error *err)
{
    static const struct {
        const char *name;
        enum hba_method method;
    } methods[] = {{"trust", HBA_TRUST},
                   {"reject", HBA_REJECT},
                   {"scram-sha-256", HBA_SCRAM},
                   {"md5", HBA_SCRAM},
                   {"password", HBA_PASSWORD}};
    if (at >= p->nfield)
        return bad_line(p, err, "end-of-line before authentication method");
    if (p->field[at].n > 1)
        return bad_line(p, err, "multiple values specified for authentication type");
    const char *name = p->field[at].name[0].text;
    if (at + 1 < p->nfield)
        return bad_line(p, err, "authentication options are not supported: \"%s\"", p->field[at + 1].name[0].text);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++)
        if (strcmp(name, methods[i].name) == 0) {
            *method = methods[i].method;
            return true;
        }
    bad_line(p, err, "invalid authentication method \"%s\"", name);
    return error_hint(err, "Methods are trust, reject, scram-sha-256, md5 and password.");
}

static bool parse_rule(struct hba_parser *p, struct error *err)
{
    struct hba_rule rule = {0};
    uint32_t at = 3;
    if (!parse_type(p, &rule.type, err))
        return false;
    if (p->nfield < 2)
        return bad_line(p, err, "end-of-line before database specification");
    if (p->nfield < 3)
        return bad_line(p, err, "end-of-line before role specification");
    rule.database = p->field[1];
    rule.user = p->field[2];
    if (!check_names(p, &rule.database, true, err) || !check_names(p, &rule.user, false, err))
        return false;
    if (rule.type != TYPE_LOCAL && !parse_address(p, &rule, &at, err))
        return false;
    if (!parse_method(p, at, &rule.method, err))
        return false;
    struct hba *hba = p->hba;
    if (hba->n == hba->cap) {
        hba->cap = hba->cap ? hba->cap * 2 : 8;
        hba->rule = xrealloc(hba->rule, size_mul(hba->cap, sizeof *hba->rule));
    }
    hba->rule[hba->n++] = rule;
    return true;
}

/* Appends one logical line to `line`: a backslash at the end of a line joins the next to it. Returns where the next one
 * starts; *physical counts lines. */
static const char *logical_line(const char *s, const char *end, struct strbuf *line, uint32_t *physical)
{
    strbuf_clear(line);
    for (bool joined = true; joined && s < end;) {
        const char *eol = memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((eol ? eol : end) - s);
        const char *next = eol ? eol + 1 : end;
        if (len > 0 && s[len - 1] == '\r')
            len--;
        joined = len > 0 && s[len - 1] == '\\';
        strbuf_add(line, s, joined ? len - 1 : len);
        (*physical)++;
        s = next;
    }
    return s;
}

static struct hba *hba_new(void)
{
    struct hba *hba = xcalloc(1, sizeof *hba);
    arena_init(&hba->arena, NULL);
    return hba;
}

bool hba_parse(const char *text, size_t len, const char *file_name, struct hba **out, struct error *err)
{
    struct hba_parser p = {.hba = hba_new(), .file = file_name};
    struct strbuf line;
    const char *s = text, *end = text + len;
    uint32_t physical = 0;
    bool ok = true;
    strbuf_init(&line);
    while (ok && s < end) {
        p.line = physical + 1;
        s = logical_line(s, end, &line, &physical);
        ok = split_line(&p, line.data, line.data + line.len, err);
        if (ok && p.nfield > 0)
            ok = parse_rule(&p, err);
    }
    strbuf_release(&line);
    if (ok && p.hba->n == 0)
        ok = error_set(err, SQLSTATE_CONFIG_FILE_ERROR, "%s: contains no entries", file_name);
    if (!ok) {
        hba_free(p.hba);
        return false;
    }
    *out = p.hba;
    return true;
}

struct hba *hba_default(void)
{
    static const char rules[] = "local all all trust\n"
                                "host all all 127.0.0.0/8 trust\n"
                                "host all all ::1/128 trust\n"
                                "host all all all scram-sha-256\n";
    struct hba *hba = NULL;
    struct error err;
    bool ok = hba_parse(rules, sizeof rules - 1, "built-in rules", &hba, &err);
    assert(ok);
    (void)ok;
    return hba;
}

void hba_free(struct hba *hba)
{
    if (!hba)
        return;
    arena_release(&hba->arena);
    free(hba->rule);
    free(hba);
}

uint32_t hba_rule_count(const struct hba *hba) { return hba->n; }

static bool database_matches(const struct hba_list *list, const char *database, const char *user)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (is_keyword(list->name[i], "all"))
            return true;
        if (is_keyword(list->name[i], "sameuser")) {
            if (strcmp(database, user) == 0)
                return true;
        } else if (!is_keyword(list->name[i], "replication") && strcmp(list->name[i].text, database) == 0)
            return true;
    }
    return false;
}

static bool user_matches(const struct hba_list *list, const char *user)
{
    for (uint32_t i = 0; i < list->n; i++)
        if (is_keyword(list->name[i], "all") || strcmp(list->name[i].text, user) == 0)
            return true;
    return false;
}

static bool address_matches(const struct hba_rule *rule, const struct net_addr *peer, bool tls)
{
    if (rule->type == TYPE_LOCAL)
        return peer->family == 0;
    if (peer->family == 0 || (rule->type == TYPE_HOSTSSL && !tls) || (rule->type == TYPE_HOSTNOSSL && tls))
        return false;
    switch (rule->address) {
    case ADDRESS_ALL: return true;
    case ADDRESS_SAMEHOST: return net_addr_is_own(peer);
    case ADDRESS_PREFIX: return net_addr_in_prefix(peer, &rule->net, rule->prefix_bits);
    }
    return false;
}

bool hba_match(const struct hba *hba, const struct net_addr *peer, bool tls, const char *database, const char *user,
               enum hba_method *method)
{
    for (uint32_t i = 0; i < hba->n; i++) {
        const struct hba_rule *rule = &hba->rule[i];
        if (address_matches(rule, peer, tls) && database_matches(&rule->database, database, user) &&
            user_matches(&rule->user, user)) {
            *method = rule->method;
            return true;
        }
    }
    return false;
}
