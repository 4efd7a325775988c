//! nt, the negative-transfer benchmark.
