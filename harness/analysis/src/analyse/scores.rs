//! A run's scores on the test images, in the deciding metric.

use nt_records::predictions::Predictions;
use nt_scenario::metric::Grain;
use nt_scenario::{Labels, Metric};
use nt_stats::average_precision::{Interpolation, average_precision};
use nt_stats::{Clusters, Differences, DifferencesError};
use std::sync::Arc;

/// A run's scores, as far as gaps need them.
pub(super) struct Scores {
    metric: Metric,
    /// Whether each image is a hit: its class, or one of its classes, is the first guess (for top-5 accuracy, among the
    /// first five).
    hits: Hits,
    rest: Rest,
}

/// Whether each image is a hit, in a bit each: a million runs are held at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hits {
    words: Box<[u64]>,
    len: usize,
}

impl Hits {
    const BITS: usize = u64::BITS as usize;

    fn new(hits: &[bool]) -> Self {
        let word = |hits: &[bool]| hits.iter().rev().fold(0, |word, &hit| word << 1 | u64::from(hit));
        Self { words: hits.chunks(Self::BITS).map(word).collect(), len: hits.len() }
    }

    /// Number of images.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether an image is a hit; it must be one of them.
    pub fn has(&self, image: usize) -> bool {
        self.words[image / Self::BITS] >> (image % Self::BITS) & 1 == 1
    }

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = bool> {
        (0..self.len).map(|image| self.has(image))
    }

    fn to_vec(&self) -> Vec<bool> {
        self.iter().collect()
    }
}

/// The part of the scores that hits do not give.
enum Rest {
    /// The metric is a mean of hits.
    Nothing,
    /// The metric is the mean of these losses, one for each image.
    Losses(Vec<f32>),
    /// The metric is not a mean over images. It is computed from all predictions of the network.
    Everything(Box<Predictions>),
}

impl Scores {
    /// The scores of a run in a metric.
    pub fn new(metric: Metric, predictions: Predictions) -> Self {
        let num_guesses = match metric {
            Metric::Top5 => 5,
            Metric::Top1
            | Metric::MeanPerClass
            | Metric::LogLoss
            | Metric::MeanAveragePrecision
            | Metric::MeanAveragePrecision11 => 1,
        };
        let hits = Hits::new(&predictions.hits(num_guesses));
        let rest = match metric {
            Metric::Top1 | Metric::Top5 | Metric::MeanPerClass => Rest::Nothing,
            Metric::LogLoss => Rest::Losses(predictions.log_loss().to_vec()),
            Metric::MeanAveragePrecision | Metric::MeanAveragePrecision11 => Rest::Everything(Box::new(predictions)),
        };
        Self { metric, hits, rest }
    }

    /// Whether each image is a hit.
    pub fn hits(&self) -> &Hits {
        &self.hits
    }

    /// The metric on all test images, in its own unit and direction.
    pub fn value(&self, labels: &Labels) -> f64 {
        let all: Vec<usize> = (0..self.hits.len()).collect();
        self.metric.oriented(self.value_on(&all, labels))
    }

    /// The metric on some of the test images; higher is better.
    fn value_on(&self, kept: &[usize], labels: &Labels) -> f64 {
        let mean =
            |value: &dyn Fn(usize) -> f64| kept.iter().map(|&image| value(image)).sum::<f64>() / kept.len() as f64;
        match (&self.rest, self.metric.grain()) {
            (Rest::Nothing, Grain::Class) => mean_per_class(&self.hits, kept, labels),
            (Rest::Nothing, Grain::Image | Grain::Run) => {
                kept.iter().filter(|&&image| self.hits.has(image)).count() as f64 / kept.len() as f64
            }
            (Rest::Losses(losses), _) => mean(&|image| self.metric.oriented(f64::from(losses[image]))),
            (Rest::Everything(predictions), _) => {
                let interpolation = match self.metric {
                    Metric::MeanAveragePrecision11 => Interpolation::ElevenPoints,
                    Metric::Top1
                    | Metric::Top5
                    | Metric::MeanPerClass
                    | Metric::LogLoss
                    | Metric::MeanAveragePrecision => Interpolation::AllPoints,
                };
                mean_average_precision(predictions, kept, labels, interpolation)
            }
        }
    }
}

/// accuracy[c] = hits[c] / images[c], averaged over the classes that have an image
fn mean_per_class(hits: &Hits, kept: &[usize], labels: &Labels) -> f64 {
    let mut classes = vec![(0u32, 0u32); labels.num_classes()];
    for &image in kept {
        for class in labels.classes_of(image) {
            classes[class].0 += u32::from(hits.has(image));
            classes[class].1 += 1;
        }
    }
    let seen: Vec<f64> =
        classes.iter().filter(|(_, all)| *all > 0).map(|(right, all)| f64::from(*right) / f64::from(*all)).collect();
    seen.iter().sum::<f64>() / seen.len() as f64
}

/// The mean over the classes that occur among the images; 0 if none occurs.
fn mean_average_precision(
    predictions: &Predictions,
    kept: &[usize],
    labels: &Labels,
    interpolation: Interpolation,
) -> f64 {
    let of_class = |class: usize| {
        let scores = predictions.scores_of(class)?;
        let scores: Vec<f64> = kept.iter().map(|&image| scores[image]).collect();
        let has: Vec<bool> = kept.iter().map(|&image| labels.has(image, class)).collect();
        average_precision(&scores, &has, interpolation)
    };
    let precisions: Vec<f64> = (0..labels.num_classes()).filter_map(of_class).collect();
    if precisions.is_empty() { 0.0 } else { precisions.iter().sum::<f64>() / precisions.len() as f64 }
}

/// What a run scores on every image, as gaps need it.
#[derive(Clone, Copy)]
pub(super) enum Scored<'a> {
    /// A run that ended well.
    Run(&'a Scores),
    /// A run that diverged: its network answers no better than a guess, which has this score; higher is better.
    Guess(f64),
}

impl Scored<'_> {
    /// The score of an image, where the metric has one for each.
    fn of_image(self, image: usize) -> f64 {
        match self {
            Self::Guess(score) => score,
            Self::Run(Scores { metric, rest: Rest::Losses(losses), .. }) => metric.oriented(f64::from(losses[image])),
            Self::Run(Scores { hits, .. }) => f64::from(u8::from(hits.has(image))),
        }
    }

    fn value_on(self, kept: &[usize], labels: &Labels) -> f64 {
        match self {
            Self::Guess(score) => score,
            Self::Run(scores) => scores.value_on(kept, labels),
        }
    }
}

/// The runs of an arm in one replicate, whose mean counts, each with its weight.
pub(super) type Runs<'a> = Vec<(Scored<'a>, f64)>;

/// What is known of a target's test images.
#[derive(Clone, Copy)]
pub(super) struct TestImages<'a> {
    pub labels: &'a Labels,
    /// The clusters that they form, if they do.
    pub clusters: Option<&'a Arc<Clusters>>,
}

/// Paired differences of the deciding metric on all test images, or on those kept, with one row for each replicate: the mean
/// of our runs minus the mean of theirs. Below zero, ours is worse.
///
/// If the metric has a value for each image, there is one column for each image, weighted if every class counts the
/// same. Otherwise there is one column for the whole run.
pub(super) fn differences(
    metric: Metric,
    TestImages { labels, clusters }: TestImages<'_>,
    kept: Option<&[usize]>,
    ours: &[Runs<'_>],
    theirs: &[Runs<'_>],
) -> Result<Differences, DifferencesError> {
    let per_image = || -> Result<Differences, DifferencesError> {
        let gaps = per_image(labels.len(), ours, theirs)?;
        match clusters {
            Some(clusters) => select(gaps.in_clusters(clusters)?, kept),
            None => select(gaps, kept),
        }
    };
    match metric.grain() {
        Grain::Run => {
            let all: Vec<usize> = (0..labels.len()).collect();
            let kept = kept.unwrap_or(&all);
            let mean = |runs: &Runs<'_>| mean(runs, |run| run.value_on(kept, labels));
            Differences::paired_runs(
                &ours.iter().zip(theirs).map(|(our, their)| mean(our) - mean(their)).collect::<Vec<f64>>(),
            )
        }
        Grain::Image => per_image(),
        Grain::Class => {
            let classes = labels.one_class().unwrap_or_default().iter().map(|&class| class as usize);
            let classes: Vec<usize> = classes.collect();
            let of_kept: Option<Vec<usize>> =
                kept.map(|kept| kept.iter().filter_map(|&image| classes.get(image).copied()).collect());
            per_image()?.class_balanced(of_kept.as_deref().unwrap_or(&classes))
        }
    }
}

fn mean(runs: &Runs<'_>, value: impl Fn(&Scored<'_>) -> f64) -> f64 {
    let sum: f64 = runs.iter().map(|(run, weight)| weight * value(run)).sum();
    sum / runs.iter().map(|(_, weight)| weight).sum::<f64>()
}

fn select(differences: Differences, kept: Option<&[usize]>) -> Result<Differences, DifferencesError> {
    match kept {
        Some(kept) => differences.select_examples(kept),
        None => Ok(differences),
    }
}

fn per_image(num_images: usize, ours: &[Runs<'_>], theirs: &[Runs<'_>]) -> Result<Differences, DifferencesError> {
    // Hits of single runs stay whole numbers, which take an eighth of the memory and can be counted.
    if let (Some(ours), Some(theirs)) = (single_hits(ours), single_hits(theirs)) {
        return Differences::from_hits(&ours, &theirs);
    }
    let mut gaps = Vec::with_capacity(ours.len() * num_images);
    for (ours, theirs) in ours.iter().zip(theirs) {
        let of = |runs: &Runs<'_>, image: usize| mean(runs, |run| run.of_image(image));
        gaps.extend((0..num_images).map(|image| of(ours, image) - of(theirs, image)));
    }
    Differences::from_scores(ours.len(), num_images, gaps)
}

/// The hits of every replicate's only run; `None` if one has several, or if the metric is no mean of hits.
fn single_hits(replicates: &[Runs<'_>]) -> Option<Vec<Vec<bool>>> {
    let hits = |runs: &Runs<'_>| match runs.as_slice() {
        &[(Scored::Run(Scores { hits, rest: Rest::Nothing, .. }), _)] => Some(hits.to_vec()),
        _ => None,
    };
    replicates.iter().map(hits).collect()
}

/// Paired differences of hits of single runs, whatever the metric is.
pub(super) fn hit_differences(ours: &[&Scores], theirs: &[&Scores]) -> Result<Differences, DifferencesError> {
    Differences::from_hits(&hits_of(ours), &hits_of(theirs))
}

fn hits_of(scores: &[&Scores]) -> Vec<Vec<bool>> {
    scores.iter().map(|scores| scores.hits.to_vec()).collect()
}
