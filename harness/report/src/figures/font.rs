//! The embedded font: the same letters on every machine, without a font of the system.

use std::sync::OnceLock;

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};

/// Inter (SIL Open Font License 1.1, see `assets/Inter-LICENSE.txt`), subset.
const REGULAR: &[u8] = include_bytes!("../../assets/Inter-Regular.otf");
const SEMI_BOLD: &[u8] = include_bytes!("../../assets/Inter-SemiBold.otf");

/// The ratio of plotters' font size to the em: its backends set an em of size / 1.24.
pub(super) const SIZE_PER_EM: f64 = 1.24;

/// Weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

/// The font at an em of `em_px` pixels.
pub(super) fn font(em_px: f64, weight: Weight) -> FontDesc<'static> {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        // Only a broken file could be refused; drawing then reports that there is no font.
        let _ = register_font("sans-serif", FontStyle::Normal, REGULAR);
        let _ = register_font("sans-serif", FontStyle::Bold, SEMI_BOLD);
    });
    let style = match weight {
        Weight::Regular => FontStyle::Normal,
        Weight::Bold => FontStyle::Bold,
    };
    FontDesc::new(FontFamily::SansSerif, em_px * SIZE_PER_EM, style)
}

/// Width of a text in pixels.
pub(super) fn width(text: &str, em_px: f64, weight: Weight) -> f64 {
    // Measured at a large size, because the estimate is in whole pixels.
    const LARGE: f64 = 200.0;
    let (width, _) = font(LARGE, weight).box_size(text).unwrap_or((0, 0));
    f64::from(width) * em_px / LARGE
}
