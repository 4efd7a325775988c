//! Softmax cross-entropy, and what a network predicts.

mod cpu;
mod prediction;
#[cfg(test)]
mod tests;

pub use prediction::top_classes;

/// Labels or logits for which there is no cross-entropy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrossEntropyError {
    /// A label names no class.
    #[error(
        "cross_entropy: image {image} of the batch has label {label}, but there are {classes} classes; \
             give the network as many classes as the data have"
    )]
    LabelOutOfRange {
        /// Index in the batch.
        image: usize,
        /// Its label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A network that has diverged predicts nothing.
    #[error(
        "cross_entropy: image {image} of the batch has logit NaN for class {class}: the network diverged; \
             lower the learning rate"
    )]
    LogitIsNan {
        /// Index in the batch.
        image: usize,
        /// The first such class.
        class: usize,
    },
}

/// `log_loss[n] = ln Σ over c of exp(logits[c][n]) − logits[label n][n]`; returns its mean over the batch.
///
/// NaN and infinite logits give a loss that is NaN, which tells the caller that the network diverged.
///
/// # Shape
/// `logits`: `[classes][batch]`; `labels`, `log_loss`: `[batch]`, `log_loss` is overwritten.
/// # Units
/// Nats.
/// # Errors
/// [`CrossEntropyError::LabelOutOfRange`].
/// # Panics
/// If a slice has another length.
/// # Source
/// The maximum is subtracted first; exponentials in f32 (libm), sums and logarithms in f64, classes and images
/// ascending.
pub fn log_loss(logits: &[f32], labels: &[u32], log_loss: &mut [f64]) -> Result<f64, CrossEntropyError> {
    let classes = check(logits, labels, log_loss)?;
    cpu::log_loss(logits, labels, log_loss, classes);
    Ok(mean(log_loss))
}

/// As [`log_loss`], and the gradient of the mean: `dlogits[c][n] = (softmax(logits)[c][n] − [c = label n]) / batch`.
///
/// # Shape
/// `logits`, `dlogits`: `[classes][batch]`; `labels`, `log_loss`: `[batch]`; `dlogits` and `log_loss` are overwritten.
/// # Units
/// Nats.
/// # Errors
/// [`CrossEntropyError::LabelOutOfRange`]; nothing is written then.
/// # Panics
/// If a slice has another length.
/// # Source
/// As [`log_loss`].
pub fn log_loss_and_gradient(
    logits: &[f32],
    labels: &[u32],
    log_loss: &mut [f64],
    dlogits: &mut [f32],
) -> Result<f64, CrossEntropyError> {
    let classes = check(logits, labels, log_loss)?;
    assert_eq!(logits.len(), dlogits.len(), "cross_entropy: logits and their gradient have the same length");
    cpu::log_loss_and_gradient(logits, labels, log_loss, dlogits, classes);
    Ok(mean(log_loss))
}

/// The number of classes, if every label is one of them.
fn check(logits: &[f32], labels: &[u32], log_loss: &[f64]) -> Result<usize, CrossEntropyError> {
    let batch = labels.len();
    assert_eq!(log_loss.len(), batch, "cross_entropy: there is one loss a label");
    let classes = logits.len() / batch.max(1);
    assert_eq!(logits.len(), classes * batch, "cross_entropy: logits have classes × batch elements");
    check_labels(labels, classes)?;
    Ok(classes)
}

/// Whether every label names a class.
pub(crate) fn check_labels(labels: &[u32], classes: usize) -> Result<(), CrossEntropyError> {
    match labels.iter().position(|label| *label as usize >= classes) {
        Some(image) => Err(CrossEntropyError::LabelOutOfRange { image, label: labels[image], classes }),
        None => Ok(()),
    }
}

/// The mean, summed in order; 0 for an empty batch.
fn mean(log_loss: &[f64]) -> f64 {
    log_loss.iter().sum::<f64>() / log_loss.len().max(1) as f64
}
