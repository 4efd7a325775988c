//! Contact sheets: what the data look like, one row for each class.

use std::fs;
use std::io::{self, Cursor};
use std::path::Path;

use image::{ImageFormat, RgbImage};
use maud::{Markup, html};

use super::{PictureError, address, jpeg};
use nt_disk::FileError;

/// The largest width of a sheet, in pixels: twice its width on the page.
const MOST_WIDTH: u32 = 640;
/// The most bytes that all sheets together add to the page. Sheets beyond it are linked.
const MOST_BYTES: usize = 6 << 20;

/// A contact sheet of a dataset.
pub(crate) struct ContactSheet {
    /// The dataset.
    name: String,
    /// The picture as a `data:` address, or its path if there is no more room.
    address: String,
}

/// The contact sheets `artifacts/contact-<dataset>.png`, by name, reduced to the size that the page needs.
pub(crate) fn contact_sheets(dir: &Path) -> Result<Vec<ContactSheet>, PictureError> {
    let folder = dir.join("artifacts");
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(FileError::at("list", &folder)(error).into()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(FileError::at("list", &folder))?.file_name().to_string_lossy().into_owned();
        if let Some(dataset) = name.strip_prefix("contact-").and_then(|rest| rest.strip_suffix(".png")) {
            names.push(dataset.to_owned());
        }
    }
    names.sort();
    let mut num_bytes = 0;
    let mut sheet = |name: String| {
        let path = folder.join(format!("contact-{name}.png"));
        // What stands in its place is told as damage.
        let Some(picture) = nt_disk::read_if_there(&path)? else { return Ok(None) };
        let small = shrunk(&picture).map_err(|source| PictureError::NoPicture { path, source })?;
        let embedded = address("jpeg", &jpeg(&small)?);
        num_bytes += embedded.len();
        let address = if num_bytes > MOST_BYTES { format!("artifacts/contact-{name}.png") } else { embedded };
        Ok(Some(ContactSheet { name, address }))
    };
    names.into_iter().filter_map(|name| sheet(name).transpose()).collect()
}

/// The picture, averaged down by a whole factor to at most [`MOST_WIDTH`].
fn shrunk(picture: &[u8]) -> Result<RgbImage, image::ImageError> {
    let large = image::load(Cursor::new(picture), ImageFormat::Png)?.into_rgb8();
    let factor = large.width().div_ceil(MOST_WIDTH).max(1);
    if factor == 1 {
        return Ok(large);
    }
    let (width, height) = (large.width() / factor, (large.height() / factor).max(1));
    let mean = |x: u32, y: u32, channel: usize| {
        let (xs, ys) = (x * factor..(x + 1) * factor, y * factor..((y + 1) * factor).min(large.height()));
        let count = factor * (ys.end - ys.start);
        let sum: u32 = ys
            .flat_map(|y| xs.clone().map(move |x| (x, y)))
            .map(|(x, y)| u32::from(large.get_pixel(x, y)[channel]))
            .sum();
        ((sum + count / 2) / count) as u8
    };
    Ok(RgbImage::from_fn(width, height, |x, y| image::Rgb(std::array::from_fn(|channel| mean(x, y, channel)))))
}

/// The section of the page.
pub(crate) fn section(sheets: &[ContactSheet]) -> Markup {
    html! {
        @if !sheets.is_empty() {
            section aria-labelledby="data" {
                h2 #data { "The data" }
                div.sheets {
                    @for sheet in sheets {
                        figure {
                            img src=(sheet.address) alt={ "Images of " (sheet.name) ", one row for each class" };
                            figcaption { (sheet.name) ": one row for each class" }
                        }
                    }
                }
            }
        }
    }
}
