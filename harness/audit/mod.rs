//! The audit of a study's data, before anything is trained. Are test images among the training images (gate 6)? How far
//! do the sources lie from the targets (gate 7)?
//!
//! It trains nothing, opens no test label, and changes no record.

mod clusters;
mod codes;
mod overlap;
mod search;
mod similarity;
#[cfg(test)]
mod tests;

pub use overlap::PERCEPTUAL_THRESHOLD;
pub use similarity::MOST_IMAGES;

use crate::data::{DataError, SealedTest, TrainPool};
use crate::train::TrainError;
use nt_records::AuditError;
use nt_records::audit::{AUDIT_VERSION, Audit, TargetAudit};
use nt_scenario::{Learning, Scenario};
use nt_stats::similarity::SampleError;
use std::path::Path;
use std::sync::Arc;

/// Raised with every change that alters a number of the audit.
const VERSION: &str = "nt audit 2";

/// Why data cannot be audited.
#[derive(Debug, thiserror::Error)]
pub enum DataAuditError {
    /// An image cannot be read, or there are fewer than the scenario asks for.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The network that measures images cannot take images of this size.
    #[error(transparent)]
    Network(#[from] TrainError),
    /// Codes cannot be compared.
    #[error(transparent)]
    Sample(#[from] SampleError),
    /// `audit.json` cannot be read or written.
    #[error(transparent)]
    File(#[from] AuditError),
}

/// The two sides of some classes of a data set.
pub type Pool = Arc<(TrainPool, SealedTest)>;

/// What an audit gets its images from.
pub trait Pools {
    /// The training and test side of these classes (all, if none are named) of a data set.
    ///
    /// # Errors
    /// [`DataError::UnknownClass`], which a checked scenario rules out.
    fn pool(&self, data: &str, classes: Option<&[String]>, test_per_class: Option<usize>) -> Result<Pool, DataError>;

    /// Hash of a data set's pixels and class names.
    fn digest(&self, data: &str) -> [u8; 32];
}

/// A source that some treatment copies from, and that has images of its own.
struct AuditedSource<'a> {
    name: &'a str,
    learning: Learning<'a>,
    pool: Option<Pool>,
    /// Its data set, where it has one.
    data: Option<&'a str>,
}

/// Audits a scenario's data.
///
/// # Errors
/// [`DataAuditError`] where an image cannot be read.
pub fn audit(scenario: &Scenario, pools: &dyn Pools) -> Result<Audit, DataAuditError> {
    let sources = sources(scenario, pools)?;
    let mut search = overlap::Search::default();
    let targets = scenario.targets.iter().map(|target| {
        let pool = pools.pool(&target.data, target.classes.as_deref(), target.test_per_class)?;
        let test = pool.1.fingerprints()?;
        let overlaps = search.overlaps(scenario, target, &pool, &sources, &test)?;
        let (clusters, look_alikes) = clusters::find(&pool.1, &test)?;
        let measured = similarity::measure(scenario, target, &pool, &sources)?;
        Ok(TargetAudit {
            target: target.name.clone(),
            num_test_images: test.len(),
            clusters,
            look_alikes,
            overlaps,
            num_images: measured.num_images,
            similarities: measured.similarities,
            comparisons: measured.comparisons,
        })
    });
    Ok(Audit {
        schema_version: AUDIT_VERSION,
        basis: basis(scenario, pools)?,
        measured_by: codes::words(scenario),
        perceptual_threshold: PERCEPTUAL_THRESHOLD,
        targets: targets.collect::<Result<_, DataAuditError>>()?,
    })
}

/// Makes the audit in a study's folder, unless it is there and neither the data nor the seed have changed since.
/// Returns whether it was made.
///
/// # Errors
/// [`DataAuditError`] where an image cannot be read, or the file cannot be written.
pub fn keep(scenario: &Scenario, pools: &dyn Pools, dir: &Path) -> Result<bool, DataAuditError> {
    // An audit that cannot be read is made again: everything in it comes from the data.
    let known = Audit::read(dir).ok().flatten();
    let basis = basis(scenario, pools)?;
    if known.is_some_and(|known| known.basis == basis) {
        return Ok(false);
    }
    audit(scenario, pools)?.write(dir)?;
    Ok(true)
}

fn sources<'a>(scenario: &'a Scenario, pools: &dyn Pools) -> Result<Vec<AuditedSource<'a>>, DataError> {
    let is_used = |index: usize| scenario.treatments.iter().any(|treatment| treatment.sources.contains(&index));
    let used = scenario.sources.iter().enumerate().filter(|(index, _)| is_used(*index));
    used.map(|(_, source)| {
        let pretraining = scenario.pretraining_of(source);
        let pool =
            pretraining.map(|trained| pools.pool(&trained.data, trained.classes.as_deref(), None)).transpose()?;
        let data = pretraining.map(|trained| trained.data.as_str());
        Ok(AuditedSource { name: &source.name, learning: source.learning(), pool, data })
    })
    .collect()
}

/// Hash of all that an audit depends on.
fn basis(scenario: &Scenario, pools: &dyn Pools) -> Result<String, DataError> {
    let mut hasher = blake3::Hasher::new_derive_key(VERSION);
    let mut text = |words: &str| {
        hasher.update(&(words.len() as u64).to_le_bytes());
        hasher.update(words.as_bytes());
    };
    text(&scenario.study.seed.to_string());
    text(&scenario.model.input.to_string());
    for name in scenario.data.keys() {
        text(name);
        text(&blake3::Hash::from_bytes(pools.digest(name)).to_hex());
    }
    for (index, source) in scenario.sources.iter().enumerate() {
        let is_used = scenario.treatments.iter().any(|treatment| treatment.sources.contains(&index));
        text(&format!("{} {:?} {is_used}", source.name, source.kind()));
        if let Some(trained) = source.pretraining() {
            text(&format!("{} {:?}", trained.data, trained.classes));
        }
    }
    for target in &scenario.targets {
        text(&format!("{} {} {:?} {:?}", target.name, target.data, target.classes, target.test_per_class));
        // Clusters are known by names of files, which no digest of pixels covers.
        let pool = pools.pool(&target.data, target.classes.as_deref(), target.test_per_class)?;
        pool.1.clusters()?.iter().for_each(|(id, cluster)| text(&format!("{id} {cluster}")));
    }
    Ok(hasher.finalize().to_hex().to_string())
}
