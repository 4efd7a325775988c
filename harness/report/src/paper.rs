//! `tables/`: tables for a paper, as LaTeX (booktabs) and CSV.

use std::fmt::Write;
use std::path::Path;

use nt_stats::p_value::PrintedP;

use crate::page::fairness;
use crate::words::answer::{self, Side};
use crate::words::families::{families, intervals};
use crate::words::number::{NONE, gap, judged_interval, percent};
use nt_analysis::{Analysis, CellKind, CellResult, Quadrant, Wording};
use nt_disk::write_listed;
use nt_records::table::{TableError, csv_of};

/// The layout of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Words,
    /// Words that may need several lines. The number is the column's share of the text's width, in hundredths.
    Wide(u8),
    Number,
}

/// A table with its caption.
struct PaperTable {
    name: &'static str,
    caption: String,
    columns: Vec<(&'static str, Column)>,
    rows: Vec<Vec<String>>,
}

/// Writes `tables/{quadrants,contrasts,arms}.{tex,csv}` of a study's folder.
///
/// What was changed after data says so in every caption.
pub(crate) fn write(dir: &Path, analysis: &Analysis, is_exploratory: bool) -> Result<(), TableError> {
    let folder = dir.join("tables");
    for mut table in [quadrants(analysis), contrasts(analysis), arms(analysis)] {
        if is_exploratory {
            table.caption.insert_str(0, "EXPLORATORY (CHANGED AFTER DATA). ");
        }
        write_listed(&folder.join(format!("{}.tex", table.name)), latex(&table).as_bytes())?;
        let header: Vec<&str> = table.columns.iter().map(|(name, _)| *name).collect();
        write_listed(&folder.join(format!("{}.csv", table.name)), &csv_of("tables/*.csv", &header, &table.rows)?)?;
    }
    Ok(())
}

fn quadrants(analysis: &Analysis) -> PaperTable {
    let study = &analysis.study;
    let row = |quadrant: &Quadrant| {
        let side = |side| {
            answer::listed(analysis, quadrant, side)
                .map_or(NONE.to_owned(), |listed| format!("{} ({})", listed.treatments, listed.gaps))
        };
        let chosen = quadrant.chosen.as_ref();
        let pick = chosen.and_then(|chosen| answer::picks(analysis, quadrant, chosen).into_iter().next());
        vec![
            answer::name(analysis, quadrant),
            pick.unwrap_or_else(|| NONE.to_owned()),
            chosen.map_or(NONE.to_owned(), answer::chosen_gap),
            chosen.map_or(NONE.to_owned(), answer::advice),
            gap(chosen.and_then(|chosen| chosen.optimism_pp)),
            side(Side::Better),
            side(Side::Worse),
        ]
    };
    PaperTable {
        name: "quadrants",
        caption: format!(
            "{}: transfer against training from scratch. Gaps in {}, n = {} replicates. {} {}",
            study.name,
            Wording::of(study.metric).gaps_of,
            study.replicates,
            families(analysis),
            intervals(analysis)
        ),
        columns: vec![
            ("size & source", Column::Wide(12)),
            ("chosen on validation", Column::Wide(17)),
            ("its gap", Column::Wide(14)),
            ("verdict", Column::Wide(14)),
            ("optimism", Column::Number),
            ("helps", Column::Wide(18)),
            ("harms", Column::Wide(18)),
        ],
        rows: analysis.quadrants.iter().map(row).collect(),
    }
}

fn contrasts(analysis: &Analysis) -> PaperTable {
    let study = &analysis.study;
    let words = Wording::of(study.metric);
    let cells = analysis.cells.iter().filter(|cell| cell.kind != CellKind::Scratch);
    PaperTable {
        name: "contrasts",
        caption: format!(
            "{}: every treatment against scratch. {}. {} {} Detectable: the true gap that 4 of 5 such studies would find; an inconclusive \
             contrast may hide any below it.",
            study.name,
            words.caption,
            families(analysis),
            intervals(analysis)
        ),
        columns: vec![
            ("target", Column::Words),
            ("size", Column::Words),
            ("source", Column::Words),
            ("treatment", Column::Words),
            (words.title, Column::Number),
            ("gap", Column::Number),
            ("interval", Column::Number),
            ("p", Column::Number),
            ("detectable", Column::Number),
            ("verdict", Column::Words),
            ("n", Column::Number),
        ],
        rows: cells.map(contrast).collect(),
    }
}

/// "inconclusive (gate 3)": the verdict, and what holds it back.
fn verdict_words(cell: &CellResult) -> String {
    let name = cell.verdict().map_or(String::new(), |verdict| verdict.name().to_lowercase());
    let held = cell.decision.as_ref().filter(|decision| decision.taken_by_gates().is_some());
    let mut gates: Vec<usize> =
        held.into_iter().flat_map(|decision| &decision.failed_gates).map(|failure| failure.gate.number()).collect();
    gates.dedup();
    let gates: Vec<String> = gates.iter().map(|number| format!("gate {number}")).collect();
    if gates.is_empty() { name } else { format!("{name} ({})", gates.join(", ")) }
}

fn contrast(cell: &CellResult) -> Vec<String> {
    let decision = cell.decision.as_ref();
    vec![
        cell.key.target.clone(),
        cell.key.size.clone(),
        cell.key.source.clone().unwrap_or_default(),
        cell.treatment_words.clone(),
        percent(cell.mean),
        gap(cell.gap_pp()) + &answer::caveats(decision),
        judged_interval(decision),
        decision.map_or(NONE.to_owned(), |decision| PrintedP(decision.p_adjusted).to_string()),
        decision
            .filter(|decision| decision.is_for_data_to_decide())
            .and_then(|decision| decision.minimum_detectable_effect_pp)
            .map_or(NONE.to_owned(), |effect| format!("{effect:.1}")),
        verdict_words(cell),
        match decision.filter(|_| cell.of_those_that_trained().is_some() || cell.called_early_at().is_some()) {
            Some(decision) => format!("{} of {}/{}", decision.gap.num_replicates, cell.num_done(), cell.num_planned),
            None => format!("{}/{}", cell.num_done(), cell.num_planned),
        },
    ]
}

fn arms(analysis: &Analysis) -> PaperTable {
    let rows = fairness::arms(analysis).map(|arm| {
        let edge = if arm.is_on_edge { "yes" } else { "no" };
        vec![
            arm.target,
            arm.size,
            arm.source,
            arm.treatment,
            arm.rates.to_string(),
            arm.search_runs.to_string(),
            arm.setting,
            edge.to_owned(),
            arm.runs,
            arm.test_openings.to_string(),
        ]
    });
    PaperTable {
        name: "arms",
        caption: format!("{}: the budget of each arm.", analysis.study.name),
        columns: vec![
            ("target", Column::Words),
            ("size", Column::Words),
            ("source", Column::Words),
            ("treatment", Column::Words),
            ("rates", Column::Number),
            ("search runs", Column::Number),
            ("rate or L2 strength", Column::Number),
            ("on edge", Column::Words),
            ("runs", Column::Number),
            ("test openings", Column::Number),
        ],
        rows: rows.collect(),
    }
}

/// The table as LaTeX for `\input`, over as many pages as it needs.
fn latex(table: &PaperTable) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_latex(&mut text, table);
    text
}

fn write_latex(text: &mut String, table: &PaperTable) -> std::fmt::Result {
    let columns: Vec<String> = table.columns.iter().map(|(_, column)| setting(*column)).collect();
    writeln!(text, "% \\usepackage{{booktabs,longtable,array}}")?;
    writeln!(
        text,
        "{{\\footnotesize\\setlength{{\\tabcolsep}}{{3pt}}\n\\begin{{longtable}}{{@{{}}{}@{{}}}}",
        columns.join(" ")
    )?;
    writeln!(text, "\\caption{{{}}}\\label{{tab:{}}}\\\\", escaped(&table.caption), table.name)?;
    let header: Vec<String> = table.columns.iter().map(|(name, _)| escaped(name)).collect();
    writeln!(text, "\\toprule\n{} \\\\\n\\midrule\n\\endhead\n\\bottomrule\n\\endfoot", header.join(" & "))?;
    for row in &table.rows {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        writeln!(text, "{} \\\\", cells.join(" & "))?;
    }
    writeln!(text, "\\end{{longtable}}}}")
}

fn setting(column: Column) -> String {
    match column {
        Column::Words => "l".to_owned(),
        Column::Number => "r".to_owned(),
        Column::Wide(share) => format!(">{{\\raggedright\\arraybackslash}}p{{.{share:02}\\linewidth}}"),
    }
}

/// Escapes the characters that have a meaning in LaTeX, and those that its fonts lack.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', letter]),
            '<' => escaped.push_str("$<$"),
            '>' => escaped.push_str("$>$"),
            '−' => escaped.push_str("$-$"),
            '+' => escaped.push_str("$+$"),
            '–' => escaped.push_str("--"),
            '±' => escaped.push_str("$\\pm$"),
            // A bracket after a line's end would be read as that end's argument.
            '[' => escaped.push_str("{[}"),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_latex_would_read_as_its_own_is_escaped() {
        assert_eq!(escaped("a_b & 5 % [−1.0, +2.0] 4–7"), "a\\_b \\& 5 \\% {[}$-$1.0, $+$2.0] 4--7");
    }
}
