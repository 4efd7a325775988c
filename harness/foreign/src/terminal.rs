//! The verdicts as a terminal shows them.

use nt_records::number::thousands;
use nt_scenario::metric::Direction;
use nt_stats::p_value::PrintedP;
use nt_stats::verdict::{Decision, Reference, Verdict};

use crate::{FEWEST_FOR_NEGATIVE_TRANSFER, Judged, TableAnalysis, TableMethod, TableUnit};

/// The columns. Gaps of a loss are in hundredths of a nat, as the notes say.
fn header(unit: TableUnit) -> [&'static str; 8] {
    let (gap, interval) = match unit {
        TableUnit::Fraction | TableUnit::Percent => ("gap pp", "interval pp"),
        TableUnit::Nats => ("gap .01 nat", "interval .01 nat"),
        TableUnit::Own => ("gap", "interval"),
    };
    ["cell", "arm", gap, interval, "level", "n", "p", "verdict"]
}

impl TableAnalysis {
    /// One row for each contrast. Below them: each verdict in words, how the table was read and judged, what stands behind the verdicts,
    /// and what was not checked.
    ///
    /// # Units
    /// Gaps in percentage points, in hundredths of a nat, or in the metric's own unit.
    pub fn terminal_table(&self) -> String {
        let mut rows = vec![header(self.unit).map(str::to_owned)];
        rows.extend(self.contrasts.iter().map(|one| row(one, self.unit)));
        let widths: Vec<usize> =
            (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
        let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
        lines.insert(1, "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        lines.push(String::new());
        lines.extend(self.words());
        lines.push(String::new());
        lines.extend(self.notes());
        lines.join("\n")
    }

    /// Each verdict in words.
    pub(crate) fn words(&self) -> Vec<String> {
        self.contrasts.iter().map(|one| format!("{}: {}", one.decision.name, words(one, self.unit))).collect()
    }

    /// What a gap is.
    fn difference(&self, decision: &Decision) -> String {
        let (metric, reference) = (&self.metric, &decision.reference);
        let unit = self.unit.of_gaps();
        match (self.direction, self.unit) {
            (Direction::HigherIsBetter, TableUnit::Fraction | TableUnit::Percent) => {
                format!("{metric} minus {reference}")
            }
            (Direction::HigherIsBetter, _) => format!("{metric} minus {reference}, in {unit}"),
            (Direction::LowerIsBetter, _) => {
                format!("{metric} of {reference} minus the arm's, in {unit}: above zero is better")
            }
        }
    }

    /// What a reader must know beside the verdicts, a sentence each.
    pub(crate) fn notes(&self) -> Vec<String> {
        let Some(first) = self.contrasts.first() else { return Vec::new() };
        let decision = &first.decision;
        let counts = match (self.unit_column.as_deref(), self.method) {
            (Some(unit), _) => unit.to_owned(),
            (None, TableMethod::Resampled) => "splits".to_owned(),
            (None, _) => "replicates".to_owned(),
        };
        let mut notes = vec![
            format!("read as: {}", self.read_as),
            format!("columns: {}", self.columns),
            format!("{}, read as {}s; n counts {counts}", self.difference(decision), self.unit.name()),
            format!(
                "method: {}; margin ±{} {}, α {}",
                self.method.name(),
                decision.margin_pp,
                self.unit.of_gaps(),
                self.alpha
            ),
            format!("scope: {}", self.scope(decision)),
            self.behind(),
            match self.contrasts.iter().any(|one| one.decision.collapsed.is_some()) {
                false => "each interval is at the level of its row, to agree with the adjusted test of that row".to_owned(),
                true => "each interval is at the level of its row, to agree with the adjusted test of that row; where runs collapsed it \
                         is that of the runs that trained, and the test asks the gap with all runs, too"
                    .to_owned(),
            },
        ];
        notes.extend(self.remarks.iter().cloned());
        notes.extend(self.left_out_notes());
        let counted =
            self.contrasts.iter().filter_map(|one| Some((one.cell.as_str(), one.num_test_examples?, one.clusters?)));
        let mut told: Vec<String> = counted
            .map(|(cell, examples, clusters)| {
                format!("cell {cell}: {} test examples in {clusters}", thousands(examples as u64))
            })
            .collect();
        told.dedup();
        notes.extend(told);
        let count = |controls: bool| self.contrasts.iter().filter(|one| one.is_control == controls).count();
        let size = count(false);
        let family = format!("family: {size} contrast{}", if size == 1 { "" } else { "s" });
        notes.push(match count(true) {
            0 => family,
            controls => format!("{family}; separate family of counterfactual sources: {controls}"),
        });
        notes.extend(self.unsaid());
        notes.push(
            "not checked, since a table does not show it: that all arms were tuned alike, that settings were chosen on validation images, that \
             scratch trained long enough, that no test image is among training images"
                .to_owned(),
        );
        notes
    }

    /// What a verdict is about. Splits of one data set say nothing but of that.
    pub(crate) fn scope(&self, decision: &Decision) -> String {
        let scope = decision.gap.scope.to_string();
        match self.method {
            TableMethod::Resampled => {
                scope.replacen("this test set", "this pool", 1).replacen(" × this training pool", "", 1)
            }
            TableMethod::Crossed | TableMethod::PairedT | TableMethod::SignFlip => scope,
        }
    }

    /// How much stands behind the verdicts.
    fn behind(&self) -> String {
        let counts = || self.contrasts.iter().map(|one| one.decision.gap.num_replicates);
        let (fewest, most) = (counts().min().unwrap_or(0), counts().max().unwrap_or(0));
        let of = match (self.unit_column.as_deref(), self.method) {
            (Some(unit), _) => format!("pairs of runs, one a {unit}"),
            (None, TableMethod::Resampled) => {
                format!("pairs of runs, one a {}, of one data set", self.replicate_column)
            }
            (None, _) => format!("pairs of runs, one a {}", self.replicate_column),
        };
        let pairs = if fewest == most { most.to_string() } else { format!("{fewest} to {most}") };
        let sources = match self.fresh_sources {
            true => "a source network of its own in each, as --fresh-sources says",
            false => "one source network, as far as the table tells (--fresh-sources if each has its own)",
        };
        let pilot = match fewest {
            fewest if fewest < FEWEST_FOR_NEGATIVE_TRANSFER => {
                let are = if fewest == 1 { "1 is".to_owned() } else { format!("{fewest} are") };
                format!("; {are} a pilot, six are the minimum, and eight to twelve are confirmatory")
            }
            _ => String::new(),
        };
        format!("behind it: {pairs} {of}; {sources}{pilot}")
    }

    /// What could not be judged, and what that may do.
    fn left_out_notes(&self) -> Vec<String> {
        let mut notes = self.left_out.clone();
        if notes.len() > self.num_unjudged {
            notes.push("runs that are missing because they failed make the rest mislead".to_owned());
        }
        notes
    }

    /// Why a loss against scratch is not called negative transfer.
    fn unsaid(&self) -> Option<String> {
        let is_unsaid = |one: &&Judged| {
            one.decision.verdict.is_negative()
                && one.decision.reference == Reference::Scratch
                && !one.may_say_negative_transfer
        };
        let count = self.contrasts.iter().filter(is_unsaid).count();
        if self.method == TableMethod::Resampled && count > 0 {
            return Some("a loss is not called negative transfer: splits of one data set are no replicates".to_owned());
        }
        (count > 0).then(|| {
            format!(
                "{} not called negative transfer: that takes the same arm from an untrained source, six replicates, and a source trained \
                 anew in each",
                if count == 1 { "a loss is".to_owned() } else { format!("{count} losses are") }
            )
        })
    }
}

fn row(contrast: &Judged, unit: TableUnit) -> [String; 8] {
    let Judged { decision, .. } = contrast;
    let gap = &decision.gap;
    // As fine as what matters, and two digits more.
    let decimals = match unit {
        TableUnit::Own => (2.0 - libm::log10(decision.margin_pp).floor()).clamp(2.0, 12.0) as usize,
        TableUnit::Fraction | TableUnit::Percent | TableUnit::Nats => 2,
    };
    let points = |value: f64| points(value, decimals);
    let interval = match (gap.low_pp, gap.high_pp) {
        (Some(low), Some(high)) if decision.verdict != Verdict::Invalid => {
            format!("{} to {}", points(low), points(high))
        }
        _ => "–".to_owned(),
    };
    let cause = decision.attribution.filter(|_| decision.verdict.is_negative());
    let cause = cause.map_or_else(String::new, |cause| format!(", {cause}"));
    let also = if decision.equivalent && (decision.verdict.is_negative() || decision.verdict.is_positive()) {
        " (EQUIVALENT too)"
    } else {
        ""
    };
    [
        contrast.cell.clone(),
        contrast.arm.clone(),
        points(gap.mean_pp),
        interval,
        format!("{:.4}", gap.level),
        gap.num_replicates.to_string(),
        PrintedP(decision.p_adjusted).to_string(),
        format!("{}{cause}{also}", decision.verdict),
    ]
}

/// A gap with its sign; never minus zero.
fn points(value: f64, decimals: usize) -> String {
    let text = format!("{value:+.decimals$}");
    let is_zero = text.chars().all(|letter| matches!(letter, '-' | '+' | '0' | '.'));
    if is_zero { text.replace('-', "+") } else { text }
}

fn words(contrast: &Judged, unit: TableUnit) -> String {
    let decision = &contrast.decision;
    let words = decision.words_with(unit.gap(), contrast.may_say_negative_transfer);
    match decision.can_reject || words.contains("smallest p") {
        true => words,
        false => format!("{words} (attainable p {:.3})", decision.attainable_p),
    }
}

/// Aligns numbers to the right and words to the left.
fn line(row: &[String; 8], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, &width))| match column {
        2..=6 => format!("{cell:>width$}"),
        _ => format!("{cell:<width$}"),
    });
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}
