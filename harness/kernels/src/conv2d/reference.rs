//! Convolution as its definition says, for comparison with the fast one.

use super::Conv2dGeometry;

/// A number that can be summed into.
pub(super) trait Number: Copy {
    const ZERO: Self;
    /// `a * b + self`
    fn plus_product(self, a: Self, b: Self) -> Self;
}

impl Number for f64 {
    const ZERO: Self = 0.0;
    fn plus_product(self, a: Self, b: Self) -> Self {
        self + a * b
    }
}

/// The chain that the contract names: one rounding a product.
impl Number for f32 {
    const ZERO: Self = 0.0;
    fn plus_product(self, a: Self, b: Self) -> Self {
        a.mul_add(b, self)
    }
}

/// A product that contributes to an output: indices into `y`, `weight` and `x`.
#[derive(Clone, Copy)]
struct Contribution {
    y: usize,
    weight: usize,
    x: usize,
}

/// All products, output positions outermost and images innermost: every output sums over (ic, ky, kx) in ascending order,
/// every weight over (oy, ox, n).
fn contributions(geometry: &Conv2dGeometry, batch: usize) -> Vec<Contribution> {
    let Conv2dGeometry { height, width, kernel, stride, padding, groups, .. } = *geometry;
    let (ins, outs) = (geometry.in_channels / groups, geometry.out_channels / groups);
    let mut all = Vec::new();
    for oy in 0..geometry.out_height() {
        for ox in 0..geometry.out_width() {
            for oc in 0..geometry.out_channels {
                for (ic, ky, kx) in triples(ins, kernel) {
                    let inside = |at: usize, side: usize| at.checked_sub(padding).filter(|&at| at < side);
                    let (Some(iy), Some(ix)) = (inside(oy * stride + ky, height), inside(ox * stride + kx, width))
                    else {
                        continue;
                    };
                    let channel = oc / outs * ins + ic;
                    for n in 0..batch {
                        all.push(Contribution {
                            y: ((oc * geometry.out_height() + oy) * geometry.out_width() + ox) * batch + n,
                            weight: ((oc * ins + ic) * kernel + ky) * kernel + kx,
                            x: ((channel * height + iy) * width + ix) * batch + n,
                        });
                    }
                }
            }
        }
    }
    all
}

fn triples(channels: usize, kernel: usize) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..channels * kernel * kernel).map(move |at| (at / kernel / kernel, at / kernel % kernel, at % kernel))
}

/// Products that one image's forward pass takes.
pub(super) fn count(geometry: &Conv2dGeometry) -> u64 {
    contributions(geometry, 1).len() as u64
}

pub(super) fn forward<T: Number>(geometry: &Conv2dGeometry, x: &[T], weight: &[T], bias: &[T], batch: usize) -> Vec<T> {
    let row = geometry.out_height() * geometry.out_width() * batch;
    let mut y: Vec<T> = (0..geometry.out_channels * row).map(|at| bias[at / row]).collect();
    for at in contributions(geometry, batch) {
        y[at.y] = y[at.y].plus_product(weight[at.weight], x[at.x]);
    }
    y
}

pub(super) fn weight_gradient<T: Number>(geometry: &Conv2dGeometry, x: &[T], dy: &[T], batch: usize) -> Vec<T> {
    let mut dw = vec![T::ZERO; geometry.weights()];
    for at in contributions(geometry, batch) {
        dw[at.weight] = dw[at.weight].plus_product(dy[at.y], x[at.x]);
    }
    dw
}

pub(super) fn input_gradient<T: Number>(geometry: &Conv2dGeometry, dy: &[T], weight: &[T], batch: usize) -> Vec<T> {
    let mut dx = vec![T::ZERO; geometry.in_features() * batch];
    let mut all = contributions(geometry, batch);
    // Over (oc, ky, kx): the order of the weights, among those of one input.
    all.sort_by_key(|at| at.weight);
    for at in all {
        dx[at.x] = dx[at.x].plus_product(dy[at.y], weight[at.weight]);
    }
    dx
}
