//! A training on a GPU.
//!
//! A step waits for nothing. Order, rates and dropout streams are sent ahead of it. Its loss, the curve and whether it
//! diverged stay on the GPU until they are asked for. From the third step of a size on, a step is one launch of a graph.

use super::batches::Batches;
use super::network::{Dropping, Network};
use super::resident::Examples;
use super::{Engine, ParameterLayout};
use crate::data::augmentation::Augmenter;
use crate::model::Parameters;
use crate::train::at_chance::Watch;
use crate::train::training::steps_per_point;
use crate::train::{CurvePoint, Outcome, Setup, TrainError, Training};
use nt_kernels::cuda::{
    self, Clipping, CrossEntropy, CudaError, CudaSlice, Gpu, Graph, State, Storage, Weights, cross_entropy, end_step,
    first_batch, judge_step,
};
use nt_kernels::dropout::Dropout;
use nt_kernels::sgd::Sgd;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The host sends orders and rates for at least this many steps at once. Sending waits for all queued work, and at that
/// time the host checks whether the training diverged.
const STEPS_AT_ONCE: usize = 64;

/// What is sent at once: whole epochs, with this many steps in all.
struct Stretch {
    epochs: usize,
    steps: usize,
}

impl Stretch {
    fn new(examples: usize, batch: usize) -> Self {
        let of_an_epoch = examples.div_ceil(batch.max(1)).max(1);
        let epochs = STEPS_AT_ONCE.div_ceil(of_an_epoch);
        Self { epochs, steps: epochs * of_an_epoch }
    }
}

/// How steps of one size are taken. The first is queued kernel by kernel, so that libraries set themselves up. The second is
/// captured as a graph, which every later step launches.
enum Way {
    Queued,
    Captured(Graph),
}

/// Everything that a step needs, made once.
struct Trainer<T: Storage> {
    /// By the size of the batch. Fields are dropped in this order: graphs before the buffers that they use.
    ways: BTreeMap<usize, Way>,
    network: Network<T>,
    weights: Weights<T>,
    layout: ParameterLayout,
    first_trainable: usize,
    velocities: CudaSlice<f32>,
    gradients: CudaSlice<T>,
    input: CudaSlice<T>,
    batches: Batches,
    outcome: CrossEntropy,
    state: CudaSlice<State>,
    points: CudaSlice<cuda::CurvePoint>,
    rates: CudaSlice<f32>,
    dropping: Option<Dropping>,
    sgd: Sgd,
    clipping: Option<Clipping>,
    /// Steps from one curve point to the next, and steps in all.
    length: (u64, u64),
}

impl<T: Storage> Trainer<T> {
    fn new(
        gpu: &Gpu,
        setup: &Setup<'_>,
        parameters: &Parameters,
        examples: Arc<Examples>,
        sizes: &[usize],
        stretch: &Stretch,
    ) -> Result<Self, TrainError> {
        let settings = &setup.recipe.settings;
        let capacity = sizes.iter().copied().max().unwrap_or(0);
        let probability = setup.recipe.dropout;
        let drops = probability > 0.0;
        let network = Network::new(gpu, setup.shape, setup.span, sizes, drops)?;
        let layout = ParameterLayout::new(setup.shape, setup.span.first, setup.span.last, network.format());
        let first_trainable = setup.span.frozen.max(setup.span.first);
        let trainable = layout.len() - layout.weight(first_trainable).start;
        let steps = setup.recipe.steps;
        let every = steps_per_point(steps);
        let op = Dropout::new(probability)?;
        Ok(Self {
            ways: BTreeMap::new(),
            weights: Weights::new(gpu, &layout.pack(parameters))?,
            first_trainable: layout.weight(first_trainable).start,
            layout,
            velocities: gpu.zeros(trainable)?,
            gradients: gpu.zeros(trainable)?,
            input: gpu.zeros(capacity * examples.num_features)?,
            batches: Batches::new(
                gpu,
                (examples, network.inputs(), parameters.standardisation),
                capacity,
                stretch.epochs,
                &settings.augmentation,
            )?,
            network,
            outcome: CrossEntropy::new(gpu, capacity)?,
            state: gpu.upload(&[State::BEGIN])?,
            points: gpu.zeros(steps.div_ceil(every) as usize)?,
            rates: gpu.zeros(stretch.steps)?,
            dropping: drops.then(|| Dropping { op, streams: setup.dropout_streams() }),
            sgd: setup.sgd(),
            clipping: settings.clip_norm.map(|longest| Clipping::new(gpu, longest, trainable)).transpose()?,
            length: (every, steps),
        })
    }

    /// Queues a step with a batch of `n` examples.
    fn queue_step(&mut self, gpu: &Gpu, n: usize) -> Result<(), CudaError> {
        self.batches.gather(gpu, &self.state, n, &mut self.input)?;
        let parameters = (&self.weights, &self.layout);
        let dropping = self.dropping.as_ref().map(|dropping| (dropping, &self.state));
        self.network.forward(gpu, parameters, &self.input, n, dropping)?;
        let classes = self.network.num_outputs();
        if let Some((logits, mut gradient)) = self.network.outputs_and_gradient(n) {
            let chosen = cuda::Chosen { order: &self.batches.order, state: &self.state };
            let (labels, outcome) = (self.batches.labels(), &mut self.outcome);
            cross_entropy(gpu, &logits, labels, chosen, outcome, &mut gradient, classes)?;
        }
        judge_step(gpu, &self.outcome, &mut self.state, n)?;
        let dropping = self.dropping.as_ref().map(|dropping| (dropping, &self.state));
        self.network.backward(gpu, parameters, &self.input, n, dropping, &mut self.gradients)?;
        if let Some(clipping) = &mut self.clipping {
            clipping.measure(gpu, &self.gradients)?;
        }
        let (buffers, clipping) = ((&mut self.velocities, &self.gradients), self.clipping.as_ref());
        self.weights.step(gpu, self.sgd, self.first_trainable, buffers, clipping, &self.rates, &self.state)?;
        end_step(gpu, &mut self.state, &mut self.points, n, self.length)
    }

    /// Sends what the steps from `step` on need: their order, what was drawn for it, and their rates. Returns where the
    /// training stands; nothing is sent where it diverged.
    fn begin_stretch(
        &mut self,
        gpu: &Gpu,
        setup: &Setup<'_>,
        (order, augmenter): (&[u32], &Augmenter<'_>),
        step: u64,
        stretch: &Stretch,
    ) -> Result<State, CudaError> {
        // This comes before the state is asked for, while the GPU is still busy with the stretch before.
        let drawn = self.batches.draw(order, augmenter, step, setup.recipe.settings.batch);
        let rates: Vec<f32> = (step..).take(stretch.steps).map(|step| setup.learning_rate_at(step) as f32).collect();
        let state = if step > 0 { self.state(gpu)? } else { State::BEGIN };
        if state.diverged_at < 0 {
            self.batches.send(gpu, order, &drawn)?;
            gpu.write(&rates, &mut self.rates)?;
            first_batch(gpu, &mut self.state)?;
        }
        Ok(state)
    }

    /// Takes a step with a batch of `n` examples.
    fn take_step(&mut self, gpu: &Gpu, n: usize) -> Result<(), CudaError> {
        match self.ways.get(&n) {
            Some(Way::Captured(graph)) => graph.launch()?,
            Some(Way::Queued) => match Graph::capture(gpu, || self.queue_step(gpu, n))? {
                Some(graph) => {
                    graph.launch()?;
                    self.ways.insert(n, Way::Captured(graph));
                }
                None => self.queue_step(gpu, n)?,
            },
            None => {
                self.queue_step(gpu, n)?;
                self.ways.insert(n, Way::Queued);
            }
        }
        Ok(())
    }

    /// Waits for the last step, and reads the network and its curve.
    fn finish(self, gpu: &Gpu, setup: &Setup<'_>, mut parameters: Parameters) -> Result<Training, TrainError> {
        let state = self.state(gpu)?;
        let curve = self.curve(gpu, setup, &state)?;
        let values = self.weights.read(gpu)?;
        self.layout.unpack(&values, &mut parameters, setup.span.frozen);
        let outcome = if state.diverged_at >= 0 {
            Outcome::Diverged { step: state.diverged_at as u64 }
        } else if parameters.are_finite() {
            Outcome::Finished
        } else {
            Outcome::Diverged { step: setup.recipe.steps }
        };
        Ok(Training { parameters, outcome, curve })
    }

    /// The points of the curve so far.
    fn curve(&self, gpu: &Gpu, setup: &Setup<'_>, state: &State) -> Result<Vec<CurvePoint>, CudaError> {
        let mut points = vec![cuda::CurvePoint::default(); self.points.len()];
        gpu.read(&self.points, &mut points)?;
        Ok(curve(setup, &points[..(state.points as usize).min(points.len())]))
    }

    fn state(&self, gpu: &Gpu) -> Result<State, CudaError> {
        let mut state = [State::BEGIN];
        gpu.read(&self.state, &mut state)?;
        Ok(state[0])
    }
}

impl Engine {
    pub(super) fn train<T: Storage>(
        &mut self,
        setup: &Setup<'_>,
        parameters: Parameters,
        examples: Arc<Examples>,
        mut watch: Option<Watch>,
    ) -> Result<Training, TrainError> {
        let gpu = &self.gpu;
        let (count, batch) = (examples.count, setup.recipe.settings.batch);
        let full = batch.min(count);
        let tail = if count > batch { count % batch } else { 0 };
        let sizes: Vec<usize> = [full, tail].into_iter().filter(|&size| size > 0).collect();
        let stretch = Stretch::new(count, batch);
        let mut trainer = Trainer::<T>::new(gpu, setup, &parameters, examples, &sizes, &stretch)?;
        for algorithms in trainer.network.algorithms() {
            tracing::debug!(algorithms, "convolutions planned");
        }
        let augmenter = setup.augmenter();
        let mut order: Vec<u32> = vec![0; stretch.epochs * count];
        let (mut position, mut epoch) = (order.len(), 0);
        for step in 0..setup.recipe.steps {
            if setup.interrupt.load(Ordering::Relaxed) {
                return Err(TrainError::Interrupted);
            }
            if position >= order.len() {
                for order in order.chunks_mut(count) {
                    setup.shuffle(epoch, order);
                    epoch += 1;
                }
                let state = trainer.begin_stretch(gpu, setup, (&order, &augmenter), step, &stretch)?;
                if state.diverged_at >= 0 {
                    break;
                }
                position = 0;
                // Here the host has waited for the GPU anyway.
                if let Some(watch) = watch.take_if(|watch| watch.at <= step)
                    && let Some(nothing) = watch.judge(&trainer.curve(gpu, setup, &state)?)
                {
                    return Err(nothing.after(step));
                }
            }
            let n = batch.min(count - position % count);
            position += n;
            trainer.take_step(gpu, n)?;
        }
        let training = trainer.finish(gpu, setup, parameters)?;
        match watch.filter(|_| training.outcome == Outcome::Finished).and_then(|watch| watch.judge(&training.curve)) {
            Some(nothing) => Err(nothing.after(setup.recipe.steps)),
            None => Ok(training),
        }
    }
}

/// The curve of the points that were written.
fn curve(setup: &Setup<'_>, points: &[cuda::CurvePoint]) -> Vec<CurvePoint> {
    let (steps, every) = (setup.recipe.steps, steps_per_point(setup.recipe.steps));
    let ends = (1..).map(|index| (index * every).min(steps));
    let point = |(step, point): (u64, &cuda::CurvePoint)| CurvePoint {
        step,
        learning_rate: setup.learning_rate_at(step.saturating_sub(1)),
        train_loss: point.train_loss,
        train_top1: point.train_top1,
    };
    ends.zip(points).map(point).collect()
}
