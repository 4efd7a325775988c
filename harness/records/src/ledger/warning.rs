//! Faults of a ledger that can still be used.

use std::fmt;
use std::path::PathBuf;

use nt_scenario::JobId;

use crate::file::FileProblem;

/// Something that was wrong, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerWarning {
    /// The last line is cut short, as after a kill.
    TornTail {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Its length.
        bytes: usize,
    },
    /// A line was damaged after it was written.
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// How many bytes are not part of a record.
        bytes: usize,
        /// How it shows.
        damage: Damage,
    },
    /// One job has two records that differ.
    Conflict {
        /// The job.
        job: JobId,
        /// Its name.
        name: String,
        /// `file:line` of the last of the two, which readers show.
        kept: String,
        /// `file:line` of the other.
        dropped: String,
    },
    /// A file that a record refers to has changed or is missing.
    File {
        /// The job.
        job: JobId,
        /// Its name.
        name: String,
        /// The file, relative to the study's folder.
        path: String,
        /// What is wrong.
        problem: FileProblem,
    },
}

/// How a line is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// It does not begin or end as a line should.
    Frame,
    /// Its checksum does not match.
    Checksum,
    /// It is intact, but it is not a record.
    Record {
        /// What serde says.
        reason: String,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Damage::Frame => formatter.write_str("it is cut, or does not begin and end as a record does"),
            Damage::Checksum => formatter.write_str("its checksum does not match"),
            Damage::Record { reason } => write!(formatter, "it holds no record ({reason})"),
        }
    }
}

impl fmt::Display for LedgerWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        match self {
            LedgerWarning::TornTail { path, line, bytes } => write!(
                formatter,
                "{}:{line} is cut short ({bytes} bytes), as after a kill; the next run runs its job again",
                path.display()
            ),
            LedgerWarning::Damaged { path, line, bytes, damage } => write!(
                formatter,
                "{}:{line} cannot be read ({bytes} bytes): {damage}; the next run runs its job again, and all others are kept",
                path.display()
            ),
            LedgerWarning::Conflict { job, name, kept, dropped } => write!(
                formatter,
                "{name} ({job}) is recorded twice with different results, in {dropped} and in {kept}: neither is \
                 believed by a run, which runs its job again"
            ),
            LedgerWarning::File { job, name, path, problem } => {
                write!(formatter, "{path} {problem}; the next run runs its job {name} ({job}) again")
            }
        }
    }
}
