// The step along the gradient.

#include "prelude.cuh"

/// v <- m v + (g + decay w), w <- w - rate v, and a copy of w in the type of STORAGE; nothing once the loss was not finite.
/// A thread for four at a time
extern "C" __global__ void NAMED(sgd)(float* weight, float* velocity, const STORAGE* gradient, STORAGE* copy,
                                      const float* rates, u64 num_rates, const State* state, float momentum, float decay,
                                      u64 count) {
    if (state->diverged_at >= 0) return;
    const float rate = rates[state->step % num_rates];
    for (u64 first = 4 * (u64)global_index(); first < count; first += 4 * (u64)gridDim.x * blockDim.x) {
        const u32 present = (u32)min(count - first, (u64)4);
        float w[4], v[4], g[4];
        load_pack(weight + first, present, w);
        load_pack(velocity + first, present, v);
        load_pack(gradient + first, present, g);
#pragma unroll
        for (u32 k = 0; k < 4; ++k) {
            v[k] = momentum * v[k] + (g[k] + decay * w[k]);
            w[k] = w[k] - rate * v[k];
        }
        store_pack(velocity + first, present, v);
        store_pack(weight + first, present, w);
        if (copy != nullptr) store_pack(copy + first, present, w);
    }
}
REGISTER(NAMED(sgd))
