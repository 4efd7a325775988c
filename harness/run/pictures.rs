//! Contact sheets: what the data look like.

use super::{Registry, StudyError};
use nt_records::write_atomic;
use nt_scenario::Scenario;
use std::io::Cursor;
use std::path::Path;

/// Images of a class shown.
const COLUMNS: usize = 8;
/// Classes shown.
const MOST_ROWS: usize = 24;
/// Largest side of an image shown, pixels.
const MOST_SIDE: usize = 64;

/// A picture of what each source and target is trained on, a class a row: `artifacts/contact-<task>.png`.
pub(super) fn write_contact_sheets(scenario: &Scenario, registry: &Registry, dir: &Path) -> Result<(), StudyError> {
    let sources = scenario.sources.iter().filter_map(|source| {
        let pretraining = source.pretraining()?;
        Some((format!("source-{}", source.name), &pretraining.data, &pretraining.classes))
    });
    let targets =
        scenario.targets.iter().map(|target| (format!("target-{}", target.name), &target.data, &target.classes));
    for (name, data, classes) in sources.chain(targets) {
        let path = dir.join(format!("artifacts/contact-{name}.png"));
        let pool = registry.pool(data, classes.as_deref().unwrap_or_default(), None)?;
        let sheet = pool.0.contact_sheet(COLUMNS, MOST_ROWS, MOST_SIDE)?;
        let mut png = Cursor::new(Vec::new());
        sheet
            .write_to(&mut png, image::ImageFormat::Png)
            .map_err(|source| StudyError::Picture { path: path.clone(), source })?;
        write_atomic(&path, png.get_ref())?;
    }
    Ok(())
}
