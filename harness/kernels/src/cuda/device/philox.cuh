// Philox4x32-10 and the named streams: the words of `nt_kernels::philox`.
#pragma once

#include "prelude.cuh"

/// A stream's key and the upper half of its counter.
struct Stream {
    u32 key[2];
    u32 high[2];
};

struct Words {
    u32 word[4];
};

/// Block `index` of a stream.
__device__ inline Words block_of(Stream stream, u64 index) {
    u32 c0 = (u32)index, c1 = (u32)(index >> 32), c2 = stream.high[0], c3 = stream.high[1];
    u32 k0 = stream.key[0], k1 = stream.key[1];
    for (int round = 0; round < 10; ++round) {
        const u64 p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c1 = (u32)p1;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c3 = (u32)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return Words{{c0, c1, c2, c3}};
}
