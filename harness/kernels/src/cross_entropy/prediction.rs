//! The classes a network ranks first.

use super::CrossEntropyError;

/// The `count` classes with the largest logits of each image, the best first; of equal logits the lower class is
/// better.
///
/// # Shape
/// `logits`: `[classes][batch]`; `top`: `[batch][count]`, overwritten, where `count = top.len() / batch ≤ classes`.
/// # Errors
/// [`CrossEntropyError::LogitIsNan`], since a NaN has no rank; infinite logits have one.
/// # Panics
/// If a slice has another length.
pub fn top_classes(logits: &[f32], batch: usize, top: &mut [u32]) -> Result<(), CrossEntropyError> {
    let batch = batch.max(1);
    let (classes, count) = (logits.len() / batch, top.len() / batch);
    assert_eq!(logits.len(), classes * batch, "top_classes: logits have classes × batch elements");
    assert_eq!(top.len(), count * batch, "top_classes: there are as many classes for every image");
    assert!(count <= classes, "top_classes: {count} of {classes} classes do not exist");
    if let Some(at) = logits.iter().position(|logit| logit.is_nan()) {
        return Err(CrossEntropyError::LogitIsNan { image: at % batch, class: at / batch });
    }
    if count == 0 {
        return Ok(());
    }
    for (n, top) in top.chunks_exact_mut(count).enumerate() {
        rank(|c| logits[c * batch + n], classes, top);
    }
    Ok(())
}

/// Inserts class after class into `top`, which stays sorted; a class moves ahead only of strictly smaller logits.
fn rank(logit: impl Fn(usize) -> f32, classes: usize, top: &mut [u32]) {
    for c in 0..classes {
        let ranked = c.min(top.len());
        let place = top[..ranked].iter().position(|other| logit(c) > logit(*other as usize)).unwrap_or(ranked);
        if place < top.len() {
            let end = top.len().min(c + 1);
            top[place..end].rotate_right(1);
            top[place] = c as u32;
        }
    }
}
