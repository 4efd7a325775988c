// Biases and ReLU.

#include "prelude.cuh"

/// y[i] += bias[c of i]; with relu, what is below 0 becomes 0 (NaN passes). A thread for a pack; `stride` from one channel of
/// a position to the next
extern "C" __global__ void NAMED(add_bias)(STORAGE* y, const float* bias, u32 channels, u32 stride, u32 relu, u32 count) {
    const u32 first = PACK * global_index();
    if (first >= count) return;
    float value[PACK];
    load_pack(y + first, count - first, value);
    u32 c = first / stride % channels, left = stride - first % stride;
#pragma unroll
    for (u32 k = 0; k < PACK; ++k) {
        const float sum = value[k] + bias[c];
        value[k] = relu && sum < 0.0f ? 0.0f : sum;
        if (--left == 0) {
            left = stride;
            c = c + 1 == channels ? 0 : c + 1;
        }
    }
    store_pack(y + first, count - first, value);
}
REGISTER(NAMED(add_bias))

/// dy[i] = y[i] > 0 ? dy[i] : 0. A thread for a pack
extern "C" __global__ void NAMED(relu_gradient)(const STORAGE* y, STORAGE* dy, u32 count) {
    const u32 first = PACK * global_index();
    if (first >= count) return;
    float result[PACK], gradient[PACK];
    load_pack(y + first, count - first, result);
    load_pack(dy + first, count - first, gradient);
#pragma unroll
    for (u32 k = 0; k < PACK; ++k) gradient[k] = result[k] > 0.0f ? gradient[k] : 0.0f;
    store_pack(dy + first, count - first, gradient);
}
REGISTER(NAMED(relu_gradient))

/// Of (N, C, P), dy = y > 0 ? dy : 0 (as it is, where there is no y), and sums[part][c] = the sum over p and the n of a part.
/// A block for a channel and a part of so many images: each thread's elements in ascending order, then by halves
extern "C" __global__ void NAMED(bias_gradient)(const STORAGE* y, STORAGE* dy, float* sums, u32 batch, u32 channels,
                                                u32 positions, u32 images) {
    __shared__ float scratch[BLOCK];
    const u32 c = blockIdx.x % channels, part = blockIdx.x / channels;
    const u32 end = min(batch, (part + 1) * images);
    u32 n = part * images + threadIdx.x / positions, p = threadIdx.x % positions;
    float sum = 0.0f;
    while (n < end) {
        const u64 at = ((u64)n * channels + c) * positions + p;
        const float gradient = load(dy + at);
        if (y == nullptr || load(y + at) > 0.0f) {
            sum += gradient;
        } else {
            store(dy + at, 0.0f);
        }
        n += BLOCK / positions;
        p += BLOCK % positions;
        if (p >= positions) {
            p -= positions;
            ++n;
        }
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}
REGISTER_BLOCKWISE(NAMED(bias_gradient))

/// The same of (rows, C). A block for LANES packs of channels and a part of so many rows
extern "C" __global__ void NAMED(bias_gradient_channels_last)(const STORAGE* y, STORAGE* dy, float* sums, u32 rows, u32 channels,
                                                              u32 rows_of_part) {
    __shared__ float scratch[PACK][BLOCK];
    const u32 blocks = (channels + LANES * PACK - 1) / (LANES * PACK), part = blockIdx.x / blocks;
    const u32 c = (blockIdx.x % blocks * LANES + threadIdx.x % LANES) * PACK;
    const u32 end = min(rows, (part + 1) * rows_of_part);
    float sum[PACK] = {};
    for (u32 row = part * rows_of_part + threadIdx.x / LANES; row < end && c < channels; row += BLOCK / LANES) {
        const u64 at = (u64)row * channels + c;
        float gradient[PACK];
        load_pack(dy + at, channels - c, gradient);
        if (y != nullptr) {
            float result[PACK];
            load_pack(y + at, channels - c, result);
#pragma unroll
            for (u32 k = 0; k < PACK; ++k) gradient[k] = result[k] > 0.0f ? gradient[k] : 0.0f;
            store_pack(dy + at, channels - c, gradient);
        }
#pragma unroll
        for (u32 k = 0; k < PACK; ++k) sum[k] += gradient[k];
    }
#pragma unroll
    for (u32 k = 0; k < PACK; ++k) {
        const float total = row_sum(sum[k], scratch[k]);
        if (threadIdx.x < LANES && c + k < channels) sums[(u64)part * channels + c + k] = total;
    }
}
REGISTER_BLOCKWISE(NAMED(bias_gradient_channels_last))

/// db[c] = the sum of sums[part][c] over the parts. A block for LANES channels: each thread's parts in ascending order, then
/// by halves
extern "C" __global__ void NAMED(sum_parts)(const float* sums, STORAGE* db, u32 parts, u32 channels) {
    __shared__ float scratch[BLOCK];
    const u32 c = blockIdx.x * LANES + threadIdx.x % LANES;
    float sum = 0.0f;
    for (u32 part = threadIdx.x / LANES; part < parts && c < channels; part += BLOCK / LANES) sum += sums[(u64)part * channels + c];
    sum = row_sum(sum, scratch);
    if (threadIdx.x < LANES && c < channels) store(db + c, sum);
}
REGISTER_BLOCKWISE(NAMED(sum_parts))
