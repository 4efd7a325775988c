//! How a run ended, by the words of the tools that ran it.

use crate::words::words_of;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// To its end.
    Done,
    /// Its loss was no longer finite: it has no value, and that is an outcome.
    Diverged,
    /// Before its end, or not yet. What it logged last is no result.
    Early,
}

/// Words for runs that came to their end. An empty field says nothing against it.
const DONE: [&str; 18] = [
    "",
    "done",
    "ok",
    "finished",
    "finish",
    "completed",
    "complete",
    "success",
    "successful",
    "succeeded",
    "passed",
    "converged",
    "early_stopped",
    "early-stopped",
    "early stopping",
    "early stopped",
    "stopped early",
    "earlystopped",
];

const DIVERGED: [&str; 3] = ["diverged", "diverge", "nan"];

/// Words for runs that did not, of Weights & Biases, MLflow, SLURM, Ray and their kin.
const EARLY: [&str; 30] = [
    "crashed",
    "crash",
    "failed",
    "failure",
    "fail",
    "error",
    "errored",
    "killed",
    "aborted",
    "cancelled",
    "canceled",
    "terminated",
    "interrupted",
    "stopped",
    "preempted",
    "preempting",
    "timeout",
    "out_of_memory",
    "running",
    "pending",
    "scheduled",
    "queued",
    "unfinished",
    "pruned",
    "node_fail",
    "boot_fail",
    "deadline",
    "oom",
    "waiting",
    "paused",
];

/// How a run ended that has this word in its status column, whatever the capitals; `None` for a word of no tool.
pub(crate) fn ended(word: &str) -> Option<Ended> {
    // SLURM adds who did it: CANCELLED by 1000. Enumerations come with their type: TrialState.COMPLETE.
    let word = word.split(" by ").next().unwrap_or(word);
    let word = word.rsplit('.').next().unwrap_or(word);
    let is = |words: &[&str]| words.iter().any(|known| word.eq_ignore_ascii_case(known));
    if is(&DONE) {
        Some(Ended::Done)
    } else if is(&DIVERGED) {
        Some(Ended::Diverged)
    } else if is(&EARLY) {
        Some(Ended::Early)
    } else {
        None
    }
}

/// Names of the column that says how a run ended, whatever their capitals.
const STATUS: [&str; 3] = ["status", "state", "run_status"];

/// Whether a column of this name says how runs ended.
pub(crate) fn is_status(name: &str) -> bool {
    STATUS.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Ray's word for a run that came to its end, which is another's for one that was stopped.
pub(crate) const RAYS_DONE: &str = "terminated";

/// Whether a longer name may be that of such a column: `info.status`, `State.name`, `trial_status`.
pub(crate) fn may_be_status(name: &str) -> bool {
    let mut words = words_of(name);
    if words.len() > 1 && words.last().is_some_and(|last| last == "name") {
        words.pop();
    }
    words.last().is_some_and(|last| matches!(last.as_str(), "status" | "state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_tools_are_known_whatever_their_capitals() {
        let cases = [
            ("FINISHED", Some(Ended::Done)),
            ("Crashed", Some(Ended::Early)),
            ("diverged", Some(Ended::Diverged)),
            ("maybe", None),
            ("CANCELLED by 1000", Some(Ended::Early)),
            ("TrialState.COMPLETE", Some(Ended::Done)),
            ("TrialState.PRUNED", Some(Ended::Early)),
        ];
        for (word, expected) in cases {
            assert_eq!(ended(word), expected, "{word}");
        }
    }
}
