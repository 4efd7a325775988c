// Gathering a batch from examples that stay in the GPU's memory.

#include "prelude.cuh"

/// An image's pixels from `first` on, PACK of them, standardised: out[c][p] or, channels last, out[p][c] = tables[c][image[p][c]]
__device__ inline void NAMED(standardise)(const u8* image, const float* tables, STORAGE* out, u32 first, u32 plane,
                                          u32 channels_last) {
    const u32 pixels = min(PACK, plane - first), bytes = 3 * pixels;
    u8 byte[3][PACK];
#pragma unroll
    for (u32 part = 0; part < 3; ++part) {
        load_pack(image + 3 * first + part * PACK, bytes - min(bytes, part * PACK), byte[part]);
    }
    float value[3][PACK];
#pragma unroll
    for (u32 i = 0; i < 3 * PACK; ++i) {
        const float standardised = tables[256 * (i % 3) + byte[i / PACK][i % PACK]];
        if (channels_last) {
            value[i / PACK][i % PACK] = standardised;
        } else {
            value[i % 3][i / 3] = standardised;
        }
    }
#pragma unroll
    for (u32 part = 0; part < 3; ++part) {
        if (channels_last) {
            store_pack(out + 3 * first + part * PACK, bytes - min(bytes, part * PACK), value[part]);
        } else {
            store_pack(out + part * plane + first, pixels, value[part]);
        }
    }
}

/// out[n] = batch[n], standardised. A thread for a pack of pixels, `packs` of them an image
extern "C" __global__ void NAMED(standardise_images)(const u8* batch, const float* tables, STORAGE* out, u32 plane,
                                                     u32 channels_last, u32 packs, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u64 image = (u64)(i / packs) * 3 * plane;
    NAMED(standardise)(batch + image, tables, out + image, PACK * (i % packs), plane, channels_last);
}
REGISTER(NAMED(standardise_images))

/// out[n] = pixels[order[position + n]], standardised. A thread for a pack of pixels, `packs` of them an image
extern "C" __global__ void NAMED(gather_images)(const u8* pixels, const u32* order, const State* state, const float* tables,
                                                STORAGE* out, u32 plane, u32 channels_last, u32 packs, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 n = i / packs;
    const u64 size = 3 * plane;
    NAMED(standardise)(pixels + order[state->position + n] * size, tables, out + n * size, PACK * (i % packs), plane, channels_last);
}
REGISTER(NAMED(gather_images))

/// out[n] = codes[order[position + n]], codes (C, P), out so or, channels last, (P, C)
extern "C" __global__ void NAMED(gather_codes)(const float* codes, const u32* order, const State* state, STORAGE* out,
                                               u32 channels, u32 positions, u32 channels_last, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 features = channels * positions, within = i % features;
    const u32 from = channels_last ? within % channels * positions + within / channels : within;
    store(out + i, codes[(u64)order[state->position + i / features] * features + from]);
}
REGISTER(NAMED(gather_codes))

/// out[n][c][p] = values[n][c][p] or, channels last, values[n][p][c]
extern "C" __global__ void NAMED(widen)(const STORAGE* values, float* out, u32 channels, u32 positions, u32 channels_last, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 within = i % (channels * positions);
    const u32 from = channels_last ? within % positions * channels + within / positions : within;
    out[i] = load(values + (i - within) + from);
}
REGISTER(NAMED(widen))
