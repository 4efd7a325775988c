//! Colours that colour-blind readers can tell apart (Okabe and Ito 2008). In grey, the markers tell curves apart.

use plotters::style::RGBColor;

use super::spec::SeriesKind;

/// Text and axes. Dark pages replace it by their own ink, so nothing else may use it.
pub(super) const INK: RGBColor = RGBColor(0x1B, 0x1F, 0x24);
/// Second-rank text. Pages replace it too.
pub(super) const SOFT_INK: RGBColor = RGBColor(0x57, 0x60, 0x6A);
/// Grid lines. Pages replace it too.
pub(super) const GRID: RGBColor = RGBColor(0xE4, 0xE7, 0xEB);
/// The paper. Pages replace it too.
pub(super) const PAPER: RGBColor = RGBColor(0xFF, 0xFF, 0xFF);
/// The reference, its band and its replicates.
pub(super) const REFERENCE: RGBColor = RGBColor(0x7A, 0x7F, 0x87);

/// Text on pale tiles and on strong ones. Pages do not replace it.
pub(super) const TILE_INK: [RGBColor; 2] = [RGBColor(0x14, 0x17, 0x1A), RGBColor(0xFD, 0xFD, 0xFD)];
/// The scale of tiles: harm at its worst, no gap, help at its best.
const SCALE_ENDS: [RGBColor; 3] = [RGBColor(0xB8, 0x4A, 0x00), RGBColor(0xF3, 0xF2, 0xF0), RGBColor(0x00, 0x5F, 0x9E)];
/// None to seven layers frozen, from dark to light (after viridis, van der Walt and Smith 2015, without its palest
/// part).
const DEPTHS: [RGBColor; 8] = [
    RGBColor(0x44, 0x01, 0x54),
    RGBColor(0x46, 0x32, 0x7E),
    RGBColor(0x36, 0x5C, 0x8D),
    RGBColor(0x27, 0x7F, 0x8E),
    RGBColor(0x1F, 0xA1, 0x87),
    RGBColor(0x4A, 0xB0, 0x5D),
    RGBColor(0x8A, 0xAE, 0x1F),
    RGBColor(0xC0, 0x9A, 0x00),
];

/// The colour of a curve: that of its kind, or that of the number of layers it froze.
pub(super) fn series_colour(kind: SeriesKind, pattern: usize) -> RGBColor {
    if kind == SeriesKind::Depth { DEPTHS[pattern.min(DEPTHS.len() - 1)] } else { colour(kind) }
}

/// The colour of a tile; `share` runs from −1 (harm at its worst) to 1.
pub(super) fn tile(share: f64) -> RGBColor {
    let [worst, none, best] = SCALE_ENDS;
    let end = if share < 0.0 { worst } else { best };
    let weight = share.abs().min(1.0);
    let mixed = |from: u8, to: u8| (f64::from(from) + weight * (f64::from(to) - f64::from(from))).round() as u8;
    RGBColor(mixed(none.0, end.0), mixed(none.1, end.1), mixed(none.2, end.2))
}

/// The colour of text on such a tile.
pub(super) fn tile_ink(share: f64) -> RGBColor {
    TILE_INK[usize::from(share.abs() > 0.55)]
}

/// The colour of a kind of curve.
pub(super) fn colour(kind: SeriesKind) -> RGBColor {
    match kind {
        SeriesKind::Frozen | SeriesKind::Specificity => RGBColor(0xD5, 0x5E, 0x00),
        SeriesKind::Partial | SeriesKind::CoAdaptation => RGBColor(0x00, 0x72, 0xB2),
        SeriesKind::FineTuned | SeriesKind::Recovery => RGBColor(0x00, 0x9E, 0x73),
        SeriesKind::Probe => RGBColor(0x8A, 0x6D, 0x00),
        SeriesKind::Untrained => RGBColor(0xB0, 0x5A, 0x8C),
        SeriesKind::Other | SeriesKind::Depth => SOFT_INK,
        SeriesKind::Scratch => REFERENCE,
    }
}
