//! Learning curves in TensorBoard's format:
//! `tensorboard/<target>/<size>/<source>/<treatment>/r<n>/events.out.tfevents.*`.
//!
//! # Source
//! The format is TensorFlow's. A record is a length, its checksum, an `Event` as a protocol buffer, and its checksum
//! (`tensorflow/core/lib/io/record_writer.h`, `tensorflow/core/util/event.proto`, `summary.proto`).

use std::path::Path;

use nt_scenario::Role;
use prost::Message;
use thiserror::Error;

use nt_analysis::study::CellKey;
use nt_disk::{FileError, write_atomic};
use nt_records::curve::{CurveError, read_curve};
use nt_records::measure::Measure;
use nt_records::record::RunRecord;
use nt_scenario::Metric;

/// Name of the folder within a study's.
pub const TENSORBOARD_FOLDER: &str = "tensorboard";

/// Why the curves cannot be written.
#[derive(Debug, Error)]
pub enum TensorBoardError {
    /// A curve cannot be read.
    #[error(transparent)]
    Curve(#[from] CurveError),
    /// The system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What happened at a step; fields are numbered as in `event.proto`.
#[derive(Clone, PartialEq, Message)]
struct Event {
    /// Seconds. Every event has second 0, because records hold no dates and the same data must give the same bytes.
    #[prost(double, tag = "1")]
    wall_time: f64,
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(string, optional, tag = "3")]
    file_version: Option<String>,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    value: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, tag = "2")]
    simple_value: f32,
}

/// Writes a file of events for every training except those of the search, and returns the number of files.
///
/// # Errors
/// [`TensorBoardError`] if a curve cannot be read or a file cannot be written.
pub fn write(dir: &Path, records: &[RunRecord]) -> Result<usize, TensorBoardError> {
    let mut num_files = 0;
    for record in records.iter().filter(|record| record.role != Role::Tuning) {
        let Some(curve) = record.file_in("curves") else { continue };
        let path = dir.join(TENSORBOARD_FOLDER).join(folder(record)).join("events.out.tfevents.0.nt");
        write_atomic(&path, &events(record, &read_curve(dir, curve)?))?;
        num_files += 1;
    }
    Ok(num_files)
}

/// The run's name in TensorBoard: `shapes-b/small/near/(3,3)/r0`, `source/near/r0`.
fn folder(record: &RunRecord) -> String {
    let (Some(target), Some(size)) = (&record.target, &record.size) else { return record.name.clone() };
    let key = CellKey {
        target: target.clone(),
        size: size.clone(),
        source: record.source.clone(),
        copied: record.copied,
        frozen: record.frozen,
        method: record.method,
    };
    let longer = if record.role == Role::Ladder { format!("/{}x", record.budget) } else { String::new() };
    format!("{}{longer}/r{}", key.name(), record.replicate)
}

fn events(record: &RunRecord, curve: &[nt_records::CurvePoint]) -> Vec<u8> {
    let mut file = Vec::new();
    push(&mut file, &Event { file_version: Some("brain.Event:2".to_owned()), ..Event::default() });
    for point in curve {
        let mut value = vec![
            scalar("loss/train", point.train_loss),
            scalar("top-1/train", point.train_top1),
            scalar("learning rate", point.learning_rate),
        ];
        value.extend(point.validation_top1.map(|share| scalar("top-1/validation", share)));
        push(&mut file, &Event { step: point.step as i64, summary: Some(Summary { value }), ..Event::default() });
    }
    let ends = [("top-1/validation", Measure::Validation(Metric::Top1)), ("top-1/test", Measure::Test(Metric::Top1))];
    let value: Vec<Value> =
        ends.into_iter().filter_map(|(tag, measure)| Some(scalar(tag, record.value(measure)?))).collect();
    if let Some(last) = curve.last().filter(|_| !value.is_empty()) {
        push(&mut file, &Event { step: last.step as i64, summary: Some(Summary { value }), ..Event::default() });
    }
    file
}

fn scalar(tag: &str, value: f64) -> Value {
    Value { tag: tag.to_owned(), simple_value: value as f32 }
}

fn push(file: &mut Vec<u8>, event: &Event) {
    let data = event.encode_to_vec();
    let length = (data.len() as u64).to_le_bytes();
    file.extend_from_slice(&length);
    file.extend_from_slice(&masked(&length));
    file.extend_from_slice(&data);
    file.extend_from_slice(&masked(&data));
}

/// CRC-32C, rotated and shifted as TensorFlow masks it, because a CRC over data that contains CRCs is unreliable.
fn masked(bytes: &[u8]) -> [u8; 4] {
    let crc = crc32c::crc32c(bytes);
    crc.rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_records::curve::{CurvePoint, write_curve};
    use nt_records::mock::{job, record};

    /// The events of a file, every checksum proved.
    fn read(bytes: &[u8]) -> Vec<Event> {
        let (mut rest, mut events) = (bytes, Vec::new());
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            assert_eq!(rest[8..12], masked(&rest[..8]));
            let data = &rest[12..12 + length];
            assert_eq!(rest[12 + length..16 + length], masked(data));
            events.push(Event::decode(data).unwrap());
            rest = &rest[16 + length..];
        }
        events
    }

    #[test]
    fn the_first_record_is_what_tensorflow_writes() {
        // From tensorflow 2: tf.summary writes this event first, up to its wall time, which is zero here and left out.
        let mut file = Vec::new();
        push(&mut file, &Event { file_version: Some("brain.Event:2".to_owned()), ..Event::default() });
        assert_eq!(file[..8], 15u64.to_le_bytes());
        assert_eq!(file[12..27], *b"\x1a\x0dbrain.Event:2");
    }

    #[test]
    fn a_curve_becomes_events_with_its_end_and_tuning_is_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let point = |step, validation_top1| CurvePoint {
            step,
            learning_rate: 0.01,
            train_loss: 1.5,
            train_top1: 0.25,
            validation_top1,
        };
        let curve = write_curve(dir.path(), job(1), &[point(10, None), point(20, Some(0.5))]).unwrap();
        let mut run = record(1);
        run.files.push(curve.clone());
        let mut trial = record(2);
        trial.role = Role::Tuning;
        trial.files.push(curve);
        assert_eq!(write(dir.path(), &[run, trial]).unwrap(), 1);
        let path = dir.path().join("tensorboard/shapes-b/small/near/(3,3)/r1/events.out.tfevents.0.nt");
        let events = read(&std::fs::read(path).unwrap());
        let steps: Vec<i64> = events.iter().map(|event| event.step).collect();
        assert_eq!(steps, [0, 10, 20, 20]);
        let tags: Vec<&str> =
            events[2].summary.as_ref().unwrap().value.iter().map(|value| value.tag.as_str()).collect();
        assert_eq!(tags, ["loss/train", "top-1/train", "learning rate", "top-1/validation"]);
        assert_eq!(events[3].summary.as_ref().unwrap().value[0].tag, "top-1/test");
    }
}
