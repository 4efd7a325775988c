//! A training on a GPU. A step waits for nothing: order, rates and dropout streams are there before, and its loss, the
//! curve and whether it diverged stay there until they are asked for. From the third step of a size on it is one launch of
//! a graph.

use super::batches::Batches;
use super::network::{Dropping, Network};
use super::resident::Examples;
use super::{Engine, ParameterLayout};
use crate::model::Parameters;
use crate::train::sgd_loop::steps_per_point;
use crate::train::{CurvePoint, Outcome, Setup, TrainError, Training};
use nt_kernels::cuda::{
    self, CrossEntropy, CudaError, CudaSlice, Gpu, Graph, Sgd, State, Storage, Weights, cross_entropy, end_step,
    first_batch, judge_step,
};
use nt_kernels::dropout::Dropout;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Steps that the host sends orders and rates for at once, at least. Sending waits for all that is queued, and then is when
/// the host looks whether the training diverged.
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

/// Everything a step touches, made once.
struct Trainer<T: Storage> {
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
            weights: Weights::new(gpu, &layout.pack(parameters))?,
            first_trainable: layout.weight(first_trainable).start,
            layout,
            velocities: gpu.zeros(trainable)?,
            gradients: gpu.zeros(trainable)?,
            input: gpu.zeros(capacity * examples.num_features)?,
            batches: Batches::new(gpu, (examples, network.inputs()), capacity, stretch.epochs, &settings.augmentation)?,
            network,
            outcome: CrossEntropy::new(gpu, capacity)?,
            state: gpu.upload(&[State::BEGIN])?,
            points: gpu.zeros(steps.div_ceil(every) as usize)?,
            rates: gpu.zeros(stretch.steps)?,
            dropping: drops.then(|| Dropping { op, streams: setup.dropout_streams() }),
            sgd: Sgd { momentum: settings.momentum as f32, weight_decay: settings.weight_decay as f32 },
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
        let buffers = (&mut self.velocities, &self.gradients);
        self.weights.step(gpu, self.sgd, self.first_trainable, buffers, &self.rates, &self.state)?;
        end_step(gpu, &mut self.state, &mut self.points, n, self.length)
    }

    fn state(&self, gpu: &Gpu) -> Result<State, CudaError> {
        let mut state = [State::BEGIN];
        gpu.read(&self.state, &mut state)?;
        Ok(state[0])
    }
}

/// A kind of step: first queued kernel by kernel, so that libraries set themselves up; then captured; then launched whole.
enum Steps {
    Queued,
    Captured(Graph),
}

impl Engine {
    pub(super) fn train<T: Storage>(
        &mut self,
        setup: &Setup<'_>,
        mut parameters: Parameters,
        examples: Arc<Examples>,
    ) -> Result<Training, TrainError> {
        let gpu = &self.gpu;
        let (count, batch, steps) = (examples.count, setup.recipe.settings.batch, setup.recipe.steps);
        let full = batch.min(count);
        let tail = if count > batch { count % batch } else { 0 };
        let sizes: Vec<usize> = [full, tail].into_iter().filter(|&size| size > 0).collect();
        let stretch = Stretch::new(count, batch);
        let mut trainer = Trainer::<T>::new(gpu, setup, &parameters, examples, &sizes, &stretch)?;
        for algorithms in trainer.network.algorithms() {
            tracing::debug!(algorithms, "convolutions planned");
        }
        let augmenter = setup.augmenter();
        let mut orders: Vec<u32> = vec![0; stretch.epochs * count];
        let mut kinds: BTreeMap<usize, Steps> = BTreeMap::new();
        let (mut position, mut epoch) = (orders.len(), 0);
        for step in 0..steps {
            if setup.interrupt.load(Ordering::Relaxed) {
                return Err(TrainError::Interrupted);
            }
            if position >= orders.len() {
                // While the GPU is still busy with the stretch before.
                for order in orders.chunks_mut(count) {
                    setup.shuffle(epoch, order);
                    epoch += 1;
                }
                let drawn = trainer.batches.draw(&orders, &augmenter, step, batch);
                let rates = (step..).take(stretch.steps).map(|step| setup.learning_rate_at(step) as f32);
                let rates: Vec<f32> = rates.collect();
                if step > 0 && trainer.state(gpu)?.diverged_at >= 0 {
                    break;
                }
                trainer.batches.send(gpu, &orders, &drawn)?;
                gpu.write(&rates, &mut trainer.rates)?;
                first_batch(gpu, &mut trainer.state)?;
                position = 0;
            }
            let n = batch.min(count - position % count);
            position += n;
            match kinds.get(&n) {
                Some(Steps::Captured(graph)) => graph.launch()?,
                Some(Steps::Queued) => match Graph::capture(gpu, || trainer.queue_step(gpu, n))? {
                    Some(graph) => {
                        graph.launch()?;
                        kinds.insert(n, Steps::Captured(graph));
                    }
                    None => trainer.queue_step(gpu, n)?,
                },
                None => {
                    trainer.queue_step(gpu, n)?;
                    kinds.insert(n, Steps::Queued);
                }
            }
        }
        let state = trainer.state(gpu)?;
        let mut points = vec![cuda::CurvePoint::default(); trainer.points.len()];
        gpu.read(&trainer.points, &mut points)?;
        let values = trainer.weights.read(gpu)?;
        trainer.layout.unpack(&values, &mut parameters, setup.span.frozen);
        let outcome = if state.diverged_at >= 0 {
            Outcome::Diverged { step: state.diverged_at as u64 }
        } else if parameters.are_finite() {
            Outcome::Finished
        } else {
            Outcome::Diverged { step: steps }
        };
        let curve = curve(setup, &points[..(state.points as usize).min(points.len())]);
        Ok(Training { parameters, outcome, curve })
    }
}

/// The curve of the points that were written: after every so many steps, and after the last.
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
