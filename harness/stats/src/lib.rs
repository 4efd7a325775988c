//! Samples to estimates, tests and verdicts, for nt: pure functions.
