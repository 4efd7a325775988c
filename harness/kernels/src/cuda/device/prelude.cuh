// What every kernel file begins with.
//
// The kernels are compiled without contracting a multiplication and an addition (-fmad=false), so that an operation
// written as on the CPU gives the CPU's bits. An activation is (N, features), the features (C, H, W) or, channels last,
// (H, W, C); P stands for H W. What is computed is computed in float.
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
__device__ inline u8 load(const u8* x) { return *x; }
__device__ inline void store(float* y, float value) { *y = value; }
__device__ inline void store(__nv_bfloat16* y, float value) { *y = __float2bfloat16_rn(value); }
__device__ inline void store(u8* y, u32 value) { *y = (u8)value; }

/// Neighbours in memory that a thread loads or stores at once, where they are aligned: a GPU's memory is fastest so.
template <typename T, u32 N>
struct alignas(N * sizeof(T)) Pack {
    T number[N];
};

/// x[0], x[1], ...: as many as there are, N at most; 0 in place of others.
template <u32 N, typename T, typename Number>
__device__ inline void load_pack(const T* x, u32 present, Number (&values)[N]) {
    if (present >= N && (u64)x % sizeof(Pack<T, N>) == 0) {
        const Pack<T, N> pack = *(const Pack<T, N>*)x;
#pragma unroll
        for (u32 k = 0; k < N; ++k) values[k] = load(&pack.number[k]);
    } else {
#pragma unroll
        for (u32 k = 0; k < N; ++k) values[k] = k < present ? load(x + k) : Number{};
    }
}

/// y[0], y[1], ... = the values: as many as there is room for, N at most.
template <u32 N, typename T, typename Number>
__device__ inline void store_pack(T* y, u32 room, const Number (&values)[N]) {
    if (room >= N && (u64)y % sizeof(Pack<T, N>) == 0) {
        Pack<T, N> pack;
#pragma unroll
        for (u32 k = 0; k < N; ++k) store(&pack.number[k], values[k]);
        *(Pack<T, N>*)y = pack;
    } else {
#pragma unroll
        for (u32 k = 0; k < N; ++k) {
            if (k < room) store(y + k, values[k]);
        }
    }
}

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

/// Neighbouring columns that a block sums at once, where it is a table of threads.
constexpr u32 LANES = 8;

/// The sums of a block's columns, a table with LANES of them, by halves. The threads of the first row get them.
__device__ inline float row_sum(float value, float* scratch) {
    const u32 thread = threadIdx.x;
    __syncthreads();
    scratch[thread] = value;
    for (u32 half = BLOCK / 2; half >= LANES; half /= 2) {
        __syncthreads();
        if (thread < half) scratch[thread] += scratch[thread + half];
    }
    return scratch[thread];
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
