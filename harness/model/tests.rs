//! How fresh parameters are distributed, what a redrawn network keeps, and that a stored network comes back.

use super::{Init, Parameters, StoreError, from_bytes, initialise, to_bytes, transfer};
use nt_scenario::network::{Architecture, NetworkShape};
use nt_scenario::{Initialiser, Lattice, SameClasses, Standardisation};

fn shape() -> NetworkShape {
    NetworkShape::new(Architecture::AlexNet, 0.25, 64, 10)
}

fn drawn(initialiser: Initialiser, scope: &str) -> Parameters {
    initialise(&shape(), initialiser, Init { seed: 3, scope, replicate: 0, standardisation: Standardisation::IMAGENET })
}

fn mean_and_std(values: &[f32]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().map(|&value| f64::from(value)).sum::<f64>() / count;
    let squares = values.iter().map(|&value| (f64::from(value) - mean) * (f64::from(value) - mean)).sum::<f64>();
    (mean, (squares / (count - 1.0)).sqrt())
}

/// Asserts mean and standard deviation within five standard errors (that of a standard deviation is at most σ/√n for
/// the distributions drawn here).
#[track_caller]
fn assert_distributed(values: &[f32], expected_mean: f64, expected_std: f64) {
    let (mean, std) = mean_and_std(values);
    let error = 5.0 * expected_std / (values.len() as f64).sqrt();
    assert!((mean - expected_mean).abs() < error, "mean {mean}, not {expected_mean}");
    assert!((std - expected_std).abs() < error, "standard deviation {std}, not {expected_std}");
}

#[test]
fn he_normal_weights_have_variance_two_over_fan_in_and_no_bias() {
    for (layer, values) in shape().layers.iter().zip(drawn(Initialiser::HeNormal, "target").layers) {
        assert_distributed(&values.weight, 0.0, (2.0 / layer.fan_in() as f64).sqrt());
        assert!(values.bias.iter().all(|&bias| bias == 0.0));
    }
}

#[test]
fn pytorchs_weights_and_biases_are_uniform_within_one_over_root_fan_in() {
    for (layer, values) in shape().layers.iter().zip(drawn(Initialiser::PyTorch, "target").layers) {
        let bound = 1.0 / (layer.fan_in() as f64).sqrt();
        assert_distributed(&values.weight, 0.0, bound / 3f64.sqrt());
        assert!(values.weight.iter().chain(&values.bias).all(|&value| f64::from(value).abs() <= bound));
    }
}

#[test]
fn the_papers_biases_are_one_where_the_paper_has_them() {
    let ones: Vec<bool> = drawn(Initialiser::Krizhevsky2012, "target")
        .layers
        .iter()
        .map(|values| {
            assert_distributed(&values.weight, 0.0, 0.01);
            values.bias.iter().all(|&bias| bias == 1.0)
        })
        .collect();
    assert_eq!(ones, [false, true, false, true, true, true, true, false]);
}

#[test]
fn a_layer_has_its_own_stream_by_scope_and_name() {
    let (target, source) = (drawn(Initialiser::HeNormal, "target"), drawn(Initialiser::HeNormal, "source"));
    assert_eq!(target, drawn(Initialiser::HeNormal, "target"));
    for (target, source) in target.layers.iter().zip(&source.layers) {
        assert_ne!(target.weight, source.weight);
    }
}

#[test]
fn a_redrawn_network_keeps_each_tensors_mean_and_variance_and_nothing_else() {
    let network = drawn(Initialiser::PyTorch, "source");
    let redrawn = network.mean_and_variance(3, "source", 0, &shape());
    for (before, after) in network.layers.iter().zip(&redrawn.layers) {
        let (mean, std) = mean_and_std(&before.weight);
        assert_distributed(&after.weight, mean, std);
        assert_ne!(before.weight, after.weight);
    }
}

#[test]
fn a_transferred_network_shares_no_storage_with_its_source() {
    let (fresh, source) = (drawn(Initialiser::HeNormal, "target"), drawn(Initialiser::HeNormal, "source"));
    let treatment = Lattice::new(Architecture::AlexNet, SameClasses::No).point(3, 2).unwrap();
    let init = Init { seed: 3, scope: "target", replicate: 0, standardisation: Standardisation::IMAGENET };
    let mut network = transfer(&shape(), Initialiser::HeNormal, init, Some(&source), treatment);
    network.layers[0].weight[0] += 1.0;
    assert_eq!(source, drawn(Initialiser::HeNormal, "source"));
    assert_eq!(network.layers[2], source.layers[2]);
    assert_eq!(network.layers[3], fresh.layers[3]);
}

#[test]
fn a_stored_network_comes_back_bit_for_bit_and_another_shape_is_refused() {
    let network = drawn(Initialiser::HeNormal, "target");
    let bytes = to_bytes(&network, &shape()).unwrap();
    assert_eq!(from_bytes(&bytes, &shape(), Standardisation::IMAGENET).unwrap(), network);
    let other = NetworkShape::new(Architecture::AlexNet, 0.25, 64, 11);
    let refused = from_bytes(&bytes, &other, Standardisation::IMAGENET).unwrap_err();
    assert!(refused.to_string().contains("fc8.weight"), "{refused}");
    assert!(matches!(from_bytes(&bytes[..100], &shape(), Standardisation::IMAGENET), Err(StoreError::Format(_))));
}
