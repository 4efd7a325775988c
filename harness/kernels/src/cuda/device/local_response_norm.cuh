// Local response normalisation. `stride` is from one channel of a position to the next.

#include "prelude.cuh"

/// y = x / s^(3/4), s[c] = k + alpha * (sum of x[c']^2 over the channels `before` c to `after` it, ascending)
extern "C" __global__ void NAMED(local_response_norm)(const STORAGE* x, STORAGE* y, float* scale, u32 channels, u32 stride,
                                                      u32 before, u32 after, float alpha, float k, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 c = i / stride % channels;
    const u32 first = c - min(c, before), last = min(c + after, channels - 1);
    float sum = 0.0f;
    for (u32 other = first; other <= last; ++other) {
        const float value = load(x + (i - (u64)c * stride + (u64)other * stride));
        sum += value * value;
    }
    const float s = k + alpha * sum, root = sqrtf(s);
    scale[i] = s;
    store(y + i, load(x + i) / (root * sqrtf(root)));
}
REGISTER(NAMED(local_response_norm))

/// dx[c] = dy[c] / s[c]^(3/4) - factor * x[c] * (sum of dy[c'] y[c'] / s[c'] over the channels whose window holds c)
extern "C" __global__ void NAMED(local_response_norm_gradient)(const STORAGE* x, const STORAGE* y, const float* scale,
                                                               const STORAGE* dy, STORAGE* dx, u32 channels, u32 stride,
                                                               u32 before, u32 after, float factor, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 c = i / stride % channels;
    const u32 first = c - min(c, after), last = min(c + before, channels - 1);
    float sum = 0.0f;
    for (u32 other = first; other <= last; ++other) {
        const u64 at = i - (u64)c * stride + (u64)other * stride;
        sum += load(dy + at) * load(y + at) / scale[at];
    }
    const float root = sqrtf(scale[i]);
    store(dx + i, load(dy + i) / (root * sqrtf(root)) - factor * load(x + i) * sum);
}
REGISTER(NAMED(local_response_norm_gradient))
