// Dropout: a block of the stream gives the factors of four neighbouring features of one image, as (C, P) counts them. Its
// index is made of the image (20 bits), the four features (20 bits) and the step (24 bits).

#include "philox.cuh"

/// y[n][f] = x[n][f] * (word[f] < threshold ? 0 : scale), in place without x; f lies at its place in (C, P) or, channels last,
/// (P, C). A thread for four features
extern "C" __global__ void NAMED(dropout)(const STORAGE* x, STORAGE* y, Stream stream, const State* state, u32 threshold,
                                          float scale, u32 channels, u32 positions, u32 channels_last, u32 batch) {
    const u32 features = channels * positions, blocks = (features + 3) / 4, i = global_index();
    if (i >= blocks * batch) return;
    const u32 n = i / blocks;
    u32 block = i % blocks;
    // Threads that are neighbours take the same positions of neighbouring channels where those lie side by side.
    if (channels_last && positions % 4 == 0) block = block % channels * (positions / 4) + block / channels;
    if (x == nullptr) x = y;
    const Words words = block_of(stream, state->step << 40 | (u64)block << 20 | n);
    for (u32 k = 0; k < 4 && 4 * block + k < features; ++k) {
        const u32 f = 4 * block + k;
        const u64 at = (u64)n * features + (channels_last ? f % positions * channels + f / positions : f);
        store(y + at, load(x + at) * (words.word[k] < threshold ? 0.0f : scale));
    }
}
REGISTER(NAMED(dropout))
