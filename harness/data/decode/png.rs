//! PNG files.

use super::{DecodeError, Megapixels};
use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits, LumaA, Rgb, RgbImage};
use std::io::Cursor;

/// Longest side, pixels.
const MAX_SIDE: u32 = 65_535;

/// Decodes a PNG to RGB, and says how the picture is to be turned.
pub(super) fn decode(bytes: &[u8], most: Megapixels) -> Result<(RgbImage, Orientation), DecodeError> {
    let refused = |source| DecodeError::Png { source };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    // The check below bounds what decoding takes.
    limits.max_alloc = None;
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits).map_err(refused)?;
    let (width, height) = decoder.dimensions();
    most.check(width as usize, height as usize)?;
    let orientation = decoder.orientation().map_err(refused)?;
    let decoded = DynamicImage::from_decoder(decoder).map_err(refused)?;
    let is_opaque_8_bit = decoded.as_rgb8().is_some() || decoded.as_luma8().is_some();
    Ok((if is_opaque_8_bit { decoded.into_rgb8() } else { on_white(&decoded) }, orientation))
}

/// Blends with white and rounds to 8 bits. Exact for opaque 8-bit pixels. It goes pixel by pixel, since a copy with 16
/// bits of every channel would take several times the picture's memory.
fn on_white(picture: &DynamicImage) -> RgbImage {
    let wide = |value: u8| u16::from(value) * 257;
    let (width, height) = (picture.width(), picture.height());
    if let Some(picture) = picture.as_rgba8() {
        return blend(width, height, picture.pixels().map(|pixel| pixel.0.map(wide)));
    }
    if let Some(picture) = picture.as_luma_alpha8() {
        return blend(width, height, picture.pixels().map(|&LumaA([grey, alpha])| [grey, grey, grey, alpha].map(wide)));
    }
    if let Some(picture) = picture.as_rgba16() {
        return blend(width, height, picture.pixels().map(|pixel| pixel.0));
    }
    if let Some(picture) = picture.as_rgb16() {
        return blend(width, height, picture.pixels().map(|&Rgb([red, green, blue])| [red, green, blue, u16::MAX]));
    }
    blend(width, height, picture.to_rgba16().pixels().map(|pixel| pixel.0))
}

/// RGB of 8 bits from RGBA of 16.
fn blend(width: u32, height: u32, pixels: impl Iterator<Item = [u16; 4]>) -> RgbImage {
    const MAX: u64 = 65_535;
    let mut rgb = RgbImage::new(width, height);
    for (target, source) in rgb.pixels_mut().zip(pixels) {
        let alpha = u64::from(source[3]);
        for channel in 0..3 {
            let blended = u64::from(source[channel]) * alpha + MAX * (MAX - alpha);
            // blended / MAX is the 16-bit value, and 257 of its steps are one 8-bit step.
            target[channel] = ((blended + MAX * 257 / 2) / (MAX * 257)) as u8;
        }
    }
    rgb
}
