//! What a training is made of: draws of images, source networks, codes of frozen layers.

use super::target_run::TargetRun;
use super::{Failure, Obstacle, TrainingExecutor, Trouble};
use crate::data::{Codes, Counts, Images, Inputs, SubsetDraw, TrainPool};
use crate::model::{self, Init, Parameters, initialise};
use crate::run::Upstream;
use crate::run::store::{CodesKey, DrawKey, NetworkKey, SetKey};
use crate::train::Span;
use nt_records::Status;
use nt_scenario::Standardisation;
use nt_scenario::network::NetworkShape;
use nt_scenario::{SourceTask, SourceWeights, TargetTask};
use std::sync::Arc;

/// Scope of a source's streams; a selffer and a twin are one network a target.
pub(super) fn source_scope(source: &str, target: Option<&str>) -> String {
    match target {
        Some(target) => format!("source/{source}/{target}"),
        None => format!("source/{source}"),
    }
}

/// Scope of a target's streams, which knows no treatment and no size.
pub(super) fn target_scope(target: &str) -> String {
    format!("target/{target}")
}

/// A set of examples at hand: pixels, or the codes of the frozen layers.
pub(super) enum Examples<'a> {
    Images(&'a Images),
    Codes(Arc<Codes>),
}

impl Examples<'_> {
    pub(super) fn inputs(&self) -> Inputs<'_> {
        match self {
            Self::Images(images) => Inputs::Images(images),
            Self::Codes(codes) => Inputs::Codes(codes),
        }
    }
}

impl TrainingExecutor<'_> {
    /// Images of a source's replicate: a selffer's are those of its target, a twin's come after them.
    pub(super) fn source_draw(&self, task: &SourceTask, replicate: u32) -> Result<Arc<SubsetDraw>, Trouble> {
        let key = match (task.for_target, &task.twin_of) {
            (Some((target, size)), _) => DrawKey::Target(target, size, replicate),
            (None, Some(twin_of)) => {
                let images = task.train_per_class.total(task.classes.len());
                DrawKey::Twin(task.source, twin_of.target, images, replicate)
            }
            (None, None) => DrawKey::Source(task.source, replicate),
        };
        let scope = match task.target() {
            Some(target) => target_scope(&self.scenario.targets[target].name),
            None => source_scope(&self.scenario.sources[task.source].name, None),
        };
        let pool = self.registry.pool(&task.data, &task.classes, None)?;
        let counts = Counts {
            after: task.twin_of.as_ref().map(|twin_of| &twin_of.after),
            drawn: &task.train_per_class,
            held_out: &task.validation_per_class,
        };
        self.draw(key, &pool.0, &scope, replicate, counts)
    }

    /// Images of a target's replicate, the same for every treatment.
    pub(super) fn target_draw(
        &self,
        task: &TargetTask,
        key: DrawKey,
        replicate: u32,
    ) -> Result<Arc<SubsetDraw>, Trouble> {
        let scope = target_scope(&self.scenario.targets[task.target].name);
        let pool = self.registry.pool(&task.data, &task.classes, task.test_per_class)?;
        let counts = Counts::first(&task.train_per_class, &task.validation_per_class);
        self.draw(key, &pool.0, &scope, replicate, counts)
    }

    fn draw(
        &self,
        key: DrawKey,
        pool: &TrainPool,
        scope: &str,
        replicate: u32,
        counts: Counts<'_>,
    ) -> Result<Arc<SubsetDraw>, Trouble> {
        self.store.draws.get(&key, || {
            let draw = pool.draw(self.seed(), scope, replicate, counts)?;
            let bytes = Inputs::Images(&draw.train).num_bytes() + Inputs::Images(&draw.validation).num_bytes();
            Ok((draw, bytes))
        })
    }

    pub(super) fn stored_network(
        &self,
        job: usize,
        (shape, standardisation): (&NetworkShape, Standardisation),
        upstream: &dyn Upstream,
    ) -> Result<Parameters, Trouble> {
        let record = upstream.record(job);
        if let Some(record) = record.filter(|record| record.status != Status::Done) {
            return Err(Failure::SourceDidNotTrain { status: record.status.word(), name: record.name }.into());
        }
        let bytes = upstream.file(job, "networks")?;
        Ok(model::from_bytes(&bytes, shape, standardisation)?)
    }

    /// The source network of a run: trained and stored, or drawn from the source's own stream.
    pub(super) fn source_network(
        &self,
        task: &TargetTask,
        replicate: u32,
        upstream: &dyn Upstream,
    ) -> Result<Option<(NetworkKey, Arc<Parameters>)>, Trouble> {
        let Some(index) = task.source else { return Ok(None) };
        let source = &self.scenario.sources[index];
        let drawn_for = (task.source_weights == SourceWeights::Drawn).then_some(task.target);
        // One file is one network, whatever the replicate.
        let replicate = if task.source_weights == SourceWeights::OfFile { 0 } else { replicate };
        let key = NetworkKey { source: index, weights: task.source_weights, replicate, drawn_for };
        let network = self.store.networks.get(&key, || {
            let num_classes = self.num_source_classes(index, task);
            let shape = self.scenario.model.shape(num_classes);
            let learned_from = self.scenario.pretraining_of(source).map_or(&*task.data, |learned| &learned.data);
            let standardisation = self.registry.standardisation(learned_from);
            let network = match task.source_weights {
                SourceWeights::OfFile => {
                    let network = self.registry.source_network(self.scenario, index)?;
                    network.ok_or(Obstacle::Plan { what: "file of its source network" })?
                }
                SourceWeights::OfJob(job) => self.stored_network(job, (&shape, standardisation), upstream)?,
                SourceWeights::Drawn => {
                    let scope = source_scope(&source.name, None);
                    let init = Init { seed: self.seed(), scope: &scope, replicate, standardisation };
                    initialise(&shape, self.scenario.model.initialiser, init)
                }
            };
            let num_values = network.layers.iter().map(|layer| layer.weight.len() + layer.bias.len()).sum::<usize>();
            Ok::<_, Trouble>((network, 4 * num_values))
        })?;
        Ok(Some((key, network)))
    }

    /// Classes a source network tells apart: its own, or the target's where it has none of its own.
    fn num_source_classes(&self, source: usize, task: &TargetTask) -> usize {
        match self.scenario.pretraining_of(&self.scenario.sources[source]) {
            Some(pretraining) => match &pretraining.classes {
                Some(classes) => classes.len(),
                None => self.registry.num_classes(&pretraining.data),
            },
            None => task.classes.len(),
        }
    }

    /// The depth whose codes stand in for the images: that of the frozen layers, if nothing random comes before it and
    /// the codes of the largest set fit in memory. Either way every bit comes out the same.
    ///
    /// At least one layer stays to be computed: a source taken as it is has every layer frozen, and a network of no layer
    /// has no outputs.
    pub(super) fn depth_of_codes(&self, run: &TargetRun<'_>) -> usize {
        let frozen = usize::from(run.task.treatment.frozen()).min(run.shape.layers.len() - 1);
        let test_images = self.registry.num_test_images(&run.task.data, &run.task.classes, run.task.test_per_class);
        let images = test_images.max(Inputs::Images(&run.draw.train).len());
        let fits = |depth: usize| {
            4 * images * run.shape.layers[depth - 1].num_activations() <= self.store.codes.max_bytes() / 4
        };
        if run.task.recipe.settings.augmentation.is_empty() && frozen > 0 && fits(frozen) { frozen } else { 0 }
    }

    pub(super) fn examples<'i>(
        &self,
        run: &TargetRun<'_>,
        set: SetKey,
        images: &'i Images,
    ) -> Result<Examples<'i>, Trouble> {
        match &run.source {
            Some((network, parameters)) if run.first > 0 => {
                Ok(Examples::Codes(self.codes(run, *network, parameters, run.first, set, images)?))
            }
            _ => Ok(Examples::Images(images)),
        }
    }

    /// Codes after `depth`, from those one layer below: so that a study of every depth passes each layer once.
    pub(super) fn codes(
        &self,
        run: &TargetRun<'_>,
        network: NetworkKey,
        parameters: &Parameters,
        depth: usize,
        set: SetKey,
        images: &Images,
    ) -> Result<Arc<Codes>, Trouble> {
        let key = CodesKey { network, depth, set };
        self.store.codes.get(&key, || {
            let below = 4 * Inputs::Images(images).len() * run.shape.layers[depth.saturating_sub(2)].num_activations();
            let codes;
            let (first, inputs) = if depth > 1 && below <= self.store.codes.max_bytes() / 4 {
                codes = self.codes(run, network, parameters, depth - 1, set, images)?;
                (depth - 1, Inputs::Codes(&codes))
            } else {
                (0, Inputs::Images(images))
            };
            let span = Span { first, last: depth, frozen: depth };
            let values = self.backend.outputs(&run.shape, span, parameters, inputs)?;
            let codes = Codes::new(run.shape.layers[depth - 1].num_activations(), values, &inputs);
            let bytes = Inputs::Codes(&codes).num_bytes();
            Ok((codes, bytes))
        })
    }
}
