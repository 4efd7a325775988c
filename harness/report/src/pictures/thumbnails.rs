//! The test images that treatments lose and win. All of a target's are in one picture, of which drawers show parts.

use std::collections::BTreeMap;
use std::path::Path;

use image::RgbImage;
use maud::{Markup, html};

use super::{PictureError, address, jpeg};
use nt_analysis::{Analysis, FlippedImage, FlippedImages};
use nt_records::pictures::Thumbnails;

/// Pictures in a row of the sheet.
const COLUMNS: usize = 32;
/// The most pictures of one page. Images beyond it are named by their number.
const MOST: usize = 768;

/// A target's thumbnails in one picture.
pub(crate) struct ThumbnailSheet {
    /// Its number among the page's sheets.
    number: usize,
    places: BTreeMap<u32, usize>,
    num_rows: usize,
    address: String,
}

/// The place of a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Thumbnail {
    sheet: usize,
    column: usize,
    row: usize,
}

impl ThumbnailSheet {
    fn thumbnail(&self, example_id: u32) -> Option<Thumbnail> {
        let place = *self.places.get(&example_id)?;
        Some(Thumbnail { sheet: self.number, column: place % COLUMNS, row: place / COLUMNS })
    }
}

/// For each target whose runs wrote thumbnails, a sheet of the images that some cell shows.
pub(crate) fn sheets(
    dir: &Path,
    analysis: &Analysis,
    listed: &[usize],
) -> Result<BTreeMap<String, ThumbnailSheet>, PictureError> {
    let mut sheets = BTreeMap::new();
    let mut num_left = MOST;
    for target in &analysis.study.targets {
        let Some(thumbnails) = Thumbnails::read(dir, &target.name)? else { continue };
        let mut places = BTreeMap::new();
        let mut pictures = Vec::new();
        for example_id in shown(analysis, listed, &target.name) {
            if let Some(picture) = thumbnails.picture(example_id).filter(|_| pictures.len() < num_left)
                && !places.contains_key(&example_id)
            {
                places.insert(example_id, pictures.len());
                pictures.push(picture);
            }
        }
        if pictures.is_empty() {
            continue;
        }
        num_left -= pictures.len();
        let (sheet, num_rows) = composed(&pictures, thumbnails.side());
        let (number, address) = (sheets.len(), address("jpeg", &jpeg(&sheet)?));
        sheets.insert(target.name.clone(), ThumbnailSheet { number, places, num_rows, address });
    }
    Ok(sheets)
}

/// The images that the drawers of a target show, in the order of its cells.
fn shown<'a>(analysis: &'a Analysis, listed: &'a [usize], target: &'a str) -> impl Iterator<Item = u32> + 'a {
    let cells = listed.iter().map(|&at| &analysis.cells[at]);
    let of_target = cells.filter(move |cell| cell.key.target == target);
    let flipped = of_target.filter_map(|cell| Some(&cell.effects.as_ref()?.flipped));
    flipped.flat_map(|flipped| flipped.lost.iter().chain(&flipped.won)).map(|image| image.example_id)
}

fn composed(pictures: &[&[u8]], side: usize) -> (RgbImage, usize) {
    let num_rows = pictures.len().div_ceil(COLUMNS);
    let mut sheet = RgbImage::new((COLUMNS * side) as u32, (num_rows * side) as u32);
    for (place, picture) in pictures.iter().enumerate() {
        let (left, top) = (place % COLUMNS * side, place / COLUMNS * side);
        for (at, pixel) in picture.chunks_exact(3).enumerate() {
            let (x, y) = (left + at % side, top + at / side);
            sheet.put_pixel(x as u32, y as u32, image::Rgb([pixel[0], pixel[1], pixel[2]]));
        }
    }
    (sheet, num_rows)
}

/// The rules that put each sheet behind its thumbnails.
pub(crate) fn style(sheets: &BTreeMap<String, ThumbnailSheet>) -> String {
    let rule = |sheet: &ThumbnailSheet| {
        let ThumbnailSheet { number, num_rows, address, .. } = sheet;
        format!(
            ".thumb-{number} {{ background-image: url({address}); background-size: calc({COLUMNS} * var(--thumb)) \
             calc({num_rows} * var(--thumb)); }}\n"
        )
    };
    sheets.values().map(rule).collect()
}

/// The images that a cell loses and wins most often.
pub(crate) fn images(
    flipped: &FlippedImages,
    num_reference_runs: u32,
    sheet: Option<&ThumbnailSheet>,
    class_name: &dyn Fn(usize) -> String,
) -> Markup {
    let lists = [
        ("lost", "Right from scratch, wrong here", &flipped.lost),
        ("won", "Wrong from scratch, right here", &flipped.won),
    ];
    html! {
        @if !(flipped.lost.is_empty() && flipped.won.is_empty()) {
            h3 { "Test images that change most often" }
            p.soft {
                "Number of replicates, of " (flipped.num_replicates) ", minus those in which it is the other way round"
                @if num_reference_runs > 1 { ", against run 1 of scratch in each" }
                "."
            }
            @for (name, words, images) in lists {
                @if !images.is_empty() {
                    h4 { (words) }
                    ul.flips aria-label=(words) {
                        @for image in images { li { (one(image, name, sheet, class_name)) } }
                    }
                }
            }
        }
    }
}

fn one(
    image: &FlippedImage,
    name: &str,
    sheet: Option<&ThumbnailSheet>,
    class_name: &dyn Fn(usize) -> String,
) -> Markup {
    let net = image.num_lost.abs_diff(image.num_won);
    let class = image.classes.iter().map(|&class| class_name(class)).collect::<Vec<_>>().join(", ");
    let title = format!("test image {}: lost {}, won {}", image.example_id, image.num_lost, image.num_won);
    // A thousand drawers hold these, so every byte counts.
    html! {
        @match sheet.and_then(|sheet| sheet.thumbnail(image.example_id)) {
            Some(Thumbnail { sheet, column, row }) => {
                b class={ "thumb thumb-" (sheet) } role="img" title=(title) style={ "--x:" (column) ";--y:" (row) } {}
            }
            None => b title=(title) { "no. " (image.example_id) },
        }
        (class) br; (name) " " (net)
    }
}
