use super::super::tests::{Operands, all_bits, geometry};
use super::super::{Conv2d, reference};
use super::*;
use crate::NUMERICS_VERSION;
use crate::fixture::{bits, dot, normal, on_one_to_four_threads, to_f64};

fn padded(in_channels: usize, out_channels: usize, height: usize, width: usize) -> Conv2dGeometry {
    Conv2dGeometry { padding: 1, height, width, ..geometry(in_channels, out_channels, 6, 3) }
}

/// Odd and even planes, more channels than one chain holds, rows that no tile height divides, groups.
fn cases() -> [(Conv2dGeometry, usize); 5] {
    [
        (padded(32, 32, 6, 6), 1),
        (padded(33, 45, 7, 6), 17),
        (padded(70, 34, 6, 9), 33),
        (padded(40, 33, 13, 13), 5),
        (Conv2dGeometry { groups: 2, ..padded(64, 70, 7, 7) }, 16),
    ]
}

/// `convolve(x, g)` by the formulas of the module's documentation, one output at a time, in f32.
#[allow(clippy::needless_range_loop)] // rows and columns as in the formulas
fn by_the_formulas(geometry: &Conv2dGeometry, x: &[f32], weight: &[f32], bias: &[f32], batch: usize) -> Vec<f32> {
    let Conv2dGeometry { height, width, .. } = *geometry;
    let (channels, rows) = (geometry.group_in_channels(), geometry.group_out_channels());
    let mut y = vec![f32::NAN; geometry.out_features() * batch];
    for out in 0..geometry.out_channels {
        let group = out / rows;
        for (tile_row, tile_column) in
            (0..height.div_ceil(2)).flat_map(|row| (0..width.div_ceil(2)).map(move |c| (row, c)))
        {
            for n in 0..batch {
                let at = |channel: usize, row: usize, column: usize| {
                    let (row, column) = (2 * tile_row + row, 2 * tile_column + column);
                    let inside = (1..=height).contains(&row) && (1..=width).contains(&column);
                    let position = || (row - 1) * width + column - 1;
                    if inside {
                        x[((group * channels + channel) * height * width + position()) * batch + n]
                    } else {
                        0.0
                    }
                };
                let mut sums = [0.0f32; 16];
                for first in (0..channels).step_by(CHAIN) {
                    let mut chains = [0.0f32; 16];
                    for channel in first..(first + CHAIN).min(channels) {
                        let d: [[f32; 4]; 4] =
                            std::array::from_fn(|row| std::array::from_fn(|column| at(channel, row, column)));
                        let along = |v: [f32; 4]| [v[0] - v[2], v[1] + v[2], v[2] - v[1], v[1] - v[3]];
                        let columns: [[f32; 4]; 4] =
                            std::array::from_fn(|c| along([d[0][c], d[1][c], d[2][c], d[3][c]]));
                        let filter: [f32; 9] = weight[(out * channels + channel) * 9..][..9].try_into().unwrap();
                        let u = transform_filter(&filter);
                        for row in 0..4 {
                            let v = along([columns[0][row], columns[1][row], columns[2][row], columns[3][row]]);
                            for column in 0..4 {
                                let point = 4 * row + column;
                                chains[point] = u[point].mul_add(v[column], chains[point]);
                            }
                        }
                    }
                    for (sum, chain) in sums.iter_mut().zip(chains) {
                        *sum = if first == 0 { chain } else { chain + *sum };
                    }
                }
                let along = |m: [f32; 4]| [(m[0] + m[1]) + m[2], (m[1] - m[2]) - m[3]];
                let s: [[f32; 2]; 4] =
                    std::array::from_fn(|c| along([sums[c], sums[4 + c], sums[8 + c], sums[12 + c]]));
                for row in 0..2 {
                    let outputs = along([s[0][row], s[1][row], s[2][row], s[3][row]]);
                    for (column, value) in outputs.into_iter().enumerate() {
                        let (row, column) = (2 * tile_row + row, 2 * tile_column + column);
                        if row < height && column < width {
                            y[(out * height * width + row * width + column) * batch + n] = value + bias[out];
                        }
                    }
                }
            }
        }
    }
    y
}

#[test]
fn it_is_used_where_the_shape_is_large_enough_and_nowhere_else() {
    assert!(cases().iter().all(|(geometry, _)| applies(geometry)));
    let base = padded(64, 64, 13, 13);
    for other in [
        padded(64, 64, 13, 5),
        padded(31, 64, 13, 13),
        Conv2dGeometry { groups: 4, ..base },
        Conv2dGeometry { stride: 2, ..base },
        Conv2dGeometry { padding: 0, ..base },
        Conv2dGeometry { padding: 2, kernel: 5, ..base },
    ] {
        assert!(!applies(&other), "{other:?}");
    }
}

#[test]
fn both_passes_are_the_sums_that_the_contract_names_whatever_the_vectors_and_threads() {
    for (geometry, batch) in cases() {
        let operands = Operands::random(geometry, batch);
        let forward = bits(&by_the_formulas(&geometry, &operands.x, &operands.weight, &operands.bias, batch));
        // The gradient of the input is a convolution of dy, with kernels turned by half and channels changing places.
        let (channels, rows) = (geometry.group_in_channels(), geometry.group_out_channels());
        let mut turned = vec![0.0; operands.weight.len()];
        for (out, filters) in operands.weight.chunks_exact(channels * 9).enumerate() {
            for (channel, filter) in filters.chunks_exact(9).enumerate() {
                let (group, row) = (out / rows, out % rows);
                let to = ((group * channels + channel) * rows + row) * 9;
                turned[to..to + 9].iter_mut().zip(filter.iter().rev()).for_each(|(to, from)| *to = *from);
            }
        }
        let back =
            Conv2dGeometry { in_channels: geometry.out_channels, out_channels: geometry.in_channels, ..geometry };
        let no_bias = vec![0.0; geometry.in_channels];
        let gradient = bits(&by_the_formulas(&back, &operands.dy, &turned, &no_bias, batch));
        for simd in Simd::ALL {
            let Some(results) = simd.run(|| all_bits(&operands.results())) else { continue };
            assert!(results[0] == forward, "y of {geometry:?}, batch {batch}, {}", simd.name());
            assert!(results[1] == gradient, "dx of {geometry:?}, batch {batch}, {}", simd.name());
        }
        for results in on_one_to_four_threads(|| all_bits(&operands.results())) {
            assert!(results[0] == forward && results[1] == gradient, "threads, {geometry:?}, batch {batch}");
        }
    }
}

/// Root mean square error, as a fraction of the root mean square.
fn error(actual: &[f32], expected: &[f64]) -> f64 {
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let differences = squares(&mut actual.iter().zip(expected).map(|(actual, expected)| f64::from(*actual) - expected));
    (differences / squares(&mut expected.iter().copied())).sqrt()
}

#[test]
fn it_is_more_exact_than_the_direct_sum() {
    let geometry = padded(192, 64, 13, 13);
    let operands = Operands::random(geometry, 2);
    let [x, weight, bias, dy] =
        [&operands.x, &operands.weight, &operands.bias, &operands.dy].map(|tensor| to_f64(tensor));
    let exact = reference::forward(&geometry, &x, &weight, &bias, 2);
    let direct = reference::forward(&geometry, &operands.x, &operands.weight, &operands.bias, 2);
    let [y, dx, ..] = operands.results();
    let (ours, its) = (error(&y, &exact), error(&direct, &exact));
    assert!(ours < 3e-7 && ours < 0.6 * its, "{ours:e} against {its:e}");
    assert!(error(&dx, &reference::input_gradient(&geometry, &dy, &weight, 2)) < 3e-7);
}

#[test]
fn the_gradient_is_the_forward_passs_adjoint() {
    let operands = Operands { bias: vec![0.0; 40], ..Operands::random(padded(36, 40, 9, 8), 3) };
    let [y, dx, ..] = operands.results();
    let (through_y, through_dx) = (dot(&to_f64(&y), &to_f64(&operands.dy)), dot(&to_f64(&operands.x), &to_f64(&dx)));
    assert!((through_y - through_dx).abs() < 1e-5 * through_y.abs().max(1.0), "{through_y} and {through_dx}");
}

#[test]
fn an_images_result_does_not_depend_on_its_batch() {
    let operands = Operands::random(padded(34, 32, 7, 7), 37);
    let [y, dx, ..] = operands.results();
    for n in [0, 15, 16, 36] {
        let [y_alone, dx_alone, ..] = operands.image(n).results();
        let of = |tensor: &[f32]| tensor.iter().skip(n).step_by(37).copied().collect::<Vec<_>>();
        assert_eq!((bits(&y_alone), bits(&dx_alone)), (bits(&of(&y)), bits(&of(&dx))), "image {n}");
    }
}

#[test]
fn memory_is_allocated_by_the_first_call_only() {
    let operands = Operands::random(padded(32, 48, 8, 8), 20);
    let convolution = Conv2d::new(operands.geometry).unwrap();
    let (mut y, mut workspace) = (vec![0.0; operands.dy.len()], Workspace::new());
    let mut run = |workspace: &mut Workspace| {
        convolution.forward(&operands.x, &operands.weight, &operands.bias, &mut y, 20, Activation::Relu, workspace);
    };
    run(&mut workspace);
    let held = workspace.bytes();
    run(&mut workspace);
    assert!(held > 0 && workspace.bytes() == held);
}

#[test]
fn filters_are_transformed_as_the_matrices_say() {
    let filter: [f32; 9] = normal("filter", 9).try_into().unwrap();
    const G: [[f64; 3]; 4] = [[1.0, 0.0, 0.0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0.0, 0.0, 1.0]];
    let transformed = transform_filter(&filter);
    for (row, column) in (0..4).flat_map(|row| (0..4).map(move |column| (row, column))) {
        let expected: f64 = (0..3)
            .flat_map(|i| (0..3).map(move |j| (i, j)))
            .map(|(i, j)| G[row][i] * f64::from(filter[3 * i + j]) * G[column][j])
            .sum();
        assert!((f64::from(transformed[4 * row + column]) - expected).abs() < 1e-6);
    }
}

#[test]
fn the_bits_change_only_with_the_versions() {
    let golden = (1, 1, "7afee18c2ac39e41635224b110c74862");
    for simd in Simd::ALL {
        let hash = simd.run(|| {
            let mut hasher = blake3::Hasher::new();
            for (geometry, batch) in cases() {
                let [y, dx, ..] = Operands::random(geometry, batch).results();
                y.iter().chain(&dx).for_each(|value| {
                    hasher.update(&value.to_bits().to_le_bytes());
                });
            }
            hasher.finalize().to_hex()[..32].to_owned()
        });
        let Some(hash) = hash else { continue };
        assert_eq!(
            (NUMERICS_VERSION, WINOGRAD_VERSION, hash.as_str()),
            golden,
            "{}: results have changed. If that is meant, raise WINOGRAD_VERSION, write it here, and say so in the \
             changelog under \"Changes results\"",
            simd.name()
        );
    }
}
