//! Pictures that runs left for the page.

mod contact_sheets;
mod filters;
mod thumbnails;

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, ImageError, RgbImage};
use thiserror::Error;

pub(super) use contact_sheets::{ContactSheet, contact_sheets, section as contact_sheets_section};
pub(super) use filters::{FirstLayer, first_layers, section as filters_section};
pub(super) use thumbnails::{ThumbnailSheet, images as thumbnail_images, sheets as thumbnail_sheets, style};

use super::Material;

/// A picture that cannot be shown.
#[derive(Debug, Error)]
#[error("{} is no picture: {source}; `nt run` on the same folder makes it again", path.display())]
pub struct PictureError {
    path: PathBuf,
    source: ImageError,
}

/// The picture as a PNG file.
fn png(picture: &RgbImage) -> Result<Vec<u8>, ImageError> {
    let mut file = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut file, CompressionType::Best, FilterType::Adaptive);
    encoder.write_image(picture, picture.width(), picture.height(), ExtendedColorType::Rgb8)?;
    Ok(file)
}

/// A PNG file as an address that needs no other file.
fn address(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}
