/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Template: packing with lanes of one width. Parameters: LANE (unsigned type), LANE_BITS, LANE_NAME(x) (names of this
 * instance). A row of lanes is PACK_BLOCK / LANE_BITS values: always 128 bytes.
 */
enum { LANE_NAME(nlane) = 1024 / LANE_BITS };
typedef LANE LANE_NAME(row) __attribute__((vector_size(128), aligned(8), may_alias));

static void LANE_NAME(unpack)(const void *words, uint32_t width, LANE *out)
{
    const LANE_NAME(row) *in = words;
    LANE_NAME(row) *to = (LANE_NAME(row) *)out;
    const LANE mask = (LANE)(width == LANE_BITS ? ~(LANE)0 : (((LANE)1 << width) - 1));
    uint32_t bit = 0;
    for (int r = 0; r < LANE_BITS; r++, bit += width) {
        uint32_t word = bit / LANE_BITS, shift = bit % LANE_BITS;
        LANE_NAME(row) v = in[word] >> (LANE)shift;
        if (shift + width > LANE_BITS)
            v |= in[word + 1] << (LANE)(LANE_BITS - shift);
        to[r] = v & mask;
    }
}

static void LANE_NAME(pack)(const uint64_t *value, uint32_t width, void *words)
{
    LANE_NAME(row) *to = words;
    uint32_t bit = 0;
    memset(words, 0, width * 128);
    for (int r = 0; r < LANE_BITS; r++, bit += width) {
        uint32_t word = bit / LANE_BITS, shift = bit % LANE_BITS;
        LANE_NAME(row) v;
        for (int lane = 0; lane < LANE_NAME(nlane); lane++)
            v[lane] = (LANE)value[r * LANE_NAME(nlane) + lane];
        to[word] |= v << (LANE)shift;
        if (shift + width > LANE_BITS)
            to[word + 1] |= v >> (LANE)(LANE_BITS - shift);
    }
}

static void LANE_NAME(range)(const void *words, uint32_t width, uint64_t lo, uint64_t hi, uint64_t flip, uint64_t *bits)
{
    _Alignas(64) LANE v[1024];
    LANE low = (LANE)lo, span = (LANE)(hi - lo);
    LANE_NAME(unpack)(words, width, v);
    for (int w = 0; w < 16; w++) {
        uint8_t mask[64];
        if (!bits[w])
            continue;
        for (int i = 0; i < 64; i++)
            mask[i] = (LANE)(v[w * 64 + i] - low) <= span ? 0xFF : 0;
        bits[w] &= movemask64(mask) ^ flip;
    }
}

static uint64_t LANE_NAME(max)(const void *words, uint32_t width)
{
    _Alignas(64) LANE v[1024];
    LANE max = 0;
    LANE_NAME(unpack)(words, width, v);
    for (int i = 0; i < 1024; i++)
        max = v[i] > max ? v[i] : max;
    return max;
}

#undef LANE
#undef LANE_BITS
#undef LANE_NAME
