//! What all jobs of a plan share.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::data::DataFacts;
use crate::facts::Facts;
use crate::identity::{Meaning, Part};
use crate::job::Replicate;
use crate::recipe::{Length, Recipe, Settings};
use crate::scenario::{Scenario, Target};
use crate::source::{Learning, Source, WeightsFacts};
use crate::standardisation::Standardisation;
use crate::train_images::{PerClass, TrainImages};
use crate::treatment::{Lattice, SameClasses};

use super::PlanError;

/// A scenario on its data.
pub(super) struct Context<'a> {
    pub(super) scenario: &'a Scenario,
    facts: BTreeMap<&'a str, &'a DataFacts>,
    weights: BTreeMap<&'a str, &'a WeightsFacts>,
    /// Meaning of what all jobs share: numerics, seed, model.
    study: Part,
}

impl<'a> Context<'a> {
    pub(super) fn new(scenario: &'a Scenario, facts: &'a Facts, numerics: &str) -> Result<Self, PlanError> {
        let known = scenario.data.keys().map(|name| match facts.data.get(name) {
            Some(Ok(facts)) => Ok((name.as_str(), facts)),
            _ => Err(PlanError::NoFacts { name: name.clone() }),
        });
        let model = &scenario.model;
        let study = Meaning::of("study")
            .text("numerics", numerics)
            .count("seed", scenario.study.seed)
            .text("architecture", model.architecture.word())
            .real("width", model.width)
            .count("input", model.input as u64)
            .text("initialiser", model.initialiser.word())
            .finish();
        let weights = facts.weights.iter().filter_map(|(name, facts)| Some((name.as_str(), facts.as_ref().ok()?)));
        Ok(Self { scenario, facts: known.collect::<Result<_, _>>()?, weights: weights.collect(), study })
    }

    pub(super) fn facts(&self, data: &str) -> Result<&'a DataFacts, PlanError> {
        self.facts.get(data).copied().ok_or_else(|| PlanError::NoFacts { name: data.to_owned() })
    }

    /// What is known of the file that a source is read from.
    pub(super) fn weights(&self, source: &Source) -> Option<&'a WeightsFacts> {
        self.weights.get(source.name.as_str()).copied()
    }

    /// What a source's network does to pixels before its first layer; `None` where it is drawn for its target, or learned from its
    /// images.
    pub(super) fn standardisation(&self, source: &Source) -> Result<Option<Standardisation>, PlanError> {
        if let Some(weights) = self.weights(source) {
            return Ok(Some(weights.standardisation));
        }
        let pretraining = self.scenario.pretraining_of(source);
        pretraining.map(|pretraining| Ok(self.facts(&pretraining.data)?.standardisation)).transpose()
    }

    pub(super) fn digests(&self) -> BTreeMap<String, String> {
        self.facts.iter().map(|(name, facts)| ((*name).to_owned(), facts.digest_hex())).collect()
    }

    /// The classes of a dataset that are used, in label order.
    pub(super) fn classes(&self, data: &str, own: Option<&Vec<String>>) -> Result<Arc<[String]>, PlanError> {
        Ok(match own {
            Some(classes) => classes.as_slice().into(),
            None => self.facts(data)?.classes.as_slice().into(),
        })
    }

    /// Images of these classes in the test split, at most `per_class` of each.
    pub(super) fn num_test_images(
        &self,
        data: &str,
        classes: &[String],
        per_class: Option<usize>,
    ) -> Result<usize, PlanError> {
        let facts = self.facts(data)?;
        let count =
            |class: &String| facts.class(class).and_then(|index| facts.test_per_class.get(index)).copied().unwrap_or(0);
        Ok(classes.iter().map(|class| count(class).min(per_class.unwrap_or(usize::MAX))).sum())
    }

    /// The points that exist between a source and a target.
    pub(super) fn lattice(&self, source: &Source, target: &Target) -> Result<Lattice, PlanError> {
        Ok(Lattice::new(self.scenario.model.architecture, self.same_classes(source, target)?))
    }

    /// Training images of each of these classes of a dataset.
    pub(super) fn train_images(
        &self,
        data: &str,
        classes: &[String],
        asked: TrainImages,
    ) -> Result<PerClass, PlanError> {
        let facts = self.facts(data)?;
        let available = |class: &String| {
            facts.class(class).and_then(|index| facts.train_per_class.get(index)).copied().unwrap_or(0)
        };
        Ok(asked.of_classes(&classes.iter().map(available).collect::<Vec<_>>()))
    }

    /// Images of each class of a target that a twin may learn from, with those that come before them in the order of every
    /// replicate: the target's own, of every size.
    pub(super) fn beyond(&self, target: &Target, classes: &[String]) -> Result<(Vec<usize>, PerClass), PlanError> {
        let sizes = target.sizes.iter().map(|size| self.train_images(&target.data, classes, size.train_images));
        let sizes: Vec<PerClass> = sizes.collect::<Result<_, _>>()?;
        let own = |label: usize| sizes.iter().map(|size| size.of(label)).max().unwrap_or(0);
        let own: Vec<usize> = (0..classes.len()).map(own).collect();
        let all = self.train_images(&target.data, classes, TrainImages::All)?;
        let left = own.iter().enumerate().map(|(label, own)| all.of(label).saturating_sub(*own)).collect();
        Ok((left, PerClass::new(own)))
    }

    /// Whether a source has a target's classes.
    fn same_classes(&self, source: &Source, target: &Target) -> Result<SameClasses, PlanError> {
        match source.learning() {
            // Their last layer is drawn for, or trained on, the target's classes.
            Learning::Nothing | Learning::Target(_) | Learning::TwinOfTarget(_) => return Ok(SameClasses::Yes),
            Learning::Elsewhere(_) => {
                let known = self.weights(source).and_then(|weights| weights.classes.as_ref());
                let Some(classes) = known else { return Ok(SameClasses::No) };
                let target = self.classes(&target.data, target.classes.as_ref())?;
                return Ok(if **classes == *target { SameClasses::Yes } else { SameClasses::No });
            }
            Learning::OwnImages(_) | Learning::OtherSource(_) => {}
        }
        let Some(pretraining) = self.scenario.pretraining_of(source) else { return Ok(SameClasses::No) };
        let source = self.classes(&pretraining.data, pretraining.classes.as_ref())?;
        let target = self.classes(&target.data, target.classes.as_ref())?;
        Ok(if source == target { SameClasses::Yes } else { SameClasses::No })
    }

    /// The recipe of a training on `train_images` images.
    pub(super) fn recipe(&self, settings: &Settings, length: Length, train_images: usize) -> Arc<Recipe> {
        let steps = length.steps(train_images as u64, settings.batch as u64);
        Arc::new(Recipe { settings: settings.clone(), dropout: self.scenario.model.dropout, steps })
    }

    /// The meaning of a dataset: its pixels and the classes used.
    pub(super) fn data_meaning(&self, data: &str, classes: &[String]) -> Result<Part, PlanError> {
        let digest = &self.facts(data)?.digest;
        Ok(Meaning::of("data").bytes("digest", digest).texts("classes", classes).finish())
    }

    /// The meaning of a job of this sort, so far.
    pub(super) fn job(&self, sort: &str, replicate: Replicate) -> Meaning {
        let meaning = Meaning::of(sort).part("study", self.study).count("replicate", u64::from(replicate.draw()));
        match replicate.stream() {
            // Most runs have the number of their images, which says all.
            stream if stream == replicate.draw() => meaning,
            stream => meaning.count("run", u64::from(stream)),
        }
    }

    /// The scenario's lines that its sources, sizes and treatments start on.
    pub(super) fn lines(&self) -> Lines {
        let origin = &self.scenario.origin;
        let line = |span: &crate::place::Span| origin.document.line(span.start);
        Lines {
            sources: origin.raw.sources.iter().map(|source| line(&source.header)).collect(),
            treatments: origin.raw.treatments.iter().map(|treatment| line(&treatment.header)).collect(),
            sizes: origin.raw.targets.iter().map(|t| t.sizes.iter().map(|size| line(&size.header)).collect()).collect(),
        }
    }
}

/// Where things start in the scenario's text.
pub(super) struct Lines {
    pub(super) sources: Vec<usize>,
    pub(super) treatments: Vec<usize>,
    pub(super) sizes: Vec<Vec<usize>>,
}
