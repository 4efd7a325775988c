//! Names of metrics, as they stand in records and tables. Values are fractions, higher is better but for [`LOG_LOSS`].

/// Top-1 accuracy on the test set.
pub const TOP1: &str = "top1";
/// Top-5 accuracy on the test set.
pub const TOP5: &str = "top5";
/// Mean over classes of each class's accuracy on the test set (Oxford Flowers' convention).
pub const MEAN_PER_CLASS: &str = "mean_per_class";
/// Mean negative log-likelihood on the test set, nats; lower is better.
pub const LOG_LOSS: &str = "log_loss";
/// Top-1 accuracy on the training images, at the end of training.
pub const TRAIN_TOP1: &str = "train_top1";
/// Training loss of the first steps, nats.
pub const TRAIN_LOSS_FIRST: &str = "train_loss_first";
/// Training loss of the last steps, nats.
pub const TRAIN_LOSS_LAST: &str = "train_loss_last";
/// Top-1 accuracy on the validation images.
pub const VALIDATION_TOP1: &str = "validation_top1";
/// Mean negative log-likelihood on the validation images, nats; lower is better.
pub const VALIDATION_LOG_LOSS: &str = "validation_log_loss";

/// A deciding metric in words.
pub fn words(name: &str) -> &'static str {
    match name {
        TOP5 => "top-5 accuracy",
        MEAN_PER_CLASS => "mean per-class accuracy",
        _ => "top-1 accuracy",
    }
}
