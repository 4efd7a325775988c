//! Decodes JPEG and PNG files to RGB pixels, the same on every machine.

use image::codecs::png::PngDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};
use std::io::Cursor;
use thiserror::Error;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// The JPEG decoder's name. It is part of cache keys, since another version may round differently.
pub(super) const JPEG_DECODER: &str = "zune-jpeg 0.5.15, scalar";

/// Longest side of a picture, pixels.
const MAX_SIDE: usize = 65_535;

/// Why an image file cannot be used.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The file cannot be read.
    #[error("cannot be read: {source}")]
    Read {
        /// Why not.
        source: std::io::Error,
    },
    /// The file begins neither like a JPEG nor like a PNG.
    #[error("is neither JPEG nor PNG (it begins with {first_bytes:02x?})")]
    UnknownFormat {
        /// Its first bytes, eight at most.
        first_bytes: Vec<u8>,
    },
    /// A JPEG without its end.
    #[error("is cut short: a JPEG of {length} bytes without its end-of-image marker")]
    CutShort {
        /// Bytes there are.
        length: usize,
    },
    /// A JPEG that cannot be decoded.
    #[error("is not a valid JPEG: {source}")]
    Jpeg {
        /// The decoder's reason.
        source: DecodeErrors,
    },
    /// A PNG that cannot be decoded.
    #[error("is not a valid PNG: {source}")]
    Png {
        /// The decoder's reason.
        source: image::ImageError,
    },
    /// The decoder's output does not fit the size in the header.
    #[error("decodes to {found} bytes, which do not make {width} × {height} pixels")]
    Inconsistent {
        /// Bytes decoded.
        found: usize,
        /// Width in the header, pixels.
        width: usize,
        /// Height in the header, pixels.
        height: usize,
    },
    /// The file is no longer what it was when the data set was opened.
    #[error("changed while it was in use")]
    Changed,
}

/// Decodes a JPEG or PNG file, told apart by its first bytes, to 8-bit RGB.
///
/// Grey is spread over the three channels; palettes and low bit depths are expanded; 16 bits are rounded to 8; CMYK is
/// multiplied out. Embedded colour profiles and gamma are ignored, as torchvision does. A picture is turned upright as
/// its EXIF data say, and transparency is blended with white, since people see it so. Torchvision does neither: by
/// default it ignores the orientation, and it drops the alpha channel.
///
/// JPEG is decoded strictly, by scalar code alone, since the decoder's vector code does not promise the same bits.
///
/// # Errors
/// [`DecodeError`], for a file that is cut short, damaged, or of another format.
pub fn decode(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    match bytes {
        [0xff, 0xd8, ..] => decode_jpeg(bytes),
        [0x89, b'P', b'N', b'G', ..] => decode_png(bytes).map_err(|source| DecodeError::Png { source }),
        _ => Err(DecodeError::UnknownFormat { first_bytes: bytes[..bytes.len().min(8)].to_vec() }),
    }
}

fn decode_jpeg(bytes: &[u8]) -> Result<RgbImage, DecodeError> {
    if !has_end_of_image(bytes) {
        return Err(DecodeError::CutShort { length: bytes.len() });
    }
    let options = DecoderOptions::new_safe()
        .set_use_unsafe(false)
        .set_strict_mode(true)
        .set_max_width(MAX_SIDE)
        .set_max_height(MAX_SIDE)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let pixels = decoder.decode().map_err(|source| DecodeError::Jpeg { source })?;
    let (width, height) = decoder.info().map_or((0, 0), |info| (usize::from(info.width), usize::from(info.height)));
    let orientation = decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk));
    let found = pixels.len();
    let picture = RgbImage::from_raw(width as u32, height as u32, pixels)
        .filter(|_| found == width * height * 3)
        .ok_or(DecodeError::Inconsistent { found, width, height })?;
    Ok(upright(picture, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Whether a JPEG's markers lead to its end of image. The decoder does not notice a cut within the last row of blocks.
fn has_end_of_image(bytes: &[u8]) -> bool {
    // Goes segment by segment, since a thumbnail in a segment has an end of image of its own. Within coded data, 0xff
    // is followed by 0 or by a restart marker.
    let mut at = 2;
    loop {
        let Some(distance) = bytes[at..].windows(2).position(|pair| pair[0] == 0xff && pair[1] != 0xff) else {
            return false;
        };
        let marker = bytes[at + distance + 1];
        at += distance + 2;
        match marker {
            0xd9 => return true,
            0x00 | 0x01 | 0xd0..=0xd8 => {}
            _ => {
                let Some(&[high, low]) = bytes.get(at..at + 2) else { return false };
                at = (at + usize::from(u16::from_be_bytes([high, low]))).min(bytes.len());
            }
        }
    }
}

fn decode_png(bytes: &[u8]) -> Result<RgbImage, image::ImageError> {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE as u32);
    limits.max_image_height = Some(MAX_SIDE as u32);
    let mut decoder = PngDecoder::with_limits(Cursor::new(bytes), limits)?;
    let orientation = decoder.orientation()?;
    let decoded = DynamicImage::from_decoder(decoder)?;
    let is_opaque_8_bit = decoded.as_rgb8().is_some() || decoded.as_luma8().is_some();
    let picture = if is_opaque_8_bit { decoded.into_rgb8() } else { on_white(&decoded) };
    Ok(upright(picture, orientation))
}

/// Blends 16-bit RGBA with white and rounds to 8 bits. Exact for opaque 8-bit pixels.
fn on_white(picture: &DynamicImage) -> RgbImage {
    const MAX: u64 = 65_535;
    let rgba = picture.to_rgba16();
    let mut rgb = RgbImage::new(rgba.width(), rgba.height());
    for (target, source) in rgb.pixels_mut().zip(rgba.pixels()) {
        let alpha = u64::from(source[3]);
        for channel in 0..3 {
            let blended = u64::from(source[channel]) * alpha + MAX * (MAX - alpha);
            // blended / MAX is the 16-bit value, and 257 of its steps are one 8-bit step.
            target[channel] = ((blended + MAX * 257 / 2) / (MAX * 257)) as u8;
        }
    }
    rgb
}

fn upright(picture: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return picture;
    }
    let mut picture = DynamicImage::ImageRgb8(picture);
    picture.apply_orientation(orientation);
    picture.into_rgb8()
}

#[cfg(test)]
mod tests;
