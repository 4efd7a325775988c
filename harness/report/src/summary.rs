//! The summary of a report, for the terminal.

use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};

use crate::material::Material;
use crate::shown;
use crate::words::answer;
use crate::words::families::{families, intervals};
use nt_analysis::{Analysis, Quadrant, Tally, Wording};
use nt_records::ledger::LedgerWarning;
use nt_records::manifest::Completeness;

/// A report that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportSummary {
    /// The page.
    pub page: PathBuf,
    /// Hash over all records' meaning and values in plan order.
    pub result_digest: String,
    /// How much of the plan is done.
    pub completeness: Completeness,
    /// What is wrong with the records.
    pub warnings: Vec<LedgerWarning>,
    /// What of the folder is not as it was written, a sentence each.
    pub damage: Vec<String>,
    /// Notes that a reader should know.
    pub notes: Vec<String>,
    /// The analysis it rests on.
    pub analysis: Analysis,
}

impl ReportSummary {
    pub(crate) fn new(dir: &Path, material: Material, warnings: Vec<LedgerWarning>) -> Self {
        let has_intervals = material.analysis.quadrants.iter().any(|quadrant| quadrant.chosen.is_some());
        ReportSummary {
            page: dir.join("index.html"),
            result_digest: material.result_digest,
            completeness: material.completeness,
            warnings,
            damage: material.damage,
            notes: material
                .is_exploratory
                .then(|| {
                    "EXPLORATORY (CHANGED AFTER DATA): the scenario is another than before the first job".to_owned()
                })
                .into_iter()
                .chain(
                    has_intervals
                        .then(|| format!("{} {}", families(&material.analysis), intervals(&material.analysis))),
                )
                .chain(material.analysis.notes.clone())
                .collect(),
            analysis: material.analysis,
        }
    }

    /// One row for each quadrant with its verdict, in colours for a terminal. A caller that writes it elsewhere strips
    /// the escape sequences.
    ///
    /// # Units
    /// Gaps in hundredths of the metric's unit.
    pub fn terminal_table(&self) -> String {
        let gap = format!("its gap, {}", Wording::of(self.analysis.study.metric).gap_unit);
        let header = [
            "quadrant",
            "transfer",
            "helped",
            "worse",
            "equal",
            "open",
            "use (chosen on validation)",
            &gap,
            "its verdict",
        ]
        .map(str::to_owned);
        let listed = shown::listed_quadrants(&self.analysis);
        let rows: Vec<[String; COLUMNS]> = listed.iter().map(|quadrant| self.row(quadrant)).collect();
        let styles: Vec<Style> = listed.iter().map(|quadrant| style(&quadrant.tally)).collect();
        let all: Vec<&[String; COLUMNS]> = std::iter::once(&header).chain(&rows).collect();
        let widths: Vec<usize> =
            (0..COLUMNS).map(|column| all.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
        let mut text = String::new();
        for (index, row) in all.into_iter().enumerate() {
            let style = index.checked_sub(1).and_then(|quadrant| styles.get(quadrant)).copied().unwrap_or(HEADER);
            text.push_str(line(row, &widths, style).trim_end());
            text.push('\n');
            if index == 0 {
                text.push_str(&"─".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)));
                text.push('\n');
            }
        }
        text
    }

    fn row(&self, quadrant: &Quadrant) -> [String; COLUMNS] {
        let tally = &quadrant.tally;
        let chosen = quadrant.chosen.as_ref();
        let pick = |chosen| answer::picks(&self.analysis, quadrant, chosen).into_iter().next();
        [
            answer::name(&self.analysis, quadrant),
            answer::verdict(tally),
            tally.helped.to_string(),
            tally.worse().to_string(),
            tally.equivalent.to_string(),
            match tally.invalid {
                0 => tally.undecided.to_string(),
                invalid => format!("{} + {invalid} invalid", tally.undecided),
            },
            chosen.and_then(pick).unwrap_or_default(),
            chosen.map(answer::chosen_gap).unwrap_or_default(),
            chosen.map(answer::advice).unwrap_or_default(),
        ]
    }
}

/// Columns of the table.
const COLUMNS: usize = 9;

const HEADER: Style = Style::new();

/// The colour of a quadrant's verdict. The words beside it say the same.
fn style(tally: &Tally) -> Style {
    let colour = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    match (tally.helped > 0, tally.worse() > 0) {
        (true, true) => colour(AnsiColor::Yellow),
        (true, false) => colour(AnsiColor::Green),
        (false, true) => colour(AnsiColor::Red),
        (false, false) => Style::new().dimmed(),
    }
}

/// Aligns numbers to the right and words to the left, and colours the verdict.
fn line(row: &[String; COLUMNS], widths: &[usize], verdict: Style) -> String {
    let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, &width))| match column {
        1 => format!("{verdict}{cell:<width$}{verdict:#}"),
        2..=5 => format!("{cell:>width$}"),
        _ => format!("{cell:<width$}"),
    });
    cells.collect::<Vec<_>>().join("  ")
}
