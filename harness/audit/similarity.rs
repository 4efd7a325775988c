//! How far the sources' training images lie from a target's.

use super::codes::{Instrument, PooledCodes};
use super::{AuditedSource, DataAuditError, Pool};
use nt_kernels::philox::Stream;
use nt_records::audit::{Comparison, Distance, Distances, MeasuredOn, Similarity};
use nt_scenario::{Learning, Scenario, Target};
use nt_stats::similarity::{
    Measured, Pair, coral_distance, frechet_distance, maximum_mean_discrepancy, proxy_a_distance,
};
use rayon::prelude::*;

/// Most images of each source and of the target. All sides give the same number.
pub const MOST_IMAGES: usize = 512;
/// Blocks of the jackknife.
const BLOCKS: usize = 16;
/// How much the classifier's covariance is shrunk.
const SHRINKAGE: f64 = 0.02;
/// Permutations of the labels in the kernel test.
const PERMUTATIONS: usize = 999;

/// What was measured for a target.
pub(super) struct Measurement {
    pub num_images: Option<usize>,
    pub similarities: Vec<Similarity>,
    pub comparisons: Vec<Comparison>,
}

/// Measures every source against a target, on training images alone.
pub(super) fn measure(
    scenario: &Scenario,
    target: &Target,
    pool: &Pool,
    sources: &[AuditedSource<'_>],
) -> Result<Measurement, DataAuditError> {
    let drawn: Vec<Drawing<'_>> = sources.iter().filter_map(|source| Drawing::new(source, target, pool)).collect();
    let num_images = num_images(pool, &drawn);
    let mut measured = Vec::new();
    if let Some(num_images) = num_images {
        let instrument = Instrument::new(scenario);
        let seed = scenario.study.seed;
        let of_target = codes_of(&instrument, seed, &target.data, pool, &[], num_images)?;
        let scales = scales(&of_target);
        let of_target = scaled(of_target, scales);
        for drawing in &drawn {
            let skipped = drawing.skipped(pool, num_images);
            let codes = codes_of(&instrument, seed, drawing.data, drawing.pool, &skipped, num_images)?;
            let num_features = codes.features.iter().sum();
            measured.push(Pair::new(&scaled(codes, scales), &of_target, num_features, BLOCKS)?);
        }
    }
    let seed = Stream::named(scenario.study.seed, "audit", &target.name, 0).cursor().next_u64();
    let measured: Vec<(&str, Measures)> = drawn
        .iter()
        .map(|drawing| drawing.name)
        .zip(measured.par_iter().map(|pair| Measures::of(pair, seed)).collect::<Vec<_>>())
        .collect();
    Ok(Measurement { num_images, similarities: similarities(sources, &measured), comparisons: comparisons(&measured) })
}

/// A source whose images are drawn.
struct Drawing<'a> {
    name: &'a str,
    pool: &'a Pool,
    data: &'a str,
    /// For each of its classes, its label in the target, where the two share a data set.
    shared: Vec<Option<usize>>,
}

impl<'a> Drawing<'a> {
    fn new(source: &'a AuditedSource<'_>, target: &Target, pool: &Pool) -> Option<Self> {
        let (own, data) = (source.pool.as_ref()?, source.data?);
        let label =
            |class: &str| (data == target.data).then(|| pool.0.classes().position(|its| its == class)).flatten();
        Some(Self { name: source.name, pool: own, data, shared: own.0.classes().map(label).collect() })
    }

    /// Images of each class to skip, since the target takes them, so that no image is on both sides.
    fn skipped(&self, target: &Pool, num_images: usize) -> Vec<usize> {
        let of_target = num_images.div_ceil(target.0.classes().count());
        self.shared.iter().map(|shared| if shared.is_some() { of_target } else { 0 }).collect()
    }
}

/// The most images that all sides can give in equal shares of their classes. `None` if that is fewer than two a block.
fn num_images(target: &Pool, drawn: &[Drawing<'_>]) -> Option<usize> {
    let num_classes = target.0.classes().count();
    let fits = |count: usize| {
        let enough = |label: usize, wanted: usize, pool: &Pool| pool.0.num_images(label) >= wanted;
        let of_target = count.div_ceil(num_classes);
        let of_source = |drawing: &Drawing<'_>| {
            let per_class = count.div_ceil(drawing.shared.len());
            let skipped = drawing.skipped(target, count);
            skipped.iter().enumerate().all(|(label, skipped)| enough(label, skipped + per_class, drawing.pool))
        };
        (0..num_classes).all(|label| enough(label, of_target, target)) && drawn.iter().all(of_source)
    };
    if drawn.is_empty() {
        return None;
    }
    (2 * BLOCKS..=MOST_IMAGES).rev().find(|&count| fits(count))
}

fn codes_of(
    instrument: &Instrument,
    seed: u64,
    data: &str,
    pool: &Pool,
    skipped: &[usize],
    num_images: usize,
) -> Result<PooledCodes, DataAuditError> {
    let per_class = num_images.div_ceil(pool.0.classes().count());
    // One scope for each data set: source and target shuffle a shared class in the same way, and take different parts
    // of it.
    let images = pool.0.deal(seed, &format!("audit/{data}"), per_class, skipped)?;
    let mut codes = instrument.with(pool.0.standardisation()).codes(&images)?;
    codes.values.truncate(num_images * codes.features.iter().sum::<usize>());
    Ok(codes)
}

/// For each depth, the root of the mean variance of the target's features: the unit of distances.
fn scales(codes: &PooledCodes) -> [f64; 2] {
    let num_features: usize = codes.features.iter().sum();
    let count = (codes.values.len() / num_features) as f64;
    let variance = |feature: usize| {
        let column = || codes.values.iter().skip(feature).step_by(num_features);
        let mean = column().sum::<f64>() / count;
        column().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (count - 1.0)
    };
    let (middle, all) = (codes.features[0], num_features);
    [0..middle, middle..all].map(|features| {
        let mean = features.clone().map(variance).sum::<f64>() / features.len() as f64;
        // Pictures that are all alike have no spread to serve as the unit.
        if mean > 0.0 { mean.sqrt() } else { 1.0 }
    })
}

fn scaled(codes: PooledCodes, scales: [f64; 2]) -> Vec<f64> {
    let num_features: usize = codes.features.iter().sum();
    let middle = codes.features[0];
    let scale = |at: usize| scales[usize::from(at % num_features >= middle)];
    codes.values.into_iter().enumerate().map(|(at, value)| value / scale(at)).collect()
}

/// All distances of a source.
struct Measures {
    proxy_a: Measured,
    distances: Distances,
}

impl Measures {
    fn of(pair: &Pair, seed: u64) -> Self {
        let proxy_a = proxy_a_distance(pair, SHRINKAGE).distance;
        let mmd = maximum_mean_discrepancy(pair, PERMUTATIONS, seed);
        let distances = Distances {
            proxy_a: Distance::from(&proxy_a),
            mmd_squared: Distance::from(&mmd.squared),
            mmd_p_value: mmd.p_value,
            frechet: Distance::from(&frechet_distance(pair)),
            coral: Distance::from(&coral_distance(pair)),
        };
        Self { proxy_a, distances }
    }
}

fn similarities(sources: &[AuditedSource<'_>], measured: &[(&str, Measures)]) -> Vec<Similarity> {
    let of_source = |source: &AuditedSource<'_>| Similarity {
        source: source.name.to_owned(),
        measured_on: match source.learning {
            Learning::OwnImages(_) => MeasuredOn::OwnImages,
            Learning::Nothing => MeasuredOn::Nothing,
            Learning::Elsewhere(_) => MeasuredOn::Elsewhere,
            Learning::Target(_) | Learning::TwinOfTarget(_) => MeasuredOn::TheTarget,
            Learning::OtherSource(name) => MeasuredOn::ImagesOf(name.to_owned()),
        },
        distances: measured.iter().find(|(name, _)| *name == source.name).map(|(_, its)| its.distances.clone()),
    };
    sources.iter().map(of_source).collect()
}

fn comparisons(measured: &[(&str, Measures)]) -> Vec<Comparison> {
    let pairs = measured
        .iter()
        .enumerate()
        .flat_map(|(at, first)| measured[at + 1..].iter().map(move |second| (first, second)));
    pairs
        .filter_map(|((first, own), (second, its))| Comparison::new(first, second, [&own.proxy_a, &its.proxy_a]))
        .collect()
}
