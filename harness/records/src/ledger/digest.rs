//! One hash for what a study found.

use nt_scenario::JobId;

use crate::record::RunRecord;

/// The hash over all records' meaning and values, in plan order: equal for two runs of one study exactly if every job
/// came out the same, whatever order they ran in, and on how many threads. BLAKE3, hex.
///
/// A job without a record counts as absent, so a half-run study has a digest of its own.
pub fn result_digest<'a>(
    plan_order: impl IntoIterator<Item = JobId>,
    record_of: impl Fn(JobId) -> Option<&'a RunRecord>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    for job in plan_order {
        hasher.update(job.to_string().as_bytes());
        match record_of(job) {
            None => hasher.update(&[0]),
            Some(record) => hasher.update(&[1]).update(blake3::hash(&record.meaning_bytes()).as_bytes()),
        };
    }
    hasher.finalize().to_hex().to_string()
}
