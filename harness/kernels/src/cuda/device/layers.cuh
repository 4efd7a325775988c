// The operations of a layer on activations of one type of STORAGE.

#include "philox.cuh"

/// out[n][c][p] = tables[c][batch[n][p][c]]
extern "C" __global__ void NAMED(standardise_images)(const u8* batch, const float* tables, STORAGE* out, u32 plane, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 p = i % plane, channel = i / plane % 3, n = i / plane / 3;
    store(out + i, tables[256 * channel + batch[((u64)n * plane + p) * 3 + channel]]);
}
REGISTER(NAMED(standardise_images))

/// out[n][c][p] = tables[c][pixels[order[position + n]][p][c]]
extern "C" __global__ void NAMED(gather_images)(const u8* pixels, const u32* order, const State* state, const float* tables,
                                                STORAGE* out, u32 plane, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 p = i % plane, channel = i / plane % 3, n = i / plane / 3;
    store(out + i, tables[256 * channel + pixels[((u64)order[state->position + n] * plane + p) * 3 + channel]]);
}
REGISTER(NAMED(gather_images))

/// out[n][f] = codes[order[position + n]][f]
extern "C" __global__ void NAMED(gather_codes)(const float* codes, const u32* order, const State* state, STORAGE* out,
                                               u32 features, u32 count) {
    const u32 i = global_index();
    if (i < count) store(out + i, codes[(u64)order[state->position + i / features] * features + i % features]);
}
REGISTER(NAMED(gather_codes))

/// out[i] = values[i]
extern "C" __global__ void NAMED(widen)(const STORAGE* values, float* out, u32 count) {
    const u32 i = global_index();
    if (i < count) out[i] = load(values + i);
}
REGISTER(NAMED(widen))

/// y[n][c][p] += bias[c]; with relu, what is below 0 becomes 0 (NaN passes)
extern "C" __global__ void NAMED(add_bias)(STORAGE* y, const float* bias, u32 channels, u32 positions, u32 relu, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const float value = load(y + i) + bias[i / positions % channels];
    store(y + i, relu && value < 0.0f ? 0.0f : value);
}
REGISTER(NAMED(add_bias))

/// dy[i] = y[i] > 0 ? dy[i] : 0
extern "C" __global__ void NAMED(relu_gradient)(const STORAGE* y, STORAGE* dy, u32 count) {
    const u32 i = global_index();
    if (i < count && !(load(y + i) > 0.0f)) store(dy + i, 0.0f);
}
REGISTER(NAMED(relu_gradient))

/// db[c] = sum over n and p of dy[n][c][p]. A block a channel: each thread's elements in ascending order, then by halves
extern "C" __global__ void NAMED(bias_gradient)(const STORAGE* dy, STORAGE* db, u32 batch, u32 channels, u32 positions) {
    __shared__ float scratch[BLOCK];
    const u32 c = blockIdx.x;
    float sum = 0.0f;
    for (u32 i = threadIdx.x; i < batch * positions; i += BLOCK) {
        sum += load(dy + ((u64)(i / positions) * channels + c) * positions + i % positions);
    }
    sum = block_sum(sum, scratch);
    if (threadIdx.x == 0) store(db + c, sum);
}
REGISTER_BLOCKWISE(NAMED(bias_gradient))

/// db[f] = sum over n of dy[n][f], n ascending
extern "C" __global__ void NAMED(column_sums)(const STORAGE* dy, STORAGE* db, u32 batch, u32 features) {
    const u32 f = global_index();
    if (f >= features) return;
    float sum = 0.0f;
    for (u32 n = 0; n < batch; ++n) sum += load(dy + (u64)n * features + f);
    store(db + f, sum);
}
REGISTER(NAMED(column_sums))

// Dropout: a block of the stream gives the factors of four neighbouring features of one image. Its index is made of the
// image (20 bits), the four features (20 bits) and the step (24 bits).

/// y[n][f] = x[n][f] * (word[f] < threshold ? 0 : scale), in place without x. A thread for four features
extern "C" __global__ void NAMED(dropout)(const STORAGE* x, STORAGE* y, Stream stream, const State* state, u32 threshold,
                                          float scale, u32 features, u32 batch) {
    const u32 blocks = (features + 3) / 4, i = global_index();
    if (i >= blocks * batch) return;
    const u32 n = i / blocks, block = i % blocks;
    if (x == nullptr) x = y;
    const Words words = block_of(stream, state->step << 40 | (u64)block << 20 | n);
    for (u32 k = 0; k < 4 && 4 * block + k < features; ++k) {
        const u64 at = (u64)n * features + 4 * block + k;
        store(y + at, load(x + at) * (words.word[k] < threshold ? 0.0f : scale));
    }
}
REGISTER(NAMED(dropout))

/// y = x / s^(3/4), s[c] = k + alpha * (sum of x[c']^2 over the channels `before` c to `after` it, ascending)
extern "C" __global__ void NAMED(local_response_norm)(const STORAGE* x, STORAGE* y, float* scale, u32 channels, u32 positions,
                                                      u32 before, u32 after, float alpha, float k, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 c = i / positions % channels;
    const u32 first = c - min(c, before), last = min(c + after, channels - 1);
    float sum = 0.0f;
    for (u32 other = first; other <= last; ++other) {
        const float value = load(x + (i - (u64)c * positions + (u64)other * positions));
        sum += value * value;
    }
    const float s = k + alpha * sum, root = sqrtf(s);
    scale[i] = s;
    store(y + i, load(x + i) / (root * sqrtf(root)));
}
REGISTER(NAMED(local_response_norm))

/// dx[c] = dy[c] / s[c]^(3/4) - factor * x[c] * (sum of dy[c'] y[c'] / s[c'] over the channels whose window holds c)
extern "C" __global__ void NAMED(local_response_norm_gradient)(const STORAGE* x, const STORAGE* y, const float* scale,
                                                               const STORAGE* dy, STORAGE* dx, u32 channels, u32 positions,
                                                               u32 before, u32 after, float factor, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 c = i / positions % channels;
    const u32 first = c - min(c, after), last = min(c + before, channels - 1);
    float sum = 0.0f;
    for (u32 other = first; other <= last; ++other) {
        const u64 at = i - (u64)c * positions + (u64)other * positions;
        sum += load(dy + at) * load(y + at) / scale[at];
    }
    const float root = sqrtf(scale[i]);
    store(dx + i, load(dy + i) / (root * sqrtf(root)) - factor * load(x + i) * sum);
}
REGISTER(NAMED(local_response_norm_gradient))

/// y[plane][oy][ox] = the first maximum of its window, the first NaN if there is one; taps: which of the window's it is
extern "C" __global__ void NAMED(max_pool)(const STORAGE* x, STORAGE* y, u8* taps, u32 height, u32 width, u32 kernel,
                                           u32 stride, u32 out_height, u32 out_width, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 ox = i % out_width, oy = i / out_width % out_height, plane = i / out_width / out_height;
    const STORAGE* window = x + ((u64)plane * height + oy * stride) * width + ox * stride;
    float maximum = load(window);
    u32 best = 0;
    for (u32 ky = 0; ky < kernel; ++ky) {
        for (u32 kx = 0; kx < kernel; ++kx) {
            const float tap = load(window + ky * width + kx);
            if (tap > maximum || (tap != tap && maximum == maximum)) {
                maximum = tap;
                best = ky * kernel + kx;
            }
        }
    }
    store(y + i, maximum);
    taps[i] = (u8)best;
}
REGISTER(NAMED(max_pool))

/// dx[plane][iy][ix] = sum of dy over the windows whose tap it is, oy then ox ascending
extern "C" __global__ void NAMED(max_pool_gradient)(const STORAGE* dy, const u8* taps, STORAGE* dx, u32 height, u32 width,
                                                    u32 kernel, u32 stride, u32 out_height, u32 out_width, u32 count) {
    const u32 i = global_index();
    if (i >= count) return;
    const u32 ix = i % width, iy = i / width % height, plane = i / width / height;
    const u32 first_oy = iy < kernel ? 0 : (iy - kernel) / stride + 1, first_ox = ix < kernel ? 0 : (ix - kernel) / stride + 1;
    float sum = 0.0f;
    for (u32 oy = first_oy; oy < out_height && oy * stride <= iy; ++oy) {
        for (u32 ox = first_ox; ox < out_width && ox * stride <= ix; ++ox) {
            const u64 out = ((u64)plane * out_height + oy) * out_width + ox;
            if (taps[out] == (iy - oy * stride) * kernel + (ix - ox * stride)) sum += load(dy + out);
        }
    }
    store(dx + i, sum);
}
REGISTER(NAMED(max_pool_gradient))

/// Of each image the softmax cross-entropy, whether its first largest logit is the true class's, and
/// dlogits[n][c] = (softmax(logits[n])[c] - [c = label]) / batch. A block an image; sums in double
extern "C" __global__ void NAMED(cross_entropy)(const STORAGE* logits, const u32* labels, const u32* order, const State* state,
                                                double* log_loss, u32* right, STORAGE* dlogits, u32 classes, u32 batch) {
    __shared__ double scratch[BLOCK];
    __shared__ float maxima[BLOCK];
    __shared__ u32 places[BLOCK];
    const u32 n = blockIdx.x, thread = threadIdx.x;
    const STORAGE* row = logits + (u64)n * classes;
    float maximum = -INFINITY;
    u32 place = classes;
    for (u32 c = thread; c < classes; c += BLOCK) {
        const float logit = load(row + c);
        if (logit > maximum) {
            maximum = logit;
            place = c;
        }
    }
    maxima[thread] = maximum;
    places[thread] = place;
    for (u32 half = BLOCK / 2; half > 0; half /= 2) {
        __syncthreads();
        if (thread < half) {
            const float other = maxima[thread + half];
            if (other > maxima[thread] || (other == maxima[thread] && places[thread + half] < places[thread])) {
                maxima[thread] = other;
                places[thread] = places[thread + half];
            }
        }
    }
    __syncthreads();
    maximum = maxima[0];
    double sum = 0.0;
    for (u32 c = thread; c < classes; c += BLOCK) sum += expf(load(row + c) - maximum);
    sum = block_sum(sum, scratch);
    const u32 label = labels[order[state->position + n]];
    for (u32 c = thread; c < classes; c += BLOCK) {
        const float probability = (float)(expf(load(row + c) - maximum) / sum);
        store(dlogits + (u64)n * classes + c, (probability - (c == label ? 1.0f : 0.0f)) / batch);
    }
    if (thread == 0) {
        log_loss[n] = log(sum) - ((double)load(row + label) - maximum);
        right[n] = places[0] == label;
    }
}
REGISTER_BLOCKWISE(NAMED(cross_entropy))

/// v <- m v + (g + decay w), w <- w - rate v, and a copy of w in the type of STORAGE; nothing once the loss was not finite
extern "C" __global__ void NAMED(sgd)(float* weight, float* velocity, const STORAGE* gradient, STORAGE* copy,
                                      const float* rates, u64 num_rates, const State* state, float momentum, float decay,
                                      u64 count) {
    if (state->diverged_at >= 0) return;
    const float rate = rates[state->step % num_rates];
    for (u64 i = global_index(); i < count; i += (u64)gridDim.x * blockDim.x) {
        const float g = load(gradient + i) + decay * weight[i];
        const float v = momentum * velocity[i] + g;
        const float w = weight[i] - rate * v;
        velocity[i] = v;
        weight[i] = w;
        if (copy != nullptr) store(copy + i, w);
    }
}
REGISTER(NAMED(sgd))
