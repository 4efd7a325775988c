//! A study as analysis and report need it: the scenario without what only training needs.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};

pub use crate::cell_key::CellKey;
use nt_scenario::metric::Grain;
use nt_scenario::{
    ChoiceOf, Known, Learning, Method, Metric, PerClass, Primary, Scenario, SearchOf, Size, Standing, TrainImages,
    Version,
};
use nt_stats::PairedGap;
use nt_stats::verdict::{
    Contrast, Decision, Estimate, FamilyError, Reach, Scope, Settings, SettingsFound, decide, decide_runs, estimate_at,
    estimate_runs_at,
};

/// Level of the two one-sided tests of equivalence, which the protocol fixes.
pub const EQUIVALENCE_ALPHA: f64 = 0.05;

/// A study's question, axes and decision rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    /// Its name.
    pub name: String,
    /// Its question, in a sentence.
    pub question: String,
    /// Replicates a cell.
    pub replicates: u32,
    /// Runs of scratch in every replicate, whose mean is the reference.
    pub reference_runs: u32,
    /// How often a treatment is chosen on validation images.
    pub choice: ChoiceOf,
    /// The contrasts that the study is about; without any, all are one family.
    pub primary: Vec<Primary>,
    /// The metric that decides.
    pub metric: Metric,
    /// Margin of material harm and of equivalence, percentage points.
    pub margin_pp: f64,
    /// Family-wise error of two-sided tests.
    pub alpha: f64,
    /// Level of the two one-sided tests of equivalence, adjusted over the family.
    pub equivalence_alpha: f64,
    /// Numbers of replicates after which verdicts may be given, ascending; `None` if they are given once, at the end.
    pub looks: Option<Vec<u32>>,
    /// The network in words: `alexnet, width 0.125, 48 px, he-normal`.
    pub network: String,
    /// Names of its learned layers, from the input up.
    pub layers: Vec<String>,
    /// The search for learning rates in words.
    pub search: String,
    /// Whom a search serves; `None` where settings are fixed.
    pub search_of: Option<SearchOf>,
    /// Settings that may be tried beyond an edge of the grid.
    pub extension: u32,
    /// The targets, in the scenario's order.
    pub targets: Vec<StudyTarget>,
    /// The sources, in the scenario's order.
    pub sources: Vec<StudySource>,
    /// The lattice points of each source, in the scenario's order, without scratch.
    pub arms: Vec<StudyArm>,
}

/// A target and its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyTarget {
    /// Its name.
    pub name: String,
    /// Its sizes.
    pub sizes: Vec<StudySize>,
    /// The pattern by which its images form clusters; `None` where each was drawn for itself.
    pub cluster: Option<String>,
}

/// A size of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudySize {
    /// Its name.
    pub name: String,
    /// The training images that the scenario asks for.
    pub asked: TrainImages,
    /// The training images that come of it, in label order; none until the data are known.
    pub drawn: Option<Vec<usize>>,
}

impl StudySize {
    /// A size of so many images of every class.
    pub fn per_class(name: impl Into<String>, images: usize) -> Self {
        Self { name: name.into(), asked: TrainImages::PerClass(images), drawn: None }
    }

    /// Its images in words: `20 images a class`, `300 images, 12 to 45 a class`.
    pub fn words(&self) -> String {
        match (&self.drawn, self.asked) {
            (Some(drawn), _) => PerClass::new(drawn.clone()).words(drawn.len()),
            (None, TrainImages::PerClass(count)) => PerClass::Equal(count).words(1),
            (None, TrainImages::InAll(count)) => format!("{count} images"),
            (None, TrainImages::All) => "all images".to_owned(),
        }
    }

    /// A number by which sizes of one target are ordered: images of all classes where they are known.
    pub fn rank(&self) -> usize {
        match (&self.drawn, self.asked) {
            (Some(drawn), _) => drawn.iter().sum(),
            (None, TrainImages::PerClass(count) | TrainImages::InAll(count)) => count,
            (None, TrainImages::All) => usize::MAX,
        }
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudySource {
    /// Its name.
    pub name: String,
    /// The similarity its author declares.
    pub similarity: String,
    /// What a comparison with it tells.
    pub standing: Standing,
    /// Whether every replicate has a network of its own, so that results are about the procedure that made them, or all share one.
    pub network: Reach,
}

impl StudySource {
    /// Whether it knows nothing: the control that separates the source's effect from that of freezing.
    pub fn is_untrained(&self) -> bool {
        self.standing == Standing::NoKnowledge
    }

    /// Whether it is the target task itself: Yosinski's BnB, which separates co-adaptation from specificity.
    pub fn is_selffer(&self) -> bool {
        self.standing == Standing::TargetItself
    }

    /// Whether it learned the target's task from other images: what freezing costs when the layers are right.
    pub fn is_twin(&self) -> bool {
        self.standing == Standing::Twin
    }

    /// Whether its treatments are what the study is about, and no counterfactuals.
    pub fn is_judged(&self) -> bool {
        match self.standing {
            Standing::Knowledge | Standing::TargetItself => true,
            Standing::NoKnowledge | Standing::Twin => false,
        }
    }
}

/// A treatment of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyArm {
    /// The source's position in [`Study::sources`].
    pub source: usize,
    /// The treatment's name.
    pub treatment: String,
    /// Layers copied.
    pub copied: u8,
    /// Of them, frozen.
    pub frozen: u8,
    /// How what is not frozen comes about.
    pub method: Method,
}

impl Study {
    /// The study that a scenario describes.
    pub fn from_scenario(scenario: &Scenario) -> Self {
        let targets = scenario.targets.iter().map(|target| StudyTarget {
            name: target.name.clone(),
            sizes: {
                let size = |size: &Size| StudySize { name: size.name.clone(), asked: size.train_images, drawn: None };
                target.sizes.iter().map(size).collect()
            },
            cluster: scenario.data.get(&target.data).and_then(|data| data.cluster()).map(ToString::to_string),
        });
        let sources = scenario.sources.iter().map(|source| StudySource {
            name: source.name.clone(),
            similarity: source.similarity.clone(),
            standing: source.standing(),
            network: match source.learning() {
                // One file is one network.
                Learning::Elsewhere(_) => Reach::This,
                Learning::OwnImages(_)
                | Learning::Target(_)
                | Learning::TwinOfTarget(_)
                | Learning::OtherSource(_)
                | Learning::Nothing => Reach::Population,
            },
        });
        let model = &scenario.model;
        Study {
            name: scenario.study.name.clone(),
            question: scenario.study.question.clone(),
            replicates: scenario.study.replicates,
            reference_runs: scenario.study.reference_runs,
            choice: scenario.verdict.choice,
            primary: scenario.verdict.primary.clone(),
            metric: scenario.verdict.metric,
            margin_pp: scenario.verdict.margin_pp,
            alpha: scenario.verdict.alpha,
            equivalence_alpha: EQUIVALENCE_ALPHA,
            looks: scenario.study.looks.clone(),
            network: format!(
                "{}, width {}, {} px, initialised {}",
                model.architecture.word(),
                model.width,
                model.input,
                model.initialiser.word()
            ),
            layers: model.architecture.layer_names().into_iter().map(str::to_owned).collect(),
            search: search_words(scenario),
            search_of: scenario.tuning.as_ref().map(|tuning| tuning.search),
            extension: scenario.tuning.as_ref().map_or(0, |tuning| tuning.extend),
            targets: targets.collect(),
            sources: sources.collect(),
            arms: arms(scenario),
        }
    }

    /// The same with the training images that its sizes come to on these datasets, by name.
    pub fn on_data(mut self, scenario: &Scenario, known: &BTreeMap<&str, Known>) -> Self {
        for (own, target) in self.targets.iter_mut().zip(&scenario.targets) {
            let data = known.get(target.data.as_str());
            let available = data.and_then(|data| data.train_images_of(target.classes.as_deref()));
            for size in &mut own.sizes {
                let spread = |available: &Vec<usize>| {
                    let images = size.asked.of_classes(available);
                    (0..available.len()).map(|label| images.of(label)).collect()
                };
                size.drawn = available.as_ref().map(spread);
            }
        }
        self
    }

    /// The version of a scenario that means the same by what it leaves out.
    pub fn meaning(&self) -> Version {
        Version::meant_by(self.reference_runs, self.choice, self.search_of)
    }

    /// Where the settings of its runs come from.
    fn settings_found(&self) -> SettingsFound {
        match self.search_of {
            Some(SearchOf::EachReplicate) => SettingsFound::InEveryReplicate,
            Some(SearchOf::Once) | None => SettingsFound::Given,
        }
    }

    /// The decision rule that the scenario fixed.
    pub fn settings(&self) -> Settings {
        let Study { margin_pp, alpha, equivalence_alpha, .. } = *self;
        let test_images = match self.metric.grain() {
            Grain::Image | Grain::Class => Reach::Population,
            Grain::Run => Reach::This,
        };
        Settings {
            margin_pp,
            alpha,
            equivalence_alpha,
            scope: Scope { test_images, settings: self.settings_found(), ..Scope::default() },
            ..Settings::default()
        }
    }

    /// Limits a decision to the source networks that were used, if one of these sources is a single network.
    pub fn limit_to_networks<'a>(&self, decision: &mut Decision, sources: impl IntoIterator<Item = &'a str>) {
        let is_one = |name: &str| self.source(name).is_some_and(|source| source.network == Reach::This);
        if sources.into_iter().any(is_one) {
            decision.gap.scope.source_network = Reach::This;
        }
    }

    /// Decides a family of contrasts by the rule that the scenario fixed, with the method that its metric allows.
    ///
    /// # Errors
    /// As [`decide`].
    pub fn decide<C: Borrow<Contrast> + Sync>(&self, contrasts: &[C]) -> Result<Vec<Decision>, FamilyError> {
        match self.metric.grain() {
            Grain::Image | Grain::Class => decide(contrasts, &self.settings()),
            Grain::Run => decide_runs(contrasts, &self.settings()),
        }
    }

    /// A gap at a level of its own, by the method that the metric allows.
    pub fn estimate_at(&self, gap: &PairedGap, level: f64) -> Estimate {
        match self.metric.grain() {
            Grain::Image | Grain::Class => estimate_at(gap, level, &self.settings()),
            Grain::Run => estimate_runs_at(gap, level, &self.settings()),
        }
    }

    /// The deepest layer that can be copied between different classes, and whose codes are a network's last: the one before
    /// the classifier.
    pub fn top_depth(&self) -> u8 {
        self.layers.len().saturating_sub(1) as u8
    }

    /// The name of a depth: that of the last layer it counts, or "none".
    pub fn depth_name(&self, depth: u8) -> &str {
        usize::from(depth).checked_sub(1).and_then(|index| self.layers.get(index)).map_or("none", String::as_str)
    }

    /// A cell's treatment in words.
    pub fn treatment_words(&self, key: &CellKey) -> String {
        key.method.describe(key.copied, key.frozen, self.layers.len())
    }

    /// Whether a cell is one that the study is about, whatever is chosen.
    pub fn is_primary(&self, key: &CellKey, treatment: &str) -> bool {
        let top = self.top_depth();
        let is_point = |frozen: u8, method: Method| (key.copied, key.frozen, key.method) == (top, frozen, method);
        // Codes are read by a classifier of their own, where a study has one.
        let has_probe = || {
            let is_it = |arm: &StudyArm| {
                arm.method == Method::Probe
                    && arm.copied == top
                    && self.sources.get(arm.source).is_some_and(|source| key.source.as_ref() == Some(&source.name))
            };
            self.arms.iter().any(is_it)
        };
        self.primary.iter().any(|primary| match primary {
            Primary::Choice => false,
            Primary::FullFineTuning => is_point(0, Method::Training),
            Primary::TopCodes => is_point(top, Method::Probe) || (is_point(top, Method::Training) && !has_probe()),
            Primary::Treatment(name) => treatment == name,
        })
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&StudySource> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The similarities of the sources that are judged, in the order of their first mention.
    pub fn similarities(&self) -> Vec<&str> {
        let mut words: Vec<&str> = Vec::new();
        for source in self.sources.iter().filter(|source| source.is_judged()) {
            if !words.contains(&source.similarity.as_str()) {
                words.push(&source.similarity);
            }
        }
        words
    }

    /// Every cell with its treatment's name: each lattice point once, and scratch first in each target and size.
    pub fn cells(&self) -> Vec<(CellKey, String)> {
        let mut of_source: Vec<Vec<&StudyArm>> = vec![Vec::new(); self.sources.len()];
        for arm in &self.arms {
            if let Some(arms) = of_source.get_mut(arm.source) {
                arms.push(arm);
            }
        }
        let mut cells: Vec<(CellKey, String)> = Vec::new();
        for target in &self.targets {
            for size in &target.sizes {
                let scratch = CellKey::scratch_of(&target.name, &size.name);
                let mut known = HashSet::new();
                cells.push((scratch.clone(), "scratch".to_owned()));
                for (position, source) in self.sources.iter().enumerate() {
                    for arm in of_source.get(position).into_iter().flatten() {
                        let point = CellKey {
                            copied: arm.copied,
                            frozen: arm.frozen,
                            method: arm.method,
                            ..scratch.from_source(&source.name)
                        };
                        if known.insert(point.clone()) {
                            cells.push((point, arm.treatment.clone()));
                        }
                    }
                }
            }
        }
        cells
    }
}

fn arms(scenario: &Scenario) -> Vec<StudyArm> {
    let of_range = |range: &nt_scenario::TreatmentRange| {
        let name = range.name.clone();
        let points = range.points();
        let arms = range.sources.iter().flat_map(|&source| {
            let name = name.clone();
            let method = range.fit.method();
            points.iter().map(move |&(copied, frozen)| StudyArm {
                source,
                treatment: name.clone(),
                copied,
                frozen,
                method,
            })
        });
        arms.collect::<Vec<_>>()
    };
    scenario.treatments.iter().flat_map(of_range).collect()
}

fn search_words(scenario: &Scenario) -> String {
    match &scenario.tuning {
        Some(tuning) => {
            let beyond = match tuning.extend {
                0 => String::new(),
                steps => format!(", and up to {steps} beyond an edge of them,"),
            };
            let (count, metric) = (tuning.learning_rates.len(), scenario.verdict.metric.words());
            let rates = tuning.learning_rates.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
            match (tuning.search, tuning.replicates) {
                (SearchOf::EachReplicate, _) => format!(
                    "for each arm and replicate the best of {count} ({rates}){beyond} by {metric} on the replicate's validation \
                     images; what is judged is a fresh run at it"
                ),
                (SearchOf::Once, replicates) => format!(
                    "for each arm the best of {count} ({rates}){beyond} by the mean {metric} on validation images, over {replicates} \
                     replicate{} of its own",
                    if replicates == 1 { "" } else { "s" },
                ),
            }
        }
        None => "fixed by the scenario, not searched".to_owned(),
    }
}
