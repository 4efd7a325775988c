//! Property tests of the treatment lattice: what is frozen stays, what is copied starts as the source, what is fresh
//! starts as scratch does, and frozen layers cost neither gradient nor optimizer state.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use negative_transfer::data::{Codes, Inputs};
use negative_transfer::model::{Init, LayerParameters, Parameters, initialise, transfer};
use negative_transfer::train::{AtChance, Backend, Cpu, ForTest, Gradients, Network, Setup, Span, Trained, train};
use nt_kernels::cross_entropy;
use nt_kernels::philox::Stream;
use nt_scenario::Labels;
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{
    Initialiser, Lattice, Recipe, SameClasses, Schedule, Settings, Standardisation, Treatment, TreatmentError,
};
use proptest::prelude::*;
use std::sync::atomic::AtomicBool;

const CLASSES: usize = 3;
const EXAMPLES: usize = 7;

/// A small network, a point of the lattice and a recipe.
#[derive(Clone, Debug)]
struct Case {
    architecture: Architecture,
    width: f64,
    input: usize,
    initialiser: Initialiser,
    treatment: Treatment,
    steps: u64,
    batch: usize,
    momentum: f64,
    weight_decay: f64,
    /// Nesterov's momentum, decoupled decay, and the longest gradient.
    options: (bool, bool, Option<f64>),
    dropout: f64,
    seed: u64,
}

fn cases() -> impl Strategy<Value = Case> {
    let network = (
        prop_oneof![Just(Architecture::AlexNet), Just(Architecture::AlexNet2012)],
        0.01..0.06f64,
        32usize..72,
        prop_oneof![Just(Initialiser::HeNormal), Just(Initialiser::PyTorch)],
    );
    let point = (0u8..=7).prop_flat_map(|copied| (Just(copied), 0..=copied));
    let recipe = (1u64..5, 1usize..6, prop_oneof![Just(0.0), Just(0.9)], prop_oneof![Just(0.0), Just(5e-4)]);
    let options = (any::<bool>(), any::<bool>(), prop_oneof![Just(None), Just(Some(0.5))]);
    (network, point, recipe, options, prop_oneof![Just(0.0), Just(0.5)], any::<u64>()).prop_map(
        |((architecture, width, input, initialiser), (copied, frozen), recipe, options, dropout, seed)| {
            let (steps, batch, momentum, weight_decay) = recipe;
            let treatment = Lattice::new(architecture, SameClasses::No).point(copied, frozen).unwrap();
            Case {
                architecture,
                width,
                input,
                initialiser,
                treatment,
                steps,
                batch,
                momentum,
                weight_decay,
                options,
                dropout,
                seed,
            }
        },
    )
}

impl Case {
    fn shape(&self) -> NetworkShape {
        NetworkShape::new(self.architecture, self.width, self.input, CLASSES)
    }

    fn initial(&self, scope: &str) -> Parameters {
        initialise(
            &self.shape(),
            self.initialiser,
            Init { seed: self.seed, scope, replicate: 0, standardisation: Standardisation::IMAGENET },
        )
    }

    fn start(&self, source: &Parameters) -> Parameters {
        let init = Init { seed: self.seed, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET };
        transfer(&self.shape(), self.initialiser, init, Some(source), self.treatment)
    }

    fn recipe(&self) -> Recipe {
        let (nesterov, decoupled_weight_decay, clip_norm) = self.options;
        let plain = Settings::sgd(self.batch, self.momentum, self.weight_decay, Schedule::Constant);
        let settings = Settings { nesterov, decoupled_weight_decay, clip_norm, ..plain };
        Recipe { settings, dropout: self.dropout, steps: self.steps }
    }

    /// Examples as "codes after no layer": values that any network takes for standardised images.
    fn images(&self) -> Codes {
        let features = 3 * self.input * self.input;
        let mut cursor = Stream::named(self.seed, "images", "", 0).cursor();
        let values = (0..EXAMPLES * features).map(|_| cursor.normal() as f32).collect();
        let labels = (0..EXAMPLES as u32).map(|index| index % CLASSES as u32).collect();
        Codes::from_parts(features, values, Labels::OneClass(labels), (0..EXAMPLES as u32).collect())
    }

    fn train(&self, start: Parameters, examples: Inputs<'_>, first: usize) -> Trained<ForTest> {
        let frozen = usize::from(self.treatment.frozen());
        let setup = Setup {
            shape: &self.shape(),
            span: Span { first, last: 8, frozen },
            recipe: &self.recipe(),
            learning_rate: 0.01,
            seed: self.seed,
            scope: "target",
            replicate: 0,
            at_chance: AtChance::GoesOn,
            interrupt: &AtomicBool::new(false),
        };
        train(&Cpu, &setup, start, examples).unwrap()
    }
}

fn bits(layer: &LayerParameters) -> Vec<u32> {
    layer.weight.iter().chain(&layer.bias).map(|value| value.to_bits()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn frozen_layers_stay_and_the_others_start_where_they_should_and_move(case in cases()) {
        let (source, scratch) = (case.initial("source"), case.initial("target"));
        let start = case.start(&source);
        let images = case.images();
        let trained = case.train(start.clone(), Inputs::Codes(&images), 0);
        let (copied, frozen) = (usize::from(case.treatment.copied()), usize::from(case.treatment.frozen()));
        for depth in 0..8 {
            let (first, last) = (bits(&start.layers[depth]), bits(&trained.parameters.layers[depth]));
            let origin = if depth < copied { &source } else { &scratch };
            prop_assert_eq!(&first, &bits(&origin.layers[depth]), "layer {} starts elsewhere", depth + 1);
            if depth < frozen {
                prop_assert_eq!(&last, &bits(&source.layers[depth]), "frozen layer {} moved", depth + 1);
            }
        }
        // fc8 gets a gradient whatever the ReLUs below do; a lower layer may be dead in a network this small.
        prop_assert_ne!(bits(&start.layers[7]), bits(&trained.parameters.layers[7]), "fc8 did not move");
    }

    #[test]
    fn copied_trainable_layers_move(case in cases()) {
        // A wide enough, He-initialised network has no dead layer, so every trainable layer must move.
        let case = Case { width: 0.06, initialiser: Initialiser::HeNormal, dropout: 0.0, batch: EXAMPLES, ..case };
        let source = case.initial("source");
        let start = case.start(&source);
        let images = case.images();
        let trained = case.train(start.clone(), Inputs::Codes(&images), 0);
        for depth in usize::from(case.treatment.frozen())..8 {
            prop_assert_ne!(bits(&start.layers[depth]), bits(&trained.parameters.layers[depth]), "layer {} stayed", depth + 1);
        }
    }

    #[test]
    fn gradients_and_optimizer_state_exist_for_exactly_the_trainable_layers(case in cases()) {
        let frozen = usize::from(case.treatment.frozen());
        let parameters = case.initial("target");
        let state = Gradients::zeros(&parameters, frozen);
        prop_assert_eq!(state.layers().len(), 8 - frozen);
        for (held, layer) in state.layers().iter().zip(&parameters.layers[frozen..]) {
            prop_assert_eq!((held.weight.len(), held.bias.len()), (layer.weight.len(), layer.bias.len()));
        }
    }

    #[test]
    fn precomputed_activations_give_the_same_gradients_bit_for_bit(case in cases()) {
        let (shape, frozen) = (case.shape(), usize::from(case.treatment.frozen()));
        prop_assume!(frozen > 0);
        let parameters = case.initial("target");
        let images = case.images();
        let through = gradients(&shape, &parameters, Inputs::Codes(&images), Span { first: 0, last: 8, frozen });
        let below = Span { first: 0, last: frozen, frozen };
        let values = Cpu.outputs(&shape, below, &parameters, Inputs::Codes(&images)).unwrap();
        let features = shape.layers[frozen - 1].num_activations();
        let precomputed = Codes::new(features, values, &Inputs::Codes(&images));
        let from_codes = gradients(&shape, &parameters, Inputs::Codes(&precomputed), Span { first: frozen, last: 8, frozen });
        prop_assert_eq!(through, from_codes);
    }

    #[test]
    fn a_whole_training_is_the_same_from_precomputed_activations(case in cases()) {
        let (shape, frozen) = (case.shape(), usize::from(case.treatment.frozen()));
        prop_assume!(frozen > 0);
        let parameters = case.initial("target");
        let images = case.images();
        let below = Span { first: 0, last: frozen, frozen };
        let values = Cpu.outputs(&shape, below, &parameters, Inputs::Codes(&images)).unwrap();
        let features = shape.layers[frozen - 1].num_activations();
        let precomputed = Codes::new(features, values, &Inputs::Codes(&images));
        let through = case.train(parameters.clone(), Inputs::Codes(&images), 0);
        let from_codes = case.train(parameters, Inputs::Codes(&precomputed), frozen);
        prop_assert_eq!(through.parameters, from_codes.parameters);
    }

    #[test]
    fn an_impossible_point_cannot_be_constructed(copied in 0u8..20, frozen in 0u8..20, same in any::<bool>()) {
        let same_classes = if same { SameClasses::Yes } else { SameClasses::No };
        let point: Result<Treatment, TreatmentError> = Lattice::new(Architecture::AlexNet, same_classes).point(copied, frozen);
        let possible = frozen <= copied && copied <= if same { 8 } else { 7 };
        prop_assert_eq!(point.is_ok(), possible);
    }
}

fn gradients(shape: &NetworkShape, parameters: &Parameters, examples: Inputs<'_>, span: Span) -> Gradients {
    let mut network = Network::new(shape, span, EXAMPLES).unwrap();
    let mut gradients = Gradients::zeros(parameters, span.frozen);
    let order: Vec<u32> = (0..EXAMPLES as u32).collect();
    let mut input = vec![0.0; examples.num_features() * EXAMPLES];
    examples.gather(&order, None, &parameters.standardisation.tables(), &mut input);
    let logits = network.forward(parameters, &input, EXAMPLES, None).to_vec();
    let (mut log_loss, mut logit_gradient) = (vec![0.0; EXAMPLES], vec![0.0; logits.len()]);
    cross_entropy::log_loss_and_gradient(&logits, examples.one_class().unwrap(), &mut log_loss, &mut logit_gradient)
        .unwrap();
    network.backward(parameters, &input, EXAMPLES, &logit_gradient, &mut gradients);
    gradients
}

#[test]
fn dropout_acts_on_trainable_layers_only() {
    let treatment = Lattice::new(Architecture::AlexNet, SameClasses::No).point(7, 6).unwrap();
    let case = Case {
        architecture: Architecture::AlexNet,
        width: 0.05,
        input: 40,
        initialiser: Initialiser::HeNormal,
        treatment,
        steps: 3,
        batch: 4,
        momentum: 0.9,
        weight_decay: 0.0,
        options: (false, false, None),
        dropout: 0.5,
        seed: 5,
    };
    let without = Case { dropout: 0.0, ..case.clone() };
    let images = case.images();
    let start = case.initial("target");
    let with_dropout = case.train(start.clone(), Inputs::Codes(&images), 0).parameters;
    assert_ne!(with_dropout, without.train(start, Inputs::Codes(&images), 0).parameters, "fc7 drops its input");
}
