/* SPDX-License-Identifier: Apache-2.0 */
/* Arbitrary bytes as a segment file, with the checksums made right so that they reach the decoders. */
#include "tests/fuzz/segment_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    segment_fix_checksums(copy, size);
    (void)segment_touch(copy, size);
    free(copy);
    return 0;
}
