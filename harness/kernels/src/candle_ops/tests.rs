use super::*;
use crate::conv2d::{Activation, Conv2d, Conv2dGeometry};
use crate::dropout::Dropout;
use crate::fixture::{Fixture, batch_innermost, batch_outermost, bits, normal};
use crate::linear::Linear;
use crate::local_response_norm::LocalResponseNorm;
use crate::max_pool2d::MaxPool2d;
use crate::philox::Stream;
use crate::tolerance::assert_close;
use crate::workspace::Workspace;
use crate::{cross_entropy, dropout, relu};
use candle_core::{DType, Device, Tensor, Var};

const BATCH: usize = 3;

fn variable(name: &str, shape: &[usize]) -> Var {
    let elements = normal(name, shape.iter().product());
    Var::from_vec(elements, shape, &Device::Cpu).unwrap()
}

fn elements(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn innermost(tensor: &Tensor) -> Vec<f32> {
    batch_innermost(&elements(tensor), BATCH)
}

/// `dy` of a result, and the gradients of `variables` that autograd makes of it.
fn backward(y: &Tensor, variables: &[&Var]) -> (Tensor, Vec<Vec<f32>>) {
    let dy = Tensor::from_vec(normal("dy", y.elem_count()), y.shape(), &Device::Cpu).unwrap();
    let gradients = (y * &dy).unwrap().sum_all().unwrap().backward().unwrap();
    let of = |variable: &&Var| elements(gradients.get(variable).unwrap());
    (dy, variables.iter().map(of).collect())
}

#[track_caller]
fn assert_same_bits(tensor: &[f32], kernel: &[f32]) {
    assert_eq!(bits(tensor), bits(kernel));
}

#[test]
fn conv2d_is_the_kernel_forward_and_backward() {
    let (x, weight, bias) = (variable("x", &[BATCH, 4, 7, 6]), variable("w", &[6, 2, 3, 3]), variable("b", &[6]));
    let geometry = Conv2dGeometry {
        in_channels: 4,
        out_channels: 6,
        height: 7,
        width: 6,
        kernel: 3,
        stride: 2,
        padding: 1,
        groups: 2,
    };
    let kernel = Conv2d::new(geometry).unwrap();
    let y = conv2d(&x, &weight, &bias, 2, 1, 2).unwrap();
    assert_eq!(y.dims(), [BATCH, 6, 4, 3]);
    let (dy, gradients) = backward(&y, &[&x, &weight, &bias]);

    let (mut workspace, dy, w) = (Workspace::new(), innermost(&dy), elements(&weight));
    let mut expected = vec![f32::NAN; y.elem_count()];
    kernel.forward(&innermost(&x), &w, &elements(&bias), &mut expected, BATCH, Activation::None, &mut workspace);
    assert_same_bits(&innermost(&y), &expected);
    let mut dx = vec![f32::NAN; x.elem_count()];
    kernel.input_gradient(&dy, &w, &mut dx, BATCH, &mut workspace);
    assert_same_bits(&gradients[0], &batch_outermost(&dx, BATCH));
    let mut dw = vec![f32::NAN; w.len()];
    kernel.weight_gradient(&innermost(&x), &dy, &mut dw, BATCH, &mut workspace);
    assert_same_bits(&gradients[1], &dw);
    let mut db = vec![f32::NAN; 6];
    kernel.bias_gradient(&dy, &mut db, BATCH);
    assert_same_bits(&gradients[2], &db);
}

#[test]
fn linear_is_the_kernel_forward_and_backward() {
    let (x, weight, bias) = (variable("x", &[BATCH, 11]), variable("w", &[5, 11]), variable("b", &[5]));
    let kernel = Linear::new(11, 5).unwrap();
    let y = linear(&x, &weight, &bias).unwrap();
    let (dy, gradients) = backward(&y, &[&x, &weight, &bias]);

    let (mut workspace, dy, w) = (Workspace::new(), innermost(&dy), elements(&weight));
    let mut expected = vec![f32::NAN; y.elem_count()];
    kernel.forward(&innermost(&x), &w, &elements(&bias), &mut expected, BATCH, Activation::None, &mut workspace);
    assert_same_bits(&innermost(&y), &expected);
    let mut dx = vec![f32::NAN; x.elem_count()];
    kernel.input_gradient(&dy, &w, &mut dx, BATCH, &mut workspace);
    assert_same_bits(&gradients[0], &batch_outermost(&dx, BATCH));
    let mut dw = vec![f32::NAN; w.len()];
    kernel.weight_gradient(&innermost(&x), &dy, &mut dw, BATCH, &mut workspace);
    assert_same_bits(&gradients[1], &dw);
    let mut db = vec![f32::NAN; 5];
    kernel.bias_gradient(&dy, &mut db, BATCH);
    assert_same_bits(&gradients[2], &db);
}

#[test]
fn max_pool2d_is_the_kernel_forward_and_backward() {
    let x = variable("x", &[BATCH, 2, 8, 7]);
    let kernel = MaxPool2d::new(2, 8, 7, 3, 2).unwrap();
    let y = max_pool2d(&x, 3, 2).unwrap();
    let (dy, gradients) = backward(&y, &[&x]);
    let (mut expected, mut dx) = (vec![f32::NAN; y.elem_count()], vec![f32::NAN; x.elem_count()]);
    kernel.forward(&innermost(&x), &mut expected, BATCH);
    assert_same_bits(&innermost(&y), &expected);
    kernel.input_gradient(&innermost(&x), &expected, &innermost(&dy), &mut dx, BATCH);
    assert_same_bits(&gradients[0], &batch_outermost(&dx, BATCH));
}

#[test]
fn local_response_norm_is_the_kernel_forward_and_backward() {
    let x = variable("x", &[BATCH, 7, 2, 3]);
    let norm = LocalResponseNorm { alpha: 0.1, ..LocalResponseNorm::KRIZHEVSKY_2012 };
    let y = local_response_norm(&x, norm).unwrap();
    let (dy, gradients) = backward(&y, &[&x]);
    let (mut expected, mut dx) = (vec![f32::NAN; y.elem_count()], vec![f32::NAN; x.elem_count()]);
    norm.forward(&innermost(&x), &mut expected, 7, 6, BATCH);
    assert_same_bits(&innermost(&y), &expected);
    norm.input_gradient(&innermost(&x), &expected, &innermost(&dy), &mut dx, 7, 6, BATCH);
    assert_same_bits(&gradients[0], &batch_outermost(&dx, BATCH));
}

#[test]
fn relu_is_the_kernel_forward_and_backward() {
    let x = variable("x", &[BATCH, 40]);
    let y = super::relu(&x).unwrap();
    let (dy, gradients) = backward(&y, &[&x]);
    let (mut expected, mut dx) = (elements(&x), elements(&dy));
    relu::forward_in_place(&mut expected);
    assert_same_bits(&elements(&y), &expected);
    relu::gradient_in_place(&expected, &mut dx);
    assert_same_bits(&gradients[0], &dx);
}

#[test]
fn dropout_drops_the_same_elements_forward_and_backward() {
    let x = variable("x", &[BATCH, 5, 4]);
    let (half, stream) = (Dropout::new(0.5).unwrap(), Stream::named(1, "dropout", "", 0));
    let y = super::dropout(&x, half, stream, 7).unwrap();
    let (dy, gradients) = backward(&y, &[&x]);
    let mut mask = vec![f32::NAN; x.elem_count()];
    half.mask(&stream, 7, 20, BATCH, &mut mask);
    let mut expected = innermost(&x);
    dropout::forward_in_place(&mask, &mut expected);
    assert_eq!(innermost(&y), expected);
    let mut dx = innermost(&dy);
    dropout::gradient_in_place(&mask, &mut dx);
    assert_eq!(gradients[0], batch_outermost(&dx, BATCH));
}

#[test]
fn cross_entropy_is_the_kernel_and_scales_with_what_follows() {
    let logits = variable("logits", &[BATCH, 4]);
    let labels = Tensor::new(&[3u32, 0, 3], &Device::Cpu).unwrap();
    let mean = super::cross_entropy(&logits, &labels).unwrap();
    let gradients = (&mean * 2.0).unwrap().backward().unwrap();
    let (mut log_loss, mut dlogits) = (vec![f64::NAN; BATCH], vec![f32::NAN; 4 * BATCH]);
    let expected =
        cross_entropy::log_loss_and_gradient(&innermost(&logits), &[3, 0, 3], &mut log_loss, &mut dlogits).unwrap();
    assert_eq!(mean.to_scalar::<f32>().unwrap(), expected as f32);
    let doubled: Vec<f32> = dlogits.iter().map(|gradient| 2.0 * gradient).collect();
    assert_eq!(elements(gradients.get(&logits).unwrap()), batch_outermost(&doubled, BATCH));
}

#[test]
fn a_small_network_has_the_gradients_of_pytorch() {
    let fixture = Fixture::load("small_network");
    let variable = |name: &str| Var::from_vec(fixture.f32(name), fixture.shape(name), &Device::Cpu).unwrap();
    let [images, conv_weight, conv_bias, linear_weight, linear_bias] =
        ["images", "conv.weight", "conv.bias", "linear.weight", "linear.bias"].map(variable);
    let labels = Tensor::new(fixture.u32("labels"), &Device::Cpu).unwrap();

    let h = conv2d(&images, &conv_weight, &conv_bias, 2, 1, 2).unwrap();
    let h = max_pool2d(&super::relu(&h).unwrap(), 3, 2).unwrap();
    let h = local_response_norm(&h, LocalResponseNorm::from_pytorch(5, 0.5, 0.75, 2.0)).unwrap();
    let logits = linear(&h.flatten_from(1).unwrap(), &linear_weight, &linear_bias).unwrap();
    let loss = super::cross_entropy(&logits, &labels).unwrap();
    let gradients = loss.backward().unwrap();

    // The longest chain: 18 taps of a convolution, 24 features, and as many backward, for each of 4 images at 36
    // positions.
    let terms = 18 + 24 + 5 + 4 * 36;
    assert_close("logits", &elements(&logits), &fixture.f64("expected.logits"), terms);
    assert_close("loss", &[loss.to_scalar().unwrap()], &fixture.f64("expected.loss"), terms);
    for (name, variable) in [
        ("images", &images),
        ("conv.weight", &conv_weight),
        ("conv.bias", &conv_bias),
        ("linear.weight", &linear_weight),
        ("linear.bias", &linear_bias),
    ] {
        let expected = fixture.f64(&format!("expected.{name}"));
        assert_close(name, &elements(gradients.get(variable).unwrap()), &expected, terms);
    }
}

#[test]
fn a_frozen_weight_gets_no_gradient_and_the_rest_keep_theirs() {
    let (x, bias) = (variable("x", &[BATCH, 11]), variable("b", &[5]));
    let weight = variable("w", &[5, 11]);
    let frozen = weight.as_detached_tensor();
    let gradients = linear(&x, &frozen, &bias).unwrap().sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&frozen).is_none() && gradients.get(&weight).is_none());
    let trained = linear(&x, &weight, &bias).unwrap().sum_all().unwrap().backward().unwrap();
    for variable in [&x, &bias] {
        assert_eq!(elements(gradients.get(variable).unwrap()), elements(trained.get(variable).unwrap()));
    }
}

#[test]
fn a_tensor_that_is_not_contiguous_is_made_so() {
    let x = variable("x", &[2, BATCH, 8, 7]);
    let (across, straight) = (x.transpose(0, 1).unwrap(), x.transpose(0, 1).unwrap().contiguous().unwrap());
    assert_eq!(elements(&max_pool2d(&across, 3, 2).unwrap()), elements(&max_pool2d(&straight, 3, 2).unwrap()));
    let (_, gradients) = backward(&max_pool2d(&across, 3, 2).unwrap(), &[&x]);
    assert_eq!(gradients[0].len(), x.elem_count());
}

#[test]
fn an_operand_that_does_not_fit_is_refused_with_what_to_do() {
    let zeros = |shape: &[usize], dtype| Tensor::zeros(shape, dtype, &Device::Cpu).unwrap();
    let f32 = |shape: &[usize]| zeros(shape, DType::F32);
    for (result, message) in [
        (
            super::relu(&zeros(&[2], DType::F64)),
            "relu: the input must be F32, not F64; convert with to_dtype(DType::F32)",
        ),
        (max_pool2d(&f32(&[2, 8, 8]), 3, 2), "max_pool2d: the input has shape [2, 8, 8]; reshape it to (N, C, H, W)"),
        (
            max_pool2d(&f32(&[1, 1, 2, 8]), 3, 2),
            "max_pool2d: a 3×3 kernel does not fit an input of 2×8 with padding 0; take a smaller kernel or a larger input",
        ),
        (linear(&f32(&[2, 3]), &f32(&[4, 5]), &f32(&[4])), "linear: the weight has shape [4, 5]; reshape it to (4, 3)"),
        (linear(&f32(&[2, 3]), &f32(&[4, 3]), &f32(&[3])), "linear: the bias has shape [3]; reshape it to (4)"),
        (super::relu(&f32(&[0, 3])), "relu: no elements in the input; give a batch of at least one image"),
        (
            super::cross_entropy(&f32(&[2, 3]), &zeros(&[2], DType::I64)),
            "cross_entropy: the labels must be U32, not I64; convert with to_dtype(DType::U32)",
        ),
    ] {
        let error = result.unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}
