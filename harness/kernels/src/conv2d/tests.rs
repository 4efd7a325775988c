use super::*;
use crate::fixture::{Fixture, batch_outermost, bits, central_difference, dot, normal, on_one_to_four_threads, to_f64};
use crate::philox::{Cursor, Stream};
use crate::tolerance::assert_close;

/// Operands of all passes.
#[derive(Clone)]
pub(super) struct Operands {
    pub(super) geometry: Conv2dGeometry,
    pub(super) batch: usize,
    pub(super) x: Vec<f32>,
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
    pub(super) dy: Vec<f32>,
}

impl Operands {
    pub(super) fn random(geometry: Conv2dGeometry, batch: usize) -> Self {
        Self {
            geometry,
            batch,
            x: normal("x", geometry.in_features() * batch),
            weight: normal("weight", geometry.weights()),
            bias: normal("bias", geometry.out_channels),
            dy: normal("dy", geometry.out_features() * batch),
        }
    }

    /// The results of all passes: y, dx, dw, db.
    pub(super) fn results(&self) -> [Vec<f32>; 4] {
        let (convolution, batch) = (Conv2d::new(self.geometry).unwrap(), self.batch);
        let nan = |length| vec![f32::NAN; length];
        let [mut y, mut dx] = [nan(self.dy.len()), nan(self.x.len())];
        let [mut dw, mut db] = [nan(self.weight.len()), nan(self.bias.len())];
        let mut workspace = Workspace::new();
        convolution.forward(&self.x, &self.weight, &self.bias, &mut y, batch, Activation::None, &mut workspace);
        convolution.input_gradient(&self.dy, &self.weight, &mut dx, batch, &mut workspace);
        convolution.weight_gradient(&self.x, &self.dy, &mut dw, batch, &mut workspace);
        convolution.bias_gradient(&self.dy, &mut db, batch);
        [y, dx, dw, db]
    }

    pub(super) fn image(&self, n: usize) -> Self {
        let only = |tensor: &[f32]| tensor.iter().skip(n).step_by(self.batch).copied().collect();
        Self { batch: 1, x: only(&self.x), dy: only(&self.dy), ..self.clone() }
    }

    /// Products summed into one element of y, dx, dw and db, at most.
    fn terms(&self) -> [usize; 4] {
        let Conv2dGeometry { in_channels, out_channels, kernel, groups, .. } = self.geometry;
        let outputs = self.geometry.out_height() * self.geometry.out_width() * self.batch;
        let taps = kernel * kernel / groups;
        [in_channels * taps + 1, out_channels * taps, outputs, outputs]
    }
}

/// A geometry with odd sizes of every kind.
fn random_geometry(cursor: &mut Cursor) -> Conv2dGeometry {
    let mut up_to = |most: u32| 1 + cursor.below(most) as usize;
    let (groups, kernel) = (up_to(3), up_to(4));
    let padding = up_to(kernel as u32) - 1;
    let side = kernel.saturating_sub(2 * padding).max(1);
    Conv2dGeometry {
        in_channels: groups * up_to(9),
        out_channels: groups * up_to(36),
        height: side - 1 + up_to(4),
        width: side - 1 + up_to(4),
        kernel,
        stride: up_to(3),
        padding,
        groups,
    }
}

pub(super) fn geometry(in_channels: usize, out_channels: usize, side: usize, kernel: usize) -> Conv2dGeometry {
    Conv2dGeometry { in_channels, out_channels, height: side, width: side, kernel, stride: 1, padding: 0, groups: 1 }
}

/// AlexNet's first layer, on an input that its stride does not divide.
const FIRST: Conv2dGeometry = Conv2dGeometry {
    in_channels: 3,
    out_channels: 8,
    height: 22,
    width: 19,
    kernel: 11,
    stride: 4,
    padding: 2,
    groups: 1,
};

pub(super) fn all_bits(results: &[Vec<f32>; 4]) -> [Vec<u32>; 4] {
    [0, 1, 2, 3].map(|index| bits(&results[index]))
}

#[test]
fn every_pass_is_the_chain_that_the_contract_names_whatever_the_vectors_and_threads() {
    let mut cursor = Stream::named(0, "test", "geometries", 0).cursor();
    let mut cases: Vec<_> = (0..60).map(|_| (random_geometry(&mut cursor), 1 + cursor.below(35) as usize)).collect();
    // Large enough for threads to share it.
    cases.extend([(FIRST, 32), (Conv2dGeometry { padding: 1, ..geometry(20, 35, 4, 3) }, 33)]);
    // With so many positions that the weights are packed, in several blocks of k, and as two groups.
    cases.extend([(geometry(70, 17, 6, 3), 129), (Conv2dGeometry { groups: 2, ..geometry(8, 30, 11, 4) }, 33)]);
    for (geometry, batch) in cases {
        let operands = Operands::random(geometry, batch);
        let Operands { x, weight, bias, dy, .. } = &operands;
        let expected = [
            bits(&reference::forward(&geometry, x, weight, bias, batch)),
            bits(&reference::input_gradient(&geometry, dy, weight, batch)),
            bits(&reference::weight_gradient(&geometry, x, dy, batch)),
        ];
        for simd in Simd::ALL {
            let Some(results) = simd.run(|| all_bits(&operands.results())) else { continue };
            for (index, pass) in ["y", "dx", "dw"].into_iter().enumerate() {
                let same = results[index] == expected[index];
                assert!(same, "{pass} of {geometry:?}, batch {batch}, {}", simd.name());
            }
        }
        let threads = on_one_to_four_threads(|| all_bits(&operands.results()));
        assert!(threads.iter().all(|results| results[..3] == expected), "threads, {geometry:?}, batch {batch}");
        assert!(
            threads.iter().all(|results| results[3] == threads[0][3]),
            "threads, db of {geometry:?}, batch {batch}"
        );
    }
}

#[test]
fn every_pass_agrees_with_the_definition_in_double_precision() {
    let mut cursor = Stream::named(1, "test", "geometries", 0).cursor();
    for _ in 0..40 {
        let operands = Operands::random(random_geometry(&mut cursor), 1 + cursor.below(20) as usize);
        let (geometry, batch) = (operands.geometry, operands.batch);
        let [x, weight, bias, dy] =
            [&operands.x, &operands.weight, &operands.bias, &operands.dy].map(|tensor| to_f64(tensor));
        let row = dy.len() / geometry.out_channels;
        let expected = [
            reference::forward(&geometry, &x, &weight, &bias, batch),
            reference::input_gradient(&geometry, &dy, &weight, batch),
            reference::weight_gradient(&geometry, &x, &dy, batch),
            dy.chunks(row).map(|row| row.iter().sum()).collect(),
        ];
        for (index, result) in operands.results().iter().enumerate() {
            let what = format!("{} of {geometry:?}", ["y", "dx", "dw", "db"][index]);
            assert_close(&what, result, &expected[index], operands.terms()[index]);
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let geometry = Conv2dGeometry { stride: 2, padding: 1, groups: 2, height: 6, ..geometry(4, 6, 5, 3) };
    let operands = Operands::random(geometry, 3);
    let [x, weight, bias, dy] =
        [&operands.x, &operands.weight, &operands.bias, &operands.dy].map(|tensor| to_f64(tensor));
    let loss = |x: &[f64], weight: &[f64], bias: &[f64]| dot(&reference::forward(&geometry, x, weight, bias, 3), &dy);
    let differences = |at: &[f64], loss: &dyn Fn(&[f64]) -> f64| -> Vec<f64> {
        (0..at.len()).map(|index| central_difference(at, index, loss)).collect()
    };
    let [_, dx, dw, db] = operands.results();
    let [_, dx_terms, dw_terms, db_terms] = operands.terms();
    assert_close("dx", &dx, &differences(&x, &|x| loss(x, &weight, &bias)), dx_terms);
    assert_close("dw", &dw, &differences(&weight, &|weight| loss(&x, weight, &bias)), dw_terms);
    assert_close("db", &db, &differences(&bias, &|bias| loss(&x, &weight, bias)), db_terms);
}

#[test]
fn agrees_with_pytorch() {
    let fixture = Fixture::load("conv2d");
    for case in ["first", "grouped", "strided"] {
        let name = |tensor: &str| format!("{case}.{tensor}");
        let sizes = fixture.u32(&name("geometry"));
        let [in_channels, out_channels, height, width, kernel, stride, padding, groups] =
            std::array::from_fn(|index| sizes[index] as usize);
        let batch = fixture.shape(&name("x"))[0];
        let operands = Operands {
            geometry: Conv2dGeometry { in_channels, out_channels, height, width, kernel, stride, padding, groups },
            batch,
            x: fixture.f32_batch_innermost(&name("x")),
            weight: fixture.f32(&name("weight")),
            bias: fixture.f32(&name("bias")),
            dy: fixture.f32_batch_innermost(&name("dy")),
        };
        let results = operands.results();
        for (index, tensor) in ["y", "dx", "dw", "db"].into_iter().enumerate() {
            let expected = fixture.f64(&name(tensor));
            let actual = match tensor {
                "y" | "dx" => batch_outermost(&results[index], batch),
                _ => results[index].clone(),
            };
            assert_close(&name(tensor), &actual, &expected, operands.terms()[index]);
        }
    }
}

#[test]
fn an_images_result_does_not_depend_on_its_batch() {
    let operands = Operands::random(FIRST, 37);
    let [y, dx, ..] = operands.results();
    for n in [0, 15, 16, 31, 32, 36] {
        let [y_alone, dx_alone, ..] = operands.image(n).results();
        let column = |tensor: &[f32]| -> Vec<f32> { tensor.iter().skip(n).step_by(37).copied().collect() };
        assert_eq!(bits(&column(&y)), bits(&y_alone), "y of image {n}");
        assert_eq!(bits(&column(&dx)), bits(&dx_alone), "dx of image {n}");
    }
}

#[test]
fn inputs_that_no_tap_meets_get_no_gradient() {
    // Stride 3 under a kernel of 2: input rows and columns 2 are skipped, and 6 is past the last window.
    let geometry = Conv2dGeometry { stride: 3, ..geometry(1, 1, 7, 2) };
    let ones = vec![1.0; 49];
    let operands =
        Operands { x: ones.clone(), dy: vec![1.0; 4], weight: vec![1.0; 4], ..Operands::random(geometry, 1) };
    let [_, dx, ..] = operands.results();
    for (at, value) in dx.iter().enumerate() {
        let met = [at / 7, at % 7].iter().all(|side| *side < 5 && side % 3 != 2);
        assert_eq!(*value, f32::from(u8::from(met)), "({}, {})", at / 7, at % 7);
    }
}

#[test]
fn outputs_that_see_only_padding_are_the_bias() {
    let geometry = Conv2dGeometry { padding: 2, ..geometry(2, 3, 1, 2) };
    let operands = Operands::random(geometry, 2);
    let [y, ..] = operands.results();
    for (oc, rows) in y.chunks(4 * 4 * 2).enumerate() {
        assert_eq!(rows[..2], [operands.bias[oc]; 2]);
    }
}

#[test]
fn an_empty_batch_has_no_results_and_no_gradient() {
    for geometry in [FIRST, geometry(9, 4, 3, 2)] {
        let [y, dx, dw, db] = Operands::random(geometry, 0).results();
        assert!(y.is_empty() && dx.is_empty());
        assert!(dw.iter().chain(&db).all(|value| *value == 0.0));
    }
}

#[test]
fn the_fused_activation_equals_one_applied_after() {
    for geometry in [FIRST, geometry(300, 20, 3, 3)] {
        let operands = Operands::random(geometry, 20);
        let [mut expected, ..] = operands.results();
        crate::relu::forward_in_place(&mut expected);
        for simd in Simd::ALL {
            let mut y = expected.clone();
            simd.run(|| {
                let convolution = Conv2d::new(geometry).unwrap();
                let Operands { x, weight, bias, batch, .. } = &operands;
                convolution.forward(x, weight, bias, &mut y, *batch, Activation::Relu, &mut Workspace::new());
            });
            assert_eq!(bits(&y), bits(&expected), "{}", simd.name());
        }
    }
}

#[test]
fn a_nan_reaches_exactly_what_depends_on_it() {
    let mut operands = Operands::random(geometry(2, 3, 4, 3), 5);
    operands.x[2] = f32::NAN;
    let [y, _, dw, _] = operands.results();
    for (at, value) in y.iter().enumerate() {
        // The first position of image 2.
        assert_eq!(value.is_nan(), at % 20 == 2, "y[{at}]");
    }
    // The first tap of the first channel.
    assert!(dw.iter().enumerate().all(|(at, value)| value.is_nan() == (at % 18 == 0)));
}

#[test]
fn memory_is_allocated_by_the_first_call_only() {
    let operands = Operands::random(FIRST, 8);
    let convolution = Conv2d::new(FIRST).unwrap();
    let (mut dw, mut workspace) = (operands.weight.clone(), Workspace::new());
    let mut bytes = || {
        convolution.weight_gradient(&operands.x, &operands.dy, &mut dw, 8, &mut workspace);
        workspace.bytes()
    };
    assert_eq!(bytes(), bytes());
}

#[test]
fn multiply_accumulates_are_those_of_valid_taps() {
    let mut cursor = Stream::named(2, "test", "geometries", 0).cursor();
    for geometry in (0..40).map(|_| random_geometry(&mut cursor)) {
        assert_eq!(geometry.multiply_accumulates(), reference::count(&geometry), "{geometry:?}");
    }
}

#[test]
fn impossible_geometries_are_refused() {
    let fine = geometry(4, 6, 5, 3);
    let error = |geometry| Conv2d::new(geometry).unwrap_err().to_string();
    assert!(error(Conv2dGeometry { stride: 0, ..fine }).contains("stride is 0"));
    assert!(error(Conv2dGeometry { groups: 4, ..fine }).contains("4 groups do not divide"));
    assert!(error(Conv2dGeometry { kernel: 6, ..fine }).contains("6×6 kernel does not fit"));
    assert!(error(Conv2dGeometry { in_channels: 1 << 30, ..fine }).contains("the padded input"));
    assert!(error(Conv2dGeometry { padding: usize::MAX, ..fine }).contains("the padded input"));
}

#[test]
#[should_panic(expected = "conv2d: elements of x")]
fn a_slice_of_another_length_is_refused() {
    let mut operands = Operands::random(FIRST, 2);
    operands.x.pop();
    operands.results();
}
