//! Figures as PNG, drawn large and averaged down: smooth lines without a system font.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use plotters::prelude::*;

use super::canvas::{Canvas, SCALE, TextSetting};
use super::draw::{self, Layout};
use super::{FigureError, FigureSpec};

/// Drawn pixels averaged into one pixel of the PNG, in each direction. The PNG then has two for each figure pixel.
const AVERAGED: usize = 2;

/// Bytes of pixels above which a figure is compressed fast rather than well.
const MOST_SQUEEZED: usize = 24 << 20;

/// The figure as a PNG file, twice as large as its SVG.
pub(super) fn png(spec: &FigureSpec) -> Result<Vec<u8>, FigureError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| FigureError::Draw {
        figure: spec.name.clone(),
        format: "PNG",
        source,
    };
    let layout = Layout::new(spec);
    let (width, height) = ((layout.width * SCALE) as usize, (layout.height * SCALE) as usize);
    let mut pixels = vec![0xFF; 3 * width * height];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width as u32, height as u32)).into_drawing_area();
        let canvas = Canvas { area: &area, setting: TextSetting::Raster };
        draw::figure(&canvas, spec, &layout).map_err(|error| failed(error.into()))?;
        area.present().map_err(|error| failed(error.into()))?;
    }
    let small = averaged(&pixels, width, height);
    let mut file = Vec::new();
    let size = ((width / AVERAGED) as u32, (height / AVERAGED) as u32);
    // Good compression halves the file. A figure of dozens of panels is excepted: it would take most of a report's
    // time.
    let (compression, filter) = if small.len() <= MOST_SQUEEZED {
        (CompressionType::Default, FilterType::NoFilter)
    } else {
        (CompressionType::Fast, FilterType::Adaptive)
    };
    let encoder = PngEncoder::new_with_quality(&mut file, compression, filter);
    encoder.write_image(&small, size.0, size.1, ExtendedColorType::Rgb8).map_err(|error| failed(error.into()))?;
    Ok(file)
}

/// out[y, x, c] = mean over the 2 × 2 pixels there, rounded.
fn averaged(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    let (small_width, small_height) = (width / AVERAGED, height / AVERAGED);
    let mut small = vec![0; 3 * small_width * small_height];
    let rows = pixels.chunks_exact(3 * width * AVERAGED);
    for (to, from) in small.chunks_exact_mut(3 * small_width).zip(rows) {
        let (upper, lower) = from.split_at(3 * width);
        let pairs = upper.chunks_exact(3 * AVERAGED).zip(lower.chunks_exact(3 * AVERAGED));
        for (pixel, (upper, lower)) in to.chunks_exact_mut(3).zip(pairs) {
            for (channel, mean) in pixel.iter_mut().enumerate() {
                let sum = [upper[channel], upper[channel + 3], lower[channel], lower[channel + 3]].map(u16::from);
                *mean = (sum.iter().sum::<u16>() + 2).div_euclid(4) as u8;
            }
        }
    }
    small
}
