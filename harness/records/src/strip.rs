//! Leaving out of a study's folder what takes room and can be made again: `nt strip`.

use crate::examine::{ExamineError, examine};
use crate::ledger::{Ledger, LedgerError};
use crate::manifest::{Manifest, ManifestError};
use nt_disk::FileError;
use std::fs;
use std::io;
use std::path::Path;
use thiserror::Error;

/// What can be left out: a word for it, and its files.
pub const STRIPPABLE: [(&str, &str); 10] = [
    ("networks", "networks/"),
    ("predictions", "predictions/"),
    ("curves", "curves/"),
    ("contact-sheets", "artifacts/contact-*.png"),
    ("thumbnails", "artifacts/thumbnails-*.safetensors"),
    ("filters", "artifacts/conv1-*.safetensors"),
    ("tensorboard", "tensorboard/"),
    ("parquet", "runs.parquet"),
    ("pngs", "figures/*.png"),
    ("log", "log.jsonl"),
];

/// Why a folder cannot be stripped.
#[derive(Debug, Error)]
pub enum StripError {
    /// It holds no study.
    #[error("{0} holds no manifest.json; name a folder that nt run wrote, such as reports/smoke")]
    NoStudy(String),
    /// It is damaged.
    #[error("{dir} is damaged, and what is left out cannot be examined any more; mend it first:\n  {}", damage.join("\n  "))]
    Damaged {
        /// The folder.
        dir: String,
        /// What is wrong.
        damage: Vec<String>,
    },
    /// Its records cannot be read, or another process writes it.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// It cannot be examined.
    #[error(transparent)]
    Examine(#[from] ExamineError),
    /// Its manifest cannot be read or written.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Leaves out of a study's folder everything of [`STRIPPABLE`] but what is named in `keep`. The manifest lists it before it is removed, so
/// that nobody takes it for lost. Returns how many files were removed, and their bytes.
///
/// # Errors
/// [`StripError`]. A damaged folder is left as it is.
pub fn strip(dir: &Path, keep: &[String]) -> Result<(usize, u64), StripError> {
    if !dir.join(crate::names::MANIFEST_FILE).is_file() {
        return Err(StripError::NoStudy(dir.display().to_string()));
    }
    // Nobody may write meanwhile.
    let (_ledger, _) = Ledger::open(dir)?;
    let found = examine(dir)?;
    if !found.damage.is_empty() {
        return Err(StripError::Damaged { dir: dir.display().to_string(), damage: found.damage });
    }
    let Some(mut manifest) = Manifest::read(dir)? else {
        return Err(StripError::NoStudy(dir.display().to_string()));
    };
    let left_out = STRIPPABLE.iter().filter(|(word, _)| !keep.iter().any(|kept| kept == word)).map(|(_, files)| *files);
    for files in left_out.clone() {
        if !manifest.stripped.iter().any(|already| already == files) {
            manifest.stripped.push(files.to_owned());
        }
    }
    manifest.write(dir)?;
    let (mut num_files, mut num_bytes) = (0, 0);
    let mut remove = |path: &Path| -> Result<(), FileError> {
        match fs::metadata(path) {
            Ok(metadata) => num_bytes += metadata.len(),
            Err(_) => return Ok(()),
        }
        fs::remove_file(path).map_err(FileError::at("remove", path))?;
        num_files += 1;
        Ok(())
    };
    for files in left_out {
        let Some((folder, pattern)) = files.split_once('/') else {
            remove(&dir.join(files))?;
            continue;
        };
        let (folder, (start, end)) = (dir.join(folder), pattern.split_once('*').unwrap_or_default());
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(FileError::at("list", folder)(error).into()),
        };
        for entry in entries {
            let entry = entry.map_err(FileError::at("list", &folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(start) && name.ends_with(end) && entry.file_type().is_ok_and(|kind| kind.is_file()) {
                remove(&entry.path())?;
            }
        }
        // Stays if other files are in it.
        let _ = fs::remove_dir(&folder);
    }
    Ok((num_files, num_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileRef;
    use crate::mock::{manifest, record};

    #[test]
    fn what_is_stripped_is_listed_and_not_taken_for_damage() {
        let dir = tempfile::tempdir().unwrap();
        let (mut ledger, _) = Ledger::open(dir.path()).unwrap();
        let mut written = record(0);
        let write = |path: &str| FileRef::write(dir.path(), path, b"12345").unwrap();
        written.files = vec![write("predictions/0"), write("networks/0"), write("curves/0.csv")];
        ledger.append(written).unwrap();
        for path in ["figures/a.png", "figures/a.svg", "artifacts/contact-x.png"] {
            write(path);
        }
        let mut manifest = manifest();
        manifest.list_files(dir.path(), &[], &["figures", "artifacts"]).unwrap();
        manifest.summarise(|job| ledger.get(job));
        manifest.write(dir.path()).unwrap();
        drop(ledger);
        crate::registration::register(dir.path(), &manifest.preregistration).unwrap();

        assert_eq!(strip(dir.path(), &["curves".to_owned()]).unwrap(), (4, 20));
        let found = examine(dir.path()).unwrap();
        assert_eq!((found.num_sound, found.num_stripped, found.damage), (2, 4, vec![]));
        assert_eq!(strip(dir.path(), &["curves".to_owned()]).unwrap(), (0, 0), "again");

        fs::write(dir.path().join("curves/0.csv"), "other").unwrap();
        let error = strip(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("curves/0.csv has other contents"), "{error}");
        fs::remove_dir_all(dir.path().join("curves")).unwrap();
        let error = strip(dir.path(), &[]).unwrap_err().to_string();
        assert!(error.contains("curves/0.csv is missing"), "{error}");
    }
}
