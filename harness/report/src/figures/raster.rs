//! Figures as PNG, drawn large and averaged down: smooth lines without a system font.

use std::sync::{Condvar, Mutex, PoisonError};

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

/// Bytes of drawn pixels that are held at a time. A figure with more than that is drawn while no other is.
const MOST_HELD: usize = 224 << 20;

/// Bytes of drawn pixels that are held now.
static HELD: Mutex<usize> = Mutex::new(0);
static LET_GO: Condvar = Condvar::new();

/// Room for the pixels of a figure, so that many threads do not hold many large figures at once.
struct Room(usize);

impl Room {
    fn take(bytes: usize) -> Self {
        let bytes = bytes.min(MOST_HELD);
        let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
        let held = LET_GO.wait_while(held, |held| *held + bytes > MOST_HELD);
        *held.unwrap_or_else(PoisonError::into_inner) += bytes;
        Self(bytes)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        *HELD.lock().unwrap_or_else(PoisonError::into_inner) -= self.0;
        LET_GO.notify_all();
    }
}

/// The figure as a PNG file, twice as large as its SVG.
pub(super) fn png(spec: &FigureSpec) -> Result<Vec<u8>, FigureError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| FigureError::Draw {
        figure: spec.name.clone(),
        format: "PNG",
        source,
    };
    let layout = Layout::new(spec);
    let (width, height) = ((layout.width * SCALE) as usize, (layout.height * SCALE) as usize);
    // Held until the picture is compressed.
    let _room = Room::take(3 * width * height);
    let mut pixels = vec![0xFF; 3 * width * height];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width as u32, height as u32)).into_drawing_area();
        let canvas = Canvas { area: &area, setting: TextSetting::Raster };
        draw::figure(&canvas, spec, &layout).map_err(|error| failed(error.into()))?;
        area.present().map_err(|error| failed(error.into()))?;
    }
    let small = averaged(&pixels, width, height);
    drop(pixels);
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
