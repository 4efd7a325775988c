//! How runs share the numbers of random streams: below them the replicate, above it the run, on top the mark of searches.

/// Sets the streams of searches apart from those of judged runs.
pub(crate) const APART: u32 = 1 << 31;

/// Where the number of a run stands in a stream's number, above that of the replicate.
pub(crate) const RUN_SHIFT: u32 = 24;

/// Most replicates of a study: their numbers stay below that of a run.
pub(crate) const MOST_REPLICATES: u64 = 10_000;

/// Most runs of scratch in a replicate: their numbers stay below the mark of searches.
pub(crate) const MOST_REFERENCE_RUNS: u64 = 64;
