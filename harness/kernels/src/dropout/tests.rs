use super::*;
use crate::fixture::{available_simd, bits, normal, on_one_to_four_threads};

fn mask(probability: f64, stream: &Stream, step: u64, features: usize, batch: usize) -> Vec<f32> {
    let mut mask = vec![f32::NAN; features * batch];
    Dropout::new(probability).unwrap().mask(stream, step, features, batch, &mut mask);
    mask
}

fn stream() -> Stream {
    Stream::named(1, "dropout", "target", 0)
}

#[test]
fn every_factor_is_the_word_of_its_step_feature_and_image() {
    let (features, batch, step) = (7, 19, 5);
    let mask = mask(0.25, &stream(), step, features, batch);
    for f in 0..features {
        for n in 0..batch {
            let block = stream().block((step << 40) | ((f as u64 / 4) << 20) | n as u64);
            let expected = if block[f % 4] < 1 << 30 { 0.0 } else { 4.0 / 3.0 };
            assert_eq!(mask[f * batch + n], expected);
        }
    }
}

#[test]
fn drops_the_asked_fraction_and_keeps_the_mean() {
    let (features, batch) = (1000, 64);
    let n = (features * batch) as f64;
    for probability in [0.0, 0.1, 0.5, 0.9] {
        let mask = mask(probability, &stream(), 0, features, batch);
        let dropped = mask.iter().filter(|factor| **factor == 0.0).count() as f64;
        // Five standard errors of a binomial count.
        let allowed = 5.0 * (n * probability * (1.0 - probability)).sqrt();
        assert!((dropped - n * probability).abs() <= allowed, "{dropped} of {n} dropped at {probability}");
        let scale = (1.0 / (1.0 - probability)) as f32;
        assert!(mask.iter().all(|factor| *factor == 0.0 || *factor == scale));
    }
}

#[test]
fn an_image_keeps_its_mask_whatever_the_batch_size_and_the_number_of_features() {
    let large = mask(0.5, &stream(), 3, 10, 40);
    let small = mask(0.5, &stream(), 3, 6, 17);
    for f in 0..6 {
        assert_eq!(small[f * 17..][..17], large[f * 40..][..17]);
    }
}

#[test]
fn steps_images_features_and_streams_differ() {
    let base = mask(0.5, &stream(), 3, 64, 64);
    assert_ne!(base, mask(0.5, &stream(), 4, 64, 64));
    assert_ne!(base, mask(0.5, &Stream::named(1, "dropout", "target", 1), 3, 64, 64));
    for row in base.chunks_exact(64).skip(1) {
        assert_ne!(row, &base[..64]);
    }
}

#[test]
fn multiplies_forward_and_backward() {
    let factors = [0.0, 2.0, 2.0];
    let mut y = [f32::NAN; 3];
    forward(&[1.0, -2.0, 3.0], &factors, &mut y);
    assert_eq!(y, [0.0, -4.0, 6.0]);
    let mut dy = [5.0, 6.0, 7.0];
    gradient_in_place(&factors, &mut dy);
    assert_eq!(dy, [0.0, 12.0, 14.0]);
}

#[test]
fn no_vector_width_and_no_thread_changes_a_bit() {
    let (features, batch) = (1021, 67);
    let x = normal("dropout", features * batch);
    let mut results = on_one_to_four_threads(|| {
        let mask = mask(0.5, &stream(), 9, features, batch);
        let mut y = x.clone();
        forward_in_place(&mask, &mut y);
        (mask, y)
    });
    for simd in available_simd() {
        let (mut mask, mut y) = (vec![f32::NAN; x.len()], x.clone());
        cpu::mask(simd, &stream(), 9, 0, 1 << 31, 2.0, &mut mask, batch);
        cpu::multiply(&mask, &mut y);
        results.push((mask, y));
    }
    for (mask, y) in &results {
        assert_eq!(bits(mask), bits(&results[0].0));
        assert_eq!(bits(y), bits(&results[0].1));
    }
}

#[test]
fn a_probability_that_leaves_nothing_is_refused() {
    for probability in [1.0, -0.1, f64::NAN] {
        assert!(Dropout::new(probability).is_err());
    }
    assert_eq!(
        Dropout::new(1.0).unwrap_err().to_string(),
        "dropout: the probability of dropping is 1; give one in [0, 1)"
    );
}
