//! The verdicts as a terminal shows them.

use nt_records::number::thousands;
use nt_stats::p_value::PrintedP;
use nt_stats::verdict::{Decision, Verdict};

use crate::{Judged, TableAnalysis, TableUnit};

/// The columns. Gaps of a loss are in hundredths of a nat, as the notes say.
fn header(unit: TableUnit) -> [&'static str; 8] {
    let (gap, interval) = match unit {
        TableUnit::Fraction | TableUnit::Percent => ("gap pp", "interval pp"),
        TableUnit::Nats => ("gap .01 nat", "interval .01 nat"),
    };
    ["cell", "arm", gap, interval, "level", "n", "p", "verdict"]
}

impl TableAnalysis {
    /// One row for each contrast. Below them: how they were judged, the words for harm, and what undecided contrasts
    /// lack.
    ///
    /// # Units
    /// Gaps in percentage points.
    pub fn terminal_table(&self) -> String {
        let mut rows = vec![header(self.unit).map(str::to_owned)];
        rows.extend(self.contrasts.iter().map(row));
        let widths: Vec<usize> =
            (0..rows[0].len()).map(|at| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
        let mut lines: Vec<String> = rows.iter().map(|row| line(row, &widths)).collect();
        lines.insert(1, "─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
        lines.push(String::new());
        lines.extend(self.notes());
        let told = self.contrasts.iter().filter(|contrast| needs_words(contrast));
        lines.extend(told.map(|one| format!("{}: {}", one.decision.name, words(one, self.unit))));
        lines.join("\n")
    }

    /// What a gap is.
    fn difference(&self, decision: &Decision) -> String {
        match self.unit {
            TableUnit::Fraction | TableUnit::Percent => format!("{} minus {}", self.metric, decision.reference),
            TableUnit::Nats => {
                let (metric, reference) = (&self.metric, &decision.reference);
                format!("{metric} of {reference} minus the arm's, in {}: above zero is better", self.unit.of_gaps())
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        let Some(first) = self.contrasts.first() else { return Vec::new() };
        let decision = &first.decision;
        let unit = self.unit_column.as_deref().unwrap_or("replicates");
        let mut notes = vec![
            format!("read as: {}", self.read_as),
            format!("{}, read as {}s; n counts {unit}", self.difference(decision), self.unit.name()),
            format!(
                "method: {}; margin ±{} {}, α {}",
                self.method.name(),
                decision.margin_pp,
                self.unit.of_gaps(),
                self.alpha
            ),
            format!("scope: {}", decision.gap.scope),
            match self.contrasts.iter().any(|one| one.decision.collapsed.is_some()) {
                false => "each interval is at the level of its row, to agree with the adjusted test of that row".to_owned(),
                true => "each interval is at the level of its row, to agree with the adjusted test of that row; where runs collapsed it \
                         is that of the runs that trained, and the test asks the gap with all runs, too"
                    .to_owned(),
            },
        ];
        notes.extend(self.remarks.iter().cloned());
        let fewest = self.contrasts.iter().map(|one| one.decision.gap.num_replicates).min();
        notes.extend(fewest.filter(|&fewest| fewest < 6).map(|fewest| {
            let are = if fewest == 1 { "1 replicate is".to_owned() } else { format!("{fewest} replicates are") };
            format!("{are} a pilot; six are the minimum, and eight to twelve are confirmatory")
        }));
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
        notes
    }
}

fn row(contrast: &Judged) -> [String; 8] {
    let Judged { decision, .. } = contrast;
    let gap = &decision.gap;
    let interval = match (gap.low_pp, gap.high_pp) {
        (Some(low), Some(high)) if decision.verdict != Verdict::Invalid => {
            format!("{} to {}", points(low), points(high))
        }
        _ => "–".to_owned(),
    };
    let cause = decision.attribution.map_or_else(String::new, |cause| format!(", {cause}"));
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

/// Percentage points with their sign; never minus zero.
fn points(value: f64) -> String {
    format!("{:+.2}", (value * 100.0).round() / 100.0 + 0.0)
}

/// Whether a contrast is explained in words. Help and equivalence speak for themselves.
fn needs_words(contrast: &Judged) -> bool {
    let decision = &contrast.decision;
    !decision.can_reject || !(decision.verdict.is_positive() || decision.verdict == Verdict::Equivalent)
}

fn words(contrast: &Judged, unit: TableUnit) -> String {
    let decision = &contrast.decision;
    let words = decision.words(unit.gap());
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
