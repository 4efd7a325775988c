//! The append-only list of what was run: `runs.jsonl` and its shards.
//!
//! A lock ensures that one process writes a study's folder. Each record is one line with its own checksum. A line that
//! a crash cut short is removed. A damaged line is named and moved aside, and its job runs again. Nothing else is lost.

mod digest;
mod folder;
mod line;
mod lock;
mod shard;
#[cfg(test)]
mod tests;
mod warning;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;

use nt_disk::{FileError, create_folder, remove_unfinished, sync_folder};
use nt_scenario::JobId;
use rayon::prelude::*;
use thiserror::Error;

pub use digest::result_digest;
#[cfg(any(test, feature = "mock"))]
pub use line::encode;
pub use shard::{Shard, ShardError};
pub use warning::{Damage, LedgerWarning};

use crate::file::{FileProblem, FileRef};
use crate::record::{RunRecord, Status};
pub use lock::WriterLock;

/// If the files that records refer to are together no larger than this, they are hashed when the ledger is opened.
/// Otherwise each is hashed when its job is first asked for.
const HASH_ON_OPEN_BYTES: u64 = 1 << 30;

/// Why a ledger cannot be opened, or a record cannot be added.
#[derive(Debug, Error)]
pub enum LedgerError {
    /// Another process is writing.
    #[error("{} is being written: wait until that ends. Who writes: {holder}", dir.display())]
    Busy {
        /// The study's folder.
        dir: PathBuf,
        /// Who, according to the lock file: "process 4711".
        holder: String,
    },
    /// The folder holds files of somebody else, and no study.
    #[error("{} holds no study, but {}: `nt run` would write among them and over those of its own names; give another folder with \
        --out, or an empty one", dir.display(), named(files))]
    Foreign {
        /// The folder.
        dir: PathBuf,
        /// Names of the files and folders in it.
        files: Vec<String>,
    },
    /// A file that a record refers to cannot be read now, which says nothing of its contents.
    #[error("{path}, a file of {name}, {problem}. If it stays so, remove the file: its job then runs again")]
    Unreadable {
        /// Name of the job.
        name: String,
        /// The file, relative to the study's folder.
        path: String,
        /// Why.
        problem: FileProblem,
    },
    /// The folder is no longer where it was.
    #[error(
        "{} was moved, renamed, removed or replaced while its study was being written; nothing more is written. What is recorded lies \
         in the folder under its new name: run the same command with that name as --out; if it was removed, begin again with \
         another --out", dir.display()
    )]
    Moved {
        /// The folder.
        dir: PathBuf,
    },
    /// A record is of a version this program does not know.
    #[error("{}:{line} has schema_version {found} where this program reads {supported}; use the version of nt that \
        wrote it", path.display())]
    SchemaVersion {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What it says.
        found: u32,
        /// [`crate::record::RECORD_VERSION`].
        supported: u32,
    },
    /// A record refers to a file that is missing or different.
    #[error(
        "the record of {name} refers to {path}, which {problem}: another program changes this folder; run the same command again once \
         none does"
    )]
    DanglingFile {
        /// Name of the job.
        name: String,
        /// The file, relative to the study's folder.
        path: String,
        /// What is wrong.
        problem: FileProblem,
    },
    /// A record holds something that JSON cannot hold.
    #[error("the record of {name} cannot be written as JSON; report this as a bug")]
    Encode {
        /// Name of the job.
        name: String,
        /// What serde says.
        source: serde_json::Error,
    },
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// The records of a study, and the only way to add one.
///
/// Dropping it releases the lock on the folder.
#[derive(Debug)]
pub struct Ledger {
    dir: PathBuf,
    path: PathBuf,
    file: File,
    length: u64,
    records: Vec<RunRecord>,
    by_job: BTreeMap<JobId, usize>,
    /// For each record whose files were hashed, whether they were right. Behind a lock, so that asking needs no `&mut`.
    hashed: Mutex<BTreeMap<JobId, bool>>,
    /// What was wrong when it was opened.
    warnings: Vec<LedgerWarning>,
    lock: WriterLock,
}

impl Ledger {
    /// Opens `dir` for writing: creates it if it is missing, locks it, reads every record, and repairs `runs.jsonl`.
    ///
    /// # Errors
    /// [`LedgerError::Busy`] if another process writes there, [`LedgerError::SchemaVersion`], [`LedgerError::File`].
    pub fn open(dir: &Path) -> Result<Ledger, LedgerError> {
        Self::open_shard(dir, Shard::WHOLE)
    }

    /// As [`Self::open`], for a process that writes one shard. Shards with different numbers may be open at the same
    /// time.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_shard(dir: &Path, shard: Shard) -> Result<Ledger, LedgerError> {
        let began = SystemTime::now();
        create_folder(dir)?;
        folder::check_is_of_a_study(dir)?;
        let lock = WriterLock::take(dir, shard)?;
        remove_unfinished(dir, began);
        let path = dir.join(shard.file_name());
        let (records, warnings) = gather(dir, Some(&path))?;
        let mut file = nt_disk::open_to_append(&path).map_err(FileError::at("open for appending", &path))?;
        sync_folder(dir)?;
        let length = file.seek(SeekFrom::End(0)).map_err(FileError::at("seek in", &path))?;
        let hashed = Mutex::new(BTreeMap::new());
        let mut ledger = Ledger {
            dir: dir.to_owned(),
            path,
            file,
            length,
            records: Vec::new(),
            by_job: BTreeMap::new(),
            hashed,
            warnings,
            lock,
        };
        ledger.adopt(records)?;
        Ok(ledger)
    }

    /// Ends the records' part, and keeps the right to write in the folder.
    pub fn into_lock(self) -> WriterLock {
        self.lock
    }

    /// Checks that the folder still stands where it was opened.
    ///
    /// # Errors
    /// [`LedgerError::Moved`].
    pub fn check_place(&self) -> Result<(), LedgerError> {
        self.lock.check_place(&self.dir)
    }

    /// The study's folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What was wrong with the records when the ledger was opened.
    pub fn warnings(&self) -> &[LedgerWarning] {
        &self.warnings
    }

    /// All records whose files are in place, one for each job, in the order they were written.
    pub fn records(&self) -> &[RunRecord] {
        &self.records
    }

    /// The record of a job.
    pub fn get(&self, job: JobId) -> Option<&RunRecord> {
        self.by_job.get(&job).map(|&position| &self.records[position])
    }

    /// Whether the job is recorded and every file it refers to is there, unchanged.
    ///
    /// Its files are hashed when the job is first asked for, unless they were hashed on opening.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`] if the system does not give a file.
    pub fn contains(&self, job: JobId) -> Result<bool, LedgerError> {
        let Some(record) = self.get(job) else { return Ok(false) };
        let mut hashed = match self.hashed.lock() {
            Ok(guard) => guard,
            // A panic elsewhere cannot leave a map of booleans half-changed.
            Err(poisoned) => poisoned.into_inner(),
        };
        if let Some(&is_whole) = hashed.get(&job) {
            return Ok(is_whole);
        }
        let is_whole = match first_problem(&self.dir, record, FileRef::compare) {
            None => true,
            Some((_, problem)) if problem.is_lasting() => false,
            Some((file, problem)) => return Err(unreadable(record, file, problem)),
        };
        hashed.insert(job, is_whole);
        Ok(is_whole)
    }

    /// Lets a job count as not recorded until its next record: something beside the record that only the job makes is damaged.
    pub fn forget(&mut self, job: JobId) {
        if let Ok(mut hashed) = self.hashed.lock() {
            hashed.insert(job, false);
        }
    }

    /// Moves every record of these jobs out of the folder's files, to `runs.jsonl.damaged`: the jobs count as not recorded, and run
    /// again.
    ///
    /// # Errors
    /// [`LedgerError`] if a file cannot be read or written.
    pub fn take_out(&mut self, jobs: &BTreeSet<JobId>) -> Result<(), LedgerError> {
        if jobs.is_empty() {
            return Ok(());
        }
        for path in shard::files(&self.dir)? {
            line::take_out(&path, |record| jobs.contains(&record.job))?;
        }
        // The file is another now.
        self.file = nt_disk::open_to_append(&self.path).map_err(FileError::at("open for appending", &self.path))?;
        self.length = self.file.seek(SeekFrom::End(0)).map_err(FileError::at("seek in", &self.path))?;
        self.records.retain(|record| !jobs.contains(&record.job));
        self.by_job = self.records.iter().enumerate().map(|(at, record)| (record.job, at)).collect();
        Ok(())
    }

    /// Adds a record. When this returns, the record is on disk. It replaces a record of the same job.
    ///
    /// # Errors
    /// [`LedgerError::DanglingFile`] if a file it refers to is missing. [`LedgerError::File`] if the record cannot be
    /// written; the ledger is then unchanged.
    pub fn append(&mut self, record: RunRecord) -> Result<(), LedgerError> {
        self.check_place()?;
        if let Some((file, problem)) = first_problem(&self.dir, &record, FileRef::check_length) {
            return Err(LedgerError::DanglingFile { name: record.name.clone(), path: file.path.clone(), problem });
        }
        let line = line::encode(&record).map_err(|source| LedgerError::Encode { name: record.name.clone(), source })?;
        if let Err(source) = self.write_line(&line) {
            // Half a line must not stand before the next record. If this fails too, opening repairs the rest.
            let _ = self.file.set_len(self.length);
            return Err(FileError::at("append to", &self.path)(source).into());
        }
        self.length += line.len() as u64;
        let job = record.job;
        match self.by_job.get(&job) {
            Some(&position) => self.records[position] = record,
            None => {
                self.by_job.insert(job, self.records.len());
                self.records.push(record);
            }
        }
        if let Ok(mut hashed) = self.hashed.lock() {
            hashed.insert(job, true);
        }
        Ok(())
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        self.file.write_all(line)?;
        self.file.sync_data()
    }

    /// Takes in the records read, except those whose files are missing or different, of which it warns.
    fn adopt(&mut self, records: Vec<RunRecord>) -> Result<(), LedgerError> {
        let total: u64 = records.iter().flat_map(|record| &record.files).map(|file| file.bytes).sum();
        let hash = total <= HASH_ON_OPEN_BYTES;
        let dir = self.dir.clone();
        let check = if hash { FileRef::compare } else { FileRef::check_length };
        // Order-preserving, so the warnings come in the order of the records whatever the number of threads.
        let problems: Vec<Option<(FileRef, FileProblem)>> = records
            .par_iter()
            .map(|record| first_problem(&dir, record, check).map(|(file, problem)| (file.clone(), problem)))
            .collect();
        let mut hashed = BTreeMap::new();
        for (record, problem) in records.into_iter().zip(problems) {
            match problem {
                Some((file, problem)) if !problem.is_lasting() => return Err(unreadable(&record, &file, problem)),
                Some((FileRef { path, .. }, problem)) => {
                    self.warnings.push(LedgerWarning::File { job: record.job, name: record.name, path, problem });
                }
                None => {
                    if hash {
                        hashed.insert(record.job, true);
                    }
                    self.by_job.insert(record.job, self.records.len());
                    self.records.push(record);
                }
            }
        }
        self.hashed = Mutex::new(hashed);
        Ok(())
    }
}

fn unreadable(record: &RunRecord, file: &FileRef, problem: FileProblem) -> LedgerError {
    LedgerError::Unreadable { name: record.name.clone(), path: file.path.clone(), problem }
}

/// "`a`, `b`, `c` and 4 more".
fn named(files: &[String]) -> String {
    const NAMED: usize = 3;
    let mut text =
        files.iter().take(NAMED).map(|file| format!("`{}`", file.escape_debug())).collect::<Vec<_>>().join(", ");
    if files.len() > NAMED {
        text += &format!(" and {} more", files.len() - NAMED);
    }
    text
}

fn first_problem<'a>(
    dir: &Path,
    record: &'a RunRecord,
    check: impl Fn(&FileRef, &Path) -> Result<(), FileProblem>,
) -> Option<(&'a FileRef, FileProblem)> {
    record.files.iter().find_map(|file| check(file, dir).err().map(|problem| (file, problem)))
}

/// Reads every record of a study without writing or locking: `runs.jsonl`, then its shards in the order of their
/// numbers. Of two records of one job the last counts, at the place of the first.
///
/// # Errors
/// [`LedgerError::SchemaVersion`] for a record of another version, [`LedgerError::File`] if a file cannot be read. A
/// folder without records is not an error.
pub fn read_records(dir: &Path) -> Result<(Vec<RunRecord>, Vec<LedgerWarning>), LedgerError> {
    gather(dir, None)
}

/// Reads all files, and repairs the caller's own.
fn gather(dir: &Path, own: Option<&Path>) -> Result<(Vec<RunRecord>, Vec<LedgerWarning>), LedgerError> {
    let mut records: Vec<RunRecord> = Vec::new();
    // The number of the file, and the line in it.
    let mut places: Vec<(usize, usize)> = Vec::new();
    let files = shard::files(dir)?;
    let mut by_job: BTreeMap<JobId, usize> = BTreeMap::new();
    let mut warnings = Vec::new();
    for (number, path) in files.iter().enumerate() {
        let scan = if own == Some(path.as_path()) { line::repair(path)? } else { line::read(path)? };
        warnings.extend(scan.warnings);
        for (line, record) in scan.records {
            let place = (number, line);
            let Some(&position) = by_job.get(&record.job) else {
                by_job.insert(record.job, records.len());
                records.push(record);
                places.push(place);
                continue;
            };
            // A job that could not be run, as older versions recorded it, may have run since.
            let has_failed = matches!(records[position].status, Status::Failed { .. });
            if !has_failed && records[position].digest() != record.digest() {
                let at = |(number, line): &(usize, usize)| format!("{}:{line}", files[*number].display());
                let (job, name) = (record.job, record.name.clone());
                let (dropped, kept) = (at(&places[position]), at(&place));
                warnings.push(LedgerWarning::Conflict { job, name, kept, dropped });
            }
            records[position] = record;
            places[position] = place;
        }
    }
    Ok((records, warnings))
}
