/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may connect from where, and how they prove who they are: the grammar of PostgreSQL's pg_hba.conf. A parsed set of
 * rules is immutable; the first rule that matches decides.
 *
 *     local | host | hostssl | hostnossl   database[,…]   user[,…]   [address]   method
 *
 * database: names, all, sameuser; user: names, all; address: CIDR, IP and mask, all, samehost; method: trust, reject,
 * scram-sha-256, password (encrypted connections only), md5 (= scram-sha-256, since no MD5 hashes are kept).
 */
#ifndef MENCIA_PGWIRE_HBA_H
#define MENCIA_PGWIRE_HBA_H

#include "base/error.h"
#include "net/net.h"

enum hba_method { HBA_REJECT, HBA_TRUST, HBA_SCRAM, HBA_PASSWORD };

struct hba;

/* file_name is for messages, which start with "file:line: ". Fails on the first bad line (F0000). */
bool hba_parse(const char *text, size_t len, const char *file_name, struct hba **out, struct error *err) MUST_CHECK;
/* The rules without a file: trust from this machine (unix socket, loopback), scram-sha-256 from elsewhere. */
struct hba *hba_default(void);
void hba_free(struct hba *hba); /* NULL is fine */
uint32_t hba_rule_count(const struct hba *hba);

/* False = no rule matches. */
bool hba_match(const struct hba *hba, const struct net_addr *peer, bool tls, const char *database, const char *user,
               enum hba_method *method) MUST_CHECK;

#endif
