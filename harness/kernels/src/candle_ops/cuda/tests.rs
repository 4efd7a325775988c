//! Every operation on a GPU against itself on the CPU, value and gradients.

use super::super::*;
use crate::dropout::Dropout;
use crate::fixture::normal;
use crate::local_response_norm::LocalResponseNorm;
use crate::philox::Stream;
use candle_core::{Device, Result, Tensor, Var};

/// A GPU, or where there is none a message.
fn device() -> Option<Device> {
    match crate::driver::number_of_gpus() {
        Ok(_) => Some(Device::new_cuda(0).unwrap()),
        Err(reason) => {
            eprintln!("skipped: {reason}");
            None
        }
    }
}

fn elements(tensor: &Tensor) -> Vec<f32> {
    tensor.to_device(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

/// Norm-wise relative difference.
fn difference(actual: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let differences = &mut actual.iter().zip(expected).map(|(a, e)| f64::from(*a) - f64::from(*e));
    norm(differences) / norm(&mut expected.iter().map(|e| f64::from(*e))).max(1e-30)
}

/// Value and gradients of an operation of variables of these shapes, on one device.
fn results(device: &Device, shapes: &[&[usize]], operation: &dyn Fn(&[Tensor]) -> Result<Tensor>) -> Vec<Vec<f32>> {
    let names = ["x", "w", "b"];
    let variables: Vec<Var> = shapes
        .iter()
        .zip(names)
        .map(|(shape, name)| Var::from_vec(normal(name, shape.iter().product()), *shape, device).unwrap())
        .collect();
    let tensors: Vec<Tensor> = variables.iter().map(|variable| variable.as_tensor().clone()).collect();
    let y = operation(&tensors).unwrap();
    let dy = Tensor::from_vec(normal("dy", y.elem_count()), y.shape(), device).unwrap();
    let gradients = (&y * &dy).unwrap().sum_all().unwrap().backward().unwrap();
    let of_variables = variables.iter().map(|variable| elements(gradients.get(variable).unwrap()));
    std::iter::once(elements(&y)).chain(of_variables).collect()
}

#[track_caller]
fn assert_parity(shapes: &[&[usize]], operation: &dyn Fn(&[Tensor]) -> Result<Tensor>) {
    let Some(gpu) = device() else { return };
    let (actual, expected) = (results(&gpu, shapes, operation), results(&Device::Cpu, shapes, operation));
    for (index, (actual, expected)) in actual.iter().zip(&expected).enumerate() {
        let off = difference(actual, expected);
        assert!(off < 1e-5, "result {index}: {off:e}");
    }
}

#[test]
fn conv2d_is_the_cpus() {
    assert_parity(&[&[3, 4, 9, 8], &[6, 2, 3, 3], &[6]], &|t| conv2d(&t[0], &t[1], &t[2], 2, 1, 2));
    assert_parity(&[&[2, 3, 23, 23], &[5, 3, 11, 11], &[5]], &|t| conv2d(&t[0], &t[1], &t[2], 4, 2, 1));
}

#[test]
fn linear_is_the_cpus() {
    assert_parity(&[&[5, 11], &[7, 11], &[7]], &|t| linear(&t[0], &t[1], &t[2]));
}

#[test]
fn relu_is_the_cpus() {
    assert_parity(&[&[3, 5, 2]], &|t| relu(&t[0]));
}

#[test]
fn dropout_is_the_cpus_with_the_same_mask() {
    let stream = Stream::named(1, "test", "dropout", 0);
    assert_parity(&[&[4, 3, 5, 5]], &|t| dropout(&t[0], Dropout::new(0.4).unwrap(), stream, 7));
}

#[test]
fn max_pool2d_is_the_cpus() {
    assert_parity(&[&[3, 4, 9, 8]], &|t| max_pool2d(&t[0], 3, 2));
}

#[test]
fn local_response_norm_is_the_cpus() {
    let norm = LocalResponseNorm { alpha: 0.1, ..LocalResponseNorm::KRIZHEVSKY_2012 };
    assert_parity(&[&[3, 7, 4, 5]], &|t| local_response_norm(&t[0], norm));
}

#[test]
fn cross_entropy_is_the_cpus() {
    let loss = |t: &[Tensor]| cross_entropy(&t[0], &Tensor::new(&[2u32, 0, 1, 2], t[0].device())?);
    assert_parity(&[&[4, 3]], &loss);
}

#[test]
fn operands_that_are_not_contiguous_or_begin_later_are_taken() {
    let parity = |t: &[Tensor]| relu(&t[0].narrow(0, 1, 2)?.transpose(1, 2)?);
    assert_parity(&[&[4, 3, 5]], &parity);
}

#[test]
fn what_the_kernels_do_not_have_is_said() {
    let Some(gpu) = device() else { return };
    let x = Tensor::from_vec(normal("x", 2 * 20 * 20), (1, 2, 20, 20), &gpu).unwrap();
    let error = max_pool2d(&x, 17, 1).unwrap_err().to_string();
    assert!(error.contains("at most 16"), "{error}");
    let norm = LocalResponseNorm { beta: 0.5, ..LocalResponseNorm::KRIZHEVSKY_2012 };
    let error = local_response_norm(&x, norm).unwrap_err().to_string();
    assert!(error.contains("0.75"), "{error}");
    let label = Tensor::new(&[9u32], &gpu).unwrap();
    assert!(cross_entropy(&Tensor::zeros((1, 3), candle_core::DType::F32, &gpu).unwrap(), &label).is_err());
    let there = Tensor::new(&[0u32], &Device::Cpu).unwrap();
    let logits = Tensor::zeros((1, 3), candle_core::DType::F32, &gpu).unwrap();
    assert!(cross_entropy(&logits, &there).is_ok(), "labels may lie anywhere");
}
