//! Decodes JPEG and PNG files to RGB pixels, the same on every machine.

mod exif;
mod jpeg;
mod png;
mod turn;

pub use jpeg::JpegFault;

use image::metadata::Orientation;
use image::{DynamicImage, RgbImage};
use std::fs::{self, File};
use std::io::Read;
use std::ops::Deref;
use std::path::Path;
use thiserror::Error;
use turn::Turn;

/// The JPEG decoder's name. It is part of cache keys, since another version may round differently.
pub(super) const JPEG_DECODER: &str = jpeg::DECODER;

/// The most pixels that a picture may have, in millions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Megapixels(pub u32);

impl Default for Megapixels {
    /// Where Pillow gives up.
    fn default() -> Self {
        Self(179)
    }
}

impl Megapixels {
    fn pixels(self) -> u64 {
        u64::from(self.0) * 1_000_000
    }

    /// Checks a picture's size and waits for its turn, before memory is taken for it.
    fn admit(self, width: usize, height: usize) -> Result<Turn, DecodeError> {
        let num_pixels = width as u64 * height as u64;
        if num_pixels > self.pixels() {
            return Err(DecodeError::TooLarge { width, height, most: self.0 });
        }
        Ok(Turn::wait(num_pixels))
    }
}

/// Why an image file cannot be used.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// The file cannot be read.
    #[error("cannot be read: {source}; {}", nt_disk::advice(source))]
    Read {
        /// Why not.
        source: std::io::Error,
    },
    /// The path leads to a folder, a device or a pipe.
    #[error("is {kind}, not a regular file")]
    NotAFile {
        /// What it is.
        kind: &'static str,
    },
    /// The file is longer than a picture of the allowed size can be.
    #[error("has {length} bytes, more than a picture of {most} megapixels can have")]
    TooLong {
        /// Its length, bytes.
        length: u64,
        /// The limit, megapixels.
        most: u32,
    },
    /// The picture has more pixels than allowed.
    #[error(
        "has {width} × {height} pixels, more than {most} {}",
        if *most == 1 { "megapixel" } else { "megapixels" }
    )]
    TooLarge {
        /// Width in the header, pixels.
        width: usize,
        /// Height in the header, pixels.
        height: usize,
        /// The limit, megapixels.
        most: u32,
    },
    /// The file begins neither like a JPEG nor like a PNG.
    #[error("is {}", format_of(first_bytes))]
    UnknownFormat {
        /// Its first bytes, eight at most.
        first_bytes: Vec<u8>,
    },
    /// A JPEG that cannot be decoded, or that decoders disagree about.
    #[error("is not a valid JPEG: {source}")]
    Jpeg {
        /// What is wrong with it.
        source: JpegFault,
    },
    /// A PNG that cannot be decoded.
    #[error("is not a valid PNG: {source}")]
    Png {
        /// The decoder's reason.
        source: ::png::DecodingError,
    },
    /// A PNG whose palette is cut, or lacks a colour that the picture uses.
    #[error("is not a valid PNG: its palette is cut, or lacks a colour that the picture uses")]
    Palette,
    /// The decoder gave up with a panic, which is a fault of its own.
    #[error("cannot be decoded: the decoder failed on it ({message}); write the picture anew")]
    Panic {
        /// What it said.
        message: String,
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

impl DecodeError {
    /// What makes the picture usable; empty where the message says so itself.
    pub fn step(&self) -> &'static str {
        match self {
            Self::Read { .. } | Self::Panic { .. } => "",
            Self::NotAFile { .. } => "remove it",
            Self::TooLong { .. } | Self::TooLarge { .. } => {
                "set a larger max_megapixels for the data set, or remove it"
            }
            Self::Changed => "run the same command again once nothing writes there",
            Self::UnknownFormat { .. } => "save it as JPEG or PNG, or remove it",
            Self::Jpeg { .. } | Self::Png { .. } | Self::Palette | Self::Inconsistent { .. } => "repair or remove it",
        }
    }
}

/// A format in words, by a file's first bytes.
fn format_of(first_bytes: &[u8]) -> String {
    let known: [(&[u8], &str); 9] = [
        (b"GIF8", "a GIF"),
        (b"BM", "a BMP"),
        (b"II*\0", "a TIFF"),
        (b"MM\0*", "a TIFF"),
        (b"%PDF", "a PDF"),
        (b"<svg", "an SVG"),
        (b"<!DO", "a web page"),
        (b"<htm", "a web page"),
        (b"PK\x03\x04", "a ZIP archive"),
    ];
    if first_bytes.is_empty() {
        return "empty".to_owned();
    }
    let name = known.iter().find(|(magic, _)| first_bytes.starts_with(magic)).map(|(_, name)| *name);
    // The formats of containers are named after four bytes of their length.
    let name = name.or(match first_bytes {
        [b'R', b'I', b'F', b'F', ..] => Some("a WebP"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("an AVIF or HEIC"),
        _ => None,
    });
    match name {
        Some(name) => format!("{name}, neither JPEG nor PNG"),
        None => {
            let hex: Vec<String> = first_bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("neither JPEG nor PNG (its first bytes are {})", hex.join(" "))
        }
    }
}

/// The bytes of a regular file that is no longer than a picture of the allowed size can be.
///
/// # Errors
/// [`DecodeError`] if it is a folder, a device or a pipe (which might never end), too long, or unreadable.
pub(super) fn read(path: &Path, most: Megapixels) -> Result<Vec<u8>, DecodeError> {
    let failed = |source| DecodeError::Read { source };
    let metadata = fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        let kind = if metadata.is_dir() { "a folder" } else { "a device or a pipe" };
        return Err(DecodeError::NotAFile { kind });
    }
    // A pixel has eight bytes at most, and a header less than a megabyte.
    let longest = 8 * most.pixels() + (1 << 20);
    if metadata.len() > longest {
        return Err(DecodeError::TooLong { length: metadata.len(), most: most.0 });
    }
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(longest + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > longest {
        return Err(DecodeError::TooLong { length: metadata.len(), most: most.0 });
    }
    Ok(bytes)
}

/// Whether a file would be decoded. Of a JPEG no pixels are made.
///
/// # Errors
/// As [`decode`].
pub(super) fn check(bytes: &[u8], most: Megapixels) -> Result<(), DecodeError> {
    match bytes {
        [0xff, 0xd8, ..] => nt_disk::guarded(|| jpeg::check(bytes, most).map(drop))
            .unwrap_or_else(|message| Err(DecodeError::Panic { message })),
        _ => decode(bytes, most).map(drop),
    }
}

/// A picture's RGB pixels. While one of more than 32 megapixels is kept, no other thread decodes one.
#[derive(Debug)]
pub struct Picture {
    pixels: RgbImage,
    _turn: Turn,
}

impl Deref for Picture {
    type Target = RgbImage;

    fn deref(&self) -> &RgbImage {
        &self.pixels
    }
}

/// A decoded file, not yet turned upright.
struct Decoded {
    pixels: RgbImage,
    orientation: Orientation,
    turn: Turn,
}

/// Decodes a JPEG or PNG file, told apart by its first bytes, to 8-bit RGB.
///
/// Grey is spread over the three channels; palettes and low bit depths are expanded; 16 bits are rounded to 8; CMYK is
/// multiplied out. Embedded colour profiles and gamma are ignored, as torchvision does. A picture is turned upright as
/// its EXIF data say, and transparency is blended with white, since people see it so. Torchvision does neither: by
/// default it ignores the orientation, and it drops the alpha channel.
///
/// A JPEG that libjpeg would warn of is refused, and so is one of a kind that decoders disagree about.
///
/// # Errors
/// [`DecodeError`], for a file that is cut short, damaged, too large, or of another format.
pub fn decode(bytes: &[u8], most: Megapixels) -> Result<Picture, DecodeError> {
    nt_disk::guarded(|| {
        let Decoded { pixels, orientation, turn } = match bytes {
            [0xff, 0xd8, ..] => jpeg::decode(bytes, most)?,
            [0x89, b'P', b'N', b'G', ..] => png::decode(bytes, most)?,
            _ => return Err(DecodeError::UnknownFormat { first_bytes: bytes[..bytes.len().min(8)].to_vec() }),
        };
        Ok(Picture { pixels: upright(pixels, orientation), _turn: turn })
    })
    .unwrap_or_else(|message| Err(DecodeError::Panic { message }))
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
