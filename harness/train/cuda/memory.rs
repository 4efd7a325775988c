//! How much of a GPU's memory a training takes, computed before it begins.

use crate::train::{DoesNotFit, ImagesDoNotFit, TrainError};
use nt_kernels::cuda::Precision;
use nt_scenario::network::{NetworkShape, Product};

/// Bytes that cuDNN and cuBLAS load into a GPU's memory when they are first used, once for all jobs. An estimate.
pub(super) const LIBRARIES: usize = 512 << 20;

/// Bytes that their handles and the driver's pool take for each job, beside what is counted. An estimate.
const OF_JOB: usize = 128 << 20;

/// Bytes that training the whole network takes, without its examples and the convolutions' scratch memory.
pub(super) fn bytes(shape: &NetworkShape, batch: usize, precision: Precision) -> usize {
    let storage = if precision == Precision::Bf16 { 2 } else { 4 };
    let input = 3 * shape.input * shape.input;
    let (mut activations, mut widest, mut below) = (storage * input, input, input);
    for layer in &shape.layers {
        let product = match layer.product {
            Product::Conv(c) => c.out_channels * c.out_side() * c.out_side(),
            Product::Linear { out_features, .. } => out_features,
        };
        activations += storage * product;
        if layer.dropout_before {
            activations += storage * below;
        }
        if layer.response_norm {
            activations += (storage + 4) * product;
        }
        if layer.pool.is_some() {
            activations += (storage + 1) * layer.num_activations();
        }
        below = layer.num_activations();
        widest = widest.max(product).max(below);
    }
    let gradients = 2 * storage * widest;
    // Weights and velocities in single precision; gradients, and the products' copy where they take another type.
    let copies = if precision == Precision::Bf16 { 2 } else { 0 };
    shape.num_parameters() * (4 + 4 + storage + copies) + batch * (activations + gradients) + OF_JOB
}

/// Refuses images that do not fit into `available` bytes.
pub(super) fn check_images(shape: &NetworkShape, images: usize, available: usize) -> Result<(), ImagesDoNotFit> {
    let needed = images.saturating_mul(3 * shape.input * shape.input);
    if needed <= available { Ok(()) } else { Err(ImagesDoNotFit { images, needed, available }) }
}

/// Bytes that a training takes. Refuses one that does not fit into `available` bytes. `scratch` gives the scratch
/// memory that convolutions need for a size of batch, in bytes.
pub(super) fn check(
    shape: &NetworkShape,
    batch: usize,
    precision: Precision,
    available: usize,
    mut scratch: impl FnMut(usize) -> Result<usize, TrainError>,
) -> Result<usize, TrainError> {
    // Scratch memory is asked for only where everything else fits: cuDNN may not support larger shapes.
    let mut needed = |batch| match bytes(shape, batch, precision) {
        rest if rest > available => Ok(rest),
        rest => Ok::<_, TrainError>(rest + scratch(batch)?),
    };
    let of_this = needed(batch)?;
    if of_this <= available {
        return Ok(of_this);
    }
    let mut largest_batch = batch.next_power_of_two() / 2;
    while largest_batch > 0 && needed(largest_batch)? > available {
        largest_batch /= 2;
    }
    let largest_batch = Some(largest_batch).filter(|&batch| batch > 0);
    Err(DoesNotFit { batch, needed: of_this, available, largest_batch }.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nt_scenario::network::Architecture;

    /// The refusal of a batch that does not fit, where scratch memory takes `of_image` bytes an image.
    fn refusal(shape: &NetworkShape, batch: usize, available: usize, of_image: usize) -> Option<DoesNotFit> {
        match check(shape, batch, Precision::Fp32, available, |batch| Ok(batch * of_image)) {
            Ok(_) => None,
            Err(TrainError::DoesNotFit(refused)) => Some(refused),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn what_does_not_fit_is_told_with_the_batch_that_would() {
        let shape = NetworkShape::new(Architecture::AlexNet, 1.0, 224, 1000);
        assert_eq!(refusal(&shape, 128, 80 << 30, 0), None);
        let refused = refusal(&shape, 4096, 8 << 30, 0).unwrap();
        assert!(refused.needed > 8 << 30);
        let largest = refused.largest_batch.unwrap();
        assert!(bytes(&shape, largest, Precision::Fp32) <= 8 << 30);
        assert!(bytes(&shape, 2 * largest, Precision::Fp32) > 8 << 30);
        assert!(refused.to_string().contains(&format!("training.batch = {} fits", largest)), "{refused}");
        let with_scratch = refusal(&shape, 4096, 8 << 30, 16 << 20).unwrap();
        assert!(with_scratch.largest_batch < refused.largest_batch, "{with_scratch}");
        assert_eq!(refusal(&shape, 128, 80 << 30, 1 << 30).unwrap().largest_batch, Some(64));
        let hopeless = refusal(&shape, 4096, 1 << 20, 0).unwrap();
        assert_eq!(hopeless.largest_batch, None);
        assert!(hopeless.to_string().contains("another GPU"), "{hopeless}");
    }

    #[test]
    fn images_that_do_not_fit_are_told_with_how_many_would() {
        let shape = NetworkShape::new(Architecture::AlexNet, 1.0, 224, 1000);
        assert_eq!(check_images(&shape, 7_000, 1 << 30), Ok(()));
        let refused = check_images(&shape, 1_281_167, 100 << 30).unwrap_err();
        let said = refused.to_string();
        assert!(said.contains("1281167 images") && said.contains("713317 would fit"), "{said}");
        assert_eq!(check_images(&shape, 713_317, 100 << 30), Ok(()));
    }

    #[test]
    fn half_the_storage_takes_less_than_all_of_it() {
        let shape = NetworkShape::new(Architecture::AlexNet2012, 1.0, 224, 1000);
        assert!(bytes(&shape, 512, Precision::Bf16) < bytes(&shape, 512, Precision::Fp32));
    }
}
