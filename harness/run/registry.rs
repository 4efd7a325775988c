//! The data sets of a scenario, opened once.

use crate::audit::{Pool, Pools};
use crate::data::cifar10::Cifar10;
use crate::data::image_folder::ImageFolder;
use crate::data::synthetic::{Synthetic, SyntheticError, SyntheticSpec};
use crate::data::{DataError, Dataset, SealedTest, Split, TrainPool, part};
use nt_scenario::{Data, DataFacts, Facts, Scenario, SyntheticData, vocabulary};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// What a choice of a data set's classes is known by.
type PoolKey = (String, Vec<String>, Option<usize>);

/// Data sets by name, and what was drawn from them.
pub struct Registry {
    datasets: BTreeMap<String, Arc<dyn Dataset>>,
    warnings: Vec<String>,
    pools: Mutex<HashMap<PoolKey, Arc<(TrainPool, SealedTest)>>>,
}

impl Registry {
    /// Opens every data set of a scenario; relative paths are below `base`, decoded images are kept below `cache_dir`.
    /// What cannot be opened is a fault among the facts, so that all of them can be told at once.
    ///
    /// # Errors
    /// [`DataError`] where the cache cannot be used, which no change of the scenario would mend.
    pub fn open(scenario: &Scenario, base: &Path, cache_dir: &Path) -> Result<(Self, Facts), DataError> {
        let (mut datasets, mut facts, mut warnings) = (BTreeMap::new(), Facts::new(), Vec::new());
        for (name, data) in &scenario.data {
            let found = match open(data, base, scenario.model.input, cache_dir, &mut warnings) {
                Ok(dataset) => {
                    let found = facts_of(&*dataset);
                    datasets.insert(name.clone(), Arc::from(dataset));
                    Ok(found)
                }
                Err(OpenError::Data(error)) if error.is_of_the_cache() => return Err(error),
                Err(error) => Err(error.to_string()),
            };
            facts.insert(name.clone(), found);
        }
        Ok((Self { datasets, warnings, pools: Mutex::default() }, facts))
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

    /// What was left out of the data, and why.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
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

/// Why a data set cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
enum OpenError {
    Data(#[from] DataError),
    Synthetic(#[from] SyntheticError),
}

fn open(
    data: &Data,
    base: &Path,
    side: usize,
    cache_dir: &Path,
    warnings: &mut Vec<String>,
) -> Result<Box<dyn Dataset>, OpenError> {
    Ok(match data {
        Data::Synthetic(data) => Box::new(Synthetic::new(spec(data, side))?),
        Data::ImageFolder(folder) => {
            let listing = ImageFolder::scan(&base.join(&folder.path), folder.classes.as_deref(), folder.test_fraction)?;
            warnings.extend(
                listing
                    .ignored()
                    .iter()
                    .map(|ignored| format!("{} is left out: {}", ignored.path.display(), ignored.reason)),
            );
            Box::new(ImageFolder::open(listing, side, cache_dir)?)
        }
        Data::Cifar10Binary(cifar) => Box::new(Cifar10::open(&base.join(&cifar.path), side, cache_dir)?),
    })
}

fn spec(data: &SyntheticData, side: usize) -> SyntheticSpec {
    SyntheticSpec {
        look_distance: data.look_distance,
        label: data.label,
        classes: vocabulary::levels(data.label).iter().map(|&name| name.to_owned()).collect(),
        seed: data.seed,
        side,
        train_per_class: data.train_per_class,
        test_per_class: data.test_per_class,
    }
}

fn facts_of(dataset: &dyn Dataset) -> DataFacts {
    let count = |split| (0..dataset.classes().len()).map(|class| dataset.num_images(split, class)).collect();
    DataFacts {
        classes: dataset.classes().to_vec(),
        train_per_class: count(Split::Train),
        test_per_class: count(Split::Test),
        digest: dataset.digest(),
    }
}

/// What can be known of a scenario's data without decoding an image: enough to check the scenario, not to plan it.
pub fn survey(scenario: &Scenario, base: &Path) -> Facts {
    let survey_one = |data: &Data| match data {
        Data::Synthetic(data) => match Synthetic::new(spec(data, scenario.model.input)) {
            Ok(synthetic) => Ok(facts_of(&synthetic)),
            Err(error) => Err(error.to_string()),
        },
        Data::ImageFolder(folder) => {
            let root: PathBuf = base.join(&folder.path);
            let listing = ImageFolder::scan(&root, folder.classes.as_deref(), folder.test_fraction);
            let listing = listing.map_err(|error| error.to_string())?;
            let count = |split| (0..listing.classes().len()).map(|class| listing.num_images(split, class)).collect();
            Ok(DataFacts {
                classes: listing.classes().to_vec(),
                train_per_class: count(Split::Train),
                test_per_class: count(Split::Test),
                digest: [0; 32],
            })
        }
        Data::Cifar10Binary(cifar) => {
            let classes = Cifar10::check(&base.join(&cifar.path)).map_err(|error| error.to_string())?;
            let (train, test) = Cifar10::PER_CLASS;
            let (train_per_class, test_per_class) = (vec![train; classes.len()], vec![test; classes.len()]);
            Ok(DataFacts { classes, train_per_class, test_per_class, digest: [0; 32] })
        }
    };
    scenario.data.iter().map(|(name, data)| (name.clone(), survey_one(data))).collect()
}
