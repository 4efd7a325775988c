use super::*;
use crate::fixture::{bits, normal};
use crate::philox::{Cursor, Stream};

/// A random tile over random memory: odd sizes, overlapping taps, denormals and huge numbers among the elements.
struct Case {
    a: Vec<f32>,
    b: Vec<f32>,
    bias: Vec<f32>,
    held: Vec<f32>,
    taps: Vec<Tap>,
    outer: Steps,
    inner: Steps,
    rows: usize,
    columns: usize,
    start: usize,
    activation: Activation,
}

const A_ROW: usize = 5;
const UNIT: usize = 3;
const B_AT: usize = 400;

impl Case {
    fn random(cursor: &mut Cursor, max_rows: usize) -> Self {
        let mut up_to = |most: usize| 1 + cursor.below(most as u32) as usize;
        let (rows, columns) = (up_to(max_rows), up_to(70));
        let mut steps = |most: usize| Steps { count: up_to(most + 1) - 1, a: up_to(6) - 1, b: up_to(40) as isize - 20 };
        let (outer, inner) = (steps(4), steps(5));
        let taps = (0..up_to(9) - 1).map(|_| Tap { a: up_to(20) as u32, b: up_to(50) as u32 }).collect();
        let activation = if up_to(2) == 1 { Activation::None } else { Activation::Relu };
        let (start, seed) = (up_to(3), up_to(1 << 30));
        let numbers = |name: &str, length: usize| {
            let mut numbers = normal(&format!("{name}{seed}"), length);
            numbers.iter_mut().step_by(17).for_each(|number| *number *= 1e-42);
            numbers.iter_mut().step_by(29).for_each(|number| *number *= 1e19);
            numbers
        };
        let held = numbers("c", rows * (columns + 2));
        let (a, b, bias) = (numbers("a", 200), numbers("b", 700), numbers("bias", rows));
        Self { a, b, bias, held, taps, outer, inner, rows, columns, start, activation }
    }

    fn tile(&self) -> Tile<'_> {
        Tile {
            a: &self.a,
            a_row: A_ROW,
            b: &self.b,
            b_at: B_AT,
            c_row: self.columns + 2,
            rows: self.rows,
            columns: self.columns,
            walk: Walk {
                outer: self.outer,
                taps: &self.taps,
                tap_a: UNIT,
                tap_b: -(UNIT as isize),
                inner: self.inner,
                ahead: 0,
            },
            start: match self.start {
                1 => Start::Zero,
                2 => Start::Bias(&self.bias),
                _ => Start::Held,
            },
            activation: self.activation,
        }
    }

    /// One chain an element, as the contract says; what lies between the rows stays.
    fn expected(&self) -> Vec<f32> {
        let mut c = self.held.clone();
        for m in 0..self.rows {
            for j in 0..self.columns {
                let element = &mut c[m * (self.columns + 2) + j];
                let mut sum = match self.start {
                    1 => 0.0,
                    2 => self.bias[m],
                    _ => *element,
                };
                for outer in 0..self.outer.count {
                    for tap in &self.taps {
                        for inner in 0..self.inner.count {
                            let a = outer * self.outer.a + tap.a as usize * UNIT + inner * self.inner.a;
                            let steps = outer as isize * self.outer.b + inner as isize * self.inner.b;
                            let b = B_AT.strict_add_signed(steps) - tap.b as usize * UNIT;
                            sum = self.a[a + m * A_ROW].mul_add(self.b[b + j], sum);
                        }
                    }
                }
                *element = if self.activation == Activation::Relu && sum < 0.0 { 0.0 } else { sum };
            }
        }
        c
    }
}

#[test]
fn every_kernel_computes_the_same_chains_and_touches_nothing_else() {
    let mut cursor = Stream::named(0, "test", "tiles", 0).cursor();
    for simd in Simd::ALL.into_iter().filter(|simd| simd.is_available()) {
        for index in 0..1500 {
            let case = Case::random(&mut cursor, simd.max_rows());
            let mut c = case.held.clone();
            // SAFETY: `c` is this test's own, and tests check the bounds.
            unsafe { case.tile().run(simd, &Output::new(&mut c), 0) };
            assert_eq!(bits(&c), bits(&case.expected()), "case {index}, {}", simd.name());
        }
    }
}

#[test]
fn a_cpu_without_fused_multiply_add_computes_the_same_chains() {
    let mut cursor = Stream::named(1, "test", "tiles", 0).cursor();
    for index in 0..500 {
        let case = Case::random(&mut cursor, kernels::SCALAR_ROWS);
        let (tile, mut c) = (case.tile(), case.held.clone());
        for column in (0..case.columns).step_by(8) {
            let (kernel, columns) = kernels::without_fma(case.rows, case.columns - column);
            let (b, c) = (&raw const case.b[B_AT + column], &raw mut c[column]);
            // SAFETY: portable code, on a tile whose offsets lie in the case's memory.
            unsafe { kernel(&kernels::Call { tile: &tile, b, c, columns }) };
        }
        assert_eq!(bits(&c), bits(&case.expected()), "case {index}");
    }
}

#[test]
fn a_chain_may_be_cut_anywhere() {
    let (a, b, bias) = (normal("a", 14 * 100), normal("b", 100 * 40), normal("bias", 14));
    let tile = |from: usize, count: usize| Tile {
        a: &a[from * 14..],
        a_row: 1,
        b: &b,
        b_at: from * 40,
        c_row: 40,
        rows: 4,
        columns: 40,
        walk: Walk {
            outer: Steps::ONCE,
            taps: Tap::ORIGIN,
            tap_a: 0,
            tap_b: 0,
            inner: Steps { count, a: 14, b: 40 },
            ahead: 0,
        },
        start: if from == 0 { Start::Bias(&bias) } else { Start::Held },
        activation: Activation::None,
    };
    let product = |blocks: &[usize]| {
        let (mut c, mut from) = (vec![f32::NAN; 4 * 40], 0);
        for &count in blocks {
            // SAFETY: `c` is this test's own, and tests check the bounds.
            unsafe { tile(from, count).run(Simd::current(), &Output::new(&mut c), 0) };
            from += count;
        }
        bits(&c)
    };
    assert_eq!(product(&[100]), product(&[1, 7, 64, 28]));
}

/// Four columns of 0, over three steps through B from `b_at`; A and B have eight elements.
fn three_steps(b_at: usize, b_step: isize) {
    let (a, b) = ([0.0; 8], [0.0; 8]);
    let inner = Steps { count: 3, a: 1, b: b_step };
    let tile = Tile {
        a: &a,
        a_row: 1,
        b: &b,
        b_at,
        c_row: 4,
        rows: 1,
        columns: 4,
        walk: Walk { outer: Steps::ONCE, taps: Tap::ORIGIN, tap_a: 0, tap_b: 0, inner, ahead: 0 },
        start: Start::Zero,
        activation: Activation::None,
    };
    // SAFETY: what reaches outside is refused before anything is read.
    unsafe { tile.run(Simd::Scalar, &Output::new(&mut [0.0; 4]), 0) };
}

#[test]
fn a_tile_may_reach_the_first_and_last_element() {
    three_steps(0, 2);
    three_steps(4, -2);
}

#[test]
#[should_panic(expected = "B ends before the walk does")]
fn a_tile_that_reaches_past_the_end_is_noticed() {
    three_steps(0, 4);
}

#[test]
#[should_panic(expected = "the walk leaves B at its beginning")]
fn a_tile_that_reaches_before_the_beginning_is_noticed() {
    three_steps(4, -4);
}

#[test]
fn transposition_is_exact_for_every_size() {
    let mut cursor = Stream::named(2, "test", "tiles", 0).cursor();
    for simd in Simd::ALL.into_iter().filter(|simd| simd.is_available()) {
        for _ in 0..200 {
            let (rows, columns) = (1 + cursor.below(70) as usize, 1 + cursor.below(70) as usize);
            let from = normal("from", rows * columns);
            let mut to = vec![f32::NAN; from.len()];
            transpose(simd, &from, rows, columns, &mut to);
            assert!((0..from.len()).all(|at| to[at % columns * rows + at / columns] == from[at]));
            pack_panels(simd, &from, rows, columns, &mut to);
            for (at, value) in from.iter().enumerate() {
                let (row, k) = (at / columns, at % columns);
                let (first, width) = (row / PANEL * PANEL, PANEL.min(rows - row / PANEL * PANEL));
                assert_eq!(to[first * columns + k * width + row - first], *value);
            }
        }
    }
}

#[test]
fn a_row_is_sixteen_sums_added_in_order() {
    let from = normal("from", 3 * 37);
    let mut sums = [f32::NAN; 3];
    sum_rows(&from, &mut sums);
    for (row, sum) in from.chunks(37).zip(sums) {
        let mut lanes = [0.0f32; 16];
        for (at, value) in row.iter().enumerate() {
            lanes[at % 16] += value;
        }
        assert_eq!(sum.to_bits(), lanes.iter().fold(0.0, |sum: f32, lane| sum + lane).to_bits());
    }
}

#[test]
fn rows_are_cut_into_few_parts_of_nearly_equal_size() {
    let parts = |rows: usize, max| -> Vec<_> { (0..rows.div_ceil(max)).map(|index| part(rows, max, index)).collect() };
    assert_eq!(parts(8, 14), [(0, 8)]);
    assert_eq!(parts(32, 14), [(0, 10), (10, 11), (21, 11)]);
    for (rows, max) in [(1, 1), (7, 6), (96, 14), (385, 14)] {
        let parts = parts(rows, max);
        assert!(parts.iter().all(|&(_, length)| length > 0 && length <= max));
        assert_eq!(parts.iter().map(|&(_, length)| length).sum::<usize>(), rows);
    }
}

#[test]
fn every_item_is_worked_on_once_whatever_the_threads() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    crate::fixture::on_one_to_four_threads(|| {
        for items in [0, 1, 2, 3, 17, 100] {
            let visits: Vec<_> = (0..items).map(|_| AtomicUsize::new(0)).collect();
            split(items, usize::MAX, |range| {
                for item in range {
                    visits[item].fetch_add(1, Ordering::Relaxed);
                }
            });
            assert!(visits.iter().all(|visits| visits.load(Ordering::Relaxed) == 1));
        }
    });
}

#[test]
fn instructions_can_be_chosen_and_the_choice_ends_with_the_call() {
    let before = Simd::current();
    for simd in Simd::ALL {
        assert_eq!(simd.run(Simd::current), simd.is_available().then_some(simd));
    }
    assert_eq!(Simd::current(), before);
    assert!(Simd::best().is_available());
}
