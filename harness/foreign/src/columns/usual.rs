//! Usual names of columns.

/// Usual names of the columns that together name an arm, if there is no column `arm`.
pub(super) const ARM_PARTS: [&str; 4] = ["source", "treatment", "copied", "frozen"];

/// Usual names of a lone column that names an arm, if there is none of those.
pub(super) const ARM_OTHERWISE: [&str; 5] = ["method", "algorithm", "variant", "condition", "init"];

/// Usual names of columns that together name a cell.
pub(super) const CELL_PARTS: [&str; 5] = ["target", "dataset", "task", "test_env", "size"];

/// Usual names of the column of the replicate.
pub(super) const REPLICATE: [&str; 6] = ["replicate", "seed", "trial_seed", "trial", "fold", "run"];

/// Usual names of the column of per-run values.
pub(super) const VALUE: [&str; 5] = ["value", "metric_value", "top1", "accuracy", "acc"];

/// Usual names of the column of the test example.
pub(super) const EXAMPLE: [&str; 3] = ["example", "example_id", "doc_id"];

/// Usual names of the column that says whether an example was right.
pub(super) const CORRECT: [&str; 2] = ["correct", "is_correct"];

/// Columns that say which metric a row's value is of.
pub(super) const METRIC_COLUMN: [&str; 2] = ["metric", "metric_name"];

/// Metrics that say of an example whether it was right.
pub(super) const HITS: [&str; 3] = ["exact_match", "em", "acc_norm"];
