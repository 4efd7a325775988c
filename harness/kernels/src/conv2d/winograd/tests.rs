use super::super::tests::{Operands, all_bits, geometry};
use super::super::{Conv2d, reference};
use super::*;
use crate::NUMERICS_VERSION;
use crate::fixture::{bits, dot, normal, on_one_to_four_threads, to_f64};
use crate::tile::Activation;
use crate::tile::winograd::transform_filter;
use crate::workspace::Workspace;

fn padded(in_channels: usize, out_channels: usize, height: usize, width: usize) -> Conv2dGeometry {
    Conv2dGeometry { padding: 1, height, width, ..geometry(in_channels, out_channels, 6, 3) }
}

/// As AlexNet's second layer.
fn second(in_channels: usize, out_channels: usize, height: usize, width: usize) -> Conv2dGeometry {
    Conv2dGeometry { padding: 2, kernel: 5, ..padded(in_channels, out_channels, height, width) }
}

/// As AlexNet's first layer.
fn first(out_channels: usize, height: usize, width: usize) -> Conv2dGeometry {
    Conv2dGeometry { padding: 2, kernel: 11, stride: 4, ..padded(3, out_channels, height, width) }
}

/// Odd and even planes, more channels than one chain holds, rows that no tile height divides, groups; kernels of one slice, of
/// four, and of sixteen.
fn cases() -> [(Conv2dGeometry, usize); 11] {
    [
        (padded(32, 32, 6, 6), 1),
        (padded(33, 45, 7, 6), 17),
        (padded(70, 34, 6, 9), 33),
        (padded(40, 33, 13, 13), 5),
        (Conv2dGeometry { groups: 2, ..padded(64, 70, 7, 7) }, 16),
        (padded(140, 130, 6, 7), 18),
        (second(35, 33, 14, 12), 18),
        (Conv2dGeometry { groups: 2, ..second(70, 66, 13, 15) }, 3),
        (first(33, 64, 61), 5),
        (first(45, 48, 75), 17),
        (Conv2dGeometry { kernel: 7, padding: 3, ..padded(33, 34, 14, 17) }, 2),
    ]
}

/// Points of a line of the input, of a line of products, of a line of a filter.
fn input_points(v: [f32; 4]) -> [f32; 4] {
    [v[0] - v[2], v[1] + v[2], v[2] - v[1], v[1] - v[3]]
}

fn outputs(m: [f32; 4]) -> [f32; 2] {
    [(m[0] + m[1]) + m[2], (m[1] - m[2]) - m[3]]
}

/// Taps along an axis, part by part.
fn parts_of(geometry: &Conv2dGeometry) -> Vec<Vec<usize>> {
    match (geometry.kernel, geometry.stride) {
        (3, 1) => vec![vec![0, 1, 2]],
        (5, 1) => vec![vec![0, 1], vec![2, 3, 4]],
        (7, 1) => vec![vec![0, 1], vec![2, 3], vec![4, 5, 6]],
        (11, 4) => vec![vec![0, 4, 8], vec![1, 5, 9], vec![2, 6, 10], vec![3, 7]],
        _ => unreachable!(),
    }
}

/// The transform of a tile's patch for a slice, of one image: 16 points.
fn patch(
    geometry: &Conv2dGeometry,
    at: &dyn Fn(usize, usize) -> f32,
    (tile_row, tile_column): (usize, usize),
    (row_taps, column_taps): (&[usize], &[usize]),
) -> [f32; POINTS] {
    let Conv2dGeometry { height, width, stride, padding, .. } = *geometry;
    let (row, column) = (2 * stride * tile_row + row_taps[0], 2 * stride * tile_column + column_taps[0]);
    let d = |i: usize, j: usize| {
        let (row, column) = (row + stride * i, column + stride * j);
        let inside = (padding..height + padding).contains(&row) && (padding..width + padding).contains(&column);
        if inside { at(row - padding, column - padding) } else { 0.0 }
    };
    let columns: [[f32; 4]; 4] = std::array::from_fn(|j| input_points(std::array::from_fn(|i| d(i, j))));
    let rows: [[f32; 4]; 4] = std::array::from_fn(|i| input_points(std::array::from_fn(|j| columns[j][i])));
    std::array::from_fn(|point| rows[point / 4][point % 4])
}

/// The transformed filters, by output channel and channel of its group, then by slice.
fn transformed_filters(kernel: usize, weight: &[f32], slices: &[(&[usize], &[usize])]) -> Vec<Vec<[f32; POINTS]>> {
    let transformed = |weight: &[f32], row_taps: &[usize], column_taps: &[usize]| {
        let mut filter = [0.0; 9];
        for (i, ky) in row_taps.iter().enumerate() {
            for (j, kx) in column_taps.iter().enumerate() {
                filter[3 * i + j] = weight[ky * kernel + kx];
            }
        }
        transform_filter(&filter)
    };
    let of_all_slices =
        |weight: &[f32]| slices.iter().map(|(rows, columns)| transformed(weight, rows, columns)).collect();
    weight.chunks_exact(kernel * kernel).map(of_all_slices).collect()
}

/// Whether a slice lacks a point, since it lacks a third tap.
fn is_lacking(point: usize, row_taps: &[usize], column_taps: &[usize]) -> bool {
    (point / 4 == 3 && row_taps.len() == 2) || (point % 4 == 3 && column_taps.len() == 2)
}

/// `convolve(x, g)` by the formulas of the module's documentation, one tile of outputs at a time, in f32.
#[allow(clippy::needless_range_loop, reason = "rows and columns as in the formulas")]
fn by_the_formulas(geometry: &Conv2dGeometry, x: &[f32], weight: &[f32], bias: &[f32], batch: usize) -> Vec<f32> {
    let Conv2dGeometry { height, width, .. } = *geometry;
    let (out_height, out_width) = (geometry.out_height(), geometry.out_width());
    let (channels, rows) = (geometry.group_in_channels(), geometry.group_out_channels());
    let parts = parts_of(geometry);
    let slices: Vec<(&[usize], &[usize])> =
        parts.iter().flat_map(|r| parts.iter().map(move |c| (r.as_slice(), c.as_slice()))).collect();
    let filters = transformed_filters(geometry.kernel, weight, &slices);
    let mut y = vec![f32::NAN; geometry.out_features() * batch];
    let tiles = (0..out_height.div_ceil(2)).flat_map(|row| (0..out_width.div_ceil(2)).map(move |column| (row, column)));
    for ((tile_row, tile_column), out, n) in
        tiles.flat_map(|tile| (0..geometry.out_channels).flat_map(move |out| (0..batch).map(move |n| (tile, out, n))))
    {
        let (mut sums, mut chains, mut terms) = ([0.0f32; POINTS], [0.0f32; POINTS], [0; POINTS]);
        for (index, (row_taps, column_taps)) in slices.iter().enumerate() {
            for channel in 0..channels {
                let u = &filters[out * channels + channel][index];
                let plane = (out / rows * channels + channel) * height * width;
                let at = |row: usize, column: usize| x[(plane + row * width + column) * batch + n];
                let v = patch(geometry, &at, (tile_row, tile_column), (row_taps, column_taps));
                for point in 0..POINTS {
                    if is_lacking(point, row_taps, column_taps) {
                        continue;
                    }
                    if terms[point] > 0 && terms[point] % CHAIN == 0 {
                        sums[point] = if terms[point] == CHAIN { chains[point] } else { chains[point] + sums[point] };
                        chains[point] = 0.0;
                    }
                    chains[point] = u[point].mul_add(v[point], chains[point]);
                    terms[point] += 1;
                }
            }
        }
        for point in 0..POINTS {
            sums[point] = if terms[point] <= CHAIN { chains[point] } else { chains[point] + sums[point] };
        }
        let s: [[f32; 2]; 4] = std::array::from_fn(|c| outputs([sums[c], sums[4 + c], sums[8 + c], sums[12 + c]]));
        for row in 0..2 {
            for (column, value) in outputs([s[0][row], s[1][row], s[2][row], s[3][row]]).into_iter().enumerate() {
                let (row, column) = (2 * tile_row + row, 2 * tile_column + column);
                if row < out_height && column < out_width {
                    y[(out * out_height * out_width + row * out_width + column) * batch + n] = value + bias[out];
                }
            }
        }
    }
    y
}

/// The transformed gradients of the outputs, by output channel, tile and image.
fn transformed_gradients(operands: &Operands, tiles: &[(usize, usize)]) -> Vec<[f32; POINTS]> {
    let Operands { geometry, batch, .. } = *operands;
    let (out_height, out_width) = (geometry.out_height(), geometry.out_width());
    let spread = |a: f32, b: f32| [a, a + b, a - b, 0.0 - b];
    (0..geometry.out_channels)
        .flat_map(|out| tiles.iter().flat_map(move |tile| (0..batch).map(move |n| (out, *tile, n))))
        .map(|(out, (tile_row, tile_column), n)| {
            let dy = |row: usize, column: usize| {
                let (row, column) = (2 * tile_row + row, 2 * tile_column + column);
                let at = || (out * out_height * out_width + row * out_width + column) * batch + n;
                if row < out_height && column < out_width { operands.dy[at()] } else { 0.0 }
            };
            let (left, right) = (spread(dy(0, 0), dy(1, 0)), spread(dy(0, 1), dy(1, 1)));
            let points: [[f32; 4]; 4] = std::array::from_fn(|row| spread(left[row], right[row]));
            std::array::from_fn(|point| points[point / 4][point % 4])
        })
        .collect()
}

/// The gradient of the weights by the formulas: chains over tiles and images for each point of each slice.
#[allow(clippy::needless_range_loop, reason = "rows and columns as in the formulas")]
fn weight_gradient_by_the_formulas(operands: &Operands) -> Vec<f32> {
    let Operands { geometry, batch, .. } = *operands;
    let Conv2dGeometry { height, width, kernel, .. } = geometry;
    let (channels, rows) = (geometry.group_in_channels(), geometry.group_out_channels());
    let parts = parts_of(&geometry);
    let tiles: Vec<(usize, usize)> = (0..geometry.out_height().div_ceil(2))
        .flat_map(|row| (0..geometry.out_width().div_ceil(2)).map(move |column| (row, column)))
        .collect();
    // Tiles and images of a chain, at most: many where there are few sums.
    let lines: usize = parts.iter().flatten().count() + parts.len();
    let most = if lines * lines * channels * rows < 250_000 { 256 } else { 64 };
    let (chain_images, chain_tiles) = (batch.min(most), most / batch.min(most));
    let gathered = |[a, b, c, d]: [f32; 4]| [a + (b + c) * 0.5, (b - c) * 0.5, (b + c) * 0.5 + d];
    let gradients = transformed_gradients(operands, &tiles);
    let mut dw = vec![f32::NAN; operands.weight.len()];
    for (group, channel) in (0..geometry.groups).flat_map(|group| (0..channels).map(move |channel| (group, channel))) {
        for (row_taps, column_taps) in parts.iter().flat_map(|r| parts.iter().map(move |c| (r, c))) {
            let plane = (group * channels + channel) * height * width;
            let mut sums = vec![[0.0f32; POINTS]; rows];
            for first_tile in (0..tiles.len()).step_by(chain_tiles) {
                for first_image in (0..batch).step_by(chain_images) {
                    let mut chains = vec![[0.0f32; POINTS]; rows];
                    for index in first_tile..tiles.len().min(first_tile + chain_tiles) {
                        for n in first_image..batch.min(first_image + chain_images) {
                            let at = |row: usize, column: usize| operands.x[(plane + row * width + column) * batch + n];
                            let v = patch(&geometry, &at, tiles[index], (row_taps, column_taps));
                            for (row, chains) in chains.iter_mut().enumerate() {
                                let gradient = &gradients[((group * rows + row) * tiles.len() + index) * batch + n];
                                for point in 0..POINTS {
                                    chains[point] = v[point].mul_add(gradient[point], chains[point]);
                                }
                            }
                        }
                    }
                    let is_first = (first_tile, first_image) == (0, 0);
                    for (sum, chain) in sums.iter_mut().flatten().zip(chains.iter().flatten()) {
                        *sum = if is_first { *chain } else { chain + *sum };
                    }
                }
            }
            for (row, sums) in sums.iter_mut().enumerate() {
                // A point that the slice lacks adds nothing to its taps.
                for point in (0..POINTS).filter(|&point| is_lacking(point, row_taps, column_taps)) {
                    sums[point] = 0.0;
                }
                let columns: [[f32; 3]; 4] =
                    std::array::from_fn(|c| gathered([sums[c], sums[4 + c], sums[8 + c], sums[12 + c]]));
                for (i, ky) in row_taps.iter().enumerate() {
                    let taps = gathered([columns[0][i], columns[1][i], columns[2][i], columns[3][i]]);
                    for (j, kx) in column_taps.iter().enumerate() {
                        dw[(((group * rows + row) * channels + channel) * kernel + ky) * kernel + kx] = taps[j];
                    }
                }
            }
        }
    }
    dw
}

#[test]
fn it_is_used_where_the_shape_is_large_enough_and_nowhere_else() {
    for (geometry, _) in cases() {
        assert!(Winograd::forward(&geometry).is_some(), "{geometry:?}");
        assert_eq!(Winograd::input_gradient(&geometry).is_some(), geometry.stride == 1, "{geometry:?}");
    }
    let base = padded(64, 64, 13, 13);
    for other in [
        padded(64, 64, 5, 5),
        padded(31, 64, 13, 13),
        padded(64, 31, 13, 13),
        Conv2dGeometry { groups: 4, ..base },
        Conv2dGeometry { stride: 2, ..base },
        Conv2dGeometry { kernel: 1, padding: 0, ..base },
        second(64, 64, 7, 7),
        first(31, 64, 64),
    ] {
        assert!(Winograd::forward(&other).is_none(), "{other:?}");
    }
    // The passes of one layer need not both pay.
    assert!(Winograd::forward(&second(16, 48, 27, 27)).is_some());
    assert!(Winograd::input_gradient(&second(16, 48, 27, 27)).is_none());
    // Padded by more than the kernel reaches: no convolution gives its gradient.
    assert!(Winograd::input_gradient(&Conv2dGeometry { padding: 3, ..base }).is_none());
}

#[test]
fn all_passes_are_the_sums_that_the_contract_names_whatever_the_vectors_and_threads() {
    for (geometry, batch) in cases() {
        let operands = Operands::random(geometry, batch);
        let forward = bits(&by_the_formulas(&geometry, &operands.x, &operands.weight, &operands.bias, batch));
        let gradient = (geometry.stride == 1).then(|| gradient_by_the_formulas(&operands));
        let weights = bits(&weight_gradient_by_the_formulas(&operands));
        let check = |results: &[Vec<u32>; 4], by: &str| {
            assert!(results[2] == weights, "dw of {geometry:?}, batch {batch}, {by}");
            assert!(results[0] == forward, "y of {geometry:?}, batch {batch}, {by}");
            assert!(gradient.iter().all(|gradient| results[1] == *gradient), "dx of {geometry:?}, batch {batch}, {by}");
        };
        for simd in Simd::ALL {
            if let Some(results) = simd.run(|| all_bits(&operands.results())) {
                check(&results, simd.name());
            }
        }
        for results in on_one_to_four_threads(|| all_bits(&operands.results())) {
            check(&results, "threads");
        }
    }
}

/// The gradient of the input is a convolution of dy, with kernels turned by half and channels changing places.
fn gradient_by_the_formulas(operands: &Operands) -> Vec<u32> {
    let geometry = operands.geometry;
    let (channels, rows) = (geometry.group_in_channels(), geometry.group_out_channels());
    let taps = geometry.kernel * geometry.kernel;
    let mut turned = vec![0.0; operands.weight.len()];
    for (out, filters) in operands.weight.chunks_exact(channels * taps).enumerate() {
        for (channel, filter) in filters.chunks_exact(taps).enumerate() {
            let (group, row) = (out / rows, out % rows);
            let to = ((group * channels + channel) * rows + row) * taps;
            turned[to..to + taps].iter_mut().zip(filter.iter().rev()).for_each(|(to, from)| *to = *from);
        }
    }
    let back = Conv2dGeometry {
        in_channels: geometry.out_channels,
        out_channels: geometry.in_channels,
        height: geometry.out_height(),
        width: geometry.out_width(),
        padding: geometry.kernel - 1 - geometry.padding,
        ..geometry
    };
    let no_bias = vec![0.0; geometry.in_channels];
    bits(&by_the_formulas(&back, &operands.dy, &turned, &no_bias, operands.batch))
}

/// Root mean square error, as a fraction of the root mean square.
fn error(actual: &[f32], expected: &[f64]) -> f64 {
    let squares = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>();
    let differences = squares(&mut actual.iter().zip(expected).map(|(actual, expected)| f64::from(*actual) - expected));
    (differences / squares(&mut expected.iter().copied())).sqrt()
}

#[test]
fn it_is_more_exact_than_the_direct_sum() {
    for geometry in [padded(192, 64, 13, 13), second(64, 48, 13, 13), first(64, 64, 64)] {
        let operands = Operands::random(geometry, 2);
        let [x, weight, bias, dy] =
            [&operands.x, &operands.weight, &operands.bias, &operands.dy].map(|tensor| to_f64(tensor));
        let [y, dx, dw, _] = operands.results();
        let exact = reference::forward(&geometry, &x, &weight, &bias, 2);
        let direct = reference::forward(&geometry, &operands.x, &operands.weight, &operands.bias, 2);
        let (ours, its) = (error(&y, &exact), error(&direct, &exact));
        assert!(ours < 3e-7 && ours < 0.9 * its, "y: {ours:e} against {its:e}, {geometry:?}");
        if geometry.stride == 1 {
            let ours = error(&dx, &reference::input_gradient(&geometry, &dy, &weight, 2));
            assert!(ours < 3e-7, "dx: {ours:e}, {geometry:?}");
        }
        let exact = reference::weight_gradient(&geometry, &x, &dy, 2);
        let direct = reference::weight_gradient(&geometry, &operands.x, &operands.dy, 2);
        let (ours, its) = (error(&dw, &exact), error(&direct, &exact));
        assert!(ours < its, "dw: {ours:e} against {its:e}, {geometry:?}");
    }
}

#[test]
fn the_gradient_is_the_forward_passs_adjoint() {
    for geometry in [padded(36, 40, 9, 8), second(36, 40, 14, 13)] {
        let operands = Operands { bias: vec![0.0; 40], ..Operands::random(geometry, 3) };
        let [y, dx, ..] = operands.results();
        let (through_y, through_dx) =
            (dot(&to_f64(&y), &to_f64(&operands.dy)), dot(&to_f64(&operands.x), &to_f64(&dx)));
        assert!((through_y - through_dx).abs() < 1e-5 * through_y.abs().max(1.0), "{through_y} and {through_dx}");
    }
}

#[test]
fn an_images_result_does_not_depend_on_its_batch() {
    for geometry in [padded(34, 32, 7, 7), second(34, 32, 14, 14), first(32, 48, 48)] {
        let operands = Operands::random(geometry, 37);
        let [y, dx, ..] = operands.results();
        for n in [0, 15, 16, 36] {
            let [y_alone, dx_alone, ..] = operands.image(n).results();
            let of = |tensor: &[f32]| tensor.iter().skip(n).step_by(37).copied().collect::<Vec<_>>();
            assert_eq!((bits(&y_alone), bits(&dx_alone)), (bits(&of(&y)), bits(&of(&dx))), "image {n}");
        }
    }
}

#[test]
fn memory_is_allocated_by_the_first_call_only() {
    let operands = Operands::random(padded(32, 48, 8, 8), 20);
    let convolution = Conv2d::new(operands.geometry).unwrap();
    let (mut y, mut workspace) = (vec![0.0; operands.dy.len()], Workspace::new());
    let mut dw = vec![0.0; operands.weight.len()];
    let mut run = |workspace: &mut Workspace| {
        convolution.forward(&operands.x, &operands.weight, &operands.bias, &mut y, 20, Activation::Relu, workspace);
        convolution.weight_gradient(&operands.x, &operands.dy, &mut dw, 20, workspace);
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
    let golden = (1, 2, "00b58824e6982b413b82da0f66b78cf8");
    for simd in Simd::ALL {
        let hash = simd.run(|| {
            let mut hasher = blake3::Hasher::new();
            for (geometry, batch) in cases() {
                let [y, dx, dw, _] = Operands::random(geometry, batch).results();
                y.iter().chain(&dx).chain(&dw).for_each(|value| {
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
