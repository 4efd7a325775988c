//! What is left of a gap without the images that a test set shares with training sets.

use nt_records::number::counted;
use nt_stats::verdict::{Estimate, Verdict};

/// A cell judged without the test images that are also training images.
#[derive(Debug, Clone, PartialEq)]
pub struct WithoutOverlap {
    /// Number of test images left out: exact copies and candidates, among the target's and the source's training
    /// images.
    pub num_left_out: usize,
    /// The gap on the other images, adjusted over the family; `None` if no image is left.
    pub gap: Option<Estimate>,
    /// The verdict on the other images, before gates.
    pub verdict: Option<Verdict>,
    /// Whether the gap on the other images is shown to be inside ±δ.
    pub equivalent: bool,
}

impl WithoutOverlap {
    /// "12 test images that are, or look like, training images".
    pub fn left_out_in_words(&self) -> String {
        let are = match self.num_left_out {
            1 => "is, or looks like, a training image",
            _ => "are, or look like, training images",
        };
        format!("{} that {are}", counted(self.num_left_out, "test image"))
    }
}
