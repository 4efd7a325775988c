//! Accuracy against depth, one panel a quadrant: the headline.

use nt_scenario::network::{LAYER_NAMES, NUM_LEARNED_LAYERS};

use super::{Axis, Band, FigureSpec, Panel, Point, Reference, Series, SeriesKind, Tick};
use crate::SCHEMA_VERSION;
use crate::analysis::{Analysis, CellKind, CellResult, Quadrant};
use crate::metric;
use crate::study::{CellKey, Study, StudySource};

/// Room left and right of the first and last depth, in depths.
const X_ROOM: f64 = 0.5;
/// Distance of the vertical axis's marks, per cent.
const Y_STEP: f64 = 10.0;

/// The figure of one target: rows are its sizes, columns the similarities of its sources.
///
/// # Units
/// Accuracies in per cent; depth in learned layers.
/// # Source
/// Yosinski, Clune, Bengio and Lipson, NIPS 2014, figure 2, with a band for scratch in place of its base points, each
/// replicate shown, and untrained layers frozen as the control.
pub fn accuracy_by_depth(analysis: &Analysis, target: &str, parameters: Option<u64>) -> FigureSpec {
    let study = &analysis.study;
    let quadrants: Vec<&Quadrant> = analysis.quadrants.iter().filter(|quadrant| quadrant.target == target).collect();
    let panels: Vec<Panel> = quadrants.iter().map(|quadrant| panel(analysis, quadrant)).collect();
    let is_only_target = study.targets.len() == 1;
    FigureSpec {
        schema_version: SCHEMA_VERSION,
        name: if is_only_target { "accuracy_by_depth".to_owned() } else { format!("accuracy_by_depth-{target}") },
        title: format!("{}: {} on {target} by depth of transfer", study.name, metric_words(study)),
        subtitle: subtitle(analysis, target, parameters),
        description: description(analysis, &quadrants),
        x: depth_axis(),
        y: accuracy_axis(&panels, study),
        num_columns: study.similarities().len().max(1),
        notes: vec![
            "filled: differs from scratch (adjusted); hollow: not shown to differ".to_owned(),
            "small: each replicate; bars: 95 % interval of the mean".to_owned(),
        ],
        panels,
    }
}

fn metric_words(study: &Study) -> &'static str {
    if study.metric == metric::TOP5 { "top-5 accuracy" } else { "top-1 accuracy" }
}

fn subtitle(analysis: &Analysis, target: &str, parameters: Option<u64>) -> String {
    let study = &analysis.study;
    let mut parts = vec![study.network.clone()];
    parts.extend(parameters.map(|count| format!("{} parameters", thousands(count))));
    parts.push(format!("n = {} replicates", study.replicates));
    if let Some(test) = analysis.test_sets.get(target) {
        parts.push(format!("{} test images of {} classes", thousands(test.num_images as u64), test.num_classes));
    }
    parts.join(" · ")
}

fn description(analysis: &Analysis, quadrants: &[&Quadrant]) -> String {
    let sentence = |quadrant: &&Quadrant| {
        let tally = quadrant.tally;
        let gap = |at: Option<usize>| at.and_then(|at| analysis.cells[at].gap_pp()).unwrap_or(f64::NAN);
        format!(
            "{} {}, {} source: of {} treatments {} are better than scratch and {} worse; gaps from {:+.1} to {:+.1} \
                points.",
            quadrant.target,
            quadrant.size,
            quadrant.similarity,
            tally.total(),
            tally.helped,
            tally.worse(),
            gap(quadrant.worst),
            gap(quadrant.best),
        )
    };
    quadrants.iter().map(sentence).collect::<Vec<_>>().join(" ")
}

fn depth_axis() -> Axis {
    let name = |depth: usize| if depth == 0 { "none" } else { LAYER_NAMES[depth - 1] };
    let ticks =
        (0..NUM_LEARNED_LAYERS).map(|depth| Tick { at: depth as f64, label: format!("{depth}\n{}", name(depth)) });
    Axis {
        label: "depth n (learned layers, from the input up)".to_owned(),
        low: -X_ROOM,
        high: (NUM_LEARNED_LAYERS - 1) as f64 + X_ROOM,
        ticks: ticks.collect(),
    }
}

/// From the mark below the least value to the one above the largest.
fn accuracy_axis(panels: &[Panel], study: &Study) -> Axis {
    let of_point = |point: &Point| {
        let ends = [point.mean, point.low, point.high];
        ends.into_iter().flatten().chain(point.replicates.iter().copied()).collect::<Vec<_>>()
    };
    let of_panel = |panel: &Panel| {
        let mut values: Vec<f64> = panel.references.iter().map(|reference| reference.y).collect();
        values.extend(panel.band.iter().flat_map(|band| [band.low, band.high, Some(band.mean)]).flatten());
        values.extend(panel.series.iter().flat_map(|series| &series.points).flat_map(of_point));
        values
    };
    let values: Vec<f64> = panels.iter().flat_map(of_panel).collect();
    let least = values.iter().copied().fold(100.0, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let low = (((least - 1.0) / Y_STEP).floor() * Y_STEP).clamp(0.0, 100.0 - Y_STEP);
    let high = (((most + 1.0) / Y_STEP).ceil() * Y_STEP).clamp(low + Y_STEP, 100.0);
    let num_steps = ((high - low) / Y_STEP).round() as u32;
    let step = if num_steps > 6 { 2 } else { 1 };
    let marks = (0..=num_steps)
        .map(|mark| low + Y_STEP * f64::from(mark))
        .filter(|at| ((at / Y_STEP).round() as u32).is_multiple_of(step));
    let ticks = marks.map(|at| Tick { at, label: format!("{at:.0}") }).collect();
    let label = metric_words(study);
    Axis { label: format!("{}{} (%)", label[..1].to_uppercase(), &label[1..]), low, high, ticks }
}

fn panel(analysis: &Analysis, quadrant: &Quadrant) -> Panel {
    let study = &analysis.study;
    let in_panel = |source: &&StudySource| !source.is_untrained && source.similarity == quadrant.similarity;
    let sources: Vec<&StudySource> = study.sources.iter().filter(in_panel).collect();
    let untrained: Vec<&StudySource> = study.sources.iter().filter(|source| source.is_untrained).collect();
    let names: Vec<&str> = sources.iter().map(|source| source.name.as_str()).collect();
    let mut series = Vec::new();
    for (pattern, source) in sources.iter().enumerate() {
        for kind in [SeriesKind::Frozen, SeriesKind::Partial, SeriesKind::FineTuned] {
            series.extend(curve(analysis, quadrant, source, kind, pattern, sources.len()));
        }
    }
    for (pattern, source) in untrained.iter().enumerate() {
        series.extend(curve(analysis, quadrant, source, SeriesKind::Untrained, pattern, untrained.len()));
    }
    let drawn = series.iter().flat_map(|series: &Series| &series.points);
    let (done, planned) =
        drawn.fold((0, 0), |(done, planned), point| (done + point.replicates.len(), planned + point.num_planned));
    let chance = analysis.test_sets.get(&quadrant.target).map(|test| Reference {
        label: "chance".to_owned(),
        y: percent(if study.metric == metric::TOP5 { (5.0 / test.num_classes as f64).min(1.0) } else { test.chance }),
    });
    Panel {
        title: format!(
            "{} ({} images a class) · {}: {}",
            quadrant.size,
            quadrant.train_per_class,
            quadrant.similarity,
            names.join(", ")
        ),
        incomplete: (done < planned).then(|| format!("{done} of {planned} runs")),
        band: band(analysis, quadrant),
        references: chance.into_iter().collect(),
        series,
    }
}

fn band(analysis: &Analysis, quadrant: &Quadrant) -> Option<Band> {
    let key =
        CellKey { target: quadrant.target.clone(), size: quadrant.size.clone(), source: None, copied: 0, frozen: 0 };
    let scratch = analysis.cell(&key)?;
    Some(Band {
        label: "from scratch, with 95 % interval".to_owned(),
        mean: percent(scratch.mean?),
        low: scratch.interval.map(|(low, _)| percent(low)),
        high: scratch.interval.map(|(_, high)| percent(high)),
        replicates: scratch.runs.iter().filter_map(|run| run.value.map(percent)).collect(),
        at: -0.38,
    })
}

/// The cells of a source that a kind of curve goes through; none where there is no cell.
fn curve(
    analysis: &Analysis,
    quadrant: &Quadrant,
    source: &StudySource,
    kind: SeriesKind,
    pattern: usize,
    num_sources: usize,
) -> Option<Series> {
    let of_source = |cell: &&CellResult| {
        cell.key.target == quadrant.target
            && cell.key.size == quadrant.size
            && cell.key.source.as_deref() == Some(source.name.as_str())
            && usize::from(cell.key.copied) < NUM_LEARNED_LAYERS
    };
    let cells: Vec<&CellResult> = analysis.cells.iter().filter(of_source).collect();
    let most = cells.iter().map(|cell| cell.key.copied).max()?;
    let mut chosen: Vec<(u8, &CellResult)> =
        cells.into_iter().filter_map(|cell| depth(&cell.key, kind, most).map(|depth| (depth, cell))).collect();
    chosen.sort_by_key(|(depth, _)| *depth);
    // (most, most) belongs to two curves; alone it is no curve of partial freezing, nor is (most, 0) one of
    // fine-tuning.
    let is_curve = match kind {
        SeriesKind::Frozen | SeriesKind::Untrained => !chosen.is_empty(),
        SeriesKind::Partial => chosen.iter().any(|(_, cell)| cell.key.frozen < most),
        SeriesKind::FineTuned => chosen.iter().any(|(_, cell)| cell.key.copied < most),
    };
    let label = label(kind, most, &source.name, num_sources);
    is_curve.then(|| Series {
        label,
        kind,
        source: source.name.clone(),
        pattern,
        points: chosen.into_iter().map(|(depth, cell)| point(depth, cell)).collect(),
    })
}

fn depth(key: &CellKey, kind: SeriesKind, most: u8) -> Option<u8> {
    match kind {
        SeriesKind::Frozen | SeriesKind::Untrained => (key.copied == key.frozen).then_some(key.frozen),
        SeriesKind::Partial => (key.copied == most).then_some(key.frozen),
        SeriesKind::FineTuned => (key.frozen == 0).then_some(key.copied),
    }
}

fn label(kind: SeriesKind, most: u8, source: &str, num_sources: usize) -> String {
    let words = match kind {
        SeriesKind::Frozen => "first n copied and frozen, rest new".to_owned(),
        SeriesKind::Partial => format!("{most} copied, first n frozen"),
        SeriesKind::FineTuned => "first n copied, all trained".to_owned(),
        SeriesKind::Untrained => "first n random and frozen".to_owned(),
    };
    if num_sources > 1 { format!("{words} ({source})") } else { words }
}

fn point(depth: u8, cell: &CellResult) -> Point {
    let verdict = cell.decision.as_ref().map(|decision| decision.verdict);
    Point {
        x: f64::from(depth),
        copied: cell.key.copied,
        frozen: cell.key.frozen,
        mean: cell.mean.map(percent),
        low: cell.interval.map(|(low, _)| percent(low)),
        high: cell.interval.map(|(_, high)| percent(high)),
        replicates: cell.runs.iter().filter_map(|run| run.value.map(percent)).collect(),
        num_planned: cell.num_planned,
        verdict: cell.verdict().map(|verdict| verdict.name().to_owned()),
        differs: verdict.is_some_and(|verdict| verdict.is_negative() || verdict.is_positive())
            && cell.kind != CellKind::Scratch,
    }
}

/// Per cent to four decimals: below that an interval's digits may differ between machines.
fn percent(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e4
}

/// A number with a comma every three digits.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
