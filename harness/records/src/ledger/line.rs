//! One record a line, each with its own checksum: `{"crc32":"1a2b3c4d","record":{…}}`.
//!
//! The checksum covers the record's bytes as they stand in the line, so it is checked before anything is parsed.

use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde::Deserialize;

use super::LedgerError;
use super::warning::{Damage, LedgerWarning};
use crate::record::RECORD_VERSION;
use crate::record::RunRecord;
use crate::version;
use nt_disk::{FileError, write_atomic};

/// The start of every line. Inside a JSON string its quotes would be escaped, so it occurs nowhere else. So lines that
/// ran together because a newline was damaged can be split again.
const START: &[u8] = b"{\"crc32\":\"";
const MIDDLE: &[u8] = b"\",\"record\":";
const END: &[u8] = b"}";
const CHECKSUM_DIGITS: usize = 8;

/// A record as a line, newline included.
pub fn encode(record: &RunRecord) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(record)?;
    let checksum = format!("{:08x}", crc32fast::hash(&json));
    Ok([START, checksum.as_bytes(), MIDDLE, &json, END, b"\n"].concat())
}

/// Whether text begins as a record does.
pub(super) fn is_a_line(text: &[u8]) -> bool {
    text.starts_with(START)
}

/// The contents of a file of records.
#[derive(Default)]
pub(super) struct Scan {
    /// Whether `damaged` and `sound` are wanted.
    keeps_bytes: bool,
    /// Line number, from 1, and record.
    pub records: Vec<(usize, RunRecord)>,
    pub warnings: Vec<LedgerWarning>,
    /// The bytes that are not part of a record, in their order.
    pub damaged: Vec<u8>,
    /// The bytes that are, with a newline after each line.
    pub sound: Vec<u8>,
}

/// Bytes of a file that are read at a time.
const BLOCK: u64 = 16 << 20;

/// Reads all lines, and keeps their bytes. A line that cannot be read becomes a warning that names it.
fn scan(path: &Path, contents: &[u8]) -> Result<Scan, LedgerError> {
    let mut scan = Scan { keeps_bytes: true, ..Scan::default() };
    if !contents.is_empty() {
        scan.lines(path, 1, contents)?;
    }
    Ok(scan)
}

impl Scan {
    /// Reads whole lines, of which the first has this number, and returns how many there are. Only the last line of a file may
    /// lack its newline.
    fn lines(&mut self, path: &Path, first: usize, contents: &[u8]) -> Result<usize, LedgerError> {
        let ends_in_newline = contents.ends_with(b"\n");
        let body = contents.strip_suffix(b"\n").unwrap_or(contents);
        let lines: Vec<&[u8]> = body.split(|&byte| byte == b'\n').collect();
        let parts = |(line, text)| segments(text).into_iter().map(move |part| (line, part));
        let all: Vec<(usize, &[u8])> = (first..).zip(lines.iter().copied()).flat_map(parts).collect();
        let decoded: Vec<_> = all.par_iter().map(|&(line, segment)| decode(path, line, segment)).collect();
        for (&(line, segment), decoded) in all.iter().zip(decoded) {
            match decoded? {
                Ok(record) => {
                    self.records.push((line, record));
                    if self.keeps_bytes {
                        self.sound.extend_from_slice(segment);
                        self.sound.push(b'\n');
                    }
                }
                Err(damage) => {
                    let torn = line + 1 == first + lines.len() && !ends_in_newline;
                    self.note(path, line, segment, damage, torn);
                }
            }
        }
        Ok(lines.len())
    }

    fn is_sound(&self, contents: &[u8]) -> bool {
        self.sound == contents
    }

    fn note(&mut self, path: &Path, line: usize, segment: &[u8], damage: Damage, torn: bool) {
        let bytes = segment.len();
        if self.keeps_bytes {
            self.damaged.extend_from_slice(segment);
            self.damaged.push(b'\n');
        }
        if let Some(LedgerWarning::Damaged { line: first, bytes: total, .. }) = self.warnings.last_mut()
            && *first + 1 == line
            && !segment.starts_with(START)
        {
            // The rest of a line that a damaged byte cut in two. The warning about its first half is enough.
            *total += bytes;
            return;
        }
        let path = path.to_owned();
        self.warnings.push(if torn {
            LedgerWarning::TornTail { path, line, bytes }
        } else {
            LedgerWarning::Damaged { path, line, bytes, damage }
        });
    }
}

/// Splits lines that ran together.
fn segments(line: &[u8]) -> Vec<&[u8]> {
    let starts = line.windows(START.len()).enumerate().filter(|(at, window)| *at > 0 && *window == START);
    let mut cut = 0;
    let mut segments = Vec::with_capacity(1);
    for (at, _) in starts {
        segments.push(&line[cut..at]);
        cut = at;
    }
    segments.push(&line[cut..]);
    segments
}

/// The record of one line, or what is wrong with the line. Only another version is an error.
fn decode(path: &Path, line: usize, text: &[u8]) -> Result<Result<RunRecord, Damage>, LedgerError> {
    let Some((checksum, json)) = frame(text) else { return Ok(Err(Damage::Frame)) };
    if checksum != format!("{:08x}", crc32fast::hash(json)).as_bytes() {
        return Ok(Err(Damage::Checksum));
    }
    // A record with a correct checksum may still have been written by another version.
    let (version, record) = match serde_json::from_slice::<RunRecord>(json) {
        Ok(mut record) => {
            // Lists are read without knowing their length, and a million records are held at a time.
            record.metrics.shrink_to_fit();
            record.files.shrink_to_fit();
            let outside = record.files.iter().find(|file| !file.is_inside());
            let damage =
                outside.map(|file| format!("its file {:?} would lie outside of the study's folder", file.path));
            let version = record.schema_version;
            (version, damage.map_or(Ok(record), |reason| Err(Damage::Record { reason })))
        }
        Err(error) => {
            let version = serde_json::from_slice::<Version>(json).map_or(0, |version| version.schema_version);
            (version, Err(Damage::Record { reason: error.to_string() }))
        }
    };
    if !version::is_readable(version.into(), RECORD_VERSION) {
        let (path, found) = (path.to_owned(), version);
        return Err(LedgerError::SchemaVersion { path, line, found, supported: RECORD_VERSION });
    }
    Ok(record)
}

#[derive(Deserialize)]
struct Version {
    schema_version: u32,
}

fn frame(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = text.strip_prefix(START)?;
    let (checksum, rest) = rest.split_at_checked(CHECKSUM_DIGITS)?;
    Some((checksum, rest.strip_prefix(MIDDLE)?.strip_suffix(END)?))
}

/// Reads a file of records without changing it, some lines at a time: a million records are a gigabyte of text.
pub(super) fn read(path: &Path) -> Result<Scan, LedgerError> {
    let failed = |error| FileError::at("read", path)(error);
    let mut file = nt_disk::open(path).map_err(failed)?;
    let mut scan = Scan::default();
    let (mut block, mut next) = (Vec::new(), 1);
    while file.by_ref().take(BLOCK).read_to_end(&mut block).map_err(failed)? > 0 {
        if let Some(end) = block.iter().rposition(|&byte| byte == b'\n') {
            let rest = block.split_off(end + 1);
            next += scan.lines(path, next, &block)?;
            block = rest;
        }
    }
    if !block.is_empty() {
        scan.lines(path, next, &block)?;
    }
    Ok(scan)
}

/// Reads a file of records, and moves everything else in it to `<file>.damaged`.
pub(super) fn repair(path: &Path) -> Result<Scan, LedgerError> {
    let contents = contents(path)?;
    let scan = scan(path, &contents)?;
    if scan.is_sound(&contents) {
        return Ok(scan);
    }
    if !scan.damaged.is_empty() {
        add_aside(path, &scan.damaged)?;
    }
    write_atomic(path, &scan.sound)?;
    Ok(scan)
}

/// Moves the records of some jobs out of a file of records, to `<file>.damaged`.
pub(super) fn take_out(path: &Path, is_out: impl Fn(&RunRecord) -> bool) -> Result<(), LedgerError> {
    let scan = scan(path, &contents(path)?)?;
    let lines = scan.sound.split_inclusive(|&byte| byte == b'\n');
    let (mut kept, mut out) = (Vec::new(), Vec::new());
    for ((_, record), line) in scan.records.iter().zip(lines) {
        if is_out(record) { &mut out } else { &mut kept }.extend_from_slice(line);
    }
    if out.is_empty() {
        return Ok(());
    }
    add_aside(path, &out)?;
    Ok(write_atomic(path, &kept)?)
}

/// Adds lines to `<file>.damaged`, before they leave the file.
fn add_aside(path: &Path, lines: &[u8]) -> Result<(), FileError> {
    let aside = aside(path);
    let mut kept = nt_disk::read(&aside).unwrap_or_default();
    kept.extend_from_slice(lines);
    write_atomic(&aside, &kept)
}

fn contents(path: &Path) -> Result<Vec<u8>, FileError> {
    nt_disk::read(path).map_err(FileError::at("read", path))
}

fn aside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".damaged");
    name.into()
}
