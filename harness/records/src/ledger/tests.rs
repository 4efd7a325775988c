use std::fs;
use std::path::Path;

use super::*;
use crate::mock::{job, record};

/// A folder with `count` records, each referring to one file.
fn written(dir: &Path, count: u64) -> Vec<u8> {
    let mut ledger = Ledger::open(dir).unwrap();
    assert_eq!(ledger.warnings(), []);
    for number in 0..count {
        let mut record = record(number);
        record.files = vec![FileRef::write(dir, format!("curves/{}.csv", record.job), &number.to_le_bytes()).unwrap()];
        ledger.append(record).unwrap();
    }
    fs::read(dir.join("runs.jsonl")).unwrap()
}

fn jobs(ledger: &Ledger) -> Vec<JobId> {
    ledger.records().iter().map(|record| record.job).collect()
}

#[test]
fn what_was_appended_is_there_when_the_ledger_is_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 3);
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(ledger.warnings(), []);
    assert_eq!(jobs(&ledger), [job(0), job(1), job(2)]);
    assert!(ledger.contains(job(1)).unwrap());
    assert!(!ledger.contains(job(3)).unwrap());
}

#[test]
fn a_last_line_cut_at_any_byte_loses_only_its_own_job() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("runs.jsonl");
    let whole = written(dir.path(), 3);
    let last = whole[..whole.len() - 1].iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    for cut in last..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut ledger = Ledger::open(dir.path()).unwrap();
        if cut == last {
            assert_eq!(
                (jobs(&ledger).len(), ledger.warnings().len()),
                (2, 0),
                "cut between two lines: nothing to tell"
            );
        } else if cut == whole.len() - 1 {
            assert_eq!(
                (jobs(&ledger).len(), ledger.warnings().len()),
                (3, 0),
                "only the newline is gone: the record stands"
            );
        } else {
            assert_eq!(jobs(&ledger), [job(0), job(1)], "cut at byte {cut}");
            let torn = LedgerWarning::TornTail { path: path.clone(), line: 3, bytes: cut - last };
            assert_eq!(ledger.warnings(), [torn]);
        }
        if cut % 32 != 0 {
            continue;
        }
        let again = record(7);
        ledger.append(again).unwrap();
        drop(ledger);
        let ledger = Ledger::open(dir.path()).unwrap();
        assert_eq!(ledger.warnings(), [], "repaired, so told once");
        assert!(ledger.contains(job(7)).unwrap());
    }
}

#[test]
fn a_flipped_bit_loses_exactly_its_own_record_and_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("runs.jsonl");
    let whole = written(dir.path(), 3);
    let mut line = 1;
    for (at, &byte) in whole.iter().enumerate() {
        let mut damaged = whole.clone();
        damaged[at] = byte ^ (1 << (at % 8));
        fs::write(&path, &damaged).unwrap();
        let (records, warnings) = read_records(dir.path()).unwrap();
        let left: Vec<JobId> = records.iter().map(|record| record.job).collect();
        let expected: Vec<JobId> = (0..3).filter(|number| number + 1 != line).map(job).collect();
        if at == whole.len() - 1 {
            assert!(left.len() >= 2, "the last newline");
        } else {
            assert_eq!(left, expected, "bit {} of byte {at}", at % 8);
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            let told = warnings[0].to_string();
            assert!(told.contains(&format!("runs.jsonl:{line} ")), "{told}");
        }
        line += u64::from(byte == b'\n');
    }
}

#[test]
fn a_damaged_line_is_kept_aside_and_its_job_can_be_run_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("runs.jsonl");
    let mut whole = written(dir.path(), 3);
    let second = whole.iter().position(|&byte| byte == b'\n').unwrap() + 40;
    whole[second] ^= 1;
    fs::write(&path, &whole).unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    assert!(matches!(ledger.warnings(), [LedgerWarning::Damaged { line: 2, damage: Damage::Checksum, .. }]));
    assert!(!ledger.contains(job(1)).unwrap());
    ledger.append(record(1)).unwrap();
    drop(ledger);
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!((jobs(&ledger), ledger.warnings()), (vec![job(0), job(2), job(1)], &[][..]));
    assert!(fs::metadata(dir.path().join("runs.jsonl.damaged")).unwrap().len() > 100);
}

#[test]
fn a_record_whose_file_was_cut_or_changed_is_dropped_and_the_file_named() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 4);
    let file = |number| dir.path().join(format!("curves/{}.csv", job(number)));
    fs::write(file(0), b"cut").unwrap();
    fs::write(file(1), 77u64.to_le_bytes()).unwrap();
    fs::remove_file(file(2)).unwrap();
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!(jobs(&ledger), [job(3)]);
    let told: Vec<String> = ledger.warnings().iter().map(ToString::to_string).collect();
    assert!(told[0].contains("has 3 bytes where the record says 8"), "{}", told[0]);
    assert!(told[1].contains("has other contents"), "{}", told[1]);
    assert!(told[2].contains("is missing"), "{}", told[2]);
}

#[test]
fn a_record_cannot_be_written_before_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let mut early = record(0);
    early.files = vec![FileRef::new("networks/none.safetensors", b"")];
    let error = ledger.append(early).unwrap_err();
    assert!(matches!(error, LedgerError::DanglingFile { problem: FileProblem::Missing, .. }), "{error}");
    assert_eq!(ledger.records(), []);
}

#[test]
fn a_second_writer_is_told_who_holds_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let first = Ledger::open(dir.path()).unwrap();
    let error = Ledger::open(dir.path()).unwrap_err();
    let LedgerError::Busy { holder, .. } = &error else { panic!("{error}") };
    assert_eq!(*holder, format!("process {}", std::process::id()));
    assert!(Ledger::open_shard(dir.path(), Shard::new(0, 2).unwrap()).is_err());
    drop(first);
    assert!(Ledger::open(dir.path()).is_ok());
}

#[test]
fn shards_write_side_by_side_and_readers_see_all_of_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = Ledger::open_shard(dir.path(), Shard::new(0, 2).unwrap()).unwrap();
    let mut second = Ledger::open_shard(dir.path(), Shard::new(1, 2).unwrap()).unwrap();
    assert!(Ledger::open_shard(dir.path(), Shard::new(1, 2).unwrap()).is_err());
    assert!(Ledger::open(dir.path()).is_err());
    second.append(record(1)).unwrap();
    first.append(record(0)).unwrap();
    let (records, warnings) = read_records(dir.path()).unwrap();
    assert_eq!(records.iter().map(|record| record.job).collect::<Vec<_>>(), [job(0), job(1)]);
    assert_eq!(warnings, []);
}

#[test]
fn every_job_belongs_to_exactly_one_shard() {
    let shards: Vec<Shard> = (0..3).map(|index| Shard::new(index, 3).unwrap()).collect();
    let owners: Vec<usize> =
        (0..300).map(|number| shards.iter().filter(|shard| shard.owns(job(number))).count()).collect();
    assert!(owners.iter().all(|&count| count == 1));
    assert!(Shard::new(3, 3).is_err());
}

#[test]
fn a_job_recorded_twice_is_reported_only_if_the_results_differ() {
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::open(dir.path()).unwrap();
    let first = record(0);
    let mut slower = first.clone();
    slower.wall_seconds += 1.0;
    let mut other = first.clone();
    other.metrics[0].value += 0.01;
    ledger.append(first).unwrap();
    ledger.append(slower).unwrap();
    assert_eq!(read_records(dir.path()).unwrap().1, []);
    ledger.append(other.clone()).unwrap();
    let (records, warnings) = read_records(dir.path()).unwrap();
    assert_eq!(records, [other], "the last one stands");
    let told = warnings[0].to_string();
    assert!(told.contains("runs.jsonl:2 and in") && told.contains("runs.jsonl:3: neither is believed"), "{told}");
    // A reader shows the last, and a writer takes both out, so that the job runs again.
    drop(ledger);
    let mut ledger = Ledger::open(dir.path()).unwrap();
    ledger.take_out(&BTreeSet::from([job(0)])).unwrap();
    assert_eq!(ledger.records(), []);
    assert_eq!(read_records(dir.path()).unwrap(), (vec![], vec![]));
    ledger.append(record(0)).unwrap();
    assert_eq!(read_records(dir.path()).unwrap(), (vec![record(0)], vec![]));
    let kept = fs::read_to_string(dir.path().join("runs.jsonl.damaged")).unwrap();
    assert_eq!(kept.lines().count(), 3, "nothing is lost");
}

#[test]
fn a_record_of_another_version_is_refused_with_its_place() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 1);
    let mut future = record(1);
    future.schema_version = 99;
    let mut contents = fs::read(dir.path().join("runs.jsonl")).unwrap();
    contents.extend(line::encode(&future).unwrap());
    fs::write(dir.path().join("runs.jsonl"), contents).unwrap();
    let error = Ledger::open(dir.path()).unwrap_err();
    assert!(matches!(error, LedgerError::SchemaVersion { line: 2, found: 99, .. }), "{error}");
    assert!(error.to_string().contains("runs.jsonl:2 has schema_version 99"));
}

#[test]
fn numbers_that_json_has_no_name_for_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let mut odd = record(0);
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.1 + 0.2, f64::MIN_POSITIVE, 1e300, 3.0];
    odd.metrics = values.iter().map(|&value| crate::Measured::new(crate::Measure::TrainLossLast, value, 1)).collect();
    odd.learning_rate = None;
    let digest = odd.digest();
    Ledger::open(dir.path()).unwrap().append(odd).unwrap();
    let (records, _) = read_records(dir.path()).unwrap();
    let back: Vec<u64> = records[0].metrics.iter().map(|metric| metric.value.to_bits()).collect();
    assert_eq!(back, values.map(f64::to_bits));
    assert_eq!(records[0].digest(), digest);
}

#[test]
fn the_result_digest_sees_values_and_plan_order_but_neither_time_nor_the_order_of_writing() {
    let digest = |records: &[RunRecord], order: &[u64]| {
        result_digest(order.iter().map(|&number| job(number)), |id| records.iter().find(|record| record.job == id))
    };
    let (first, second) = (record(0), record(1));
    let mut slower = first.clone();
    slower.wall_seconds = 1e6;
    let mut other = first.clone();
    other.metrics[0].value = f64::from_bits(other.metrics[0].value.to_bits() + 1);
    let whole = digest(&[first.clone(), second.clone()], &[0, 1]);
    assert_eq!(whole, digest(&[second.clone(), slower], &[0, 1]));
    assert_ne!(whole, digest(&[first.clone(), second.clone()], &[1, 0]));
    assert_ne!(whole, digest(&[other, second.clone()], &[0, 1]));
    assert_ne!(whole, digest(&[second], &[0, 1]), "a job without a record");
}

#[test]
fn a_hundred_thousand_records_are_read_in_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let mut contents = Vec::new();
    for number in 0..100_000 {
        contents.extend(line::encode(&record(number)).unwrap());
    }
    fs::write(dir.path().join("runs.jsonl"), contents).unwrap();
    let start = std::time::Instant::now();
    let ledger = Ledger::open(dir.path()).unwrap();
    assert_eq!((ledger.records().len(), ledger.warnings().len()), (100_000, 0));
    // 2 s is the aim; the bound leaves room for a loaded machine.
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
    println!("100,000 records opened in {:?}", start.elapsed());
}

#[test]
fn a_folder_that_was_moved_is_written_no_more() {
    let above = tempfile::tempdir().unwrap();
    let (dir, moved) = (above.path().join("study"), above.path().join("moved"));
    let mut ledger = Ledger::open(&dir).unwrap();
    ledger.append(record(0)).unwrap();
    fs::rename(&dir, &moved).unwrap();
    assert!(matches!(ledger.append(record(1)), Err(LedgerError::Moved { .. })));
    // Another run begins under the old name.
    let mut other = Ledger::open(&dir).unwrap();
    assert!(matches!(ledger.append(record(1)), Err(LedgerError::Moved { .. })));
    other.append(record(2)).unwrap();
    drop((ledger, other));
    assert_eq!(read_records(&dir).unwrap().0, [record(2)]);
    assert_eq!(Ledger::open(&moved).unwrap().records(), [record(0)]);
}
