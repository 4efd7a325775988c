//! The whole network against PyTorch's, from the same weights and images, and against candle's autograd.
//!
//! `fixtures/pytorch/make.py` made the fixtures; it says with which version.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use candle_core::{Device, Tensor};
use candle_nn::Module;
use negative_transfer::data::{Codes, Inputs};
use negative_transfer::model::weights::WeightsFile;
use negative_transfer::model::{AlexNet, LayerParameters, Parameters};
use negative_transfer::train::{Backend, Cpu, Gradients, Network, Span, Trainer};
use nt_kernels::sgd::{Sgd, WeightDecay};
use nt_kernels::{candle_ops, cross_entropy, layout};
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{Initialiser, Labels, Model, Precision, Schedule, Settings, Standardisation, Treatment, Warmup};
use safetensors::SafeTensors;
use std::path::Path;

const BATCH: usize = 6;
const CLASSES: usize = 5;

/// Relative errors that the project promises: logits, gradients (norm-wise), and the loss over 20 steps.
const LOGITS_TOLERANCE: f64 = 1e-5;
const GRADIENT_TOLERANCE: f64 = 1e-4;
const LOSS_TOLERANCE: f64 = 1e-4;

/// Knuth's MMIX generator, as in the fixtures' script.
struct Lcg(u64);

impl Lcg {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 40) as f64 / 16_777_216.0
    }
}

#[derive(Clone)]
struct Fixture {
    shape: NetworkShape,
    parameters: Parameters,
    /// `(N, 3, side, side)`.
    images: Vec<f32>,
    labels: Vec<u32>,
    file: Vec<u8>,
}

impl Fixture {
    fn new(name: &str, architecture: Architecture, width: f64, side: usize) -> Self {
        let shape = NetworkShape::new(architecture, width, side, CLASSES);
        let mut lcg = Lcg(1);
        let layers = shape.layers.iter().map(|layer| {
            let bound = (6.0 / layer.fan_in() as f64).sqrt();
            let weight = (0..layer.num_weights()).map(|_| ((2.0 * lcg.uniform() - 1.0) * bound) as f32).collect();
            let bias = (0..layer.num_biases()).map(|_| ((2.0 * lcg.uniform() - 1.0) * 0.1) as f32).collect();
            LayerParameters { weight, bias }
        });
        let parameters = Parameters { standardisation: Standardisation::IMAGENET, layers: layers.collect() };
        let images = (0..BATCH * 3 * side * side).map(|_| (4.0 * lcg.uniform() - 2.0) as f32).collect();
        let labels = (0..BATCH as u32).map(|index| index % CLASSES as u32).collect();
        let file = std::fs::read(format!("tests/fixtures/pytorch/{name}.safetensors")).unwrap();
        Self { shape, parameters, images, labels, file }
    }

    fn all() -> Vec<Self> {
        vec![
            Self::new("alexnet", Architecture::AlexNet, 0.0625, 64),
            Self::new("alexnet-2012", Architecture::AlexNet2012, 0.0625, 67),
            // Wide and large enough for Winograd's algorithm.
            Self::new("alexnet-winograd", Architecture::AlexNet, 0.17, 112),
            // With an average pool.
            Self::new("alexnet-torchvision", Architecture::AlexNetTorchvision, 0.05, 160),
        ]
    }

    fn holds(&self, name: &str) -> bool {
        SafeTensors::deserialize(&self.file).unwrap().tensor(name).is_ok()
    }

    fn expected(&self, name: &str) -> Vec<f64> {
        let file = SafeTensors::deserialize(&self.file).unwrap();
        let view = file.tensor(name).unwrap();
        if view.dtype() == safetensors::Dtype::F32 {
            view.data().chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect()
        } else {
            view.data().chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect()
        }
    }

    /// The images batch-innermost, `(3, side, side, N)`.
    fn input(&self) -> Vec<f32> {
        let features = self.images.len() / BATCH;
        let mut input = vec![0.0; self.images.len()];
        layout::nchw_to_chwn(&self.images, &mut input, features, BATCH);
        input
    }

    /// Logits `(classes, N)`, the mean loss and all gradients.
    fn step(&self, parameters: &Parameters, network: &mut Network) -> (Vec<f32>, f64, Gradients) {
        let input = self.input();
        let mut gradients = Gradients::zeros(parameters, 0);
        let logits = network.forward(parameters, &input, BATCH, None).to_vec();
        let (mut log_loss, mut logit_gradient) = (vec![0.0; BATCH], vec![0.0; logits.len()]);
        let loss =
            cross_entropy::log_loss_and_gradient(&logits, &self.labels, &mut log_loss, &mut logit_gradient).unwrap();
        network.backward(parameters, &input, BATCH, &logit_gradient, &mut gradients);
        (logits, loss, gradients)
    }
}

impl Fixture {
    /// The norm of all gradients together, as clipping takes it.
    fn norm(&self, parameters: &Parameters, network: &mut Network) -> f64 {
        let (input, mut gradients) = (self.input(), Gradients::zeros(parameters, 0));
        let logits = network.forward(parameters, &input, BATCH, None).to_vec();
        let (mut log_loss, mut gradient) = (vec![0.0; BATCH], vec![0.0; logits.len()]);
        cross_entropy::log_loss_and_gradient(&logits, &self.labels, &mut log_loss, &mut gradient).unwrap();
        network.backward(parameters, &input, BATCH, &gradient, &mut gradients)
    }
}

fn relative_error(found: impl IntoIterator<Item = f64>, expected: &[f64]) -> f64 {
    let found: Vec<f64> = found.into_iter().collect();
    assert_eq!(found.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let difference = norm(&mut found.iter().zip(expected).map(|(found, expected)| found - expected));
    difference / norm(&mut expected.iter().copied())
}

fn wide(values: &[f32]) -> impl Iterator<Item = f64> + '_ {
    values.iter().map(|&value| f64::from(value))
}

#[test]
fn logits_loss_and_every_gradient_agree_with_pytorch() {
    for fixture in Fixture::all() {
        let mut network = Network::new(&fixture.shape, Span::whole(&fixture.shape), BATCH).unwrap();
        let (logits, loss, gradients) = fixture.step(&fixture.parameters, &mut network);
        let mut rows = vec![0.0; logits.len()];
        layout::chwn_to_nchw(&logits, &mut rows, CLASSES, BATCH);
        let error = relative_error(wide(&rows), &fixture.expected("logits"));
        assert!(error < LOGITS_TOLERANCE, "logits: {error:e}");
        let error = relative_error([loss], &fixture.expected("loss"));
        assert!(error < LOGITS_TOLERANCE, "loss: {error:e}");
        for (layer, gradient) in fixture.shape.layers.iter().zip(gradients.layers()) {
            for (part, values) in [("weight", &gradient.weight), ("bias", &gradient.bias)] {
                let name = format!("{}.{part}", layer.name);
                if !fixture.holds(&name) {
                    // Of the large one, only those of convolutions are kept.
                    assert!(!layer.name.starts_with("conv"), "{name}");
                    continue;
                }
                let error = relative_error(wide(values), &fixture.expected(&name));
                assert!(error < GRADIENT_TOLERANCE, "gradient of {name}: {error:e}");
            }
        }
    }
}

#[test]
fn twenty_sgd_steps_keep_to_pytorchs_losses() {
    for fixture in Fixture::all() {
        let mut network = Network::new(&fixture.shape, Span::whole(&fixture.shape), BATCH).unwrap();
        let sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov: false };
        let mut parameters = fixture.parameters.clone();
        let mut velocities = Gradients::zeros(&parameters, 0);
        let expected = fixture.expected("losses");
        assert_eq!(expected.len(), 20);
        for (step, expected) in expected.iter().enumerate() {
            let (_, loss, gradients) = fixture.step(&parameters, &mut network);
            let error = ((loss - expected) / expected).abs();
            assert!(error < LOSS_TOLERANCE, "step {step}: {loss} against {expected}");
            for ((layer, gradient), velocity) in
                parameters.layers.iter_mut().zip(gradients.layers()).zip(velocities.layers_mut())
            {
                sgd.step(0.01, &mut layer.weight, &gradient.weight, &mut velocity.weight, step == 0);
                sgd.step(0.01, &mut layer.bias, &gradient.bias, &mut velocity.bias, step == 0);
            }
        }
    }
}

/// Warm-up, half a cosine, and gradients clipped at 1: the losses of 50 steps, and the norm of every gradient.
#[test]
fn fifty_steps_with_warm_up_and_clipping_keep_to_pytorchs() {
    let names = ["alexnet", "alexnet-2012", "alexnet-winograd"];
    let plain = Settings::sgd(BATCH, 0.9, 5e-4, Schedule::Cosine);
    for (fixture, name) in Fixture::all().into_iter().zip(names) {
        for (nesterov, variant) in [(false, "plain"), (true, "nesterov")] {
            let settings = Settings { warmup: Warmup::Steps(10), nesterov, ..plain.clone() };
            let expected = Fixture { file: recipe_file(), ..fixture.clone() };
            let [losses, norms] =
                ["losses", "norms"].map(|what| expected.expected(&format!("{name}.{variant}.{what}")));
            let sgd = Sgd { momentum: 0.9, weight_decay: WeightDecay::Coupled(5e-4), nesterov };
            let (input, mut parameters) = (fixture.input(), fixture.parameters.clone());
            let mut network = Network::new(&fixture.shape, Span::whole(&fixture.shape), BATCH).unwrap();
            let trainer = Trainer::new(&fixture.shape, Span::whole(&fixture.shape), BATCH, &parameters, sgd).unwrap();
            let mut trainer = trainer.clipped(1.0);
            for (step, (loss, norm)) in (0..).zip(losses.iter().zip(norms)) {
                let found_norm = fixture.norm(&parameters, &mut network);
                let rate = 0.01 * settings.rate_multiplier(step, 50);
                let found = trainer.step(&mut parameters, &input, &fixture.labels, None, rate as f32).unwrap();
                // A norm below the limit changes nothing, and near the end it is the rest of what cancels.
                let norms = (found_norm.max(1.0), norm.max(1.0));
                let off = [(found - loss) / loss, (norms.0 - norms.1) / norms.1].map(f64::abs);
                assert!(off.iter().all(|&off| off < LOSS_TOLERANCE), "{name}, {variant}, step {step}: {off:?}");
            }
        }
    }
}

fn recipe_file() -> Vec<u8> {
    std::fs::read("tests/fixtures/pytorch/recipe.safetensors").unwrap()
}

#[test]
fn candles_autograd_through_the_same_kernels_gives_the_same_bits() {
    for fixture in Fixture::all() {
        let mut network = Network::new(&fixture.shape, Span::whole(&fixture.shape), BATCH).unwrap();
        let (logits, loss, gradients) = fixture.step(&fixture.parameters, &mut network);
        let module = AlexNet::new(&fixture.shape, &fixture.parameters, Treatment::SCRATCH).unwrap();
        let side = fixture.shape.input;
        let images = Tensor::from_slice(&fixture.images, (BATCH, 3, side, side), &Device::Cpu).unwrap();
        let labels = Tensor::from_slice(&fixture.labels, BATCH, &Device::Cpu).unwrap();
        let module_logits = module.forward(&images).unwrap();
        let mut rows = vec![0.0; logits.len()];
        layout::chwn_to_nchw(&logits, &mut rows, CLASSES, BATCH);
        assert_eq!(module_logits.flatten_all().unwrap().to_vec1::<f32>().unwrap(), rows);
        let module_loss = candle_ops::cross_entropy(&module_logits, &labels).unwrap();
        assert_eq!(module_loss.to_scalar::<f32>().unwrap(), loss as f32);
        let store = module_loss.backward().unwrap();
        let ours = gradients.layers().iter().flat_map(|layer| [&layer.weight, &layer.bias]);
        for ((name, variable), ours) in module.variables().iter().zip(ours) {
            let theirs = store.get(variable.as_tensor()).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
            assert_eq!(&theirs, ours, "gradient of {name}");
        }
    }
}

/// Codes of the fixture's pictures after a depth.
fn codes(shape: &NetworkShape, parameters: &Parameters, depth: usize, pixels: &[u8]) -> Vec<f32> {
    let (plane, tables) = (shape.input * shape.input, parameters.standardisation.tables());
    let mut values = Vec::new();
    for picture in pixels.chunks_exact(3 * plane) {
        for (channel, table) in tables.iter().enumerate() {
            values.extend(picture.iter().skip(channel).step_by(3).map(|&byte| table[usize::from(byte)]));
        }
    }
    let count = pixels.len() / (3 * plane);
    let inputs = Codes::from_parts(3 * plane, values, Labels::OneClass(vec![0; count]), (0..count as u32).collect());
    let span = Span { first: 0, last: depth, frozen: depth };
    Cpu.outputs(shape, span, parameters, Inputs::Codes(&inputs)).unwrap()
}

#[test]
fn codes_of_every_layer_agree_with_torchvisions() {
    let folder = Path::new("harness/model/weights/fixtures");
    let model = Model {
        architecture: Architecture::AlexNetTorchvision,
        width: 0.03,
        input: 64,
        initialiser: Initialiser::PyTorch,
        dropout: 0.5,
        precision: Precision::Fp32,
    };
    let mut file = WeightsFile::open(&folder.join("state_dict.pth")).unwrap();
    let network = file.network(&model, Standardisation::IMAGENET).unwrap();
    assert_eq!((network.num_classes, network.is_torchvisions), (Some(3), true));
    let (shape, bytes) = (model.shape(3), std::fs::read(folder.join("expected.safetensors")).unwrap());
    let expected = SafeTensors::deserialize(&bytes).unwrap();
    let pixels = expected.tensor("pixels").unwrap().data().to_vec();
    for depth in 1..=8 {
        let tensor = expected.tensor(&format!("after.{depth}")).unwrap();
        let found = codes(&shape, &network.parameters, depth, &pixels);
        assert_codes(&format!("depth {depth}"), &found, &tensor, 1e-5);
    }
}

/// Holds that codes agree with expected ones, to a part of the largest.
#[track_caller]
fn assert_codes(what: &str, found: &[f32], expected: &safetensors::tensor::TensorView<'_>, part: f32) {
    let expected: Vec<f32> = expected.data().as_chunks().0.iter().map(|&four| f32::from_le_bytes(four)).collect();
    let largest = expected.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    assert_eq!(found.len(), expected.len());
    let worst = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
    assert!(worst <= part * largest, "{what}: off by {worst}, the largest is {largest}");
}

#[test]
fn the_whole_network_of_224_px_says_what_torchvisions_says() {
    for architecture in [Architecture::AlexNet, Architecture::AlexNetTorchvision] {
        let shape = NetworkShape::new(architecture, 1.0, 224, 1000);
        let mut lcg = Lcg(1);
        let mut drawn = |count: usize, bound: f64| -> Vec<f32> {
            (0..count).map(|_| ((2.0 * lcg.uniform() - 1.0) * bound) as f32).collect()
        };
        let layers = shape.layers.iter().map(|layer| {
            let bound = (6.0 / layer.fan_in() as f64).sqrt();
            LayerParameters { weight: drawn(layer.num_weights(), bound), bias: drawn(layer.num_biases(), 0.1) }
        });
        let layers = layers.collect();
        let parameters = Parameters { standardisation: Standardisation::IMAGENET, layers };
        let pixels: Vec<u8> = (0..2 * 3 * 224 * 224).map(|_| (256.0 * lcg.uniform()) as u8).collect();
        let bytes = std::fs::read("tests/fixtures/pytorch/torchvision-224.safetensors").unwrap();
        let expected = SafeTensors::deserialize(&bytes).unwrap();
        for (depth, name) in [(6, "fc6"), (7, "fc7"), (8, "logits")] {
            let found = codes(&shape, &parameters, depth, &pixels);
            assert_codes(name, &found, &expected.tensor(name).unwrap(), 1e-5);
        }
    }
}
