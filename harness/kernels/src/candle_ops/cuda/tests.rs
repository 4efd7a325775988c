//! Every operation on a GPU against itself on the CPU, value and gradients.

use super::super::*;
use crate::conv2d::{Conv2d, Conv2dGeometry};
use crate::dropout::Dropout;
use crate::fixture::normal;
use crate::linear::Linear;
use crate::local_response_norm::LocalResponseNorm;
use crate::max_pool2d::MaxPool2d;
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

/// Variables of these shapes.
fn variables(device: &Device, shapes: &[&[usize]]) -> Vec<Tensor> {
    let made = shapes.iter().zip(["x", "w", "b"]).map(|(shape, name)| {
        let variable = Var::from_vec(normal(name, shape.iter().product()), *shape, device).unwrap();
        variable.as_tensor().clone()
    });
    made.collect()
}

fn dy_of(y: &Tensor) -> Tensor {
    Tensor::from_vec(normal("dy", y.elem_count()), y.shape(), y.device()).unwrap()
}

/// Value and gradients of an operation, through candle's autograd.
fn by_autograd(variables: &[Tensor], operation: &dyn Fn(&[Tensor]) -> Result<Tensor>) -> Vec<Vec<f32>> {
    let y = operation(variables).unwrap();
    let gradients = (&y * dy_of(&y)).unwrap().sum_all().unwrap().backward().unwrap();
    let of_variables = variables.iter().map(|variable| elements(gradients.get(variable).unwrap()));
    std::iter::once(elements(&y)).chain(of_variables).collect()
}

/// The gradients of the operands, from these, the result and its gradient.
type Backward<'a> = &'a dyn Fn(&[Tensor], &Tensor, &Tensor) -> Result<Vec<Tensor>>;

/// An operation of variables of these shapes gives on a GPU what it gives on the CPU; so do its gradients, asked for
/// directly and, where candle's own kernels run, through its autograd.
#[track_caller]
fn assert_parity(shapes: &[&[usize]], operation: &dyn Fn(&[Tensor]) -> Result<Tensor>, backward: Backward<'_>) {
    let Some(gpu) = device() else { return };
    let expected = by_autograd(&variables(&Device::Cpu, shapes), operation);
    let on_gpu = variables(&gpu, shapes);
    let y = operation(&on_gpu).unwrap();
    let gradients = backward(&on_gpu, &y, &dy_of(&y)).unwrap();
    let mut results = vec![std::iter::once(&y).chain(&gradients).map(elements).collect::<Vec<_>>()];
    match Tensor::ones(1, candle_core::DType::F32, &gpu) {
        Ok(_) => results.push(by_autograd(&on_gpu, operation)),
        Err(error) => eprintln!("not through autograd: candle's own kernels do not run here: {error}"),
    }
    for results in results {
        assert_eq!(results.len(), expected.len());
        for (index, (actual, expected)) in results.iter().zip(&expected).enumerate() {
            let off = difference(actual, expected);
            assert!(off < 1e-5, "result {index}: {off:e}");
        }
    }
}

fn all((x, weight, bias): super::Gradients) -> Vec<Tensor> {
    [x, weight, bias].into_iter().flatten().collect()
}

#[test]
fn conv2d_is_the_cpus() {
    // Input, its channels; outputs, kernel; stride, padding, groups.
    for ([batch, in_channels, side], [out_channels, kernel], [stride, padding, groups]) in
        [([3, 4, 9], [6, 3], [2, 1, 2]), ([2, 3, 23], [5, 11], [4, 2, 1])]
    {
        let (height, width) = (side, side);
        let op =
            Conv2d::new(Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups });
        let op = op.unwrap();
        let shapes: &[&[usize]] = &[
            &[batch, in_channels, side, side],
            &[out_channels, in_channels / groups, kernel, kernel],
            &[out_channels],
        ];
        assert_parity(shapes, &|t| conv2d(&t[0], &t[1], &t[2], stride, padding, groups), &|t, _, dy| {
            super::conv2d_gradients("conv2d", &op, [&t[0], &t[1], &t[2]], dy).map(all)
        });
    }
}

#[test]
fn linear_is_the_cpus() {
    let op = Linear::new(11, 7).unwrap();
    assert_parity(&[&[5, 11], &[7, 11], &[7]], &|t| linear(&t[0], &t[1], &t[2]), &|t, _, dy| {
        super::linear_gradients("linear", op, [&t[0], &t[1], &t[2]], dy).map(all)
    });
}

#[test]
fn relu_is_the_cpus() {
    assert_parity(&[&[3, 5, 2]], &|t| relu(&t[0]), &|_, y, dy| Ok(vec![super::relu_gradient("relu", y, dy)?]));
}

#[test]
fn dropout_is_the_cpus_with_the_same_mask() {
    let (op, stream) = (Dropout::new(0.4).unwrap(), Stream::named(1, "test", "dropout", 0));
    assert_parity(&[&[4, 3, 5, 5]], &|t| dropout(&t[0], op, stream, 7), &|_, _, dy| {
        Ok(vec![super::dropout_gradient("dropout", (op, stream, 7), dy)?])
    });
}

#[test]
fn max_pool2d_is_the_cpus() {
    let op = MaxPool2d::new(4, 9, 8, 3, 2).unwrap();
    assert_parity(&[&[3, 4, 9, 8]], &|t| max_pool2d(&t[0], 3, 2), &|t, _, dy| {
        Ok(vec![super::max_pool2d_gradient("max_pool2d", op, &t[0], dy)?])
    });
}

#[test]
fn local_response_norm_is_the_cpus() {
    let norm = LocalResponseNorm { alpha: 0.1, ..LocalResponseNorm::KRIZHEVSKY_2012 };
    assert_parity(&[&[3, 7, 4, 5]], &|t| local_response_norm(&t[0], norm), &|t, _, dy| {
        Ok(vec![super::local_response_norm_gradient("local_response_norm", norm, &t[0], dy)?])
    });
}

#[test]
fn cross_entropy_is_the_cpus() {
    let labels = [2u32, 0, 1, 2];
    let Some(gpu) = device() else { return };
    let shapes: &[&[usize]] = &[&[4, 3]];
    let loss = |t: &[Tensor]| cross_entropy(&t[0], &Tensor::new(&labels, t[0].device())?);
    let on_cpu = variables(&Device::Cpu, shapes);
    let mean = loss(&on_cpu).unwrap();
    let gradients = mean.backward().unwrap();
    let on_gpu = variables(&gpu, shapes);
    let off = difference(&elements(&loss(&on_gpu).unwrap()), &elements(&mean));
    assert!(off < 1e-6, "{off:e}");
    let gradient = super::cross_entropy_gradient("cross_entropy", &labels, &on_gpu[0]).unwrap();
    let off = difference(&elements(&gradient), &elements(gradients.get(&on_cpu[0]).unwrap()));
    assert!(off < 1e-6, "{off:e}");
}

#[test]
fn an_operand_that_begins_later_is_taken() {
    let Some(gpu) = device() else { return };
    let on = |device: &Device| {
        let x = Tensor::from_vec(normal("x", 4 * 15), (4, 15), device).unwrap();
        elements(&relu(&x.narrow(0, 1, 2).unwrap()).unwrap())
    };
    assert_eq!(on(&gpu), on(&Device::Cpu));
}

#[test]
fn what_the_kernels_do_not_have_is_said() {
    let Some(gpu) = device() else { return };
    let on_gpu = |values: Vec<f32>, shape: &[usize]| Tensor::from_vec(values, shape, &gpu).unwrap();
    let x = on_gpu(normal("x", 2 * 20 * 20), &[1, 2, 20, 20]);
    let error = max_pool2d(&x, 17, 1).unwrap_err().to_string();
    assert!(error.contains("at most 16"), "{error}");
    let norm = LocalResponseNorm { beta: 0.5, ..LocalResponseNorm::KRIZHEVSKY_2012 };
    let error = local_response_norm(&x, norm).unwrap_err().to_string();
    assert!(error.contains("0.75"), "{error}");
    let logits = on_gpu(vec![0.0; 3], &[1, 3]);
    let error = cross_entropy(&logits, &Tensor::new(&[9u32], &gpu).unwrap()).unwrap_err().to_string();
    assert!(error.contains("label 9"), "{error}");
    assert!(cross_entropy(&logits, &Tensor::new(&[0u32], &Device::Cpu).unwrap()).is_ok(), "labels may lie anywhere");
    let weight = Tensor::from_vec(vec![0.0f32; 6], (2, 3), &Device::Cpu).unwrap();
    let bias = Tensor::from_vec(vec![0.0f32; 2], 2, &Device::Cpu).unwrap();
    assert!(linear(&logits, &weight, &bias).is_err(), "operands of two devices");
}
