//! How pictures of any size become squares of the network's input.

use toml_edit::{Table, value};

use crate::choice::choice;
use crate::diagnostic::Code;
use crate::place::{Located, Span};
use crate::reader::{Key, Report, TableReader, optional};
use crate::writer::insert_count;

choice! {
    /// How a picture that is not square becomes square.
    pub enum PictureFit {
        /// Width and height are scaled by factors of their own. Nothing is lost, and shapes are distorted. Torchvision's
        /// `Resize((side, side))`.
        Stretch = "stretch",
        /// The shorter side is scaled, and the middle is kept. Torchvision's `Resize(shorter_side)` and `CenterCrop(side)`.
        CentreCrop = "centre-crop",
    }
}

choice! {
    /// By what arithmetic a picture is scaled. Both are bilinear with antialiasing, and differ by a level of 255 here and there.
    pub enum Resampler {
        /// As torchvision scales tensors: in single precision, rounded once.
        Tensor = "tensor",
        /// As Pillow scales images, and torchvision those that Pillow opened: in whole numbers, rounded after rows and after columns.
        Pil = "pil",
    }
}

/// How pictures become squares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Resizing {
    /// How one that is not square becomes square.
    pub fit: PictureFit,
    /// What the shorter side is scaled to before the middle is kept, pixels; the network's input if `None`.
    pub shorter_side: Option<usize>,
    /// By what arithmetic.
    pub resampler: Resampler,
}

/// Largest `shorter_side`, pixels.
const LARGEST: u64 = 1_024;

impl Resizing {
    /// Stretched to the input, as torchvision scales tensors.
    pub const STRETCHED: Self = Self { fit: PictureFit::Stretch, shorter_side: None, resampler: Resampler::Tensor };

    pub(super) const KEYS: &'static [Key] = &[optional("fit"), optional("shorter_side"), optional("resampler")];

    /// Reads the keys `fit`, `shorter_side` and `resampler`.
    pub(super) fn read(reader: &TableReader<'_, '_>, report: &mut Report) -> WrittenResizing {
        let fit = reader.choice::<PictureFit>("fit", report);
        let shorter_side = reader.count("shorter_side", 32..=LARGEST, report);
        let is_cropped = fit.as_ref().is_some_and(|fit| fit.value == PictureFit::CentreCrop);
        if let (Some(given), false) = (&shorter_side, is_cropped) {
            let label = "add `fit = \"centre-crop\"`, or leave `shorter_side` out";
            report.fault(
                Code::KeyOfOtherKind,
                &given.span,
                "`shorter_side` is of pictures whose middle is kept",
                label,
                None,
            );
        }
        let resampler = reader.choice::<Resampler>("resampler", report);
        let resizing = Self {
            fit: fit.map_or(PictureFit::Stretch, |fit| fit.value),
            shorter_side: shorter_side.as_ref().map(|side| side.value as usize),
            resampler: resampler.map_or(Resampler::Tensor, |resampler| resampler.value),
        };
        WrittenResizing { resizing, shorter_side }
    }

    /// Writes the keys, but for defaults.
    pub(super) fn insert_into(&self, table: &mut Table) {
        if self.fit != PictureFit::Stretch {
            table.insert("fit", value(self.fit.word()));
        }
        if let Some(side) = self.shorter_side {
            insert_count(table, "shorter_side", side as u64);
        }
        if self.resampler != Resampler::Tensor {
            table.insert("resampler", value(self.resampler.word()));
        }
    }
}

/// How pictures become squares, as it is written.
#[derive(Clone, Debug)]
pub(crate) struct WrittenResizing {
    pub(crate) resizing: Resizing,
    shorter_side: Option<Located<u64>>,
}

impl WrittenResizing {
    /// Where a shorter side stands that leaves less than an input of this side.
    pub(crate) fn too_short_for(&self, input: u64) -> Option<(&Span, u64)> {
        let given = self.shorter_side.as_ref().filter(|given| given.value < input)?;
        Some((&given.span, given.value))
    }
}
