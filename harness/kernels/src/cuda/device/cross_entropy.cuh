// The loss of a batch.

#include "prelude.cuh"

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
