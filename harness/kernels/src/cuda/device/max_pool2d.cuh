// Max pooling of (planes, H, W, depth): (N C, H, W, 1) or, channels last, (N, H, W, C).

#include "prelude.cuh"

/// W neighbours in depth of an output: of each the first maximum of its window, the first NaN if there is one, and which tap
template <u32 W>
__device__ inline void NAMED(pool)(const STORAGE* x, STORAGE* y, u8* taps, u32 height, u32 width, u32 kernel, u32 stride,
                                   u32 out_height, u32 out_width, u32 depth, u32 count) {
    const u32 i = global_index(), packs = depth / W;
    if (i >= count) return;
    const u32 ox = i / packs % out_width, oy = i / packs / out_width % out_height, plane = i / packs / out_width / out_height;
    const STORAGE* window = x + (((u64)plane * height + oy * stride) * width + ox * stride) * depth + i % packs * W;
    float maximum[W];
    u32 best[W] = {};
    load_pack(window, W, maximum);
    for (u32 ky = 0; ky < kernel; ++ky) {
        for (u32 kx = 0; kx < kernel; ++kx) {
            float tap[W];
            load_pack(window + (ky * width + kx) * depth, W, tap);
#pragma unroll
            for (u32 k = 0; k < W; ++k) {
                if (tap[k] > maximum[k] || (tap[k] != tap[k] && maximum[k] == maximum[k])) {
                    maximum[k] = tap[k];
                    best[k] = ky * kernel + kx;
                }
            }
        }
    }
    store_pack(y + (u64)i * W, W, maximum);
    store_pack(taps + (u64)i * W, W, best);
}

extern "C" __global__ void NAMED(max_pool)(const STORAGE* x, STORAGE* y, u8* taps, u32 height, u32 width, u32 kernel,
                                           u32 stride, u32 out_height, u32 out_width, u32 depth, u32 count) {
    NAMED(pool)<1>(x, y, taps, height, width, kernel, stride, out_height, out_width, depth, count);
}
REGISTER(NAMED(max_pool))

extern "C" __global__ void NAMED(max_pool_packed)(const STORAGE* x, STORAGE* y, u8* taps, u32 height, u32 width, u32 kernel,
                                                  u32 stride, u32 out_height, u32 out_width, u32 depth, u32 count) {
    NAMED(pool)<PACK>(x, y, taps, height, width, kernel, stride, out_height, out_width, depth, count);
}
REGISTER(NAMED(max_pool_packed))

/// W neighbours in depth of an input: the sum of dy over the windows whose tap it is, oy then ox ascending
template <u32 W>
__device__ inline void NAMED(pool_gradient)(const STORAGE* dy, const u8* taps, STORAGE* dx, u32 height, u32 width, u32 kernel,
                                            u32 stride, u32 out_height, u32 out_width, u32 depth, u32 count) {
    const u32 i = global_index(), packs = depth / W;
    if (i >= count) return;
    const u32 ix = i / packs % width, iy = i / packs / width % height, plane = i / packs / width / height;
    const u32 first_oy = iy < kernel ? 0 : (iy - kernel) / stride + 1, first_ox = ix < kernel ? 0 : (ix - kernel) / stride + 1;
    float sum[W] = {};
    for (u32 oy = first_oy; oy < out_height && oy * stride <= iy; ++oy) {
        for (u32 ox = first_ox; ox < out_width && ox * stride <= ix; ++ox) {
            const u64 at = (((u64)plane * out_height + oy) * out_width + ox) * depth + i % packs * W;
            const u32 here = (iy - oy * stride) * kernel + (ix - ox * stride);
            u8 tap[W];
            float gradient[W];
            load_pack(taps + at, W, tap);
            load_pack(dy + at, W, gradient);
#pragma unroll
            for (u32 k = 0; k < W; ++k) {
                if (tap[k] == here) sum[k] += gradient[k];
            }
        }
    }
    store_pack(dx + (u64)i * W, W, sum);
}

extern "C" __global__ void NAMED(max_pool_gradient)(const STORAGE* dy, const u8* taps, STORAGE* dx, u32 height, u32 width,
                                                    u32 kernel, u32 stride, u32 out_height, u32 out_width, u32 depth, u32 count) {
    NAMED(pool_gradient)<1>(dy, taps, dx, height, width, kernel, stride, out_height, out_width, depth, count);
}
REGISTER(NAMED(max_pool_gradient))

extern "C" __global__ void NAMED(max_pool_gradient_packed)(const STORAGE* dy, const u8* taps, STORAGE* dx, u32 height,
                                                           u32 width, u32 kernel, u32 stride, u32 out_height, u32 out_width,
                                                           u32 depth, u32 count) {
    NAMED(pool_gradient)<PACK>(dy, taps, dx, height, width, kernel, stride, out_height, out_width, depth, count);
}
REGISTER(NAMED(max_pool_gradient_packed))
