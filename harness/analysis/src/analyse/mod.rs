//! From records to verdicts. Runs are joined into cells on their keys. They are paired with scratch and with the
//! untrained source, replicate by replicate and image by image. All cells are decided as one family.

mod arm;
mod audited;
mod cell;
mod chance;
mod checks;
mod chosen;
mod clusters;
mod contrast;
mod decomposition;
mod effects;
mod family;
mod flipped;
mod gates;
mod groups;
mod join;
mod ladder;
mod looks;
mod networks;
mod pair;
mod quadrant;
mod rules;
mod run;
mod rung;
mod scores;
mod search;
#[cfg(test)]
mod tests;
mod without_overlap;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use nt_stats::FamilyError;
use thiserror::Error;

pub use cell::{CellKind, CellResult, RunOutcome};
pub use checks::{CROSS_CHECK_LEVEL, Checks, CrossCheck, FixedTestSet, McNemar};
pub use clusters::clusters_of;
pub use decomposition::{BAND_LEVEL, BAND_REPLICATES, Component, Decomposition, DepthPart, Part};
pub use effects::{ClassEffect, Effects};
pub use flipped::{FlippedImage, FlippedImages};
pub use ladder::RUNG_LEVEL;
pub use looks::{LookTaken, share_of_last_look};
pub use networks::SourceNetworks;
pub use quadrant::{BestOf, Chosen, Quadrant, Tally};
pub use rules::{Rule, RuleArm, SizeWord, Trial, TrialContrast, planned_comparisons as planned_rule_comparisons};
pub use rung::{Rung, RungGap, Survival};
pub use search::Search;
pub use without_overlap::WithoutOverlap;

use crate::study::{CellKey, Study};
use family::Decided;
use groups::Groups;
use join::Joined;
use nt_records::audit::ClusterCounts;
use nt_records::audit::{Audit, AuditError};
use nt_records::number::counted;
use nt_records::predictions::PredictionsError;
use nt_records::record::RunRecord;
use nt_scenario::{SearchOf, Version};

/// Everything that the report says, before it is put into words.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The study.
    pub study: Study,
    /// Every cell of the study in its order, including cells without a run.
    pub cells: Vec<CellResult>,
    groups: Groups,
    /// One quadrant for each target, size and similarity of a trained source.
    pub quadrants: Vec<Quadrant>,
    /// The rule of thumb of every quadrant, on trial.
    pub trials: Vec<Trial>,
    /// The parts of the drop at each depth, if the study has a selffer.
    pub decompositions: Vec<Decomposition>,
    /// Contrasts that were decided together: primary ones and secondary ones.
    pub family_sizes: [usize; 2],
    /// Contrasts of the untrained source and of the twin, which are decided together and apart from the others.
    pub control_family_size: usize,
    /// Facts of each target's test set.
    pub test_sets: BTreeMap<String, TestSet>,
    /// How the learning rate of each arm was searched for; empty if it was not.
    pub searches: BTreeMap<CellKey, Search>,
    /// The networks that layers are copied from, by the source's name.
    pub networks: Vec<SourceNetworks>,
    /// Scratch at every length of the ladder, the usual length first; empty without a ladder.
    pub ladders: BTreeMap<CellKey, Vec<Rung>>,
    /// How far a study with looks has come; `None` if its verdicts are given once, at the end.
    pub look: Option<LookTaken>,
    /// The audit of the data, made before the first job; `None` for a study that ran without one.
    pub audit: Option<Audit>,
    /// Notes that a reader should know.
    pub notes: Vec<String>,
}

/// A target's test set, as its predictions show it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TestSet {
    /// Its images.
    pub num_images: usize,
    /// Its classes.
    pub num_classes: usize,
    /// What guessing without looking at an image scores in the deciding metric.
    pub chance: f64,
    /// The clusters that its images form; `None` where each was drawn for itself.
    pub clusters: Option<ClusterCounts>,
}

/// Why records cannot be analysed.
#[derive(Debug, Error)]
pub enum AnalysisError {
    /// The audit of the data cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Test images form clusters, and nothing says which.
    #[error(
        "the test images of {target} form clusters, and audit.json does not say which; `nt run SCENARIO --out FOLDER` makes it \
            again"
    )]
    Clusters {
        /// The target.
        target: String,
    },
    /// Two runs that should be paired saw different test images.
    #[error(
        "{first} and {second} were tested on different images (the first difference is at example {example_id}), so \
            they cannot be paired; run the study again into an empty folder"
    )]
    Examples {
        /// A run.
        first: String,
        /// A run that differs from it.
        second: String,
        /// The first id that only one of them has.
        example_id: u32,
    },
    /// Two runs of one contrast used different arithmetic.
    #[error(
        "{first} ran with {first_numerics} and {second} with {second_numerics}, but a contrast never mixes two kinds \
            of arithmetic; run the study again, into an empty folder (--out), on one of them"
    )]
    Numerics {
        /// A run.
        first: String,
        /// Its numerics.
        first_numerics: String,
        /// A run that differs from it.
        second: String,
        /// Its numerics.
        second_numerics: String,
    },
    /// Two runs claim to be the same replicate of one cell.
    #[error(
        "jobs {first} and {second} are both replicate {replicate} of {cell}, as where two versions of a scenario ran into one folder; \
         `nt run SCENARIO --out FOLDER` with the version that counts says which is which in manifest.json"
    )]
    Twice {
        /// A job.
        first: String,
        /// Another job.
        second: String,
        /// The replicate.
        replicate: u32,
        /// The cell.
        cell: String,
    },
    /// A file of predictions cannot be used.
    #[error("{name}: {source}")]
    Predictions {
        /// The job.
        name: String,
        /// What is wrong.
        source: PredictionsError,
    },
    /// The differences cannot be formed.
    #[error("{cell}: {source}")]
    Differences {
        /// The cell.
        cell: String,
        /// What is wrong.
        source: nt_stats::DifferencesError,
    },
    /// The family cannot be decided.
    #[error("the verdicts cannot be given: {source}")]
    Family {
        /// What is wrong.
        #[from]
        source: nt_stats::FamilyError,
    },
}

/// Decides every cell of a study from its records and the predictions below `dir`.
///
/// Records of cells that do not belong to the study are left out and noted. A cell with fewer runs than planned is
/// decided on the runs it has, and says so. A cell that cannot be decided says why.
///
/// # Errors
/// [`AnalysisError`] if runs cannot be paired, or their predictions cannot be read.
pub fn analyse<R: Borrow<RunRecord>>(dir: &Path, study: &Study, records: &[R]) -> Result<Analysis, AnalysisError> {
    let records: Vec<&RunRecord> = records.iter().map(Borrow::borrow).collect();
    let records = records.as_slice();
    // What cannot be read is told, and the gates that need it are not checked.
    let (audit, unread) = match Audit::read(dir) {
        Err(error) if error.is_lasting() => (None, Some(format!("{error}. Gates 6 and 7 are not checked."))),
        read => (read?, None),
    };
    let mut joined = Joined::new(dir, study, records, audit.as_ref())?;
    let declared = study;
    let mut looks = looks::looks(declared, records);
    let last = looks.pop().unwrap_or_else(|| looks::Look { number: Some(1), study: declared.clone() });
    let mut before: Option<Decided> = None;
    let mut at = |look: &looks::Look, before: Option<Decided>| -> Result<Decided, AnalysisError> {
        let stand = before.as_ref().map(looks::choices_that_stand).unwrap_or_default();
        let mut decided = family::decide(&look.study, &mut joined, audit.as_ref(), &stand)?;
        if let Some(earlier) = before {
            looks::keep_decided(earlier, &mut decided);
        }
        looks::mark_called(declared, look, &mut decided);
        Ok(decided)
    };
    for look in looks {
        before = Some(at(&look, before)?);
    }
    let study = &last.study;
    let mut decided = at(&last, before)?;
    let look = looks::taken(declared, &last, &decided);
    let ladders = ladder::ladders(study, &joined);
    decided.climb(study, &joined, &ladders)?;
    let Decided { cells, groups, quadrants, trials, family_sizes, num_controls, .. } = decided;
    let mut notes = notes(study, records, &cells);
    notes.extend(look.as_ref().map(Analysis::looks_in_words));
    notes.extend(unread);
    let decompositions =
        decomposition::decompositions(study, (&cells, &groups), &mut notes).map_err(FamilyError::from)?;
    Ok(Analysis {
        study: study.clone(),
        cells,
        groups,
        quadrants,
        trials,
        decompositions,
        family_sizes,
        control_family_size: num_controls,
        test_sets: joined.test_sets,
        searches: search::searches(declared, records),
        networks: networks::source_networks(study, records),
        ladders,
        look,
        audit,
        notes,
    })
}

impl Analysis {
    /// The cell of that key.
    pub fn cell(&self, key: &CellKey) -> Option<&CellResult> {
        self.cells_of(&key.target, &key.size).iter().find(|cell| cell.key == *key)
    }

    /// The cells of a target and size, scratch first.
    pub fn cells_of(&self, target: &str, size: &str) -> &[CellResult] {
        self.cells.get(self.places_of(target, size)).unwrap_or_default()
    }

    /// Their places among [`Self::cells`].
    pub fn places_of(&self, target: &str, size: &str) -> Range<usize> {
        self.groups.places(target, size)
    }

    /// The gap to scratch of every replicate that has both, with its number; hundredths of the metric's unit, below
    /// zero is harm.
    pub fn gaps_pp(&self, cell: &CellResult) -> Vec<(u32, f64)> {
        let Some(scratch) = self.cell(&cell.key.scratch()) else { return Vec::new() };
        let paired = |(&replicate, value): (&u32, &f64)| {
            Some((replicate, 100.0 * self.study.metric.oriented(value - scratch.values.get(&replicate)?)))
        };
        cell.values.iter().filter_map(paired).collect()
    }

    /// Number of contrasts that were decided together.
    pub fn family_size(&self) -> usize {
        self.family_sizes.iter().sum()
    }

    /// Number of runs that ended well, and of runs planned, over all cells.
    pub fn completeness(&self) -> (usize, usize) {
        let planned = self.study.replicates as usize * self.cells.len();
        (self.cells.iter().map(CellResult::num_done).sum(), planned)
    }
}

fn notes(study: &Study, records: &[&RunRecord], cells: &[CellResult]) -> Vec<String> {
    let mut notes = Vec::new();
    if study.meaning() == Version::One {
        let (search, luck) = match study.search_of {
            Some(SearchOf::Once) => (
                "one search for all replicates, ",
                " The luck of that search is in no interval: of tuned studies in which nothing differs, .17 then gave a false alarm \
                 where .05 is promised.",
            ),
            Some(SearchOf::EachReplicate) | None => ("", ""),
        };
        notes.push(format!(
            "This study means what version 1 of a scenario means: {search}one run of scratch in each replicate, and a choice in \
             each.{luck} Version 2 does better; a study of it needs a folder of its own."
        ));
    }
    let known: BTreeSet<&CellKey> = cells.iter().map(|cell| &cell.key).collect();
    let foreign = records.iter().filter_map(|record| join::key_of(record)).filter(|key| !known.contains(key)).count();
    if foreign > 0 {
        notes.push(format!(
            "{foreign} runs belong to no cell of this scenario and are left out. An earlier version of \
            the scenario may have run them."
        ));
    }
    let missing = cells.iter().filter(|cell| cell.num_done() < study.replicates as usize).count();
    if missing > 0 {
        notes.push(format!(
            "{missing} of {} {} fewer than the {} runs planned. Each cell says how many it has.",
            counted(cells.len(), "cell"),
            if missing == 1 { "has" } else { "have" },
            study.replicates
        ));
    }
    if study.replicates < 6 {
        let are = if study.replicates == 1 {
            "1 replicate is".to_owned()
        } else {
            format!("{} replicates are", study.replicates)
        };
        notes.push(format!("{are} a pilot. Six are the minimum, and eight to twelve are confirmatory."));
    }
    notes
}
