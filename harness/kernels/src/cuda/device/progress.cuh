// What a step leaves behind, so that the host need not wait for it.
#pragma once

#include "prelude.cuh"

/// The batch's mean loss, and what it adds to the curve. One block
extern "C" __global__ void judge_step(const double* log_loss, const u32* right, State* state, u32 batch) {
    __shared__ double losses[BLOCK];
    __shared__ u32 rights[BLOCK];
    double loss = 0.0;
    u32 count = 0;
    for (u32 n = threadIdx.x; n < batch; n += BLOCK) {
        loss += log_loss[n];
        count += right[n];
    }
    loss = block_sum(loss, losses);
    count = block_sum(count, rights);
    if (threadIdx.x != 0 || state->diverged_at >= 0) return;
    const double mean = loss / batch;
    if (!isfinite(mean)) {
        state->diverged_at = (long long)state->step;
        return;
    }
    state->loss_sum += mean;
    state->batches += 1;
    state->right += count;
    state->examples += batch;
}
REGISTER_BLOCKWISE(judge_step)

/// Goes on to the next step, and writes a curve point after every so many and after the last. One thread
extern "C" __global__ void end_step(State* state, CurvePoint* points, u32 batch, u64 every, u64 steps) {
    if (global_index() != 0 || state->diverged_at >= 0) return;
    state->step += 1;
    state->position += batch;
    if (state->step % every == 0 || state->step == steps) {
        points[state->points] = CurvePoint{state->loss_sum / state->batches, (double)state->right / state->examples};
        state->points += 1;
        state->loss_sum = 0.0;
        state->batches = state->right = state->examples = 0;
    }
}
REGISTER(end_step)

/// Goes back to the first example of the order. One thread
extern "C" __global__ void first_batch(State* state) {
    if (global_index() == 0) state->position = 0;
}
REGISTER(first_batch)

/// Goes on to the next batch of an evaluation. One thread
extern "C" __global__ void next_batch(State* state, u32 batch) {
    if (global_index() == 0) state->position += batch;
}
REGISTER(next_batch)

/// What a gradient is multiplied by, whose sum of squares lies in parts, so that it is no longer than longest. One block
extern "C" __global__ void clip_factor(const double* parts, float* scale, double longest, u32 count) {
    __shared__ double scratch[BLOCK];
    double sum = 0.0;
    for (u32 part = threadIdx.x; part < count; part += BLOCK) sum += parts[part];
    sum = block_sum(sum, scratch);
    if (threadIdx.x != 0) return;
    const double factor = longest / (sqrt(sum) + 1e-6);
    // A sum that is not a number scales nothing, as on the CPU.
    *scale = factor < 1.0 ? (float)factor : 1.0f;
}
REGISTER_BLOCKWISE(clip_factor)
