//! The course of the trainings: loss against steps, averaged over replicates, with one line for each arm.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use rayon::prelude::*;

use super::spec::FIGURE_VERSION;
use super::words::{fitted, name, round4, subtitle};
use super::{Axis, FigureSpec, Form, Panel, Point, Series, SeriesKind, words};
use crate::shown;
use nt_analysis::study::{CellKey, StudySource};
use nt_analysis::{Analysis, CellResult};
use nt_records::curve::{CurveError, CurvePoint, read_curve};
use nt_records::file::FileRef;
use nt_records::number::thousands;
use nt_records::record::Status;

/// The figures of one target, one for each size. Rows are its trained sources. Columns are the frozen features and the
/// copied whole network. A size without a curve has no figure.
///
/// # Units
/// Training loss in nats an image; steps of the optimizer.
/// # Errors
/// [`CurveError`] if a curve that a record refers to cannot be read.
pub fn learning_curves(
    dir: &Path,
    analysis: &Analysis,
    target: &str,
    parameters: Option<u64>,
) -> Result<Vec<FigureSpec>, CurveError> {
    let study = &analysis.study;
    let sizes = study.targets.iter().filter(|known| known.name == target).flat_map(|known| &known.sizes);
    let mut figures = Vec::new();
    for (size, images) in sizes.map(|size| (&size.name, size.words())).take(shown::num_drawn_sizes(analysis)) {
        let here = analysis.cells_of(target, size);
        let all = study.sources.iter().filter(|source| !source.is_untrained()).collect::<Vec<_>>();
        let num_sources = all.len();
        let sources = shown::drawn_sources(analysis, all, |source| &source.name, || Box::new(here.iter()));
        let names: HashSet<&str> = sources.iter().map(|source| source.name.as_str()).collect();
        let is_drawn = |cell: &&CellResult| {
            cell.key.method.is_gradient_descent()
                && cell.key.source.as_deref().is_none_or(|source| names.contains(source))
        };
        let cells: Vec<&CellResult> = here.iter().filter(is_drawn).collect();
        let share = shown::share(sources.len(), num_sources, "sources");
        let curves: Vec<Vec<Point>> = cells.par_iter().map(|cell| mean_loss(dir, cell)).collect::<Result<_, _>>()?;
        let curves: BTreeMap<&CellKey, Vec<Point>> = cells.iter().map(|cell| &cell.key).zip(curves).collect();
        if curves.values().all(Vec::is_empty) {
            continue;
        }
        let panels = panels(&sources, &cells, &curves);
        let stem = name(study, "learning_curves", target);
        let (x, y) = axes(&panels);
        figures.push(FigureSpec {
            schema_version: FIGURE_VERSION,
            name: format!("{stem}-{size}"),
            title: format!("{}: training on {target}, {size} ({images}){share}", study.name),
            subtitle: subtitle(analysis, target, parameters),
            description: description(&panels),
            form: Form::Lines,
            x,
            y,
            scale: None,
            num_columns: if panels.len() > 1 { 2 } else { 1 },
            notes: Vec::new(),
            panels,
        });
    }
    Ok(figures)
}

/// Mean training loss of a cell's runs that ended in order, at the steps that all of them recorded.
fn mean_loss(dir: &Path, cell: &CellResult) -> Result<Vec<Point>, CurveError> {
    let files: Vec<&FileRef> =
        cell.runs.iter().filter(|run| run.status == Status::Done).filter_map(|run| run.curve.as_ref()).collect();
    let mut sums: BTreeMap<u64, (f64, usize)> = BTreeMap::new();
    for file in &files {
        for CurvePoint { step, train_loss, .. } in read_curve(dir, file)? {
            let sum = sums.entry(step).or_default();
            *sum = (sum.0 + train_loss, sum.1 + 1);
        }
    }
    let complete = sums.into_iter().filter(|(_, (_, count))| *count == files.len());
    Ok(complete
        .map(|(step, (sum, count))| Point {
            x: step as f64,
            across: None,
            copied: cell.key.copied,
            frozen: cell.key.frozen,
            mean: Some(round4(sum / count as f64)).filter(|mean| mean.is_finite()),
            low: None,
            high: None,
            replicates: Vec::new(),
            num_planned: cell.num_planned,
            verdict: None,
            differs: false,
        })
        .collect())
}

fn panels(sources: &[&StudySource], cells: &[&CellResult], curves: &BTreeMap<&CellKey, Vec<Point>>) -> Vec<Panel> {
    let mut panels = Vec::new();
    for source in sources {
        let of_source: Vec<&CellResult> =
            cells.iter().copied().filter(|cell| cell.key.source.as_deref() == Some(source.name.as_str())).collect();
        let most = of_source.iter().map(|cell| cell.key.copied).max().unwrap_or(0);
        let frozen = of_source.iter().copied().filter(|cell| cell.key.copied == cell.key.frozen).collect::<Vec<_>>();
        let whole = of_source.iter().copied().filter(|cell| cell.key.copied == most).collect::<Vec<_>>();
        panels.push(panel(&format!("{}: first n copied and frozen", head(source)), cells, &frozen, curves));
        panels.push(panel(&format!("{}: {most} copied, first n frozen", head(source)), cells, &whole, curves));
    }
    panels
}

fn head(source: &StudySource) -> String {
    if source.name == source.similarity {
        source.name.clone()
    } else {
        format!("{} ({})", source.name, source.similarity)
    }
}

fn panel(title: &str, all: &[&CellResult], shown: &[&CellResult], curves: &BTreeMap<&CellKey, Vec<Point>>) -> Panel {
    let scratch = all.iter().copied().filter(|cell| cell.key.source.is_none());
    let series = scratch.chain(shown.iter().copied()).filter_map(|cell| {
        let points = curves.get(&cell.key).filter(|points| !points.is_empty())?;
        let is_scratch = cell.key.source.is_none();
        Some(Series {
            label: match cell.key.frozen {
                _ if is_scratch => "from scratch".to_owned(),
                0 => "none frozen".to_owned(),
                frozen => format!("{frozen} frozen"),
            },
            kind: if is_scratch { SeriesKind::Scratch } else { SeriesKind::Depth },
            source: cell.key.source.clone().unwrap_or_default(),
            pattern: usize::from(cell.key.frozen),
            points: points.clone(),
        })
    });
    let (done, planned) =
        shown.iter().fold((0, 0), |(done, planned), cell| (done + cell.num_done(), planned + cell.num_planned));
    Panel {
        title: title.to_owned(),
        incomplete: (done < planned).then(|| format!("{done} of {planned} runs")),
        ticks: Vec::new(),
        band: None,
        references: Vec::new(),
        series: series.collect(),
    }
}

fn axes(panels: &[Panel]) -> (Axis, Axis) {
    let points = || panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let most_steps = points().map(|point| point.x).fold(1.0, f64::max);
    let step = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5]
        .into_iter()
        .find(|step| most_steps / step <= 6.0)
        .unwrap_or(most_steps);
    let marks = (0..=(most_steps / step) as u64).map(|mark| mark as f64 * step);
    let ticks = marks.map(|at| super::Tick { at, label: thousands(at as u64) }).collect();
    let mut reach = words::extent(panels);
    reach.push(0.0);
    (
        Axis { label: "step of the optimizer".to_owned(), low: 0.0, high: most_steps, is_logarithmic: false, ticks },
        fitted("Training loss (nats an image)".to_owned(), &reach, |at| format!("{at:.1}")),
    )
}

fn description(panels: &[Panel]) -> String {
    let of_panel = |panel: &Panel| {
        let last = |series: &Series| series.points.last().and_then(|point| point.mean);
        let ends: Vec<String> =
            panel.series.iter().filter_map(|series| Some(format!("{} {:.2}", series.label, last(series)?))).collect();
        format!("{}: training loss at the end: {}.", panel.title, ends.join(", "))
    };
    panels.iter().map(of_panel).collect::<Vec<_>>().join(" ")
}
