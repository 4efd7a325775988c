//! The blocks that the jackknife leaves out.

use std::ops::Range;

/// `0..size` in consecutive blocks whose sizes differ by at most one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocks {
    size: usize,
    count: usize,
}

impl Blocks {
    pub fn new(size: usize, count: usize) -> Self {
        Self { size, count }
    }

    pub fn size(&self) -> usize {
        self.size
    }

    pub fn count(&self) -> usize {
        self.count
    }

    pub fn range(&self, block: usize) -> Range<usize> {
        block * self.size / self.count..(block + 1) * self.size / self.count
    }

    pub fn len(&self, block: usize) -> usize {
        self.range(block).len()
    }
}
