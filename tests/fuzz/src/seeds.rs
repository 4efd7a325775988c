//! Files that are read without a fault.

use crate::readers::shape;
use negative_transfer::model::weights::to_pth;
use negative_transfer::model::{Init, Parameters, initialise, to_bytes};
use nt_records::ledger::encode;
use nt_records::mock::{manifest, record};
use nt_records::pictures::{Filters, Thumbnails};
use nt_records::{Manifest, Predictions, Status};
use std::fs;
use std::io::{Cursor, Read};
use std::path::Path;

fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The files of a folder whose names end so, by name.
fn files(folder: &str, end: &str) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(top().join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_string_lossy().ends_with(end));
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

pub(crate) fn scenarios() -> Vec<Vec<u8>> {
    files("scenarios", ".toml")
}

pub(crate) fn records() -> Vec<Vec<u8>> {
    let lines = |count: u64| -> Vec<u8> {
        let record = |number: u64| {
            let mut record = record(number);
            record.files.clear();
            if number == 2 {
                record.status = Status::Diverged { reason: "loss NaN".to_owned() };
            }
            encode(&record).unwrap()
        };
        (0..count).flat_map(record).collect()
    };
    vec![lines(1), lines(4)]
}

fn written(write: impl FnOnce(&Path), path: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path());
    fs::read(dir.path().join(path)).unwrap()
}

pub(crate) fn manifests() -> Vec<Vec<u8>> {
    let small = written(|dir| manifest().write(dir).unwrap(), "manifest.json");
    let full = Manifest { stripped: vec!["figures/*.png".to_owned()], has_ended: true, ..manifest() };
    vec![small, written(|dir| full.write(dir).unwrap(), "manifest.json")]
}

pub(crate) fn csv() -> Vec<Vec<u8>> {
    let ours = ["own-features.csv", "pytorch.csv"].iter().flat_map(|name| files("tests/fixtures/analyze", name));
    let of_others = ["semicolon.csv", "percent.csv", "pivot.csv", "pivot-arms.csv"];
    ours.chain(of_others.iter().flat_map(|name| files("harness/foreign/src/tests/fixtures/pandas", name))).collect()
}

pub(crate) fn json_lines() -> Vec<Vec<u8>> {
    let line = |replicate: usize, arm: &str, value: f64| {
        format!("{{\"arm\":{arm:?},\"replicate\":{replicate},\"accuracy\":{value}}}\n")
    };
    let text: String =
        (0..8).flat_map(|r| [line(r, "scratch", 0.5 + r as f64 / 100.0), line(r, "copied", 0.6)]).collect();
    vec![text.into_bytes()]
}

pub(crate) fn parquet() -> Vec<Vec<u8>> {
    ["pandas", "polars"]
        .iter()
        .flat_map(|by| files(&format!("harness/foreign/src/tests/fixtures/{by}"), ".parquet"))
        .collect()
}

pub(crate) fn jpegs() -> Vec<Vec<u8>> {
    files("harness/data/decode/fixtures", ".jpg")
}

pub(crate) fn pngs() -> Vec<Vec<u8>> {
    files("harness/data/decode/fixtures", ".png")
}

pub(crate) fn safetensors() -> Vec<Vec<u8>> {
    let job = nt_records::mock::job(1);
    let predictions = Predictions::new(vec![1, 4, 9], vec![0, 1, 1], vec![[0, 1, 2, 3, 4]; 3], vec![0.5; 3]).unwrap();
    let thumbnails = Thumbnails::new(2, [(9, vec![9; 12]), (4, vec![4; 12])]);
    let filters = Filters::new(2, 1, vec![0.5, -0.5, 0.0, 0.0, 0.0, 0.0]).unwrap();
    vec![
        written(|dir| drop(predictions.write(dir, job).unwrap()), &Predictions::path(job)),
        written(|dir| thumbnails.write(dir, "any").unwrap(), &Thumbnails::path("any")),
        written(|dir| filters.write(dir, job).unwrap(), &Filters::path(job)),
        to_bytes(&network(), &shape()).unwrap(),
    ]
}

fn network() -> Parameters {
    let standardisation = nt_scenario::Standardisation::IMAGENET;
    let init = Init { seed: 1, scope: "seed", replicate: 0, standardisation };
    initialise(&shape(), nt_scenario::Initialiser::HeNormal, init)
}

pub(crate) fn pth() -> Vec<Vec<u8>> {
    let (shape, network) = (shape(), network());
    let names: Vec<&str> = shape.layers.iter().map(|layer| layer.name).collect();
    vec![to_pth(&network, &shape, &names, ("note", "{}")).unwrap()]
}

pub(crate) fn pickles() -> Vec<Vec<u8>> {
    let archives = pth();
    let pickle = |archive: &Vec<u8>| {
        let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
        let mut pickle = Vec::new();
        archive.by_name("network/data.pkl").unwrap().read_to_end(&mut pickle).unwrap();
        pickle
    };
    archives.iter().map(pickle).collect()
}
