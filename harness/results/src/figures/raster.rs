//! Figures as PNG, drawn large and averaged down: smooth lines without a system font.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder};
use plotters::prelude::*;

use super::canvas::{Canvas, SCALE, TextSetting};
use super::draw::{self, Layout};
use super::{FigureError, FigureSpec};

/// Drawn pixels averaged into one of the PNG, in each direction; the PNG then has two a figure pixel.
const AVERAGED: usize = 2;

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
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Fast, FilterType::Adaptive);
    let size = ((width / AVERAGED) as u32, (height / AVERAGED) as u32);
    encoder.write_image(&small, size.0, size.1, ExtendedColorType::Rgb8).map_err(|error| failed(error.into()))?;
    Ok(file)
}

/// out[y, x, c] = mean over the AVERAGED × AVERAGED pixels there, rounded.
fn averaged(pixels: &[u8], width: usize, height: usize) -> Vec<u8> {
    const COUNT: u16 = (AVERAGED * AVERAGED) as u16;
    let (small_width, small_height) = (width / AVERAGED, height / AVERAGED);
    let mut small = Vec::with_capacity(3 * small_width * small_height);
    for rows in pixels.chunks_exact(3 * width * AVERAGED) {
        for x in 0..small_width {
            let mut sums = [COUNT / 2; 3];
            for row in rows.chunks_exact(3 * width) {
                for pixel in row[3 * AVERAGED * x..][..3 * AVERAGED].chunks_exact(3) {
                    for (sum, &value) in sums.iter_mut().zip(pixel) {
                        *sum += u16::from(value);
                    }
                }
            }
            small.extend(sums.map(|sum| (sum / COUNT) as u8));
        }
    }
    small
}
