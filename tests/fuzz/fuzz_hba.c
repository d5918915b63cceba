/* SPDX-License-Identifier: Apache-2.0 */
/* pg_hba.conf texts: the parser, and a match against what it made of them. */
#include "pgwire/hba.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hba *hba;
    struct error err;
    struct net_addr peer;
    enum hba_method method;
    if (!hba_parse((const char *)data, size, "fuzz", &hba, &err)) {
        if (!error_is_set(&err))
            abort();
        return 0;
    }
    if (net_addr_parse("10.1.2.3", &peer) && hba_match(hba, &peer, true, "main", "alice", &method) &&
        method > HBA_PASSWORD)
        abort();
    if (net_addr_parse("2001:db8::7", &peer) && hba_match(hba, &peer, false, "d", "d", &method) &&
        method > HBA_PASSWORD)
        abort();
    hba_free(hba);
    return 0;
}
