//! What a study set out to do, as analysis and report need it: the scenario without what only training needs.

use std::borrow::Borrow;

use nt_scenario::metric::Grain;
use nt_scenario::{Method, Metric, Scenario, Standing};
use nt_stats::Differences;
use nt_stats::verdict::{
    Contrast, Decision, Estimate, FamilyError, Reach, Scope, Settings, decide, decide_runs, estimate_at,
    estimate_runs_at,
};

/// Level of the two one-sided tests of equivalence: the protocol fixes it.
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
    /// The metric that decides.
    pub metric: Metric,
    /// Margin of material harm and of equivalence, percentage points.
    pub margin_pp: f64,
    /// Family-wise error of two-sided tests.
    pub alpha: f64,
    /// Level of the two one-sided tests of equivalence, adjusted over the family.
    pub equivalence_alpha: f64,
    /// Numbers of replicates after which verdicts may be given, ascending; empty where they are given once, at the end.
    pub looks: Vec<u32>,
    /// The network in words: `alexnet, width 0.125, 48 px, he-normal`.
    pub network: String,
    /// The search for learning rates in words.
    pub search: String,
    /// Settings that may be tried beyond an edge of the grid.
    pub extension: u32,
    /// What transfer is judged on, in the scenario's order.
    pub targets: Vec<StudyTarget>,
    /// Where knowledge comes from, in the scenario's order.
    pub sources: Vec<StudySource>,
    /// Lattice points by source, in the scenario's order; scratch is not among them.
    pub arms: Vec<Arm>,
}

/// A target and its sizes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudyTarget {
    /// Its name.
    pub name: String,
    /// Name and training images a class of each size.
    pub sizes: Vec<(String, usize)>,
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StudySource {
    /// Its name.
    pub name: String,
    /// The similarity its author declares.
    pub similarity: String,
    /// Whether it was ever trained: an untrained one is the control that tells the source's part from freezing's.
    pub is_untrained: bool,
    /// Whether it is the target task itself: Yosinski's BnB, which tells co-adaptation from specificity.
    pub is_selffer: bool,
}

/// A treatment of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arm {
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

/// What a cell is: keys are joined on this, never on position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellKey {
    /// The target.
    pub target: String,
    /// Name of its size.
    pub size: String,
    /// The source; none for scratch.
    pub source: Option<String>,
    /// Layers copied.
    pub copied: u8,
    /// Of them, frozen.
    pub frozen: u8,
    /// How what is not frozen comes about.
    pub method: Method,
}

impl CellKey {
    /// Scratch of a target's size.
    pub fn scratch_of(target: &str, size: &str) -> CellKey {
        CellKey {
            target: target.to_owned(),
            size: size.to_owned(),
            source: None,
            copied: 0,
            frozen: 0,
            method: Method::Training,
        }
    }

    /// The scratch that this cell is compared with.
    pub fn scratch(&self) -> CellKey {
        CellKey::scratch_of(&self.target, &self.size)
    }

    /// The same treatment from another source.
    pub fn from_source(&self, source: &str) -> CellKey {
        CellKey { source: Some(source.to_owned()), ..self.clone() }
    }

    /// The cell for people: `shapes-b/small/near/(3,3)`, `shapes-b/small/near/probe(3)`.
    pub fn name(&self) -> String {
        let source = self.source.as_deref().unwrap_or("scratch");
        format!("{}/{}/{source}/{}", self.target, self.size, self.point())
    }

    /// Its treatment for people: `(3,3)`, `probe(3)`.
    pub fn point(&self) -> String {
        self.method.point(self.copied, self.frozen)
    }

    /// Its treatment in words.
    pub fn treatment_words(&self) -> String {
        match self.method {
            Method::Training => treatment_words(self.copied, self.frozen),
            Method::Probe => format!("probe after {}", self.frozen),
        }
    }
}

impl Study {
    /// The study that a scenario describes.
    pub fn from_scenario(scenario: &Scenario) -> Self {
        let targets = scenario.targets.iter().map(|target| StudyTarget {
            name: target.name.clone(),
            sizes: target.sizes.iter().map(|size| (size.name.clone(), size.train_per_class)).collect(),
        });
        let sources = scenario.sources.iter().map(|source| StudySource {
            name: source.name.clone(),
            similarity: source.similarity.clone(),
            is_untrained: source.standing() == Standing::NoKnowledge,
            is_selffer: source.standing() == Standing::TargetItself,
        });
        let model = &scenario.model;
        Study {
            name: scenario.study.name.clone(),
            question: scenario.study.question.clone(),
            replicates: scenario.study.replicates,
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
            search: search_words(scenario),
            extension: scenario.tuning.as_ref().map_or(0, |tuning| tuning.extend),
            targets: targets.collect(),
            sources: sources.collect(),
            arms: arms(scenario),
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
            scope: Scope { test_images, ..Scope::default() },
            ..Settings::default()
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
    pub fn estimate_at(&self, differences: &Differences, level: f64) -> Estimate {
        match self.metric.grain() {
            Grain::Image | Grain::Class => estimate_at(differences, level, &self.settings()),
            Grain::Run => estimate_runs_at(differences, level, &self.settings()),
        }
    }

    /// The source of that name.
    pub fn source(&self, name: &str) -> Option<&StudySource> {
        self.sources.iter().find(|source| source.name == name)
    }

    /// The similarities of the trained sources, in the order of their first mention.
    pub fn similarities(&self) -> Vec<&str> {
        let mut words: Vec<&str> = Vec::new();
        for source in self.sources.iter().filter(|source| !source.is_untrained) {
            if !words.contains(&source.similarity.as_str()) {
                words.push(&source.similarity);
            }
        }
        words
    }

    /// Every cell with its treatment's name, scratch first in each target and size; each lattice point once.
    pub fn cells(&self) -> Vec<(CellKey, String)> {
        let mut cells: Vec<(CellKey, String)> = Vec::new();
        for target in &self.targets {
            for (size, _) in &target.sizes {
                let scratch = CellKey::scratch_of(&target.name, size);
                let first = cells.len();
                cells.push((scratch.clone(), "scratch".to_owned()));
                for (position, source) in self.sources.iter().enumerate() {
                    for arm in self.arms.iter().filter(|arm| arm.source == position) {
                        let point = CellKey {
                            copied: arm.copied,
                            frozen: arm.frozen,
                            method: arm.method,
                            ..scratch.from_source(&source.name)
                        };
                        if !cells[first..].iter().any(|(key, _)| *key == point) {
                            cells.push((point, arm.treatment.clone()));
                        }
                    }
                }
            }
        }
        cells
    }
}

/// A lattice point in words.
pub fn treatment_words(copied: u8, frozen: u8) -> String {
    match (copied, frozen) {
        (0, 0) => "nothing copied".to_owned(),
        (8, 8) => "the source network as it is".to_owned(),
        (copied, 0) => format!("{copied} copied, none frozen"),
        (copied, frozen) if copied == frozen => format!("{copied} copied and frozen"),
        (copied, frozen) => format!("{copied} copied, {frozen} frozen"),
    }
}

fn arms(scenario: &Scenario) -> Vec<Arm> {
    let of_range = |range: &nt_scenario::TreatmentRange| {
        let name = range.name.clone();
        let points = range.points();
        let arms = range.sources.iter().flat_map(|&source| {
            let name = name.clone();
            let method = range.fit.method();
            points.iter().map(move |&(copied, frozen)| Arm { source, treatment: name.clone(), copied, frozen, method })
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
            format!(
                "for each arm the best of {} ({}){beyond} by mean validation accuracy over {} replicates of its own",
                tuning.learning_rates.len(),
                tuning.learning_rates.iter().map(f64::to_string).collect::<Vec<_>>().join(", "),
                tuning.replicates
            )
        }
        None => "fixed by the scenario, not searched".to_owned(),
    }
}
