//! Contact sheets: what the data look like. And pictures that jobs made, and that are damaged.

use super::Registry;
use crate::data::DataError;
use nt_records::Manifest;
use nt_records::pictures::{Filters, PicturesError, Thumbnails};
use nt_scenario::{JobId, Plan, Role, Scenario};
use std::collections::BTreeMap;
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

/// Jobs whose pictures are damaged, each with the file. Nothing else makes them, so that these jobs run again. A file that is not there and
/// not listed was never made.
pub(super) fn damaged(
    scenario: &Scenario,
    plan: &Plan,
    manifest: Option<&Manifest>,
    dir: &Path,
) -> BTreeMap<JobId, String> {
    let is_changed = |path: &str| {
        let listed = manifest.and_then(|manifest| manifest.files.iter().find(|file| file.path == path));
        let is_lost = |manifest: &Manifest| !manifest.has_stripped(path) || dir.join(path).exists();
        manifest.is_some_and(is_lost)
            && listed.is_some_and(|file| file.compare(dir).is_err_and(|problem| problem.is_lasting()))
    };
    let is_unreadable = |error: &PicturesError| !matches!(error, PicturesError::File(_));
    let mut damaged = BTreeMap::new();
    for job in plan.jobs.iter().filter(|job| job.replicate.index == 0 && matches!(job.role, Role::Final | Role::Source))
    {
        let path = Filters::path(job.id);
        if is_changed(&path) || Filters::read(dir, job.id).is_err_and(|error| is_unreadable(&error)) {
            damaged.insert(job.id, path);
        }
        let Some(task) = job.work.target().filter(|task| job.role == Role::Final && task.treatment.is_scratch()) else {
            continue;
        };
        let target = &scenario.targets[task.target].name;
        let path = Thumbnails::path(target);
        if is_changed(&path) || Thumbnails::read(dir, target).is_err_and(|error| is_unreadable(&error)) {
            damaged.insert(job.id, path);
        }
    }
    damaged
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
