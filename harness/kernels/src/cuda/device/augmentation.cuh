// Changing a batch of images, bytes (N, H, W, 3), as `data::augmentation` does on the CPU. What happens to an image was
// drawn there: the numbers of every image of an epoch lie at its place in the epoch's order.
#pragma once

#include "prelude.cuh"

/// batch[n] = pixels[order[position + n]]
extern "C" __global__ void copy_images(const u8* pixels, const u32* order, const State* state, u8* batch, u32 length, u32 count) {
    const u32 i = global_index();
    if (i < count) batch[i] = pixels[(u64)order[state->position + i / length] * length + i % length];
}
REGISTER(copy_images)

/// The position within 0 .. length that a position is reflected to; the edge itself is not repeated.
__device__ inline int reflect(int position, int length) {
    const int period = max(2 * length - 2, 1);
    const int within = (position % period + period) % period;
    return min(min(within, period - within), length - 1);
}

/// to[n][y][x] = from[n][y + up][x + left], reflected at the edges; offsets: (up, left) of each image
extern "C" __global__ void shift_images(const u8* from, const int* offsets, const State* state, u8* to, u32 side, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 channel = i % 3, x = i / 3 % side, y = i / 3 / side % side, n = i / 3 / side / side;
    const int* offset = offsets + 2 * (state->position + n);
    const u32 row = reflect((int)y + offset[0], side), column = reflect((int)x + offset[1], side);
    to[i] = from[((n * side + row) * side + column) * 3 + channel];
}
REGISTER(shift_images)

/// to[n] = from[n], left and right exchanged where the image's flag is not 0
extern "C" __global__ void mirror_images(const u8* from, const int* flags, const State* state, u8* to, u32 side, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 channel = i % 3, x = i / 3 % side, row = i / 3 / side, n = row / side;
    const u32 column = flags[state->position + n] ? side - 1 - x : x;
    to[i] = from[(row * side + column) * 3 + channel];
}
REGISTER(mirror_images)

/// Luma of ITU-R BT.601.
__device__ inline float grey(float red, float green, float blue) { return 0.299f * red + 0.587f * green + 0.114f * blue; }

__device__ inline float brightened(u8 byte, float brightness) { return fminf((float)byte * brightness, 255.0f); }

/// to + factor (value - to), kept within 0 .. 255
__device__ inline float blend(float value, float to, float factor) {
    return fminf(fmaxf(to + factor * (value - to), 0.0f), 255.0f);
}

/// means[n] = mean over pixels of the grey of the brightened image. A block an image; factors: (brightness, contrast,
/// saturation) of each image
extern "C" __global__ void grey_means(const u8* batch, const float* factors, const State* state, float* means, u32 plane) {
    __shared__ double scratch[BLOCK];
    const u32 n = blockIdx.x;
    const float brightness = factors[3 * (state->position + n)];
    double sum = 0.0;
    for (u32 p = threadIdx.x; p < plane; p += BLOCK) {
        const u8* pixel = batch + ((u64)n * plane + p) * 3;
        sum += grey(brightened(pixel[0], brightness), brightened(pixel[1], brightness), brightened(pixel[2], brightness));
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) means[n] = (float)(sum / plane);
}
REGISTER_BLOCKWISE(grey_means)

/// Brightness, then contrast, then saturation, in place.
extern "C" __global__ void jitter_images(u8* batch, const float* factors, const float* means, const State* state, u32 plane, u32 pixels) {
    const u32 i = global_index();
    if (i >= pixels) return;
    const u32 n = i / plane;
    const float* factor = factors + 3 * (state->position + n);
    u8* pixel = batch + (u64)i * 3;
    float value[3];
    for (int c = 0; c < 3; ++c) value[c] = blend(brightened(pixel[c], factor[0]), means[n], factor[1]);
    const float luma = grey(value[0], value[1], value[2]);
    for (int c = 0; c < 3; ++c) pixel[c] = (u8)(blend(value[c], luma, factor[2]) + 0.5f);
}
REGISTER(jitter_images)
