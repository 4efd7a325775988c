//! Counter-based random numbers: Philox4x32-10 and the named streams of a study.
//!
//! A counter-based generator has no hidden state, so a number's value depends only on its stream's name and its index:
//! the same on every thread, in every order, and on a GPU.

/// One block of Philox4x32-10: four 32-bit words from a counter and a key.
///
/// # Source
/// Salmon, Moraes, Dror and Shaw, *Parallel random numbers: as easy as 1, 2, 3*, SC 2011; constants as in Random123.
#[inline(always)]
pub fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    const M0: u32 = 0xD251_1F53;
    const M1: u32 = 0xCD9E_8D57;
    const W0: u32 = 0x9E37_79B9;
    const W1: u32 = 0xBB67_AE85;
    for _ in 0..10 {
        let p0 = u64::from(M0) * u64::from(counter[0]);
        let p1 = u64::from(M1) * u64::from(counter[2]);
        counter =
            [(p1 >> 32) as u32 ^ counter[1] ^ key[0], p1 as u32, (p0 >> 32) as u32 ^ counter[3] ^ key[1], p0 as u32];
        key = [key[0].wrapping_add(W0), key[1].wrapping_add(W1)];
    }
    counter
}

/// A named stream of random numbers: `H(seed, name, scope, replicate)`.
///
/// Streams that treatments share never see the treatment: that is what pairs the runs of a cell.
/// Every number has an index, so streams are read at random; [`Stream::cursor`] reads one in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)] // the GPU's kernels are given it as it is
pub struct Stream {
    key: [u32; 2],
    high: [u32; 2],
}

impl Stream {
    /// The stream of a name, a scope and a replicate. The name says what is drawn (`"subset"`, `"order"`, `"init"` …),
    /// the scope for what: a target, a layer or a source. The first 128 bits of a BLAKE3 hash over the parts, each with
    /// its length, are the key and the upper half of the counter, so that different streams never share a block in
    /// practice.
    pub fn named(seed: u64, name: &str, scope: &str, replicate: u32) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"nt/stream/1");
        hasher.update(&seed.to_le_bytes());
        for part in [name, scope] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
        hasher.update(&replicate.to_le_bytes());
        let hash = hasher.finalize();
        let word = |i: usize| {
            let bytes = &hash.as_bytes()[4 * i..4 * i + 4];
            u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
        };
        Self { key: [word(0), word(1)], high: [word(2), word(3)] }
    }

    /// Four words: block `index` of this stream.
    #[inline]
    pub fn block(&self, index: u64) -> [u32; 4] {
        philox4x32_10([index as u32, (index >> 32) as u32, self.high[0], self.high[1]], self.key)
    }

    /// The word at `index`.
    pub fn word(&self, index: u64) -> u32 {
        self.block(index / 4)[(index % 4) as usize]
    }

    /// The stream read in order, from its beginning.
    pub fn cursor(&self) -> Cursor {
        Cursor { stream: *self, next_block: 0, block: [0; 4], used: 4 }
    }
}

/// A [`Stream`] read in order.
#[derive(Clone, Debug)]
pub struct Cursor {
    stream: Stream,
    next_block: u64,
    block: [u32; 4],
    used: usize,
}

impl Cursor {
    /// The next 32-bit word.
    pub fn next_u32(&mut self) -> u32 {
        if self.used == 4 {
            self.block = self.stream.block(self.next_block);
            self.next_block += 1;
            self.used = 0;
        }
        self.used += 1;
        self.block[self.used - 1]
    }

    /// The next 64 bits, low word first.
    pub fn next_u64(&mut self) -> u64 {
        let low = self.next_u32();
        u64::from(low) | u64::from(self.next_u32()) << 32
    }

    /// Uniform on `[0, 1)` with 24 bits.
    pub fn uniform_f32(&mut self) -> f32 {
        (self.next_u32() >> 8) as f32 * (1.0 / 16_777_216.0)
    }

    /// Uniform on `[0, 1)` with 53 bits.
    pub fn uniform_f64(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform on `[low, high)`.
    pub fn uniform_in(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.uniform_f64()
    }

    /// Uniform on `0..bound` without bias (Lemire's multiplication with rejection); 0 when `bound` is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        if bound == 0 {
            return 0;
        }
        let threshold = bound.wrapping_neg() % bound;
        loop {
            let product = u64::from(self.next_u32()) * u64::from(bound);
            if product as u32 >= threshold {
                return (product >> 32) as u32;
            }
        }
    }

    /// Standard normal, by Box and Muller's transform in double precision (one of the pair is used, so that a number
    /// costs a fixed count of words).
    pub fn normal(&mut self) -> f64 {
        let u = 1.0 - self.uniform_f64();
        let v = self.uniform_f64();
        libm::sqrt(-2.0 * libm::log(u)) * libm::cos(2.0 * core::f64::consts::PI * v)
    }

    /// Shuffles in place (Fisher and Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random123's `kat_vectors`, `philox4x32 10`.
    #[test]
    fn agrees_with_the_known_answers_of_random123() {
        let cases = [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ];
        for (counter, key, expected) in cases {
            assert_eq!(philox4x32_10(counter, key), expected);
        }
    }

    #[test]
    fn a_cursor_reads_the_stream_in_order() {
        let stream = Stream::named(7, "order", "target", 3);
        let mut cursor = stream.cursor();
        for index in 0..1000 {
            assert_eq!(cursor.next_u32(), stream.word(index));
        }
    }

    #[test]
    fn every_part_of_a_name_matters_and_parts_do_not_run_into_each_other() {
        let base = Stream::named(1, "ab", "c", 0);
        for other in [
            Stream::named(2, "ab", "c", 0),
            Stream::named(1, "a", "bc", 0),
            Stream::named(1, "ab", "d", 0),
            Stream::named(1, "ab", "c", 1),
        ] {
            assert_ne!(base, other);
        }
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut cursor = Stream::named(1, "normal", "", 0).cursor();
        let n = 200_000;
        let draws: Vec<f64> = (0..n).map(|_| cursor.normal()).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1) as f64;
        // Five standard errors: 1/sqrt(n) and sqrt(2/n).
        assert!(mean.abs() < 5.0 / (n as f64).sqrt(), "mean {mean}");
        assert!((variance - 1.0).abs() < 5.0 * (2.0 / n as f64).sqrt(), "variance {variance}");
    }

    #[test]
    fn below_is_uniform() {
        let mut cursor = Stream::named(1, "below", "", 0).cursor();
        let (bound, n) = (7u32, 70_000);
        let mut counts = [0f64; 7];
        for _ in 0..n {
            counts[cursor.below(bound) as usize] += 1.0;
        }
        let expected = f64::from(n) / 7.0;
        let chi2: f64 = counts.iter().map(|c| (c - expected) * (c - expected) / expected).sum();
        assert!(chi2 < 22.46, "chi-squared {chi2} (6 degrees of freedom, p < .001)");
    }
}
