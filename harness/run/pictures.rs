//! Contact sheets: what the data look like.

use super::Registry;
use crate::data::DataError;
use nt_scenario::Scenario;
use std::io::Cursor;
use std::path::{Path, PathBuf};

/// Why there is no picture of the data.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// An image cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A picture cannot be encoded.
    #[error("cannot encode {}: check that there is memory left", path.display())]
    Encode {
        /// The file that it was for.
        path: PathBuf,
        /// Why.
        source: image::ImageError,
    },
}

/// Images of a class shown.
const COLUMNS: usize = 8;
/// Classes shown.
const MOST_ROWS: usize = 24;
/// Largest side of an image shown, pixels.
const MOST_SIDE: usize = 64;

/// A PNG of what each source and target is trained on, one row a class, with the file below `dir` that it is for.
///
/// # Errors
/// [`PictureError`] where an image cannot be read, or a picture cannot be encoded.
pub(super) fn contact_sheets(
    scenario: &Scenario,
    registry: &Registry,
    dir: &Path,
) -> Result<Vec<(PathBuf, Vec<u8>)>, PictureError> {
    let sources = scenario.sources.iter().filter_map(|source| {
        let pretraining = source.pretraining()?;
        Some((format!("source-{}", source.name), &pretraining.data, &pretraining.classes))
    });
    let targets =
        scenario.targets.iter().map(|target| (format!("target-{}", target.name), &target.data, &target.classes));
    let mut sheets = Vec::new();
    for (name, data, classes) in sources.chain(targets) {
        let path = dir.join(format!("artifacts/contact-{name}.png"));
        let pool = registry.pool(data, classes.as_deref().unwrap_or_default(), None)?;
        let sheet = pool.0.contact_sheet(COLUMNS, MOST_ROWS, MOST_SIDE)?;
        let mut png = Cursor::new(Vec::new());
        match sheet.write_to(&mut png, image::ImageFormat::Png) {
            Ok(()) => sheets.push((path, png.into_inner())),
            Err(source) => return Err(PictureError::Encode { path, source }),
        }
    }
    Ok(sheets)
}
