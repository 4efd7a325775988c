//! PNG files.

use super::{DecodeError, Megapixels};
use image::RgbImage;
use image::metadata::Orientation;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Limits, Transformations};
use std::io::Cursor;

/// Decodes a PNG to RGB, and says how the picture is to be turned.
pub(super) fn decode(bytes: &[u8], most: Megapixels) -> Result<(RgbImage, Orientation), DecodeError> {
    let refused = |source| DecodeError::Png { source };
    let mut options = DecodeOptions::default();
    // Text and a colour profile change no pixel. They are packed, and would be unpacked whatever memory that takes.
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    options.set_ignore_adler32(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    // Nothing else is larger than the file, and the check below bounds what its pixels take.
    decoder.set_limits(Limits { bytes: usize::MAX });
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(refused)?;
    let (width, height) = (reader.info().width, reader.info().height);
    most.check(width as usize, height as usize)?;
    let orientation = reader.info().exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
    let too_large = DecodeError::TooLarge { width: width as usize, height: height as usize, most: most.0 };
    let mut samples = vec![0; reader.output_buffer_size().ok_or(too_large)?];
    reader.next_frame(&mut samples).map_err(refused)?;
    let (colour, depth) = reader.output_color_type();
    let picture = match (colour, depth) {
        (ColorType::Rgb, BitDepth::Eight) => {
            let found = samples.len();
            RgbImage::from_raw(width, height, samples).ok_or(DecodeError::Inconsistent {
                found,
                width: width as usize,
                height: height as usize,
            })?
        }
        (colour, BitDepth::Sixteen) => {
            blend(width, height, colour, samples.as_chunks().0, |&pair| u16::from_be_bytes(pair))
        }
        (colour, _) => blend(width, height, colour, &samples, |&byte| u16::from(byte) * 257),
    };
    Ok((picture, orientation.unwrap_or(Orientation::NoTransforms)))
}

/// Blends with white and rounds to 8 bits. Exact for opaque 8-bit pixels. It goes pixel by pixel, since a copy with 16
/// bits of every channel would take several times the picture's memory.
fn blend<S>(width: u32, height: u32, colour: ColorType, samples: &[S], wide: impl Fn(&S) -> u16) -> RgbImage {
    const MAX: u64 = 65_535;
    let mut rgb = RgbImage::new(width, height);
    for (target, pixel) in rgb.pixels_mut().zip(samples.chunks_exact(colour.samples())) {
        let (channels, alpha) = match pixel {
            [grey] => ([grey; 3], u16::MAX),
            [grey, alpha] => ([grey; 3], wide(alpha)),
            [red, green, blue] => ([red, green, blue], u16::MAX),
            [red, green, blue, alpha, ..] => ([red, green, blue], wide(alpha)),
            [] => continue,
        };
        let alpha = u64::from(alpha);
        for (channel, sample) in channels.into_iter().enumerate() {
            let blended = u64::from(wide(sample)) * alpha + MAX * (MAX - alpha);
            // blended / MAX is the 16-bit value, and 257 of its steps are one 8-bit step.
            target[channel] = ((blended + MAX * 257 / 2) / (MAX * 257)) as u8;
        }
    }
    rgb
}
