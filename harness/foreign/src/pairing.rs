//! Pairs arms to contrasts: every run needs a partner, and every pair the same test examples.

use std::collections::BTreeMap;
use std::sync::Arc;

use nt_records::audit::ClusterCounts;
use nt_stats::verdict::{Collapse, Contrast, Counterfactuals, Family, Reference};
use nt_stats::{Clusters, Differences, DifferencesError, PairedGap};

use crate::TableMethod;
use crate::columns::{Roles, Score, Splits};
use crate::fault::{Fault, TableFault};
use crate::join::{Cell, Hit, Joined, Names, RunKey, TableArm, TableRun, cell_words};
use crate::key::{Key, name};
use crate::reading::Table;
use crate::unit::TableUnit;

/// The most runs without a partner that are named.
const MOST_NAMED: usize = 8;

/// A contrast, and the row that its names come from.
pub(crate) struct Paired {
    pub(crate) cell: Vec<Key>,
    pub(crate) arm: Vec<Key>,
    /// A row of the arm.
    pub(crate) row: usize,
    /// Whether the arm's own source is untrained, or the twin.
    pub(crate) is_control: bool,
    /// Whether the same arm of an untrained source stands beside it.
    pub(crate) has_untrained: bool,
    pub(crate) contrast: Contrast,
    pub(crate) num_examples: usize,
    /// The clusters that its examples were drawn in, if they were.
    pub(crate) clusters: Option<ClusterCounts>,
}

/// The contrasts of a table, and what of it cannot be judged.
pub(crate) struct Pairs {
    pub(crate) judged: Vec<Paired>,
    /// Runs without a partner, and arms and cells that cannot be judged, in words.
    pub(crate) left_out: Vec<String>,
    /// Arms and cells among them.
    pub(crate) num_unjudged: usize,
}

/// Pairs every arm of every cell with the reference. What can be judged is, and the rest is listed; if nothing can be, that is a fault.
pub(crate) fn pair(
    table: &Table,
    roles: &Roles,
    joined: &Joined,
    method: TableMethod,
    faults: &mut Vec<TableFault>,
) -> Pairs {
    let mut pairs = Pairs { judged: Vec::new(), left_out: Vec::new(), num_unjudged: 0 };
    let mut refused: Vec<TableFault> = Vec::new();
    // Runs of one arm in a cell, and the arms that lack them.
    let mut alone: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (key, cell) in &joined.cells {
        let reference = match reference_of(table, roles, key, cell) {
            Ok(reference) => reference,
            // What it lacks may be among the rows that could not be read.
            Err(_) if joined.has_unread || !cell.spoiled.is_empty() => continue,
            Err(fault) => {
                let line = cell.arms.values().map(|arm| table.line(arm.first_row)).min().unwrap_or(1);
                let is_of_all = matches!(fault, Fault::TwoReferences { .. });
                if is_of_all { &mut *faults } else { &mut refused }.push(TableFault::at(line, fault));
                continue;
            }
        };
        let pairing = Pairing {
            table,
            roles,
            method,
            names: &joined.names,
            has_unread: joined.has_unread,
            key,
            cell,
            reference,
            largest_gap_pp: largest_gap_pp(cell.arms.get(reference), joined.scale.unit),
            diverged_of_reference: cell.arms.get(reference).map_or([0, 0], diverged),
        };
        pairing.check(faults);
        if !faults.is_empty() {
            continue;
        }
        for (arm, runs) in cell.arms.iter().filter(|(arm, _)| *arm != reference) {
            match pairing.contrast(arm, runs) {
                Ok(paired) => {
                    pairs.judged.push(paired);
                    for (runs, lacking) in pairing.without_partner(arm, runs) {
                        alone.entry((runs, cell_words(key))).or_default().push(lacking);
                    }
                }
                Err(fault) => refused.push(TableFault::at(table.line(runs.first_row), fault)),
            }
        }
    }
    for ((runs, cell), lacking) in alone {
        let shown = lacking.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
        let lacking = match lacking.len() {
            1 => format!("{shown} lacks"),
            count if count > MOST_NAMED => format!("{shown} and {} more lack", count - MOST_NAMED),
            _ => format!("{shown} lack"),
        };
        pairs.left_out.push(format!("left out: {runs}, which {lacking} in {cell}"));
    }
    match pairs.judged.is_empty() {
        true => faults.extend(refused),
        false => {
            pairs.num_unjudged = refused.len();
            pairs.left_out.extend(refused.iter().map(|fault| format!("not judged: {}", fault.fault)));
        }
    }
    pairs
}

/// The arm of a cell that the reference's conditions pick.
fn reference_of<'a>(table: &Table, roles: &Roles, key: &[Key], cell: &'a Cell) -> Result<&'a Vec<Key>, Fault> {
    let holds = |arm: &[Key]| {
        roles.reference.iter().all(|(column, value)| {
            let wanted = Key::new(value);
            let mut parts = roles.arm.iter().zip(arm);
            parts.any(|(at, part)| *part == wanted && column.is_none_or(|column| column == *at))
        })
    };
    let mut candidates = cell.arms.keys().filter(|arm| holds(arm));
    let first = candidates.next();
    let cell_name = cell_words(key);
    Err(match (first, candidates.next()) {
        (None, _) => Fault::NoReference {
            cell: cell_name,
            reference: roles.reference_words(table.header()),
            arms: cell.arms.keys().map(|arm| name(arm)).collect::<Vec<_>>().join(", "),
        },
        (Some(first), Some(second)) => {
            Fault::TwoReferences { cell: cell_name, first: name(first), second: name(second) }
        }
        _ if cell.arms.len() == 1 => Fault::Alone { cell: cell_name },
        (Some(first), None) => return Ok(first),
    })
}

struct Pairing<'a> {
    table: &'a Table,
    roles: &'a Roles,
    method: TableMethod,
    names: &'a Names,
    /// Whether a partner may be among rows that could not be read.
    has_unread: bool,
    key: &'a [Key],
    cell: &'a Cell,
    reference: &'a Vec<Key>,
    /// The largest gap that is possible beside it.
    largest_gap_pp: f64,
    /// How many of its runs diverged, and how many it has.
    diverged_of_reference: [u64; 2],
}

impl Pairing<'_> {
    /// Reports runs that were tested on other examples than what they are compared with.
    fn check(&self, faults: &mut Vec<TableFault>) {
        let Some(reference) = self.cell.arms.get(self.reference) else { return };
        let all = self.cell.arms.iter().flat_map(|(arm, runs)| runs.runs.iter().map(move |(key, run)| (arm, key, run)));
        let Some(first) = reference.runs.iter().find(|(_, run)| !run.diverged) else { return };
        for (arm, key, run) in all.filter(|(.., run)| !run.diverged) {
            // Each split has a test set of its own.
            let base = match self.roles.splits {
                None => Some(first),
                Some(_) => reference.runs.get(key).filter(|run| !run.diverged).map(|run| (key, run)),
            };
            let Some((base_key, base)) = base else { continue };
            if self.has_unread || self.cell.spoiled.contains(&key) || self.cell.spoiled.contains(&base_key) {
                continue;
            }
            if let Some(example) = first_difference(&base.hits, &run.hits) {
                let fault = Fault::Examples {
                    run: format!("{} of {}", self.names.run(key), name(arm)),
                    reference: format!("{} of {}", self.names.run(base_key), name(self.reference)),
                    example: self.names.examples[example as usize].to_string(),
                };
                faults.push(TableFault::at(run.line as usize, fault));
            }
        }
    }

    /// The runs of an arm and of the reference that the other lacks, in words, each with the other's name.
    fn without_partner(&self, arm: &[Key], runs: &TableArm) -> Vec<(String, String)> {
        let Some(reference) = self.cell.arms.get(self.reference) else { return Vec::new() };
        let alone = |(whose, runs): (&[Key], &TableArm), (lacks, others): (&[Key], &TableArm)| {
            let (fewer, more) = if runs.runs.len() < others.runs.len() { (runs, others) } else { (others, runs) };
            let num_paired = fewer.runs.keys().filter(|key| more.runs.get(*key).is_some()).count();
            let count = runs.runs.len() - num_paired;
            let alone = runs.runs.keys().filter(|key| others.runs.get(*key).is_none());
            let alone: Vec<RunKey> = alone.take(MOST_NAMED.min(count)).collect();
            let first = alone.first()?;
            let shown: Vec<String> =
                alone.iter().map(|key| self.names.replicates[key.replicate as usize].to_string()).collect();
            let runs = match count {
                1 => self.names.run(*first),
                count if count > MOST_NAMED => {
                    format!("replicates {} and {} more", shown.join(", "), count - MOST_NAMED)
                }
                _ => format!("replicates {}", shown.join(", ")),
            };
            Some((format!("{runs} of {}", name(whose)), name(lacks)))
        };
        let (ours, theirs) = ((arm, runs), (self.reference.as_slice(), reference));
        [alone(ours, theirs), alone(theirs, ours)].into_iter().flatten().collect()
    }

    /// That an arm and the reference have no replicate in common.
    fn unpaired(&self, arm: &[Key], runs: &TableArm, reference: &TableArm) -> Option<Fault> {
        if runs.runs.keys().any(|key| reference.runs.get(key).is_some()) {
            return None;
        }
        let first = |arm: &TableArm| arm.runs.keys().next().map(|key| self.names.run(key));
        Some(Fault::Unpaired {
            arm: name(arm),
            reference: name(self.reference),
            cell: cell_words(self.key),
            runs: format!("{} and {}", first(runs)?, first(reference)?),
        })
    }

    fn contrast(&self, arm: &[Key], runs: &TableArm) -> Result<Paired, Fault> {
        let is_control = self.is_untrained(arm) || is(arm, self.roles.twin.as_ref());
        let frozen = self.frozen(runs);
        let refused = |error: DifferencesError| Fault::Statistics { message: error.to_string() };
        let reference = self.cell.arms.get(self.reference);
        if let Some(fault) = reference.and_then(|reference| self.unpaired(arm, runs, reference)) {
            return Err(fault);
        }
        let gap = reference.and_then(|reference| self.differences(runs, reference));
        let gap = gap.ok_or_else(|| Fault::NothingTrained { arm: name(arm) })?.map_err(refused)?;
        let counterfactuals = match is_control || frozen == Some(0) {
            true => Counterfactuals::default(),
            false => self.counterfactuals(arm, runs, reference).map_err(refused)?,
        };
        let num_examples = runs.runs.values().map(|run| run.hits.len()).max().unwrap_or(0).max(1);
        let clusters = gap.clusters().map(ClusterCounts::from);
        let contrast = Contrast {
            name: format!("{} of {}", name(arm), cell_words(self.key)),
            reference: self.reference(is_control),
            family: Family::Primary,
            // If nothing says how much is frozen, freezing is a possible cause.
            frozen: frozen.map_or(1, usize::from),
            collapse: collapse(diverged(runs), self.diverged_of_reference, &gap),
            gap: gap.into(),
            counterfactuals,
            largest_gap_pp: self.largest_gap_pp,
            failed_gates: Vec::new(),
        };
        let (cell, arm) = (self.key.to_vec(), arm.to_vec());
        // With nothing frozen the untrained arm is scratch with other weights, and no counterfactual is needed, but it must be there.
        let has_untrained = contrast.counterfactuals.source_gap.is_some()
            || frozen == Some(0) && self.cell.arms.keys().any(|arm| self.is_untrained(arm));
        Ok(Paired { cell, arm, row: runs.first_row, is_control, has_untrained, contrast, num_examples, clusters })
    }

    fn is_untrained(&self, arm: &[Key]) -> bool {
        is(arm, self.roles.untrained.as_ref())
    }

    /// What the same arm does from the untrained source and from the twin. One of which a run diverged is no evidence.
    fn counterfactuals(
        &self,
        arm: &[Key],
        runs: &TableArm,
        reference: Option<&TableArm>,
    ) -> Result<Counterfactuals, DifferencesError> {
        let from = |control: &Option<(usize, String)>| {
            let (place, value) = control.as_ref()?;
            let mut elsewhere = arm.to_vec();
            *elsewhere.get_mut(*place)? = Key::new(value);
            self.cell.arms.get(&elsewhere).filter(|arm| diverged(arm)[0] == 0)
        };
        let (untrained, twin) = (from(&self.roles.untrained), from(&self.roles.twin));
        let minus = |ours: Option<&TableArm>, theirs: Option<&TableArm>| {
            let (ours, theirs) = (ours?, theirs?);
            self.differences(ours, theirs)
        };
        Ok(Counterfactuals {
            source_gap: minus(Some(runs), untrained).transpose()?.map(PairedGap::from),
            specificity_gap: minus(Some(runs), twin).transpose()?.map(PairedGap::from),
            freezing_gap: minus(twin, reference).transpose()?.map(PairedGap::from),
        })
    }

    /// Scratch if it is called so, or if nothing is copied. Only against scratch can a contrast be called "negative
    /// transfer", and never for an untrained source, which transfers nothing.
    fn reference(&self, is_control: bool) -> Reference {
        // "none" is no source, and no augmentation.
        let is_of_source = |column: &usize| {
            let name = self.table.header()[*column].to_lowercase();
            ["source", "pretrain", "weights", "init"].iter().any(|word| name.contains(word))
        };
        let is_scratch = self.roles.reference.iter().any(|(column, value)| {
            let columns = column.as_ref().map_or(self.roles.arm.as_slice(), std::slice::from_ref);
            value.eq_ignore_ascii_case("scratch")
                || value.eq_ignore_ascii_case("none") && columns.iter().any(is_of_source)
                || (value == "0" && column.is_some_and(|at| self.table.header()[at] == "copied"))
        });
        match (is_scratch, is_control) {
            (true, false) => Reference::Scratch,
            (true, true) => Reference::Arm(Reference::Scratch.to_string()),
            (false, _) => Reference::Arm(name(self.reference)),
        }
    }

    fn frozen(&self, runs: &TableArm) -> Option<u8> {
        match Key::new(self.table.text(runs.first_row, self.table.column("frozen")?)) {
            Key::Number(number) => u8::try_from(number).ok(),
            Key::Text(_) => None,
        }
    }

    /// Treatment minus reference over the pairs in which both trained, with one row for each unit; `None` without such
    /// a pair.
    fn differences<'p>(
        &self,
        runs: &'p TableArm,
        reference: &'p TableArm,
    ) -> Option<Result<Differences, DifferencesError>> {
        let pair = |(key, run): (RunKey, &'p TableRun)| {
            let base = reference.runs.get(key).filter(|base| !base.diverged && !run.diverged)?;
            Some((self.unit_of(key), run, base))
        };
        // Runs are ascending by unit and replicate, and so those of a unit stand beside each other.
        let pairs: Vec<Pair<'_>> = runs.runs.iter().filter_map(pair).collect();
        let units: Vec<&[Pair<'_>]> = pairs.chunk_by(|one, other| one.0 == other.0).collect();
        if units.is_empty() {
            return None;
        }
        Some(match (self.roles.score, self.roles.splits) {
            (_, Some(splits)) => Differences::resampled_runs(&run_gaps(&units), self.test_per_train(splits, reference)),
            (Score::Run { .. }, None) => run_differences(&units, self.method),
            (Score::Example { .. }, None) => example_differences(&units).and_then(|gap| self.in_clusters(gap)),
        })
    }

    /// What is taken for one draw: a run's unit, or its replicate without units; of splits of one data set each split, of whatever
    /// repetition, since the correction counts them all.
    fn unit_of(&self, key: RunKey) -> RunKey {
        let is_in_unit = self.names.units.is_some() && self.roles.splits.is_none_or(|splits| splits.by_unit);
        if is_in_unit { RunKey { replicate: 0, ..key } } else { key }
    }

    /// Test examples over training examples of this cell's splits. Folds are counted in each repetition, since some number them on.
    fn test_per_train(&self, splits: Splits, reference: &TableArm) -> f64 {
        splits.test_per_train.unwrap_or_else(|| {
            let units: Vec<RunKey> = reference.runs.keys().map(|key| self.unit_of(key)).collect();
            let of_units = units.chunk_by(|one, other| one == other).count();
            let of_repetition = units.chunk_by(|one, other| one.unit == other.unit).map(<[RunKey]>::len).max();
            let num_folds = if splits.by_unit { of_units } else { of_repetition.unwrap_or(0) };
            // One fold has no gap to itself, and the statistics say so.
            1.0 / num_folds.saturating_sub(1).max(1) as f64
        })
    }

    /// The same, where examples of one cluster are no independent ones. Columns follow the examples' keys, as clusters do.
    fn in_clusters(&self, gap: Differences) -> Result<Differences, DifferencesError> {
        if self.cell.clusters.is_empty() {
            return Ok(gap);
        }
        let labels: Vec<&Key> = self.cell.clusters.values().map(|(cluster, _)| cluster).collect();
        gap.in_clusters(&Arc::new(Clusters::by_label(&labels)))
    }
}

/// Whether an arm's source is this counterfactual.
fn is(arm: &[Key], control: Option<&(usize, String)>) -> bool {
    control.is_some_and(|(place, value)| arm.get(*place) == Some(&Key::new(value)))
}

/// The first example that only one of two runs has.
fn first_difference(one: &[Hit], other: &[Hit]) -> Option<u32> {
    let differing = one.iter().zip(other).find(|(one, other)| one.example != other.example);
    let longer = if one.len() > other.len() { one } else { other };
    let rest = longer.get(one.len().min(other.len()));
    differing.map(|(one, other)| one.example.min(other.example)).or(rest.map(|hit| hit.example))
}

/// A run, its partner, and what they are one draw of.
type Pair<'p> = (RunKey, &'p TableRun, &'p TableRun);

/// The mean gap of each unit.
fn run_gaps(units: &[&[Pair<'_>]]) -> Vec<f64> {
    let gap = |pairs: &&[Pair<'_>]| {
        let gaps = pairs.iter().filter_map(|(_, run, base)| Some(run.value? - base.value?));
        // .71 − .61 and .82 − .72 are the same gap, and their rounding errors must not pass for variation.
        (gaps.sum::<f64>() / pairs.len() as f64 * 1e12).round() / 1e12
    };
    units.iter().map(gap).collect()
}

fn run_differences(units: &[&[Pair<'_>]], method: TableMethod) -> Result<Differences, DifferencesError> {
    let gaps = run_gaps(units);
    match method {
        TableMethod::PairedT => Differences::paired_runs(&gaps),
        TableMethod::SignFlip | TableMethod::Crossed | TableMethod::Resampled => Differences::from_runs(&gaps),
    }
}

fn example_differences(units: &[&[Pair<'_>]]) -> Result<Differences, DifferencesError> {
    let size = units.iter().flat_map(|pairs| *pairs).map(|(_, run, _)| run.hits.len()).max().unwrap_or(0);
    let rows = units.iter().map(|pairs| {
        let mut sums = vec![0_i32; size];
        for (_, run, base) in *pairs {
            // sums[i] = Σ_r hit[r, i] − base[r, i]; equal examples are in one order.
            for (sum, (hit, base)) in sums.iter_mut().zip(run.hits.iter().zip(&base.hits)) {
                *sum += i32::from(hit.is_right) - i32::from(base.is_right);
            }
        }
        (sums, pairs.len())
    });
    let rows: Vec<(Vec<i32>, usize)> = rows.collect();
    if rows.iter().all(|(_, count)| *count == 1) {
        let values = rows.iter().flat_map(|(sums, _)| sums).map(|sum| *sum as i8).collect();
        return Differences::from_correctness(rows.len(), size, values);
    }
    let values = rows.iter().flat_map(|(sums, count)| sums.iter().map(|sum| f64::from(*sum) / *count as f64));
    Differences::from_scores(rows.len(), size, values.collect())
}

/// The largest gap that is possible beside a reference: shares lie between 0 and 1, losses have no bound.
fn largest_gap_pp(reference: Option<&TableArm>, unit: TableUnit) -> f64 {
    let of_run = |run: &TableRun| {
        let hits = run.hits.iter().filter(|hit| hit.is_right).count() as f64;
        run.value.or((!run.hits.is_empty()).then(|| hits / run.hits.len() as f64))
    };
    let values: Vec<f64> = reference.iter().flat_map(|arm| arm.runs.values()).filter_map(of_run).collect();
    match unit {
        TableUnit::Nats | TableUnit::Own => f64::INFINITY,
        TableUnit::Fraction | TableUnit::Percent if values.is_empty() => 100.0,
        TableUnit::Fraction | TableUnit::Percent => {
            // Where lower is better, values are negative.
            let mean = values.iter().sum::<f64>().abs() / values.len() as f64;
            100.0 * mean.max(1.0 - mean)
        }
    }
}

/// How many runs of an arm diverged, and how many it has.
fn diverged(arm: &TableArm) -> [u64; 2] {
    [arm.runs.values().filter(|run| run.diverged).count() as u64, arm.runs.len() as u64]
}

/// Runs that diverged. They have no values, so that no sign may be claimed beside them.
fn collapse(treatment: [u64; 2], reference: [u64; 2], gap: &Differences) -> Option<Collapse> {
    let has_any = treatment[0] + reference[0] > 0;
    has_any.then(|| Collapse { gap_of_all: None, num_trained: gap.num_replicates(), treatment, reference })
}
