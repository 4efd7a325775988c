//! Work split over threads: over output elements only, so that the split never changes a bit.

use std::ops::Range;

use rayon::prelude::*;

/// Least multiply-accumulates of a task, about 20 µs. Waking a thread for less costs more than it saves.
const MIN_MULTIPLY_ACCUMULATES: usize = 1 << 20;

/// Tasks per thread, so that a thread that was held up can be helped out.
const TASKS_PER_THREAD: usize = 4;

/// The number of this thread in rayon's current pool, by which it finds its share of a scratch buffer. A task of
/// [`split`] never waits for another, so a thread runs one task at a time.
pub(crate) fn this_thread() -> usize {
    rayon::current_thread_index().unwrap_or(0).min(rayon::current_num_threads() - 1)
}

/// `work(range of items)` over all of `items`, on the threads of rayon's current pool; in place if that has one thread
/// or there is too little to do.
pub(crate) fn split(items: usize, multiply_accumulates: usize, work: impl Fn(Range<usize>) + Sync) {
    let threads = rayon::current_num_threads();
    let worthwhile = multiply_accumulates / MIN_MULTIPLY_ACCUMULATES;
    let tasks = if threads == 1 { 1 } else { items.min(threads * TASKS_PER_THREAD).min(worthwhile) };
    if tasks <= 1 {
        work(0..items);
    } else {
        (0..tasks).into_par_iter().for_each(|task| work(task * items / tasks..(task + 1) * items / tasks));
    }
}
