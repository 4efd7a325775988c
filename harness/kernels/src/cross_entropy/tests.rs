use super::*;
use crate::fixture::{Fixture, batch_outermost, central_difference, normal, to_f64};
use crate::tolerance::assert_close;

/// `(mean, log loss of each image, gradient)`
fn run(logits: &[f32], labels: &[u32]) -> (f64, Vec<f64>, Vec<f32>) {
    let (mut loss, mut dlogits) = (vec![f64::NAN; labels.len()], vec![f32::NAN; logits.len()]);
    let mean = log_loss_and_gradient(logits, labels, &mut loss, &mut dlogits).unwrap();
    let mut same_loss = vec![f64::NAN; labels.len()];
    assert_eq!(log_loss(logits, labels, &mut same_loss).unwrap().to_bits(), mean.to_bits());
    assert_eq!(
        loss.iter().map(|x| x.to_bits()).collect::<Vec<_>>(),
        same_loss.iter().map(|x| x.to_bits()).collect::<Vec<_>>()
    );
    (mean, loss, dlogits)
}

#[test]
fn agrees_with_pytorch() {
    let fixture = Fixture::load("cross_entropy");
    let (logits, labels) = (fixture.f32_batch_innermost("logits"), fixture.u32("labels"));
    let classes = logits.len() / labels.len();
    let (mean, loss, dlogits) = run(&logits, &labels);
    let loss32: Vec<f32> = loss.iter().map(|loss| *loss as f32).collect();
    assert_close("log_loss", &loss32, &fixture.f64("log_loss"), classes);
    assert_close("mean", &[mean as f32], &fixture.f64("mean"), classes);
    assert_close("dlogits", &batch_outermost(&dlogits, labels.len()), &fixture.f64("dlogits"), classes);
    let mut top5 = vec![u32::MAX; 5 * labels.len()];
    top_classes(&logits, labels.len(), &mut top5).unwrap();
    assert_eq!(top5, fixture.u32("top5"));
}

#[test]
fn the_gradient_agrees_with_finite_differences() {
    let labels = [0, 3, 3, 4, 1];
    let (classes, batch) = (5, labels.len());
    let logits = normal("logits", classes * batch);
    let mean = |logits: &[f64]| {
        let loss = |n: usize| {
            let sum: f64 = (0..classes).map(|c| libm::exp(logits[c * batch + n])).sum();
            libm::log(sum) - logits[labels[n] as usize * batch + n]
        };
        (0..batch).map(loss).sum::<f64>() / batch as f64
    };
    let logits64 = to_f64(&logits);
    let expected: Vec<f64> = (0..logits.len()).map(|i| central_difference(&logits64, i, mean)).collect();
    assert_close("dlogits", &run(&logits, &labels).2, &expected, classes);
}

#[test]
fn huge_logits_neither_overflow_nor_lose_the_loss() {
    let (mean, _, dlogits) = run(&[3e38, -3e38], &[1]);
    assert!(mean > 5e38 && mean.is_finite());
    assert_eq!(dlogits, [1.0, -1.0]);
    // exp(−20) vanishes beside 1 in f32, and is almost the loss.
    let (mean, ..) = run(&[0.0, -20.0], &[0]);
    let expected = libm::log1p(libm::exp(-20.0));
    assert!((mean - expected).abs() < 1e-6 * expected, "{mean} instead of {expected}");
}

#[test]
fn an_image_has_the_same_bits_in_any_batch() {
    let (classes, batch) = (7, 12);
    let logits = normal("logits", classes * batch);
    let labels: Vec<u32> = (0..batch as u32).map(|n| n % classes as u32).collect();
    let (_, loss, _) = run(&logits, &labels);
    for (n, image) in batch_outermost(&logits, batch).chunks_exact(classes).enumerate() {
        assert_eq!(run(image, &labels[n..=n]).1[0].to_bits(), loss[n].to_bits());
    }
}

#[test]
fn a_diverged_network_has_loss_nan_and_predicts_nothing() {
    for diverged in [f32::NAN, f32::INFINITY] {
        let (mean, loss, _) = run(&[0.0, 1.0, 2.0, diverged], &[0, 0]);
        assert!(mean.is_nan() && loss[1].is_nan() && loss[0].is_finite());
    }
    let error = top_classes(&[0.0, 1.0, 2.0, f32::NAN], 2, &mut [0; 2]).unwrap_err();
    assert_eq!(error, CrossEntropyError::LogitIsNan { image: 1, class: 1 });
}

#[test]
fn a_label_without_a_class_is_refused_before_anything_is_written() {
    let (mut loss, mut dlogits) = ([7.0; 2], [7.0; 4]);
    let error = log_loss_and_gradient(&[0.0; 4], &[1, 2], &mut loss, &mut dlogits).unwrap_err();
    assert_eq!(error, CrossEntropyError::LabelOutOfRange { image: 1, label: 2, classes: 2 });
    assert!(error.to_string().ends_with("give the network as many classes as the data have"));
    assert_eq!((loss, dlogits), ([7.0; 2], [7.0; 4]));
}

#[test]
fn of_equal_logits_the_lower_class_ranks_first() {
    let logits = [1.0, 5.0, 5.0, -1.0, 5.0, 7.0];
    for count in 1..=6 {
        let mut top = vec![u32::MAX; count];
        top_classes(&logits, 1, &mut top).unwrap();
        assert_eq!(top, [5, 1, 2, 4, 0, 3][..count]);
    }
}

#[test]
fn ranking_agrees_with_sorting() {
    let (classes, batch) = (50, 30);
    let logits: Vec<f32> = normal("rank", classes * batch).iter().map(|x| (x * 4.0).round()).collect();
    let mut top = vec![u32::MAX; 5 * batch];
    top_classes(&logits, batch, &mut top).unwrap();
    for (image, top) in batch_outermost(&logits, batch).chunks_exact(classes).zip(top.chunks_exact(5)) {
        let mut sorted: Vec<u32> = (0..classes as u32).collect();
        sorted.sort_by(|a, b| image[*b as usize].total_cmp(&image[*a as usize]));
        // `sort_by` is stable; −0 does not occur as a tie of 0 among the first five.
        assert_eq!(top, &sorted[..5]);
    }
}
