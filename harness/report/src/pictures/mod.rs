//! Pictures that runs wrote for the page.

mod contact_sheets;
mod filters;
mod thumbnails;

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};
use libjpeg_turbo_rs::{JpegError, PixelFormat, Subsampling, compress_optimized};
use nt_disk::FileError;
use nt_records::pictures::PicturesError;
use thiserror::Error;

pub(crate) use contact_sheets::{ContactSheet, contact_sheets, section as contact_sheets_section};
pub(crate) use filters::{FirstLayer, first_layers, section as filters_section};
pub(crate) use thumbnails::{ThumbnailSheet, images as thumbnail_images, sheets as thumbnail_sheets, style};

/// Why a picture cannot be shown.
#[derive(Debug, Error)]
pub enum PictureError {
    /// A file does not hold a picture.
    #[error("{} is not a picture: {source}; `nt run SCENARIO --out FOLDER` makes it again", path.display())]
    NoPicture {
        /// The file.
        path: PathBuf,
        /// What the decoder says.
        source: ImageError,
    },
    /// A picture cannot be written for the page.
    #[error("a picture of the page cannot be made: {0}")]
    NotMade(#[from] JpegError),
    /// A file of several pictures cannot be read.
    #[error(transparent)]
    Pictures(#[from] PicturesError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl PictureError {
    /// Whether the system refused, which says nothing of what a file holds.
    pub(crate) fn is_of_the_system(&self) -> bool {
        matches!(self, Self::File(_) | Self::Pictures(PicturesError::File(_)))
    }
}

/// The picture as a PNG file.
fn png(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::Adaptive);
    encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
    Ok(file)
}

/// The quality of JPEGs: no difference is seen at the size of the page.
const JPEG_QUALITY: u8 = 85;

/// The picture as a JPEG file, a quarter of its PNG where it shows photographs or noise.
fn jpeg(picture: &RgbImage) -> Result<Vec<u8>, JpegError> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    compress_optimized(picture, width, height, PixelFormat::Rgb, JPEG_QUALITY, Subsampling::S444)
}

/// A file of this kind as an address that needs no other file.
fn address(kind: &str, file: &[u8]) -> String {
    format!("data:image/{kind};base64,{}", STANDARD.encode(file))
}
