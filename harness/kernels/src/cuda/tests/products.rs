//! Convolutions and fully connected layers.

use super::*;
use crate::conv2d::{Activation, Conv2d, Conv2dGeometry};
use crate::fixture::{batch_innermost, batch_outermost};
use crate::linear::Linear;
use crate::workspace::Workspace;

/// Convolutions like AlexNet's: a wide stride, groups, a padded 3 × 3, and one whose edge is not used.
const CONVOLUTIONS: [Conv2dGeometry; 4] = [
    Conv2dGeometry {
        in_channels: 3,
        out_channels: 8,
        height: 40,
        width: 40,
        kernel: 11,
        stride: 4,
        padding: 2,
        groups: 1,
    },
    Conv2dGeometry {
        in_channels: 8,
        out_channels: 12,
        height: 9,
        width: 9,
        kernel: 5,
        stride: 1,
        padding: 2,
        groups: 2,
    },
    Conv2dGeometry {
        in_channels: 12,
        out_channels: 8,
        height: 5,
        width: 5,
        kernel: 3,
        stride: 1,
        padding: 1,
        groups: 1,
    },
    Conv2dGeometry {
        in_channels: 4,
        out_channels: 4,
        height: 8,
        width: 8,
        kernel: 3,
        stride: 2,
        padding: 0,
        groups: 1,
    },
];

fn convolution<T: Stored>(precision: Precision, format: MemoryFormat, tolerance: f64) {
    let Some(gpu) = gpu(precision) else { return };
    for geometry in CONVOLUTIONS {
        let batch = 5;
        let draw = |name: &str, length| rounded(precision, normal(name, length));
        let x = draw("x", batch * geometry.in_features());
        let weight = draw("weight", geometry.weights());
        let dy = draw("dy", batch * geometry.out_features());
        let bias = normal("bias", geometry.out_channels);
        // On the CPU, batch-innermost.
        let op = Conv2d::new(geometry).unwrap();
        let mut scratch = Workspace::new();
        let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
        let mut y = vec![0.0; dy.len()];
        op.forward(&x_in, &weight, &bias, &mut y, batch, Activation::Relu, &mut scratch);
        let (mut dx, mut dw) = (vec![0.0; x.len()], vec![0.0; weight.len()]);
        op.input_gradient(&dy_in, &weight, &mut dx, batch, &mut scratch);
        op.weight_gradient(&x_in, &dy_in, &mut dw, batch, &mut scratch);
        // On the GPU, batch-outermost.
        let inputs = Features { channels: geometry.in_channels, positions: geometry.height * geometry.width, format };
        let positions = geometry.out_height() * geometry.out_width();
        let outputs = Features { channels: geometry.out_channels, positions, format };
        let taps = geometry.kernel * geometry.kernel;
        let row = Features { channels: geometry.in_channels / geometry.groups, positions: taps, format };
        let plan = Convolution::<T>::new(&gpu, geometry, batch, format).unwrap();
        let mut workspace = gpu.zeros(plan.workspace_bytes()).unwrap();
        let (x, weight) = (stored::<T>(&gpu, &x, inputs), stored::<T>(&gpu, &weight, row));
        let dy = stored::<T>(&gpu, &dy, outputs);
        let (x, weight, dy) = (x.as_view(), weight.as_view(), dy.as_view());
        let mut found: CudaSlice<T> = gpu.zeros(y.len()).unwrap();
        plan.forward(&gpu, &x, &weight, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        let bias = gpu.upload(&bias).unwrap();
        add_bias(&gpu, &mut found.as_view_mut(), &bias.as_view(), outputs, true).unwrap();
        assert_near("y", &widened(&gpu, &found, outputs), &batch_outermost(&y, batch), tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(dx.len()).unwrap();
        plan.input_gradient(&gpu, &dy, &weight, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        assert_near("dx", &widened(&gpu, &found, inputs), &batch_outermost(&dx, batch), tolerance);
        let mut found: CudaSlice<T> = gpu.zeros(dw.len()).unwrap();
        plan.weight_gradient(&gpu, &x, &dy, &mut found.as_view_mut(), &mut workspace.as_view_mut()).unwrap();
        assert_near("dw", &widened(&gpu, &found, row), &dw, tolerance);
    }
}

#[test]
fn convolutions_and_their_gradients_are_the_cpus() {
    for format in FORMATS {
        convolution::<f32>(Precision::Fp32, format, STRICT);
    }
}

#[test]
fn convolutions_in_bfloat16_are_the_cpus_of_the_same_operands() {
    for format in FORMATS {
        convolution::<bf16>(Precision::Bf16, format, HALF);
    }
}

fn linear<T: Stored>(precision: Precision, tolerance: f64) {
    let Some(gpu) = gpu(precision) else { return };
    let (batch, inputs, outputs) = (7, 33, 20);
    let draw = |name: &str, length| rounded(precision, normal(name, length));
    let (x, weight, dy) = (draw("x", batch * inputs), draw("w", inputs * outputs), draw("dy", batch * outputs));
    let op = Linear::new(inputs, outputs).unwrap();
    let mut scratch = Workspace::new();
    let (x_in, dy_in) = (batch_innermost(&x, batch), batch_innermost(&dy, batch));
    let (mut y, mut dx) = (vec![0.0; dy.len()], vec![0.0; x.len()]);
    let mut dw = vec![0.0; weight.len()];
    op.forward(&x_in, &weight, &vec![0.0; outputs], &mut y, batch, Activation::None, &mut scratch);
    op.input_gradient(&dy_in, &weight, &mut dx, batch, &mut scratch);
    op.weight_gradient(&x_in, &dy_in, &mut dw, batch, &mut scratch);
    let layer = FullyConnected::new(op);
    let [x, weight, dy] = [&x, &weight, &dy].map(|values| gpu.upload(&T::of(values)).unwrap());
    let (x, weight, dy) = (x.as_view(), weight.as_view(), dy.as_view());
    let mut found: CudaSlice<T> = gpu.zeros(y.len()).unwrap();
    layer.forward(&gpu, &x, &weight, &mut found.as_view_mut()).unwrap();
    assert_near("y", &widened(&gpu, &found, Features::flat(outputs)), &batch_outermost(&y, batch), tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(dx.len()).unwrap();
    layer.input_gradient(&gpu, &dy, &weight, &mut found.as_view_mut()).unwrap();
    assert_near("dx", &widened(&gpu, &found, Features::flat(inputs)), &batch_outermost(&dx, batch), tolerance);
    let mut found: CudaSlice<T> = gpu.zeros(dw.len()).unwrap();
    layer.weight_gradient(&gpu, &x, &dy, &mut found.as_view_mut()).unwrap();
    assert_near("dw", &widened(&gpu, &found, Features::flat(inputs)), &dw, tolerance);
}

#[test]
fn fully_connected_layers_and_their_gradients_are_the_cpus() {
    linear::<f32>(Precision::Fp32, STRICT);
}

#[test]
fn fully_connected_layers_in_bfloat16_are_the_cpus_of_the_same_operands() {
    linear::<bf16>(Precision::Bf16, HALF);
}
