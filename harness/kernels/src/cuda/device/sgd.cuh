// The step along the gradient.

#include "prelude.cuh"

/// v <- m v + g, w <- shrink w - rate d, and a copy of w in the type of STORAGE; g = scale gradient + coupled w; d = v, or
/// g + m v; shrink = 1 - rate decoupled. Nothing once the loss was not finite. A thread for four at a time
extern "C" __global__ void NAMED(sgd)(float* weight, float* velocity, const STORAGE* gradient, STORAGE* copy,
                                      const float* rates, u64 num_rates, const State* state, const float* scale,
                                      float momentum, float coupled, float decoupled, u32 nesterov, u64 count) {
    if (state->diverged_at >= 0) return;
    const float rate = rates[state->step % num_rates];
    const float along = scale == nullptr ? 1.0f : *scale;
    const float shrink = 1.0f - rate * decoupled;
    for (u64 first = 4 * (u64)global_index(); first < count; first += 4 * (u64)gridDim.x * blockDim.x) {
        const u32 present = (u32)min(count - first, (u64)4);
        float w[4], v[4], g[4];
        load_pack(weight + first, present, w);
        load_pack(velocity + first, present, v);
        load_pack(gradient + first, present, g);
#pragma unroll
        for (u32 k = 0; k < 4; ++k) {
            g[k] = along * g[k] + coupled * w[k];
            v[k] = momentum * v[k] + g[k];
            w[k] = shrink * w[k] - rate * (nesterov ? g[k] + momentum * v[k] : v[k]);
        }
        store_pack(velocity + first, present, v);
        store_pack(weight + first, present, w);
        if (copy != nullptr) store_pack(copy + first, present, w);
    }
}
REGISTER(NAMED(sgd))

/// parts[block] = the sum of g^2, in double, over what the block strides over
extern "C" __global__ void NAMED(sum_of_squares)(const STORAGE* gradient, double* parts, u64 count) {
    __shared__ double scratch[BLOCK];
    double sum = 0.0;
    for (u64 first = 4 * (u64)global_index(); first < count; first += 4 * (u64)gridDim.x * blockDim.x) {
        float g[4];
        load_pack(gradient + first, (u32)min(count - first, (u64)4), g);
#pragma unroll
        for (u32 k = 0; k < 4; ++k) sum += (double)g[k] * (double)g[k];
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) parts[blockIdx.x] = sum;
}
REGISTER_BLOCKWISE(NAMED(sum_of_squares))
