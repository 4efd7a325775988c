//! PNG files.

use super::exif::orientation;
use super::{DecodeError, Decoded, Megapixels};
use image::RgbImage;
use png::{BitDepth, ColorType, DecodeOptions, Decoder, Info, Limits, Transformations};
use std::io::Cursor;

/// Decodes a PNG to RGB, and says how the picture is to be turned.
pub(super) fn decode(bytes: &[u8], most: Megapixels) -> Result<Decoded, DecodeError> {
    let refused = |source| DecodeError::Png { source };
    let mut options = DecodeOptions::default();
    // Text and a colour profile change no pixel. They are packed, and would be unpacked whatever memory that takes.
    options.set_ignore_text_chunk(true);
    options.set_ignore_iccp_chunk(true);
    options.set_ignore_adler32(false);
    options.set_skip_ancillary_crc_failures(false);
    let mut decoder = Decoder::new_with_options(Cursor::new(bytes), options);
    // Nothing else is larger than the file, and the check below bounds what its pixels take.
    decoder.set_limits(Limits { bytes: usize::MAX });
    let header = decoder.read_header_info().map_err(refused)?;
    let (width, height, is_indexed) = (header.width, header.height, header.color_type == ColorType::Indexed);
    let turn = most.admit(width as usize, height as usize)?;
    // The crate takes a colour that its palette lacks for black.
    decoder.set_transformations(if is_indexed { Transformations::IDENTITY } else { Transformations::EXPAND });
    let mut reader = decoder.read_info().map_err(refused)?;
    let too_large = DecodeError::TooLarge { width: width as usize, height: height as usize, most: most.0 };
    let mut samples = vec![0; reader.output_buffer_size().ok_or(too_large)?];
    reader.next_frame(&mut samples).map_err(refused)?;
    let (colour, depth) = reader.output_color_type();
    let pixels = match (colour, depth) {
        (ColorType::Indexed, depth) => of_palette(reader.info(), depth, &samples)?,
        (ColorType::Rgb, BitDepth::Eight) => {
            let (found, width, height) = (samples.len(), width as usize, height as usize);
            RgbImage::from_raw(width as u32, height as u32, samples).ok_or(DecodeError::Inconsistent {
                found,
                width,
                height,
            })?
        }
        (colour, BitDepth::Sixteen) => {
            let pixels = samples.as_chunks().0.chunks_exact(colour.samples());
            blend(width, height, pixels, |&pair| u16::from_be_bytes(pair))
        }
        (colour, _) => blend(width, height, samples.chunks_exact(colour.samples()), |&byte| u16::from(byte) * 257),
    };
    // What follows the pixels may say how the picture is to be turned, or that the file is cut.
    reader.finish().map_err(refused)?;
    Ok(Decoded { pixels, orientation: orientation(reader.info().exif_metadata.as_deref()), turn })
}

/// The colours of indices, which are packed row by row.
fn of_palette(info: &Info<'_>, depth: BitDepth, samples: &[u8]) -> Result<RgbImage, DecodeError> {
    let (colours, rest) = info.palette.as_deref().unwrap_or_default().as_chunks::<3>();
    let alphas = info.trns.as_deref().unwrap_or_default();
    if !rest.is_empty() || alphas.len() > colours.len() {
        return Err(DecodeError::Palette);
    }
    let alpha = |index: usize| alphas.get(index).copied().unwrap_or(u8::MAX);
    let palette: Vec<[u8; 4]> =
        colours.iter().enumerate().map(|(index, &[red, green, blue])| [red, green, blue, alpha(index)]).collect();
    let bits = depth as usize;
    let row_bytes = (info.width as usize * bits).div_ceil(8);
    let index = |row: &[u8], x: usize| {
        let (byte, shift) = (row[x * bits / 8], 8 - bits - x * bits % 8);
        usize::from(byte >> shift & (0xff >> (8 - bits)))
    };
    let indices = samples.chunks_exact(row_bytes).flat_map(|row| (0..info.width as usize).map(move |x| index(row, x)));
    // Looked at twice, since a list of all pixels' colours would take several times the picture's memory.
    if !indices.clone().all(|index| index < palette.len()) {
        return Err(DecodeError::Palette);
    }
    let pixels = indices.map(|index| palette[index].as_slice());
    Ok(blend(info.width, info.height, pixels, |&byte| u16::from(byte) * 257))
}

/// Blends with white and rounds to 8 bits. Exact for opaque 8-bit pixels. It goes pixel by pixel, since a copy with 16
/// bits of every channel would take several times the picture's memory.
fn blend<'p, S: 'p>(
    width: u32,
    height: u32,
    pixels: impl Iterator<Item = &'p [S]>,
    wide: impl Fn(&S) -> u16,
) -> RgbImage {
    const MAX: u64 = 65_535;
    let mut rgb = RgbImage::new(width, height);
    for (target, pixel) in rgb.pixels_mut().zip(pixels) {
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
