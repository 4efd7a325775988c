//! The readers, as the commands call them.

use negative_transfer::data::decode::{Megapixels, decode};
use negative_transfer::model;
use negative_transfer::model::weights::WeightsFile;
use nt_foreign::{Format, Question, analyse_table};
use nt_records::examine::examine;
use nt_records::pictures::{Filters, Thumbnails};
use nt_records::{FileRef, Ledger, Manifest, Predictions, read_curve, read_records};
use nt_scenario::mock::TestScenario;
use nt_scenario::network::NetworkShape;
use nt_scenario::{Migration, Model, Scenario, Standardisation};
use std::fs;
use std::io::Write;

pub(crate) fn scenario(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let migrated = Migration::of(&text, "any.toml");
    if let Err(faults) = &migrated {
        let _ = faults.to_string();
    }
    match Scenario::parse(&text, "any.toml") {
        Ok(scenario) => {
            scenario.notes().iter().for_each(|note| drop(note.to_string()));
            let _ = scenario.to_toml();
            true
        }
        Err(faults) => {
            let _ = faults.to_string();
            false
        }
    }
}

pub(crate) fn records(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("runs.jsonl"), bytes).unwrap();
    // A reader changes nothing; a writer repairs, and then finds nothing more to repair.
    let read = read_records(dir.path());
    let repaired = Ledger::open(dir.path()).map(drop);
    if let Err(error) = &repaired {
        let _ = error.to_string();
        return false;
    }
    assert!(
        read_records(dir.path())
            .is_ok_and(|(_, warnings)| warnings.iter().all(|one| one.to_string().contains("twice")))
    );
    read.is_ok_and(|(records, warnings)| warnings.is_empty() && !records.is_empty())
}

pub(crate) fn manifest(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("manifest.json"), bytes).unwrap();
    let examined = examine(dir.path()).map_err(|error| drop(error.to_string()));
    Manifest::read(dir.path()).map_err(|error| drop(error.to_string())).is_ok() && examined.is_ok()
}

pub(crate) fn table(bytes: &[u8], format: Format) -> bool {
    match analyse_table(bytes, "any", format, &Question::default()) {
        Ok(analysis) => {
            let _ = analysis.terminal_table();
            analysis.verdicts_csv().unwrap();
            analysis.verdicts_json("any").unwrap();
            true
        }
        Err(faults) => {
            let _ = faults.to_string();
            false
        }
    }
}

pub(crate) fn picture(bytes: &[u8]) -> bool {
    match decode(bytes, Megapixels(4)) {
        Ok(_) => true,
        Err(error) => {
            let _ = error.to_string();
            false
        }
    }
}

/// The network that a file of the seeds holds.
pub(crate) fn shape() -> NetworkShape {
    network().shape(2)
}

fn network() -> Model {
    let text = TestScenario::new("fuzz")
        .synthetic("shapes", 8, 4)
        .target("shapes", "data = \"shapes\"")
        .size("small", "train_per_class = 2\nsteps = 1")
        .text();
    Scenario::parse(&text, "fuzz.toml").unwrap().model
}

/// A file of weights, by its first bytes of one format or the other.
pub(crate) fn weights(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("weights");
    fs::write(&path, bytes).unwrap();
    let read = WeightsFile::open(&path).and_then(|mut file| file.network(&network(), Standardisation::IMAGENET));
    read.map_err(|error| drop(error.to_string())).is_ok()
}

/// The same with this pickle in an archive that is sound, since a checksum keeps most changes from a pickle's reader.
pub(crate) fn pickle(bytes: &[u8]) -> bool {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let mut part = |name: &str, bytes: &[u8]| {
        archive.start_file(name, options).unwrap();
        archive.write_all(bytes).unwrap();
    };
    part("network/data.pkl", bytes);
    for (key, layer) in shape().layers.iter().enumerate() {
        part(&format!("network/data/{}", 2 * key), &vec![0; 4 * layer.num_weights()]);
        part(&format!("network/data/{}", 2 * key + 1), &vec![0; 4 * layer.num_biases()]);
    }
    weights(&archive.finish().unwrap().into_inner())
}

pub(crate) fn safetensors(bytes: &[u8]) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str| FileRef::write(dir.path(), path, bytes).unwrap();
    let predictions = Predictions::read(dir.path(), &write("predictions/any.safetensors"));
    write(&Thumbnails::path("any"));
    let thumbnails = Thumbnails::read(dir.path(), "any");
    let job = nt_records::mock::job(1);
    write(&Filters::path(job));
    let filters = Filters::read(dir.path(), job);
    let network = model::from_bytes(bytes, &shape(), Standardisation::IMAGENET);
    // Where its values are not finite, another study refuses what this one would go on with.
    let _ = weights(bytes);
    // Not of this format, but read from a study's folder by the same reference.
    let _ = read_curve(dir.path(), &write("curves/any.csv")).map_err(|error| error.to_string());
    if let Ok(read) = &predictions {
        let _ = (read.hits(1), read.hits(5), read.chance(), read.num_classes(), read.scores_of(0));
    }
    if let Ok(Some(read)) = &filters {
        (0..read.len()).for_each(|filter| drop(read.picture(filter)));
    }
    let told = [
        predictions.as_ref().err().map(ToString::to_string),
        thumbnails.as_ref().err().map(ToString::to_string),
        network.as_ref().err().map(ToString::to_string),
    ];
    told.iter().any(Option::is_none) || filters.is_ok()
}
