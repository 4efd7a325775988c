//! One register tile serves every product of training: convolution and linear layers, forward and both gradients.
//!
//! ```text
//! C[m][j] = start + Σ_k A[k][m] B[k][j]        m: up to 14 rows, j: contiguous columns, k: ascending along a walk
//! ```
//!
//! # The contract that makes results reproducible
//! Every element of C is **one** chain of fused multiply-adds over ascending k: it begins at 0, at a bias or at what C
//! holds, and nothing is ever added in another order. The chain does not know how k is cut into cache blocks, how large
//! the tile is, how wide the vectors are or on which thread it runs, so none of these changes a bit: AVX-512, AVX2 and
//! scalar code agree exactly, as does every thread count. Only the payload of a NaN is not part of the contract. Where a
//! caller's own contract names shorter chains, `Start::Added` adds them, in the caller's order.
//!
//! # Layout
//! A is read one element at a time and broadcast, so it may lie anywhere: rows at a fixed stride, k wherever the walk
//! leads. That is why nothing is packed or unfolded, except for an operand whose columns are not contiguous.

mod kernels;
mod output;
mod row_sums;
mod simd;
#[cfg(test)]
mod tests;
mod threads;
mod transpose;
mod vector;
pub(crate) mod winograd;

pub(crate) use output::Output;
pub(crate) use row_sums::sum_rows;
pub use simd::{Simd, SimdError};
pub(crate) use threads::{split, this_thread};
pub(crate) use transpose::{pack_panels, transpose, transpose_strided};

/// Columns of the widest tile; packed operands lie in panels of this many columns, whatever the machine.
pub(crate) const PANEL: usize = 32;

/// k of one cache block: an operand's block of this many rows of [`PANEL`] columns stays in the second-level cache.
pub(crate) const BLOCK: usize = 512;

/// What is done to a product before it is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Activation {
    /// Nothing.
    #[default]
    None,
    /// `max(0, y)`; NaN stays NaN.
    Relu,
}

/// What the chain of an element begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start<'a> {
    /// 0.
    Zero,
    /// The element of its row.
    Bias(&'a [f32]),
    /// What C holds: the sum over the k before.
    Held,
    /// 0; what C holds is added at the end, so that this chain is as long as its own k.
    Added,
}

/// `count` equal steps of A and B, in elements.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Steps {
    pub(crate) count: usize,
    pub(crate) a: usize,
    pub(crate) b: isize,
}

impl Steps {
    /// No loop: the body runs once.
    pub(crate) const ONCE: Self = Self { count: 1, a: 0, b: 0 };
}

/// One entry of a table of offsets, in the units of its [`Walk`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tap {
    pub(crate) a: u32,
    pub(crate) b: u32,
}

impl Tap {
    /// The only entry where there is nothing to look up.
    pub(crate) const ORIGIN: &'static [Self] = &[Self { a: 0, b: 0 }];
}

/// Where k leads in A and B: for every outer step, for every tap, for every inner step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) outer: Steps,
    pub(crate) taps: &'a [Tap],
    /// Elements of A per unit of [`Tap::a`].
    pub(crate) tap_a: usize,
    /// Elements of B per unit of [`Tap::b`]: below 0 where B is walked backwards.
    pub(crate) tap_b: isize,
    pub(crate) inner: Steps,
    /// From an element of B to one that is used soon after it, to be fetched into the cache.
    pub(crate) ahead: isize,
}

impl Walk<'_> {
    /// The largest offset in A, and the smallest and the largest in B, that the walk visits; `None` if it visits nothing.
    fn reach(&self) -> Option<(usize, isize, isize)> {
        let (outer, inner) = (self.outer.count.checked_sub(1)?, self.inner.count.checked_sub(1)?);
        let a = self.taps.iter().map(|tap| tap.a as usize * self.tap_a).max()?;
        let corners = self.taps.iter().flat_map(|tap| {
            let tap = tap.b as isize * self.tap_b;
            [(0, 0), (outer, 0), (0, inner), (outer, inner)]
                .map(|(outer, inner)| tap + outer as isize * self.outer.b + inner as isize * self.inner.b)
        });
        let (smallest, largest) = corners.fold((isize::MAX, isize::MIN), |(s, l), b| (s.min(b), l.max(b)));
        Some((a + outer * self.outer.a + inner * self.inner.a, smallest, largest))
    }
}

/// A product of a few rows (at most [`Simd::max_rows`]) and any number of columns.
#[derive(Clone, Copy)]
pub(crate) struct Tile<'a> {
    /// A, from the first row's first element.
    pub(crate) a: &'a [f32],
    /// From one row of A to the next.
    pub(crate) a_row: usize,
    pub(crate) b: &'a [f32],
    /// Where in B the walk begins, with the first column.
    pub(crate) b_at: usize,
    /// From one row of C to the next.
    pub(crate) c_row: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) walk: Walk<'a>,
    pub(crate) start: Start<'a>,
    pub(crate) activation: Activation,
}

impl Tile<'_> {
    /// Computes the tile into `c` from element `at` on.
    ///
    /// # Safety
    /// No other thread reads or writes the tile's elements of `c` meanwhile, and every element that the tile names lies
    /// in its slice: [`Tile::assert_inside`] says which these are, and checks them in tests.
    pub(crate) unsafe fn run(&self, simd: Simd, c: &Output<'_>, at: usize) {
        if cfg!(any(test, debug_assertions)) {
            self.assert_inside(simd, c.len(), at);
        }
        let mut column = 0;
        while column < self.columns {
            let (kernel, taken) = simd.kernel(self.rows, self.columns - column);
            let call = kernels::Call {
                tile: self,
                b: self.b.as_ptr().wrapping_add(self.b_at + column),
                // SAFETY: `at + column` lies inside `c`, as the caller promises.
                c: unsafe { c.at(at + column) },
                columns: taken,
            };
            // SAFETY: the kernel is one that the CPU has (`Simd` says so) and fits `rows` and `taken`; the caller vouches
            // for the memory.
            unsafe { kernel(&call) };
            column += taken;
        }
    }

    /// Panics unless all that the tile touches lies inside its slices.
    fn assert_inside(&self, simd: Simd, c_length: usize, at: usize) {
        assert!(self.rows > 0 && self.rows <= simd.max_rows(), "tile: {} rows", self.rows);
        if self.columns == 0 {
            return;
        }
        if let Some((a, smallest_b, largest_b)) = self.walk.reach() {
            assert!(a + (self.rows - 1) * self.a_row < self.a.len(), "tile: A ends before the walk does");
            let at = |offset| self.b_at.checked_add_signed(offset);
            assert!(at(smallest_b).is_some(), "tile: the walk leaves B at its beginning");
            let end = at(largest_b).and_then(|last| last.checked_add(self.columns));
            assert!(end.is_some_and(|end| end <= self.b.len()), "tile: B ends before the walk does");
        }
        assert!(at + (self.rows - 1) * self.c_row + self.columns <= c_length, "tile: C is too short");
        if let Start::Bias(bias) = self.start {
            assert!(bias.len() >= self.rows, "tile: the bias is too short");
        }
    }
}

/// `rows` cut into as few parts of at most `max` as possible, of nearly equal size: the first row of part `index`, and
/// the number of rows in it.
pub(crate) fn part(rows: usize, max: usize, index: usize) -> (usize, usize) {
    let parts = rows.div_ceil(max).max(1);
    let first = index * rows / parts;
    (first, (index + 1) * rows / parts - first)
}
