//! Figures: first their data, then the drawing. A figure draws exactly what the JSON beside it holds.

pub mod accuracy_by_cost;
pub mod accuracy_by_depth;
mod canvas;
pub mod decomposition;
mod depth;
mod draw;
mod export;
mod font;
pub mod forest;
pub mod gap_by_depth;
pub mod gap_by_similarity;
pub mod lattice;
pub mod learning_curves;
mod marker;
mod palette;
mod raster;
mod spec;
#[cfg(test)]
mod tests;
mod vector;
mod words;

use std::io;
use std::path::Path;

use thiserror::Error;

pub use spec::{Axis, Band, FigureSpec, Form, Note, Panel, Point, Reference, Series, SeriesKind, Sign, Stroke, Tick};

use nt_disk::{FileError, write_listed};

/// Why a figure cannot be drawn or written.
#[derive(Debug, Error)]
pub enum FigureError {
    /// The drawing itself failed.
    #[error("the figure {figure} cannot be drawn as {format}; report this as a bug, with figures/{figure}.json")]
    Draw {
        /// The figure's name.
        figure: String,
        /// `SVG` or `PNG`.
        format: &'static str,
        /// What the backend says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Its data cannot be written as JSON or CSV.
    #[error("the data of figure {figure} cannot be written; report this as a bug")]
    Data {
        /// The figure's name.
        figure: String,
        /// What the writer says.
        source: io::Error,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Draws a figure into `figures/<name>.{svg,png,json,csv}` of a study's folder, and returns the SVG.
///
/// # Errors
/// [`FigureError`] if it cannot be drawn or a file cannot be written.
pub fn write(dir: &Path, spec: &FigureSpec) -> Result<String, FigureError> {
    let svg = vector::svg(spec)?;
    let file = |extension: &str| dir.join("figures").join(format!("{}.{extension}", spec.name));
    write_listed(&file("svg"), svg.as_bytes())?;
    write_listed(&file("png"), &raster::png(spec)?)?;
    write_listed(&file("json"), &export::json(spec)?)?;
    write_listed(&file("csv"), &export::csv(spec)?)?;
    Ok(svg)
}
