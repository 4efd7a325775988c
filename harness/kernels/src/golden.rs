//! The bits of fixed computations. They must not change without [`NUMERICS_VERSION`](crate::NUMERICS_VERSION).

use crate::NUMERICS_VERSION;
use crate::conv2d::{Activation, Conv2d, Conv2dGeometry};
use crate::fixture::normal;
use crate::linear::Linear;
use crate::tile::Simd;
use crate::workspace::Workspace;

fn add_all(hasher: &mut blake3::Hasher, tensors: [&Vec<f32>; 4]) {
    for value in tensors.into_iter().flatten() {
        hasher.update(&value.to_bits().to_le_bytes());
    }
}

/// A hash over all passes of AlexNet's kinds of convolution, and of a linear layer.
fn products() -> String {
    let mut hasher = blake3::Hasher::new();
    let (batch, mut workspace) = (19, Workspace::new());
    for (in_channels, out_channels, side, kernel, stride, padding, groups) in
        [(3, 8, 33, 11, 4, 2, 1), (8, 24, 7, 5, 1, 2, 2), (24, 48, 3, 3, 1, 1, 1)]
    {
        let (height, width) = (side, side);
        let geometry = Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups };
        let convolution = Conv2d::new(geometry).unwrap();
        let (mut x, mut weight) = (normal("x", geometry.in_features() * batch), normal("w", geometry.weights()));
        let (mut bias, mut y) = (normal("b", out_channels), normal("dy", geometry.out_features() * batch));
        let dy = y.clone();
        convolution.forward(&x, &weight, &bias, &mut y, batch, Activation::Relu, &mut workspace);
        let (x_before, weight_before) = (x.clone(), weight.clone());
        convolution.input_gradient(&dy, &weight_before, &mut x, batch, &mut workspace);
        convolution.weight_gradient(&x_before, &dy, &mut weight, batch, &mut workspace);
        convolution.bias_gradient(&dy, &mut bias, batch);
        add_all(&mut hasher, [&y, &x, &weight, &bias]);
    }
    let layer = Linear::new(777, 55).unwrap();
    let (mut x, mut weight) = (normal("x", 777 * batch), normal("w", 777 * 55));
    let (mut bias, mut y) = (normal("b", 55), normal("dy", 55 * batch));
    let (dy, x_before, weight_before) = (y.clone(), x.clone(), weight.clone());
    layer.forward(&x, &weight, &bias, &mut y, batch, Activation::None, &mut workspace);
    layer.input_gradient(&dy, &weight_before, &mut x, batch, &mut workspace);
    layer.weight_gradient(&x_before, &dy, &mut weight, batch, &mut workspace);
    layer.bias_gradient(&dy, &mut bias, batch);
    add_all(&mut hasher, [&y, &x, &weight, &bias]);
    hasher.finalize().to_hex()[..32].to_owned()
}

#[test]
fn the_bits_of_products_change_only_with_the_numerics_version() {
    let golden = (1, "e31cb256636a2b83024ec4f1cda6f271");
    for simd in Simd::ALL {
        let Some(hash) = simd.run(products) else { continue };
        assert_eq!(
            (NUMERICS_VERSION, hash.as_str()),
            golden,
            "{}: results have changed. If that is meant, raise NUMERICS_VERSION, write both here, and say so in the \
             changelog under \"Changes results\"",
            simd.name()
        );
    }
}
