//! When to split work over threads. Splits are over outputs only, so they never change a bit.

use rayon::prelude::*;

/// Least elements of a task. Handing a smaller one to a thread costs more than it saves.
const MIN_ELEMENTS: usize = 1 << 14;

/// How many of `units` (each `elements_per_unit` large) one task of rayon's current pool takes.
pub(crate) fn units_per_task(units: usize, elements_per_unit: usize) -> usize {
    let threads = rayon::current_num_threads();
    if threads == 1 {
        return units.max(1);
    }
    let tasks = (units * elements_per_unit / MIN_ELEMENTS).clamp(1, threads);
    units.div_ceil(tasks).max(1)
}

/// `work(output chunk)` over the whole of `output`.
pub(crate) fn for_chunks(output: &mut [f32], work: impl Fn(&mut [f32]) + Send + Sync) {
    let chunk = units_per_task(output.len(), 1);
    if chunk >= output.len() {
        work(output);
    } else {
        output.par_chunks_mut(chunk).for_each(work);
    }
}

/// `work(output chunk, input chunk)` over two slices of one length.
pub(crate) fn for_chunk_pairs(output: &mut [f32], input: &[f32], work: impl Fn(&mut [f32], &[f32]) + Send + Sync) {
    let chunk = units_per_task(output.len(), 1);
    if chunk >= output.len() {
        work(output, input);
    } else {
        output.par_chunks_mut(chunk).zip(input.par_chunks(chunk)).for_each(|(output, input)| work(output, input));
    }
}

/// `work(first unit, output chunk)` over `output`, which is made of units of `unit` elements.
pub(crate) fn for_units(output: &mut [f32], unit: usize, work: impl Fn(usize, &mut [f32]) + Send + Sync) {
    if output.is_empty() {
        return;
    }
    let units = output.len() / unit;
    let per_task = units_per_task(units, unit);
    if per_task >= units {
        work(0, output);
    } else {
        output.par_chunks_mut(per_task * unit).enumerate().for_each(|(task, output)| work(task * per_task, output));
    }
}
