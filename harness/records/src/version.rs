//! Versions of files. Every kind of file has a version of its own, which is raised when its contents change. So a new
//! column in one kind of file changes no other.
//!
//! A reader accepts every version up to its own, and refuses files that a later program wrote. Versions of records,
//! curves and predictions enter the digest of a study. Those of all other files do not.

/// The version of `runs.csv` and `runs.parquet`, which the report writes and `nt analyze` reads; 2 has the columns `method`
/// and `l2`, 3 has `run`.
pub const RUNS_VERSION: u32 = 3;

/// Whether a reader of version `current` reads a file of version `found`.
pub fn is_readable(found: u64, current: u32) -> bool {
    (1..=u64::from(current)).contains(&found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_files_are_read_and_later_ones_are_not() {
        assert!(is_readable(1, 1) && is_readable(1, 3) && is_readable(3, 3));
        assert!(!is_readable(0, 3) && !is_readable(4, 3));
    }
}
