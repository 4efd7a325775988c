// What every kernel file begins with.
//
// The kernels are compiled without contracting a multiplication and an addition (-fmad=false), so that an operation
// written as on the CPU gives the CPU's bits. An activation is (N, features), the features (C, H, W). What is computed is
// computed in float; files that `kernels.cu` includes once for each type of STORAGE name their kernels NAMED(...).
#pragma once

#include <cuda_bf16.h>

#ifdef NT_STAND_IN
#include "stand_in.h"
#else
// Where kernels are run by the processor, in tests, these make a kernel known by its name: REGISTER one whose threads do
// not wait for each other, REGISTER_BLOCKWISE one whose threads do.
#define REGISTER(kernel)
#define REGISTER_BLOCKWISE(kernel)
#endif

using u8 = unsigned char;
using u32 = unsigned int;
using u64 = unsigned long long;

__device__ inline float load(const float* x) { return *x; }
__device__ inline float load(const __nv_bfloat16* x) { return __bfloat162float(*x); }
__device__ inline void store(float* y, float value) { *y = value; }
__device__ inline void store(__nv_bfloat16* y, float value) { *y = __float2bfloat16_rn(value); }

/// Index of this thread among all.
__device__ inline u32 global_index() { return blockIdx.x * blockDim.x + threadIdx.x; }

/// Threads of a block whose threads wait for each other.
constexpr u32 BLOCK = 256;

/// The sum of a block's values, by halves: the same order whatever the machine. Every thread gets it.
template <typename Number>
__device__ inline Number block_sum(Number value, Number* scratch) {
    const u32 thread = threadIdx.x;
    __syncthreads();
    scratch[thread] = value;
    for (u32 half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half) scratch[thread] += scratch[thread + half];
    }
    __syncthreads();
    return scratch[0];
}

/// Where a training stands. The host's `State` has the same layout.
struct State {
    /// Steps done.
    u64 step;
    /// The step whose loss was not a finite number; -1 while there is none. From it on no parameter changes.
    long long diverged_at;
    /// Examples of the order that are done.
    u32 position;
    /// Curve points written.
    u32 points;
    /// Since the last curve point: sum of the batches' mean losses (nats), batches, examples right, examples.
    double loss_sum;
    u64 batches;
    u64 right;
    u64 examples;
};

/// Loss and fraction right of the batches since the point before.
struct CurvePoint {
    double train_loss;
    double train_top1;
};
