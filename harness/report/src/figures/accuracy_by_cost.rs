//! Accuracy against the cost of training: does a cheaper treatment do as well, and how well does scratch do for the
//! same cost?

use std::collections::BTreeMap;

use nt_scenario::{JobId, Method, Role};

use super::accuracy_by_depth::{accuracy_axis, bars, panel as by_depth, percent};
use super::spec::FIGURE_VERSION;
use super::words::{FILLING, metric_words, name, sentence, subtitle};
use super::{Axis, FigureSpec, Form, Note, Panel, Point, Series, SeriesKind, Sign, Tick};
use crate::shown;
use nt_analysis::study::CellKey;
use nt_analysis::{Analysis, CellResult, Quadrant};
use nt_records::manifest::Manifest;

/// Free space to the left and right of the points, as a ratio.
const ROOM: f64 = 1.12;
/// The most marks of the axis.
const MOST_MARKS: usize = 9;

/// What a plan costs, in multiply–accumulates.
pub struct Costs {
    of_jobs: BTreeMap<JobId, u64>,
    /// Of the first training of each source, by its name.
    of_sources: BTreeMap<String, u64>,
}

impl Costs {
    /// The costs of a manifest's plan.
    pub fn of(manifest: &Manifest) -> Self {
        let mut of_sources = BTreeMap::new();
        for job in manifest.plan.iter().filter(|job| job.role == Role::Source) {
            if let Some((name, _)) = job.name.strip_prefix("source/").and_then(|name| name.split_once('/')) {
                of_sources.entry(name.to_owned()).or_insert(job.multiply_accumulates);
            }
        }
        Self { of_jobs: manifest.plan.iter().map(|job| (job.job, job.multiply_accumulates)).collect(), of_sources }
    }
}

/// The figure of one target, with one panel for each quadrant; `None` if the plan does not know the cost of its jobs.
///
/// # Units
/// Across: multiply–accumulates of one run's training and evaluation, times a power of ten that the axis names. The
/// forward passes of frozen layers count at every step. Upwards: accuracies in per cent.
pub fn accuracy_by_cost(
    analysis: &Analysis,
    target: &str,
    parameters: Option<u64>,
    costs: &Costs,
) -> Option<FigureSpec> {
    let study = &analysis.study;
    let quadrants: Vec<&Quadrant> = shown::drawn_quadrants(analysis, target);
    let mut panels: Vec<Panel> = quadrants.iter().map(|quadrant| panel(analysis, quadrant, costs)).collect();
    let points = || panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let most = points().map(|point| point.x).fold(0.0, f64::max);
    if most <= 0.0 {
        return None;
    }
    let unit = Unit::of(most);
    let sources = of_sources(analysis, costs, unit);
    panels
        .iter_mut()
        .flat_map(|panel| &mut panel.series)
        .flat_map(|series| &mut series.points)
        .for_each(|point| point.x = unit.number(point.x));
    let along: Vec<f64> =
        panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points).map(|point| point.x).collect();
    let mut facts = subtitle(analysis, target, parameters);
    if !sources.is_empty() {
        facts += &format!(" · not counted, in the same unit: training of {}", sources.join(", "));
    }
    Some(FigureSpec {
        schema_version: FIGURE_VERSION,
        name: name(study, "accuracy_by_cost", target),
        title: format!("{}: {} on {target} by cost of training", study.name, metric_words(study)),
        subtitle: facts,
        description: quadrants.iter().map(|quadrant| sentence(analysis, quadrant)).collect::<Vec<_>>().join(" "),
        form: Form::Paths,
        x: cost_axis(&along, unit),
        y: accuracy_axis(&panels, study),
        scale: None,
        num_columns: study.similarities().len().min(panels.len()).max(1),
        notes: vec![Note::new(Sign::Filling, FILLING), Note::new(Sign::Interval, bars(study))],
        panels,
    })
}

/// The panel of accuracy by depth, with each point moved to its cost.
fn panel(analysis: &Analysis, quadrant: &Quadrant, costs: &Costs) -> Panel {
    let mut panel = by_depth(analysis, quadrant);
    if let Some(band) = &mut panel.band {
        // This axis has no room for single replicates.
        band.replicates.clear();
    }
    let has_partial = |series: &[Series], source: &str| {
        series.iter().any(|series| series.kind == SeriesKind::Partial && series.source == source)
    };
    let known = panel.series.clone();
    panel.series.retain_mut(|series| {
        let method = method_of(series.kind);
        let source = series.source.clone();
        series.points.retain_mut(|point| {
            let key = CellKey {
                copied: point.copied,
                frozen: point.frozen,
                method,
                ..CellKey::scratch_of(&quadrant.target, &quadrant.size).from_source(&source)
            };
            let cost = analysis.cell(&key).and_then(|cell| cost(cell, costs));
            point.x = cost.unwrap_or(0.0);
            point.replicates.clear();
            cost.is_some() && point.mean.is_some()
        });
        if series.kind == SeriesKind::FineTuned {
            // Fine-tuning all layers costs the same however many were copied, so the deepest one represents all. It is
            // also an end of partial freezing, if that was run.
            series.points.sort_by_key(|point| std::cmp::Reverse(point.copied));
            series.points.truncate(1);
            if has_partial(&known, &series.source) {
                series.points.clear();
            }
        }
        series.points.sort_by(|first, second| first.x.total_cmp(&second.x));
        !series.points.is_empty()
    });
    panel.series.extend(scratch(analysis, quadrant, costs));
    panel
}

/// The method of the cells that a curve passes through.
fn method_of(kind: SeriesKind) -> Method {
    match kind {
        SeriesKind::Probe => Method::Probe,
        SeriesKind::Frozen
        | SeriesKind::Partial
        | SeriesKind::FineTuned
        | SeriesKind::Untrained
        | SeriesKind::Other
        | SeriesKind::Depth
        | SeriesKind::Scratch
        | SeriesKind::CoAdaptation
        | SeriesKind::Specificity
        | SeriesKind::Recovery => Method::Training,
    }
}

/// Scratch, at every length of its ladder.
fn scratch(analysis: &Analysis, quadrant: &Quadrant, costs: &Costs) -> Option<Series> {
    let key = CellKey::scratch_of(&quadrant.target, &quadrant.size);
    let cell = analysis.cell(&key)?;
    let usual = Point {
        x: cost(cell, costs)?,
        across: None,
        copied: 0,
        frozen: 0,
        mean: cell.mean.map(percent),
        low: cell.interval.map(|(low, _)| percent(low)),
        high: cell.interval.map(|(_, high)| percent(high)),
        replicates: Vec::new(),
        num_planned: cell.num_planned,
        verdict: None,
        differs: false,
    };
    let rungs = analysis.ladders.get(&key).map_or(&[][..], Vec::as_slice);
    let longer = rungs.iter().filter(|rung| rung.budget > 1.0).filter_map(|rung| {
        let x = costs.of_jobs.get(&rung.job?).copied().filter(|&cost| cost > 0)? as f64;
        Some(Point { x, mean: rung.mean.map(percent), low: None, high: None, ..usual.clone() })
    });
    let label = if rungs.is_empty() { "from scratch" } else { "from scratch, and trained longer" };
    Some(Series {
        label: label.to_owned(),
        kind: SeriesKind::Scratch,
        source: String::new(),
        pattern: 0,
        points: std::iter::once(usual.clone()).chain(longer).collect(),
    })
}

/// Multiply–accumulates of one of a cell's runs. All of them cost the same.
fn cost(cell: &CellResult, costs: &Costs) -> Option<f64> {
    let cost = *costs.of_jobs.get(&cell.runs.first()?.job)?;
    (cost > 0).then_some(cost as f64)
}

/// "near 4.1" for each source that was trained.
fn of_sources(analysis: &Analysis, costs: &Costs, unit: Unit) -> Vec<String> {
    let trained = analysis.study.sources.iter().filter(|source| !source.is_untrained());
    let words = trained.filter_map(|source| {
        let cost = *costs.of_sources.get(&source.name)?;
        (cost > 0).then(|| format!("{} {}", source.name, mark(unit.number(cost as f64))))
    });
    shown::named(words.collect(), shown::most_named(analysis))
}

/// A power of ten as the unit of costs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Unit {
    size: f64,
    words: &'static str,
}

impl Unit {
    /// The largest power for which the greatest cost is at least one.
    fn of(most: f64) -> Self {
        const UNITS: [(f64, &str); 5] =
            [(1e18, "quintillion "), (1e15, "quadrillion "), (1e12, "trillion "), (1e9, "billion "), (1e6, "million ")];
        let (size, words) = UNITS.into_iter().find(|(size, _)| *size <= most).unwrap_or((1.0, ""));
        Unit { size, words }
    }

    /// A cost in this unit, to four significant digits.
    fn number(self, cost: f64) -> f64 {
        let value = cost / self.size;
        format!("{value:.3e}").parse().unwrap_or(value)
    }
}

/// Marks at 1, 2 and 5 of every power of ten, or at the powers alone if those are too many.
fn cost_axis(along: &[f64], unit: Unit) -> Axis {
    let low = along.iter().copied().fold(f64::INFINITY, f64::min) / ROOM;
    let high = along.iter().copied().fold(0.0, f64::max) * ROOM;
    let marks = |digits: &[i32]| -> Vec<f64> {
        let all = (-12..=18).flat_map(|power| digits.iter().map(move |digit| format!("{digit}e{power}")));
        all.filter_map(|text| text.parse().ok()).filter(|at| (low..=high).contains(at)).collect()
    };
    let fine = marks(&[1, 2, 5]);
    let chosen = if fine.len() > MOST_MARKS { marks(&[1]) } else { fine };
    Axis {
        label: format!("cost of one run ({}multiply–accumulates, logarithmic)", unit.words),
        low,
        high,
        is_logarithmic: true,
        ticks: chosen.into_iter().map(|at| Tick { at, label: mark(at) }).collect(),
    }
}

/// A number with at most three digits.
fn mark(at: f64) -> String {
    match at {
        at if at >= 100.0 => format!("{at:.0}"),
        at if at >= 10.0 => trimmed(format!("{at:.1}")),
        at if at >= 1.0 => trimmed(format!("{at:.2}")),
        at => format!("{}", (at * 1e4).round() / 1e4),
    }
}

fn trimmed(number: String) -> String {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.').to_owned() } else { number }
}
