//! A study split over several processes, and its files.

use crate::names::RUNS_FILE;
use std::fs;
use std::path::{Path, PathBuf};

use nt_scenario::JobId;
use thiserror::Error;

use nt_disk::FileError;

/// Part `index` of `count` of a study's jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

/// A part that does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no shard {index} of {count}; give --shard i/n with 0 <= i < n and n >= 2")]
pub struct ShardError {
    /// The part asked for.
    pub index: u32,
    /// The number of parts.
    pub count: u32,
}

impl Shard {
    /// The study in one piece.
    pub const WHOLE: Shard = Shard { index: 0, count: 1 };

    /// Part `index`, from 0, of `count`.
    ///
    /// # Errors
    /// [`ShardError`] if there is no such part.
    pub fn new(index: u32, count: u32) -> Result<Self, ShardError> {
        if count >= 2 && index < count { Ok(Shard { index, count }) } else { Err(ShardError { index, count }) }
    }

    /// Whether it is the whole study.
    pub fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Its number, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// Whether a job belongs to this part. This depends on the job's hash only, so adding jobs moves no other job.
    pub fn owns(self, job: JobId) -> bool {
        let hash = blake3::hash(job.to_string().as_bytes());
        let number = hash.as_bytes()[..8].iter().fold(0u64, |number, &byte| number << 8 | u64::from(byte));
        number % u64::from(self.count) == u64::from(self.index)
    }

    /// The file its records go to.
    pub fn file_name(self) -> String {
        if self.is_whole() { RUNS_FILE.to_owned() } else { format!("runs.{}.jsonl", self.index) }
    }
}

/// The files of records in a folder: `runs.jsonl`, then the shards by number.
pub(super) fn files(dir: &Path) -> Result<Vec<PathBuf>, FileError> {
    let mut found: Vec<(Option<u32>, PathBuf)> = Vec::new();
    for entry in fs::read_dir(dir).map_err(FileError::at("list", dir))? {
        let path = entry.map_err(FileError::at("list", dir))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name == RUNS_FILE {
            found.push((None, path));
        } else if let Some(index) =
            name.strip_prefix("runs.").and_then(|rest| rest.strip_suffix(".jsonl")).and_then(|index| index.parse().ok())
        {
            found.push((Some(index), path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}
