//! What kept a study's jobs from running, for whoever asks why: `faults.jsonl`.
//!
//! A full disk or a device that fails says nothing of a job, so no record is made of it and the same command runs the job again. This
//! list is no part of any result, and may be removed.

use nt_scenario::JobId;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Name of the file in a study's folder.
pub const FAULTS_FILE: &str = "faults.jsonl";

/// A job that was not brought to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// When, in seconds since 1970.
    pub unix_seconds: u64,
    /// The job.
    pub job: JobId,
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

impl Fault {
    /// A fault of this moment.
    pub fn now(job: JobId, name: &str, reason: String) -> Self {
        let unix_seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Fault { unix_seconds, job, name: name.to_owned(), reason }
    }

    /// Adds it to the list of a study's folder.
    ///
    /// # Errors
    /// If the list cannot be written, as on a full disk. Nothing depends on it.
    pub fn add(&self, dir: &Path) -> io::Result<()> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        nt_disk::open_to_append(&dir.join(FAULTS_FILE))?.write_all(&line)
    }
}

/// The last fault of a job in the list of a study's folder. Lines that cannot be read are passed over.
pub fn last_fault(dir: &Path, job: JobId) -> Option<Fault> {
    let text = nt_disk::read_to_string(&dir.join(FAULTS_FILE)).ok()?;
    let faults = text.lines().filter_map(|line| serde_json::from_str::<Fault>(line).ok());
    faults.rev().find(|fault| fault.job == job)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::record;

    #[test]
    fn the_last_fault_of_a_job_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let [first, second] = [0, 1].map(|number| record(number).job);
        assert_eq!(last_fault(dir.path(), first), None);
        for (job, reason) in [(first, "a"), (second, "b"), (first, "c")] {
            Fault::now(job, "name", reason.to_owned()).add(dir.path()).unwrap();
        }
        assert_eq!(last_fault(dir.path(), first).unwrap().reason, "c");
        assert_eq!(last_fault(dir.path(), second).unwrap().reason, "b");
    }
}
