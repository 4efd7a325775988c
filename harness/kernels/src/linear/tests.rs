use super::*;
use crate::fixture::{Fixture, batch_outermost, bits, central_difference, dot, normal, on_one_to_four_threads, to_f64};
use crate::philox::Stream;
use crate::sgd::{Sgd, WeightDecay};
use crate::tolerance::assert_close;

/// Operands of all passes.
struct Operands {
    layer: Linear,
    batch: usize,
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
    dy: Vec<f32>,
}

impl Operands {
    fn random(in_features: usize, out_features: usize, batch: usize) -> Self {
        Self {
            layer: Linear::new(in_features, out_features).unwrap(),
            batch,
            x: normal("x", in_features * batch),
            weight: normal("weight", in_features * out_features),
            bias: normal("bias", out_features),
            dy: normal("dy", out_features * batch),
        }
    }

    /// The results of all passes: y, dx, dw, db.
    fn results(&self) -> [Vec<f32>; 4] {
        let nan = |length| vec![f32::NAN; length];
        let [mut y, mut dx] = [nan(self.dy.len()), nan(self.x.len())];
        let [mut dw, mut db] = [nan(self.weight.len()), nan(self.bias.len())];
        let mut workspace = Workspace::new();
        self.layer.forward(&self.x, &self.weight, &self.bias, &mut y, self.batch, Activation::None, &mut workspace);
        self.layer.input_gradient(&self.dy, &self.weight, &mut dx, self.batch, &mut workspace);
        self.layer.weight_gradient(&self.x, &self.dy, &mut dw, self.batch, &mut workspace);
        self.layer.bias_gradient(&self.dy, &mut db, self.batch);
        [y, dx, dw, db]
    }

    /// What `results` should be, by one function for the sum of a list of products, in the contract's order.
    fn expected<T>(
        &self,
        start: impl Fn(f32) -> T,
        sum: impl Fn(T, &mut dyn Iterator<Item = (f32, f32)>) -> T,
    ) -> [Vec<T>; 3] {
        let Linear { in_features: ins, out_features: outs } = self.layer;
        let batch = self.batch;
        let (w, x, dy) = (&self.weight, &self.x, &self.dy);
        let elements = |rows: usize, columns: usize| (0..rows * columns).map(move |at| (at / columns, at % columns));
        let y = elements(outs, batch)
            .map(|(o, n)| sum(start(self.bias[o]), &mut (0..ins).map(|i| (w[o * ins + i], x[i * batch + n]))));
        let dx = elements(ins, batch)
            .map(|(i, n)| sum(start(0.0), &mut (0..outs).map(|o| (w[o * ins + i], dy[o * batch + n]))));
        let dw = elements(outs, ins)
            .map(|(o, i)| sum(start(0.0), &mut (0..batch).map(|n| (dy[o * batch + n], x[i * batch + n]))));
        [y.collect(), dx.collect(), dw.collect()]
    }

    /// As chains of fused multiply-adds.
    fn chains(&self) -> [Vec<f32>; 3] {
        self.expected(|start| start, |start, products| products.fold(start, |sum, (a, b)| a.mul_add(b, sum)))
    }

    /// In double precision, with db.
    fn exact(&self) -> [Vec<f64>; 4] {
        let [y, dx, dw] = self.expected(f64::from, |start, products| {
            products.fold(start, |sum, (a, b)| sum + f64::from(a) * f64::from(b))
        });
        let db = self.dy.chunks(self.batch).map(|row| row.iter().map(|value| f64::from(*value)).sum());
        [y, dx, dw, db.collect()]
    }

    /// Products summed into one element of y, dx, dw and db.
    fn terms(&self) -> [usize; 4] {
        [self.layer.in_features + 1, self.layer.out_features, self.batch, self.batch]
    }
}

/// Odd sizes, one that crosses a cache block, one whose rows are a multiple of 4 KiB apart, one that is packed, and one of
/// few rows and many columns.
fn sizes() -> Vec<(usize, usize, usize)> {
    let mut cursor = Stream::named(0, "test", "linear", 0).cursor();
    let mut up_to = |most: u32| 1 + cursor.below(most) as usize;
    let mut sizes: Vec<_> = (0..60).map(|_| (up_to(70), up_to(40), up_to(70))).collect();
    sizes.extend([(1300, 33, 17), (1024, 100, 33), (50, 1100, 40), (530, 129, 513), (530, 17, 545)]);
    sizes
}

#[test]
fn a_product_that_is_packed_in_several_goes_is_the_same_on_any_number_of_threads() {
    // One thread packs each block of k by itself, several pack as many as the last-level cache holds.
    let operands = Operands::random(1200, 300, 1300);
    let forward = || {
        let mut y = vec![f32::NAN; operands.dy.len()];
        let (x, weight, bias) = (&operands.x, &operands.weight, &operands.bias);
        operands.layer.forward(x, weight, bias, &mut y, operands.batch, Activation::Relu, &mut Workspace::new());
        bits(&y)
    };
    let found = on_one_to_four_threads(forward);
    assert!(found.iter().all(|y| *y == found[0]));
}

#[test]
fn every_pass_is_the_chain_that_the_contract_names_whatever_the_vectors_and_threads() {
    for (ins, outs, batch) in sizes() {
        let operands = Operands::random(ins, outs, batch);
        let expected = operands.chains();
        for simd in Simd::ALL {
            let Some(results) = simd.run(|| operands.results()) else { continue };
            for (index, pass) in ["y", "dx", "dw"].into_iter().enumerate() {
                let same = bits(&results[index]) == bits(&expected[index]);
                assert!(same, "{pass} of {ins}→{outs}, batch {batch}, {}", simd.name());
            }
        }
        let threads = on_one_to_four_threads(|| operands.results());
        for results in &threads {
            assert!((0..3).all(|pass| bits(&results[pass]) == bits(&expected[pass])), "{ins}→{outs}, batch {batch}");
            assert_eq!(bits(&results[3]), bits(&threads[0][3]));
        }
    }
}

#[test]
fn every_pass_agrees_with_the_definition_in_double_precision() {
    for (ins, outs, batch) in sizes() {
        let operands = Operands::random(ins, outs, batch);
        let (results, expected) = (operands.results(), operands.exact());
        for index in 0..4 {
            let what = format!("{} of {ins}→{outs}, batch {batch}", ["y", "dx", "dw", "db"][index]);
            assert_close(&what, &results[index], &expected[index], operands.terms()[index]);
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let operands = Operands::random(7, 5, 3);
    let [x, weight, bias, dy] =
        [&operands.x, &operands.weight, &operands.bias, &operands.dy].map(|tensor| to_f64(tensor));
    let loss = |x: &[f64], weight: &[f64], bias: &[f64]| {
        let y = |at: usize| {
            let (out, n) = (at / 3, at % 3);
            (0..7).fold(bias[out], |sum, input| sum + weight[out * 7 + input] * x[input * 3 + n])
        };
        dot(&(0..15).map(y).collect::<Vec<_>>(), &dy)
    };
    let differences = |at: &[f64], loss: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
        (0..at.len()).map(|index| central_difference(at, index, loss)).collect()
    };
    let ([_, dx, dw, db], [_, dx_terms, dw_terms, db_terms]) = (operands.results(), operands.terms());
    assert_close("dx", &dx, &differences(&x, &|x| loss(x, &weight, &bias)), dx_terms);
    assert_close("dw", &dw, &differences(&weight, &|weight| loss(&x, weight, &bias)), dw_terms);
    assert_close("db", &db, &differences(&bias, &|bias| loss(&x, &weight, bias)), db_terms);
}

#[test]
fn a_weight_step_is_the_gradient_and_then_the_step_whatever_the_vectors_and_threads() {
    for (ins, outs, batch) in [(1, 1, 1), (1300, 33, 17), (512, 40, 32), (50, 300, 40)] {
        let operands = Operands::random(ins, outs, batch);
        let [_, _, gradient, _] = operands.results();
        for (weight_decay, nesterov) in [(WeightDecay::Coupled(5e-4), false), (WeightDecay::Decoupled(0.1), true)] {
            let sgd = Sgd { momentum: 0.9, weight_decay, nesterov };
            let (mut expected, mut velocity) = (operands.weight.clone(), vec![f32::NAN; gradient.len()]);
            for first in [true, false] {
                sgd.step(0.3, &mut expected, &gradient, &mut velocity, first);
            }
            let steps = || {
                let (mut weight, mut velocity) = (operands.weight.clone(), vec![f32::NAN; gradient.len()]);
                let (layer, x_and_dy) = (operands.layer, (&operands.x[..], &operands.dy[..]));
                for first in [true, false] {
                    let (step, mut workspace) = (sgd.at(0.3, first), Workspace::new());
                    layer.weight_step(x_and_dy, step, &mut weight, &mut velocity, batch, &mut workspace);
                }
                [weight, velocity].map(|tensor| bits(&tensor))
            };
            let expected = [expected, velocity].map(|tensor| bits(&tensor));
            for simd in Simd::ALL {
                assert!(simd.run(steps).is_none_or(|found| found == expected), "{ins}→{outs}, {}", simd.name());
            }
            assert!(on_one_to_four_threads(steps).into_iter().all(|found| found == expected), "{ins}→{outs}");
        }
    }
}

#[test]
fn squares_are_summed_in_the_order_of_the_contract_whatever_the_vectors_and_threads() {
    for (ins, outs, batch) in [(1, 1, 1), (1300, 33, 17), (512, 40, 32), (50, 300, 40)] {
        let operands = Operands::random(ins, outs, batch);
        let [_, _, gradient, _] = operands.results();
        let of_columns = |columns: &[f32]| {
            let mut lanes = [0.0f64; 16];
            columns.iter().enumerate().for_each(|(at, &x)| lanes[at % 16] += f64::from(x) * f64::from(x));
            lanes.iter().fold(0.0, |sum, lane| sum + lane)
        };
        let of_row = |row: &[f32]| row.chunks(512).map(of_columns).fold(0.0, |sum, part| sum + part);
        let expected: f64 = gradient.chunks(ins).map(of_row).fold(0.0, |sum, row| sum + row);
        let found = || {
            let mut dw = vec![f32::NAN; gradient.len()];
            let (x_and_dy, mut workspace) = ((&operands.x[..], &operands.dy[..]), Workspace::new());
            let squares = operands.layer.weight_gradient_and_squares(x_and_dy, &mut dw, batch, &mut workspace);
            (bits(&dw), squares.to_bits())
        };
        let expected = (bits(&gradient), expected.to_bits());
        for simd in Simd::ALL {
            assert!(simd.run(found).is_none_or(|found| found == expected), "{ins}→{outs}, {}", simd.name());
        }
        assert!(on_one_to_four_threads(found).into_iter().all(|found| found == expected), "{ins}→{outs}");
    }
}

#[test]
fn agrees_with_pytorch() {
    let fixture = Fixture::load("linear");
    let shape = fixture.shape("weight");
    let batch = fixture.shape("x")[0];
    let operands = Operands {
        layer: Linear::new(shape[1], shape[0]).unwrap(),
        batch,
        x: fixture.f32_batch_innermost("x"),
        weight: fixture.f32("weight"),
        bias: fixture.f32("bias"),
        dy: fixture.f32_batch_innermost("dy"),
    };
    let ([y, dx, dw, db], terms) = (operands.results(), operands.terms());
    assert_close("y", &batch_outermost(&y, batch), &fixture.f64("y"), terms[0]);
    assert_close("dx", &batch_outermost(&dx, batch), &fixture.f64("dx"), terms[1]);
    assert_close("dw", &dw, &fixture.f64("dw"), terms[2]);
    assert_close("db", &db, &fixture.f64("db"), terms[3]);
}

#[test]
fn an_images_result_does_not_depend_on_its_batch() {
    let operands = Operands::random(100, 30, 41);
    let column = |tensor: &[f32], n: usize| -> Vec<f32> { tensor.iter().skip(n).step_by(41).copied().collect() };
    let [y, dx, ..] = operands.results();
    for n in [0, 16, 32, 40] {
        let (x, dy) = (column(&operands.x, n), column(&operands.dy, n));
        let alone = Operands { batch: 1, x, dy, ..Operands::random(100, 30, 1) };
        let [y_alone, dx_alone, ..] = alone.results();
        assert_eq!(bits(&column(&y, n)), bits(&y_alone), "y of image {n}");
        assert_eq!(bits(&column(&dx, n)), bits(&dx_alone), "dx of image {n}");
    }
}

#[test]
fn the_fused_activation_equals_one_applied_after() {
    let operands = Operands::random(600, 20, 19);
    let [mut expected, ..] = operands.results();
    crate::relu::forward_in_place(&mut expected);
    let mut y = vec![f32::NAN; expected.len()];
    let Operands { layer, x, weight, bias, batch, .. } = &operands;
    layer.forward(x, weight, bias, &mut y, *batch, Activation::Relu, &mut Workspace::new());
    assert_eq!(bits(&y), bits(&expected));
}

#[test]
fn impossible_sizes_are_refused() {
    assert!(Linear::new(0, 4).unwrap_err().to_string().contains("in_features is 0"));
    assert!(Linear::new(1 << 20, 1 << 20).unwrap_err().to_string().contains("the weights"));
}

#[test]
#[should_panic(expected = "linear: elements of dy")]
fn a_slice_of_another_length_is_refused() {
    let mut operands = Operands::random(3, 4, 5);
    operands.dy.pop();
    operands.layer.bias_gradient(&operands.dy, &mut [0.0; 4], 5);
}
