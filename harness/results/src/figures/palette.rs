//! Colours that stay apart for the colour-blind (Okabe and Ito 2008), and in grey by their markers.

use plotters::style::RGBColor;

use super::spec::SeriesKind;

/// Text and axes. Pages replace it by their own ink where they are dark, so nothing else may use it.
pub(super) const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
/// Second-rank text. Pages replace it too.
pub(super) const SOFT_INK: RGBColor = RGBColor(0x57, 0x60, 0x6A);
/// Grid lines. Pages replace it too.
pub(super) const GRID: RGBColor = RGBColor(0xE4, 0xE7, 0xEB);
/// The paper. Pages replace it too.
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
/// The reference, its band and its replicates.
pub(super) const REFERENCE: RGBColor = RGBColor(0x7A, 0x7F, 0x87);

/// The colour of a kind of curve.
pub(super) fn colour(kind: SeriesKind) -> RGBColor {
    match kind {
        SeriesKind::Frozen => RGBColor(0xD5, 0x5E, 0x00),
        SeriesKind::Partial => RGBColor(0x00, 0x72, 0xB2),
        SeriesKind::FineTuned => RGBColor(0x00, 0x9E, 0x73),
        SeriesKind::Untrained => RGBColor(0xB0, 0x5A, 0x8C),
    }
}
