//! Leaving out of a study's folder what takes room and can be made again: `nt strip`.

use crate::examine::{ExamineError, examine};
use crate::ledger::{Ledger, LedgerError};
use crate::manifest::{Manifest, ManifestError, covers};
use nt_disk::{FileError, shell_word};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
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
    /// It has no manifest, in which what is left out would stand.
    #[error("{} lacks manifest.json; `nt run SCENARIO --out {}` writes it again", .0.display(), shell_word(.0))]
    NoManifest(PathBuf),
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
        return Err(StripError::NoManifest(dir.to_owned()));
    }
    // Nobody may write meanwhile.
    let _ledger = Ledger::open(dir)?;
    let found = examine(dir)?;
    let damage = [found.damage, found.unreadable].concat();
    if !damage.is_empty() {
        return Err(StripError::Damaged { dir: dir.display().to_string(), damage });
    }
    let Some(mut manifest) = Manifest::read(dir)? else {
        return Err(StripError::NoManifest(dir.to_owned()));
    };
    let left_out: Vec<&str> =
        STRIPPABLE.iter().filter(|(word, _)| !keep.iter().any(|kept| kept == word)).map(|(_, files)| *files).collect();
    for files in &left_out {
        if !manifest.stripped.iter().any(|already| already == files) {
            manifest.stripped.push((*files).to_owned());
        }
    }
    // First: what is listed and still there does no harm.
    manifest.write(dir)?;
    let (mut num_files, mut num_bytes) = (0, 0);
    let folders: BTreeSet<&str> =
        left_out.iter().map(|files| files.split_once('/').map_or("", |(folder, _)| folder)).collect();
    for folder in folders {
        let at = dir.join(folder);
        let entries = match fs::read_dir(&at) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(FileError::at("list", at)(error).into()),
        };
        for entry in entries {
            let entry = entry.map_err(FileError::at("list", &at))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let metadata = entry.metadata().map_err(FileError::at("look at", entry.path()))?;
            if metadata.is_file() && left_out.iter().any(|files| covers(files, &path)) {
                fs::remove_file(entry.path()).map_err(FileError::at("remove", entry.path()))?;
                num_files += 1;
                num_bytes += metadata.len();
            }
        }
        if !folder.is_empty() {
            // Stays if other files are in it.
            let _ = fs::remove_dir(&at);
        }
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
        let mut ledger = Ledger::open(dir.path()).unwrap();
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
