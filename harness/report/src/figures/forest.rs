//! All contrasts in one view: a forest plot, with one panel for each quadrant.

use nt_scenario::Method;

use super::depth::{all_sources, label};
use super::gap_by_depth::{axis_label, notes, point, references};
use super::spec::FIGURE_VERSION;
use super::words::{fitted, gap_mark, name, panel_title, sentence, subtitle};
use super::{Axis, FigureSpec, Form, Panel, Series, SeriesKind, Tick, words};
use crate::shown;
use nt_analysis::{Analysis, CellResult, Quadrant};

/// The most rows of a panel, and the most panels of a figure. More contrasts make more figures, so that each fits a
/// page.
const MOST_ROWS: usize = 40;
const MOST_PANELS: usize = 4;

/// The figures of one target: every treatment of every trained source with its gap and adjusted interval.
///
/// # Units
/// Gaps in percentage points.
pub fn forest(analysis: &Analysis, target: &str, parameters: Option<u64>) -> Vec<FigureSpec> {
    let study = &analysis.study;
    let quadrants = shown::drawn_quadrants(analysis, target).into_iter();
    let parts: Vec<(Panel, &Quadrant)> = quadrants
        .flat_map(|quadrant| panels(analysis, quadrant).into_iter().map(move |panel| (panel, quadrant)))
        .collect();
    let panels: Vec<Panel> = parts.iter().map(|(panel, _)| panel.clone()).collect();
    let (reach, is_cut) = words::gap_range(&panels, study.margin_pp);
    let across = fitted(axis_label(study), &reach, gap_mark);
    let num_figures = parts.len().div_ceil(MOST_PANELS);
    let whose = if shown::is_whole(analysis) { "every treatment" } else { "treatments" };
    let figure = |(number, parts): (usize, &[(Panel, &Quadrant)])| {
        let stem = name(study, "forest", target);
        let part = if num_figures > 1 { format!(", {} of {num_figures}", number + 1) } else { String::new() };
        let num_rows = parts.iter().map(|(panel, _)| panel.ticks.len()).max().unwrap_or(1).max(1);
        let mut told: Vec<&Quadrant> = parts.iter().map(|(_, quadrant)| *quadrant).collect();
        told.dedup();
        FigureSpec {
            schema_version: FIGURE_VERSION,
            name: if num_figures > 1 { format!("{stem}-{}", number + 1) } else { stem },
            title: format!("{}: {whose} against scratch on {target}{part}", study.name),
            subtitle: subtitle(analysis, target, parameters),
            description: told.iter().map(|quadrant| sentence(analysis, quadrant)).collect::<Vec<_>>().join(" "),
            form: Form::Rows,
            x: Axis {
                label: "treatment".to_owned(),
                low: -0.7,
                high: num_rows as f64 - 0.3,
                is_logarithmic: false,
                ticks: Vec::new(),
            },
            y: across.clone(),
            scale: None,
            num_columns: study.similarities().len().clamp(1, 2),
            notes: notes(is_cut),
            panels: parts.iter().map(|(panel, _)| panel.clone()).collect(),
        }
    };
    parts.chunks(MOST_PANELS).enumerate().map(figure).collect()
}

fn panels(analysis: &Analysis, quadrant: &Quadrant) -> Vec<Panel> {
    let drawn = shown::drawn_cells(analysis, quadrant);
    let share = shown::share(drawn.len(), quadrant.cells.len(), "contrasts");
    let num_parts = drawn.len().div_ceil(MOST_ROWS);
    let part = |(number, cells): (usize, &[usize])| {
        let cells: Vec<&CellResult> = cells.iter().map(|&at| &analysis.cells[at]).collect();
        let title = match share.as_str() {
            "" => panel_title(analysis, quadrant),
            share => format!("{} · {}{share}", quadrant.size, quadrant.similarity),
        };
        Panel {
            title: if num_parts > 1 { format!("{title} ({} of {num_parts})", number + 1) } else { title },
            incomplete: incomplete(&cells),
            ticks: ticks(&cells, all_sources(analysis, quadrant).len()),
            band: None,
            references: references(&analysis.study),
            series: series(analysis, &cells),
        }
    };
    drawn.chunks(MOST_ROWS).enumerate().map(part).collect()
}

fn incomplete(cells: &[&CellResult]) -> Option<String> {
    let done: usize = cells.iter().map(|cell| cell.num_done()).sum();
    let planned: usize = cells.iter().map(|cell| cell.num_planned).sum();
    (done < planned).then(|| format!("{done} of {planned} runs"))
}

fn ticks(cells: &[&CellResult], num_sources: usize) -> Vec<Tick> {
    let label = |cell: &CellResult| {
        let words = cell.treatment_words.clone();
        match &cell.key.source {
            Some(source) if num_sources > 1 => format!("{source}: {words}"),
            _ => words,
        }
    };
    cells.iter().enumerate().map(|(row, cell)| Tick { at: row as f64, label: label(cell) }).collect()
}

/// One series for each kind of treatment, which has its marker.
fn series(analysis: &Analysis, cells: &[&CellResult]) -> Vec<Series> {
    let most = cells.iter().map(|cell| cell.key.copied).max().unwrap_or(0);
    let kinds = [SeriesKind::Frozen, SeriesKind::Partial, SeriesKind::FineTuned, SeriesKind::Probe, SeriesKind::Other];
    let of_kind = |kind: SeriesKind| {
        let rows = cells.iter().enumerate().filter(|(_, cell)| kind_of(cell, most) == kind);
        let points: Vec<_> = rows.map(|(row, cell)| point(analysis, row as f64, cell)).collect();
        (!points.is_empty()).then(|| Series {
            label: label(kind, most, "", 1),
            kind,
            source: String::new(),
            pattern: 0,
            points,
        })
    };
    kinds.into_iter().filter_map(of_kind).collect()
}

/// The first curve that a cell belongs to.
fn kind_of(cell: &CellResult, most: u8) -> SeriesKind {
    match (cell.key.method, cell.key.copied, cell.key.frozen) {
        (Method::Probe, ..) => SeriesKind::Probe,
        (Method::Training, copied, frozen) if copied == frozen => SeriesKind::Frozen,
        (Method::Training, copied, _) if copied == most => SeriesKind::Partial,
        (Method::Training, _, 0) => SeriesKind::FineTuned,
        (Method::Training, ..) => SeriesKind::Other,
    }
}
