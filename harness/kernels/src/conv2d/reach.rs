//! Which taps of a kernel reach which neighbours, along one axis.
//!
//! Padded taps are left out: they would add products of zeros. Positions with the same valid taps share a pattern, and
//! there are few patterns: one for the interior (a few, for gradients of strided convolutions), and some for the borders.

/// The taps that are valid at a position: `count` of them from `first` on, a [`Reach::tap_step`] apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    pub(super) first: usize,
    pub(super) count: usize,
}

/// Where the first of a position's taps leads.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// Index of the position's pattern.
    pub(super) pattern: usize,
    /// What the pattern's first tap meets.
    pub(super) neighbour: usize,
}

/// The taps along one axis of a convolution, or of its gradient with respect to the input.
#[derive(Clone, Debug)]
pub(super) struct Reach {
    pub(super) patterns: Vec<Pattern>,
    pub(super) sites: Vec<Site>,
    /// From one valid tap to the next.
    pub(super) tap_step: usize,
    /// From what one valid tap meets to what the next one does: 1, or -1 where larger taps come from smaller outputs.
    pub(super) neighbour_step: isize,
}

impl Reach {
    /// From outputs to the inputs they are computed from: `i = o stride + tap - padding`.
    pub(super) fn forward(inputs: usize, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Self {
        Self::new(outputs, kernel, 1, 1, |output, tap| {
            (output * stride + tap).checked_sub(padding).filter(|&input| input < inputs)
        })
    }

    /// From inputs to the outputs they contribute to: `o = (i + padding - tap) / stride`, where that is whole.
    pub(super) fn backward(inputs: usize, outputs: usize, kernel: usize, stride: usize, padding: usize) -> Self {
        Self::new(inputs, kernel, stride, -1, |input, tap| {
            let strides = (input + padding).checked_sub(tap)?;
            (strides % stride == 0).then_some(strides / stride).filter(|&output| output < outputs)
        })
    }

    /// Of `neighbour(position, tap)`, which is valid for taps a `tap_step` apart in one range.
    fn new(
        positions: usize,
        kernel: usize,
        tap_step: usize,
        neighbour_step: isize,
        neighbour: impl Fn(usize, usize) -> Option<usize>,
    ) -> Self {
        let mut patterns: Vec<Pattern> = Vec::new();
        let site = |position| {
            let met = || (0..kernel).filter_map(|tap| neighbour(position, tap).map(|at| (tap, at)));
            let (first, neighbour) = met().next().unwrap_or((0, 0));
            (Pattern { first, count: met().count() }, neighbour)
        };
        let sites = (0..positions)
            .map(|position| {
                let (pattern, neighbour) = site(position);
                let index = patterns.iter().position(|known| *known == pattern).unwrap_or_else(|| {
                    patterns.push(pattern);
                    patterns.len() - 1
                });
                Site { pattern: index, neighbour }
            })
            .collect();
        Self { patterns, sites, tap_step, neighbour_step }
    }

    /// The pattern of a position.
    pub(super) fn pattern(&self, position: usize) -> Pattern {
        self.patterns[self.sites[position].pattern]
    }

    /// What a position meets with a tap, of a [`Reach::forward`].
    pub(super) fn input(&self, output: usize, tap: usize) -> Option<usize> {
        let Pattern { first, count } = self.pattern(output);
        let index = tap.checked_sub(first).filter(|&index| index < count)?;
        Some(self.sites[output].neighbour + index)
    }

    /// Valid taps of all positions together.
    pub(super) fn valid_taps(&self) -> usize {
        (0..self.sites.len()).map(|position| self.pattern(position).count).sum()
    }
}
