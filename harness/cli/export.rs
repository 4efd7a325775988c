//! `nt export`.

use super::Failure;
use super::explain::studies;
use super::output::say;
use super::study_folder;
use crate::model::weights::{CARD_VERSION, Card, Weights, WeightsFile, WriteError, to_pth, to_safetensors};
use crate::run::weights::{CARD, STANDARDISATION, digest};
use nt_disk::{shell_word, write_atomic};
use nt_records::{FileRef, Measure, RunRecord, ledger::read_records, names::RESOLVED_FILE};
use nt_scenario::network::NetworkShape;
use nt_scenario::{Architecture, Data, JobId, Scenario, Standardisation};
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(super) struct Export {
    /// The job, by its id or its name in runs.csv: a source's, or a judged run's of a study that ran with --keep networks.
    job: String,
    /// The study's folder, or a folder that holds such folders.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    dir: PathBuf,
    /// The file to write: .pth as torch.save writes it, or .safetensors. A card with the same name and the ending .json lies beside it.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The format of a file, by its ending.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Pth,
    Safetensors,
}

impl Export {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let ending = self.out.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        let format = match ending.as_deref() {
            Some("pth" | "pt") => Format::Pth,
            Some("safetensors") => Format::Safetensors,
            _ => {
                return Err(Failure::Input(format!(
                    "{} ends neither in .pth nor in .safetensors; name a file of one of these formats with --out",
                    self.out.display()
                )));
            }
        };
        let card_path = Card::path_beside(&self.out);
        if let Some(path) = [&self.out, &card_path].into_iter().find(|path| path.symlink_metadata().is_ok()) {
            let path = path.display();
            return Err(Failure::Input(format!("{path} is there: remove it, or give another file with --out")));
        }
        let (dir, record) = self.find()?;
        let network = Network::read(&dir, &record)?;
        let names = network.names();
        let card = serde_json::to_string_pretty(&network.card).map_err(|error| Failure::System(error.to_string()))?;
        let (parameters, shape) = (&network.weights.parameters, &network.shape);
        let bytes = match format {
            Format::Pth => to_pth(parameters, shape, &names, (CARD, &card)),
            Format::Safetensors => {
                to_safetensors(parameters, shape, &names, (CARD, card.clone())).map_err(WriteError::from)
            }
        };
        let bytes = bytes.map_err(|error| Failure::system(&error))?;
        // The card first: a network without one says nothing of what it does to pixels.
        write_atomic(&card_path, format!("{card}\n").as_bytes()).map_err(|error| Failure::system(&error))?;
        write_atomic(&self.out, &bytes).map_err(|error| Failure::system(&error))?;
        say(self.out.display())?;
        say(card_path.display())
    }

    /// The study's folder and the record of the job.
    fn find(&self) -> Result<(PathBuf, RunRecord), Failure> {
        let id = self.job.parse::<JobId>().ok();
        let mut found = Vec::new();
        for dir in studies(&self.dir)? {
            let (records, _) = read_records(&dir).map_err(|error| Failure::system(&error))?;
            let wanted = |record: &RunRecord| Some(record.job) == id || record.name == self.job;
            found.extend(records.into_iter().find(wanted).map(|record| (dir, record)));
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(Failure::Input(format!(
                "no study in {} has run a job {}; copy an id or a name from its runs.csv, or give the study's folder with --dir",
                self.dir.display(),
                self.job
            ))),
            _ => {
                let dirs: Vec<String> = found.iter().map(|(dir, _)| dir.display().to_string()).collect();
                Err(Failure::Input(format!(
                    "several studies have a job {}; give one of {} with --dir",
                    self.job,
                    dirs.join(", ")
                )))
            }
        }
    }
}

/// A network of a study, with what it is.
struct Network {
    weights: Weights,
    shape: NetworkShape,
    architecture: Architecture,
    card: Card,
}

impl Network {
    /// Reads the network of a job's record.
    fn read(dir: &Path, record: &RunRecord) -> Result<Self, Failure> {
        let (manifest, scenario) = (study_folder::manifest(dir)?, study_folder::scenario(dir)?);
        for name in ["scenario.toml", RESOLVED_FILE] {
            let listed = manifest.files.iter().find(|file| file.path == name);
            sound(dir, listed.ok_or_else(|| Failure::Incomplete(study_folder::lost(dir, name)))?)?;
        }
        let listed = record.file_in("networks");
        let Some(listed) = listed else {
            return Err(Failure::Input(format!(
                "the network of {} was not kept; `nt run SCENARIO --out {} --keep networks` runs it again and keeps it, if it is the \
                 training of a target",
                record.name,
                shell_word(dir)
            )));
        };
        sound(dir, listed)?;
        let path = dir.join(&listed.path);
        let failed = |error| Failure::System(format!("{} {error}", path.display()));
        let mut file = WeightsFile::open(&path).map_err(failed)?;
        let (data, classes) = learned(&scenario, record).ok_or_else(|| {
            Failure::Incomplete(format!(
                "{} has no source or target of {}",
                dir.join("scenario.toml").display(),
                record.name
            ))
        })?;
        let of_data = scenario.data.get(data).map_or(Standardisation::IMAGENET, Data::standardisation);
        let standardisation = file.note(STANDARDISATION).map_err(failed)?.unwrap_or(of_data);
        let weights = file.network(&scenario.model, standardisation).map_err(failed)?;
        let known = manifest.data.get(data);
        let of_test = record.metrics.iter().filter(|measured| matches!(measured.measure, Measure::Test(_)));
        let metrics = of_test.map(|measured| (measured.measure.to_string(), measured.value));
        let card = Card {
            nt_card: CARD_VERSION,
            program: format!("nt {}", env!("CARGO_PKG_VERSION")),
            architecture: scenario.model.architecture.word().to_owned(),
            width: scenario.model.width,
            input: scenario.model.input,
            standardisation,
            classes: classes.or_else(|| Some(known?.classes.clone())).unwrap_or_default(),
            study: scenario.study.name.clone(),
            job: record.job.to_string(),
            name: record.name.clone(),
            data: data.to_owned(),
            data_digest: known.map_or_else(String::new, |known| known.digest.clone()),
            terms: scenario.data.get(data).map_or("not known", Data::terms).to_owned(),
            metrics: metrics.collect(),
            blake3: blake3::Hash::from_bytes(digest(&weights.parameters, weights.num_classes)).to_hex().to_string(),
        };
        let shape = scenario.model.shape(weights.num_classes.unwrap_or(1));
        Ok(Self { weights, shape, architecture: scenario.model.architecture, card })
    }

    /// What its layers are called in the file: as torchvision calls them, where it has such a network.
    fn names(&self) -> Vec<&'static str> {
        match self.architecture.torchvision_names() {
            [] => self.architecture.layer_names(),
            names => names.to_vec(),
        }
    }
}

/// Refuses a file of the study that is not as it was written.
fn sound(dir: &Path, file: &FileRef) -> Result<(), Failure> {
    file.compare(dir).map_err(|problem| {
        let path = dir.join(&file.path);
        let again = shell_word(dir);
        Failure::Incomplete(format!("{} {problem}; `nt run SCENARIO --out {again}` makes it again", path.display()))
    })
}

/// The data that a job's network learned from last, and the classes that it tells apart; all of the data's if `None`.
fn learned<'a>(scenario: &'a Scenario, record: &RunRecord) -> Option<(&'a str, Option<Vec<String>>)> {
    let of_target = |name: &str| {
        let target = scenario.targets.iter().find(|target| target.name == name)?;
        Some((target.data.as_str(), target.classes.clone()))
    };
    if let Some(target) = &record.target {
        return of_target(target);
    }
    let source = scenario.source(record.source.as_ref()?)?;
    match scenario.pretraining_of(source) {
        Some(pretraining) => Some((&pretraining.data, pretraining.classes.clone())),
        // source/NAME/TARGET…: a selffer's and a twin's are their target's.
        None => of_target(record.name.split('/').nth(2)?),
    }
}
