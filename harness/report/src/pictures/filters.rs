//! The first layer of sources, of the networks made from them, and of scratch.

use std::collections::HashMap;
use std::path::Path;

use image::RgbImage;
use maud::{Markup, html};
use nt_scenario::{JobId, Role};

use super::{PictureError, address, png};
use nt_analysis::{Analysis, CellResult};
use nt_records::pictures::Filters;
use nt_records::record::RunRecord;

/// Filters in a row.
const COLUMNS: usize = 8;
/// Networks shown.
const MOST: usize = 48;

/// The first layer of one network.
pub(crate) struct FirstLayer {
    /// The network's name.
    label: String,
    num_filters: usize,
    kernel: usize,
    address: String,
}

/// First layers of the first replicate: every source's, then for each target and size those of scratch and of the
/// network copied deepest from each source with nothing frozen. A frozen first layer is the source's.
pub(crate) fn first_layers(
    dir: &Path,
    analysis: &Analysis,
    records: &[&RunRecord],
) -> Result<Vec<FirstLayer>, PictureError> {
    let sources = records
        .iter()
        .filter(|record| record.role == Role::Source && record.name.ends_with(FIRST))
        .map(|record| (record.job, source_label(&record.name)));
    let targets = chosen(analysis).into_iter().filter_map(|cell| {
        let run = cell.runs.iter().find(|run| run.replicate == 0)?;
        Some((run.job, cell_label(analysis, cell)))
    });
    let mut layers = Vec::new();
    for (job, label) in sources.chain(targets).collect::<Vec<(JobId, String)>>() {
        if layers.len() == MOST {
            break;
        }
        let Some(filters) = Filters::read(dir, job)?.filter(|filters| !filters.is_empty()) else { continue };
        let path = || dir.join(format!("artifacts/conv1-{job}.safetensors"));
        let png = png(&composed(&filters)).map_err(|source| PictureError::NoPicture { path: path(), source })?;
        let (num_filters, kernel) = (filters.len(), filters.kernel());
        layers.push(FirstLayer { label, num_filters, kernel, address: address("png", &png) });
    }
    Ok(layers)
}

/// The end of the names of the first replicate's jobs. Jobs of the search end otherwise.
const FIRST: &str = "/r0";

/// `source/near/r0` is "source near".
fn source_label(name: &str) -> String {
    let name = name.strip_suffix(FIRST).unwrap_or(name);
    name.replacen('/', " ", 1)
}

fn chosen<'a>(analysis: &'a Analysis) -> Vec<&'a CellResult> {
    let is_fine_tuned =
        |cell: &&CellResult| cell.key.frozen == 0 && cell.key.method.is_gradient_descent() && cell.key.source.is_some();
    let place = |cell: &'a CellResult| (&cell.key.target, &cell.key.size, &cell.key.source);
    let mut deepest = HashMap::new();
    for cell in analysis.cells.iter().filter(is_fine_tuned) {
        let copied = deepest.entry(place(cell)).or_insert(cell.key.copied);
        *copied = cell.key.copied.max(*copied);
    }
    let is_deepest = |cell: &'a CellResult| deepest.get(&place(cell)) == Some(&cell.key.copied);
    let is_chosen = |cell: &&'a CellResult| cell.key.source.is_none() || (is_fine_tuned(cell) && is_deepest(cell));
    analysis.cells.iter().filter(is_chosen).collect()
}

fn cell_label(analysis: &Analysis, cell: &CellResult) -> String {
    let key = &cell.key;
    let target = if analysis.study.targets.len() > 1 { format!("{}, ", key.target) } else { String::new() };
    match &key.source {
        None => format!("{target}{}: from scratch", key.size),
        Some(source) => format!("{target}{}: {} copied from {source}, all trained", key.size, key.copied),
    }
}

/// Filters side by side, with a white pixel between.
fn composed(filters: &Filters) -> RgbImage {
    let step = filters.kernel() + 1;
    let (columns, rows) = (COLUMNS.min(filters.len()), filters.len().div_ceil(COLUMNS));
    let mut grid = RgbImage::from_pixel((columns * step - 1) as u32, (rows * step - 1) as u32, image::Rgb([255; 3]));
    for filter in 0..filters.len() {
        let (left, top) = (filter % COLUMNS * step, filter / COLUMNS * step);
        for (at, pixel) in filters.picture(filter).chunks_exact(3).enumerate() {
            let (x, y) = (left + at % filters.kernel(), top + at / filters.kernel());
            grid.put_pixel(x as u32, y as u32, image::Rgb([pixel[0], pixel[1], pixel[2]]));
        }
    }
    grid
}

/// The section of the page. `layer_name` is the first layer's.
pub(crate) fn section(layers: &[FirstLayer], layer_name: &str) -> Markup {
    html! {
        @if let Some(first) = layers.first() {
            section aria-labelledby="filters" {
                h2 #filters { "First layers" }
                p.soft {
                    (layer_name) " of the first replicate: " (first.num_filters) " filters of " (first.kernel) " × "
                    (first.kernel) " pixels. Grey is zero; each filter is scaled by its own largest weight. Frozen layers \
                     are their source's. The weights are in " code { "artifacts/conv1-*.safetensors" } "."
                }
                div.filters {
                    @for layer in layers {
                        figure {
                            img src=(layer.address) alt={ "Filters of " (layer_name) ", " (layer.label) };
                            figcaption { (layer.label) }
                        }
                    }
                }
            }
        }
    }
}
