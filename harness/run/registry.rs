//! The data sets of a scenario, opened once.

use super::weights::{SourceFile, SourceFileError};
use crate::audit::{Pool, Pools};
use crate::data::{DataError, DataPlace, Dataset, OpenError, SealedTest, Split, TrainPool, described, facts_of, part};
use crate::model::Parameters;
use crate::terminal::one_line;
use nt_scenario::{Facts, Learning, Scenario, Standardisation, WeightsFacts};
use std::collections::{BTreeMap, HashMap};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Identifies a choice of a data set's classes: the data set, the classes, test images a class.
type PoolKey = (String, Vec<String>, Option<usize>);

/// Data sets by name, and what was drawn from them.
pub struct Registry {
    datasets: BTreeMap<String, Arc<dyn Dataset>>,
    /// What was left out of each, and why.
    remarks: BTreeMap<String, Vec<String>>,
    pools: Mutex<HashMap<PoolKey, Arc<(TrainPool, SealedTest)>>>,
    /// Files of weights by the indices of their sources.
    weights: BTreeMap<usize, SourceFile>,
}

impl Registry {
    /// Opens every data set and every file of weights of a scenario; relative paths are below `base`, decoded images are kept below `cache_dir`.
    /// What cannot be opened is a fault among the facts, so that all of them can be told at once.
    ///
    /// # Errors
    /// [`DataError`] if the system or the cache is at fault, which no change of the scenario would repair.
    pub fn open(scenario: &Scenario, base: &Path, cache_dir: &Path) -> Result<(Self, Facts), DataError> {
        let (mut datasets, mut facts, mut remarks) = (BTreeMap::new(), Facts::default(), BTreeMap::new());
        let place = DataPlace { base, cache_dir, side: scenario.model.input };
        for (name, data) in &scenario.data {
            let found = match described(data).open(place) {
                Ok(opened) => {
                    remarks.insert(name.clone(), opened.warnings);
                    let found = facts_of(&*opened.dataset);
                    datasets.insert(name.clone(), Arc::from(opened.dataset));
                    Ok(found)
                }
                Err(OpenError::Data(error)) if error.is_of_the_system() => return Err(error),
                Err(error) => Err(with_base(&error, base)),
            };
            facts.data.insert(name.clone(), found);
        }
        let mut weights = BTreeMap::new();
        for (index, found) in source_files(scenario, base) {
            let of_file = found.map(|file| {
                let facts = file.facts.clone();
                weights.insert(index, file);
                facts
            });
            facts.weights.insert(scenario.sources[index].name.clone(), of_file);
        }
        Ok((Self { datasets, remarks, pools: Mutex::default(), weights }, facts))
    }

    /// What is known of the file that a source is read from.
    pub fn weights(&self, source: usize) -> Option<&WeightsFacts> {
        Some(&self.weights.get(&source)?.facts)
    }

    /// The network in the file of a source; `None` if it is not read from one.
    ///
    /// # Errors
    /// [`SourceFileError`] where the file has gone or changed since the study was opened.
    pub fn source_network(&self, scenario: &Scenario, source: usize) -> Result<Option<Parameters>, SourceFileError> {
        self.weights.get(&source).map(|file| file.network(&scenario.model)).transpose()
    }

    /// The training and test side of these classes of a data set.
    ///
    /// # Errors
    /// [`DataError::UnknownClass`], which a checked scenario rules out.
    pub fn pool(
        &self,
        data: &str,
        classes: &[String],
        test_per_class: Option<usize>,
    ) -> Result<Arc<(TrainPool, SealedTest)>, DataError> {
        let mut pools = self.pools.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (data.to_owned(), classes.to_vec(), test_per_class);
        if let Some(pool) = pools.get(&key) {
            return Ok(Arc::clone(pool));
        }
        let unknown = || DataError::UnknownClass { name: data.to_owned(), known: Vec::new() };
        let dataset = self.datasets.get(data).ok_or_else(unknown)?;
        let pool = Arc::new(part(Arc::clone(dataset), classes, test_per_class)?);
        pools.insert(key, Arc::clone(&pool));
        Ok(pool)
    }

    /// Hash of a data set's pixels and class names; zero for one that could not be opened.
    pub fn digest(&self, data: &str) -> [u8; 32] {
        self.datasets.get(data).map_or([0; 32], |dataset| dataset.digest())
    }

    /// What a network that learns from a data set's images does to their pixels first.
    pub fn standardisation(&self, data: &str) -> Standardisation {
        self.datasets.get(data).map_or(Standardisation::IMAGENET, |dataset| dataset.standardisation())
    }

    /// Number of classes of a data set.
    pub fn num_classes(&self, data: &str) -> usize {
        self.datasets.get(data).map_or(0, |dataset| dataset.classes().len())
    }

    /// Number of test images of these classes.
    pub fn num_test_images(&self, data: &str, classes: &[String], test_per_class: Option<usize>) -> usize {
        let Some(dataset) = self.datasets.get(data) else { return 0 };
        let chosen =
            dataset.classes().iter().enumerate().filter(|(_, name)| classes.is_empty() || classes.contains(name));
        chosen.map(|(class, _)| test_per_class.unwrap_or_else(|| dataset.num_images(Split::Test, class))).sum()
    }

    /// What was left out of a data set, and why, a sentence each.
    pub fn remarks_on(&self, data: &str) -> &[String] {
        self.remarks.get(data).map_or(&[], Vec::as_slice)
    }

    /// What was left out of the data, and why, each with the name of its data set.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let of = |(name, remarks): (&String, &Vec<String>)| -> Vec<String> {
            remarks.iter().map(|words| of_dataset(name, words)).collect()
        };
        self.remarks.iter().flat_map(of)
    }
}

impl Pools for Registry {
    fn pool(&self, data: &str, classes: Option<&[String]>, test_per_class: Option<usize>) -> Result<Pool, DataError> {
        Self::pool(self, data, classes.unwrap_or_default(), test_per_class)
    }

    fn digest(&self, data: &str) -> [u8; 32] {
        Self::digest(self, data)
    }
}

/// The pictures of a scenario's data that cannot be used, a message for each dataset that has some. A dataset that
/// cannot be opened is left to [`survey`]. Before the files of a dataset are read, `announce` is told its name and how many
/// there are.
pub fn broken_images(scenario: &Scenario, base: &Path, announce: impl Fn(&str, usize)) -> Vec<String> {
    let place = DataPlace { base, cache_dir: Path::new(""), side: scenario.model.input };
    let broken = scenario.data.iter().filter_map(|(name, data)| {
        let images =
            described(data).broken(place, &|count| announce(name, count)).ok().filter(|images| !images.is_empty())?;
        Some(format!("dataset {name:?}: {}", DataError::BrokenImages { images }))
    });
    broken.collect()
}

/// What can be known of a scenario's data without decoding an image: enough to check the scenario, not to plan it. With it, what is
/// left out of the data, and why.
pub fn survey(scenario: &Scenario, base: &Path) -> (Facts, Vec<String>) {
    // Nothing is decoded, so that no cache is needed.
    let place = DataPlace { base, cache_dir: Path::new(""), side: scenario.model.input };
    let mut warnings = Vec::new();
    let mut survey_one = |name: &str, data| {
        let surveyed = described(data).survey(place).map_err(|error| with_base(&error, base))?;
        warnings.extend(surveyed.warnings.iter().map(|words| of_dataset(name, words)));
        Ok(surveyed.facts)
    };
    let data = scenario.data.iter().map(|(name, data)| (name.clone(), survey_one(name, data))).collect();
    let of_source = |(index, found): (usize, Result<SourceFile, String>)| {
        (scenario.sources[index].name.clone(), found.map(|file| file.facts))
    };
    let weights = source_files(scenario, base).map(of_source).collect();
    (Facts { data, weights }, warnings)
}

/// The file of every source that is read from one, by the source's index.
fn source_files<'a>(
    scenario: &'a Scenario,
    base: &'a Path,
) -> impl Iterator<Item = (usize, Result<SourceFile, String>)> + use<'a> {
    scenario.sources.iter().enumerate().filter_map(move |(index, source)| match source.learning() {
        Learning::Elsewhere(weights) => {
            Some((index, SourceFile::look(&scenario.model, weights, base).map_err(|error| error.to_string())))
        }
        Learning::OwnImages(_)
        | Learning::Target(_)
        | Learning::TwinOfTarget(_)
        | Learning::OtherSource(_)
        | Learning::Nothing => None,
    })
}

/// A fault in words; of what is not there, where relative paths start from as well.
fn with_base(error: &OpenError, base: &Path) -> String {
    let is_missing =
        matches!(error, OpenError::Data(DataError::Io { source, .. }) if source.kind() == ErrorKind::NotFound);
    let folder = if base.as_os_str().is_empty() { Path::new(".") } else { base };
    match is_missing {
        true => format!("{error}; a relative path starts from {}", one_line(folder)),
        false => error.to_string(),
    }
}

fn of_dataset(name: &str, words: &str) -> String {
    format!("dataset {name:?}: {words}")
}
