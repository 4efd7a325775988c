//! Pictures that runs left for the report.

use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::file::FileError;

/// A sheet larger than this is linked, not put into the page.
const MOST_BYTES: usize = 4 << 20;

/// A contact sheet of a dataset.
pub(super) struct ContactSheet {
    /// The dataset.
    pub name: String,
    /// The picture as a `data:` address, or its path where it is too large.
    pub address: String,
}

/// The contact sheets `artifacts/contact-<dataset>.png`, by name.
pub(super) fn contact_sheets(dir: &Path) -> Result<Vec<ContactSheet>, FileError> {
    let folder = dir.join("artifacts");
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).map_err(FileError::at("list", &folder))? {
        let name = entry.map_err(FileError::at("list", &folder))?.file_name().to_string_lossy().into_owned();
        if let Some(dataset) = name.strip_prefix("contact-").and_then(|rest| rest.strip_suffix(".png")) {
            names.push(dataset.to_owned());
        }
    }
    names.sort();
    names
        .into_iter()
        .map(|name| {
            let path = folder.join(format!("contact-{name}.png"));
            let picture = fs::read(&path).map_err(FileError::at("read", &path))?;
            let address = if picture.len() > MOST_BYTES {
                format!("artifacts/contact-{name}.png")
            } else {
                format!("data:image/png;base64,{}", STANDARD.encode(picture))
            };
            Ok(ContactSheet { name, address })
        })
        .collect()
}
