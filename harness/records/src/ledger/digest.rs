//! One hash over all that a study found.

use nt_scenario::JobId;

use crate::record::RunRecord;

/// The hash over all records' meaning and values, in plan order. Two runs of one study have the same digest if and only
/// if every job gave the same result, in whatever order and on however many threads they ran. BLAKE3, hex.
///
/// A job without a record counts as absent, so an unfinished study has a digest of its own.
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
