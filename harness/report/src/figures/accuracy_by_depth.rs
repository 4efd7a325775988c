//! Accuracy against depth, with one panel for each quadrant: the headline figure.

use nt_scenario::metric::Unit;
use nt_stats::sign_flip::{Flips, ReplicateGaps, simultaneous_bands};
use nt_stats::verdict::Settings;

use super::depth::{curves, depth_axis, incomplete};
use super::spec::FIGURE_VERSION;
use super::words::{FILLING, metric_words, name, panel_title, round4, sentence, subtitle};
use super::{Axis, Band, FigureSpec, Form, Note, Panel, Point, Reference, Series, Sign, Stroke, Tick, words};
use crate::shown;
use nt_analysis::study::{CellKey, Study};
use nt_analysis::{Analysis, BAND_LEVEL, BAND_REPLICATES, CellKind, CellResult, Quadrant};

/// Distance of the vertical axis's marks, per cent.
const Y_STEP: f64 = 10.0;

/// The figure of one target. Rows are its sizes, columns the similarities of its sources.
///
/// # Units
/// Accuracies in per cent; depth in learned layers.
/// # Source
/// Yosinski, Clune, Bengio and Lipson, NIPS 2014, figure 2. Departures: a band for scratch in place of base points,
/// every replicate shown, and frozen untrained layers as the control.
pub fn accuracy_by_depth(analysis: &Analysis, target: &str, parameters: Option<u64>) -> FigureSpec {
    let study = &analysis.study;
    let quadrants: Vec<&Quadrant> = shown::drawn_quadrants(analysis, target);
    let panels: Vec<Panel> = quadrants.iter().map(|quadrant| panel(analysis, quadrant)).collect();
    FigureSpec {
        schema_version: FIGURE_VERSION,
        name: name(study, "accuracy_by_depth", target),
        title: format!("{}: {} on {target} by depth of transfer", study.name, metric_words(study)),
        subtitle: subtitle(analysis, target, parameters),
        description: quadrants.iter().map(|quadrant| sentence(analysis, quadrant)).collect::<Vec<_>>().join(" "),
        form: Form::Curves,
        x: depth_axis(study),
        y: accuracy_axis(&panels, study),
        scale: None,
        num_columns: study.similarities().len().min(panels.len()).max(1),
        notes: vec![
            Note::new(Sign::Filling, FILLING),
            Note::new(Sign::Replicate, format!("small: each replicate; bars: {}", bars(study))),
        ],
        panels,
    }
}

/// The axis, from the mark below the least value to the mark above the largest.
pub(super) fn accuracy_axis(panels: &[Panel], study: &Study) -> Axis {
    let mut values = words::extent(panels);
    values.extend(panels.iter().flat_map(|panel| &panel.references).map(|reference| reference.y));
    // A share ends at 100; a loss has no end.
    let end = match study.metric.unit() {
        Unit::Fraction => 100.0,
        Unit::Nats => f64::INFINITY,
    };
    let least = values.iter().copied().fold(end, f64::min);
    // A loss of which nothing has run.
    let least = if least.is_finite() { least } else { 0.0 };
    let most = values.iter().copied().fold(0.0, f64::max);
    let low = (((least - 1.0) / Y_STEP).floor() * Y_STEP).clamp(0.0, end - Y_STEP);
    let high = (((most + 1.0) / Y_STEP).ceil() * Y_STEP).clamp(low + Y_STEP, end);
    let ticks = marks(low, high).into_iter().map(|at| Tick { at, label: format!("{at:.0}") }).collect();
    let (label, unit) = (metric_words(study), study.metric.unit().of_hundred());
    let label = format!("{}{} ({unit})", label[..1].to_uppercase(), &label[1..]);
    Axis { label, low, high, is_logarithmic: false, ticks }
}

/// The marks of an axis: every one up to seven of them, every other up to a dozen, and about a dozen of any more: a loss may be
/// millions.
fn marks(low: f64, high: f64) -> Vec<f64> {
    const MOST: f64 = 12.0;
    let num_steps = ((high - low) / Y_STEP).round();
    let step = match num_steps {
        few if few <= 6.0 => 1.0,
        some if some <= 2.0 * MOST => 2.0,
        many => (many / MOST).ceil(),
    };
    let first = (low / Y_STEP / step).ceil();
    let count = ((high / Y_STEP / step).floor() - first).clamp(0.0, 2.0 * MOST) as u32;
    (0..=count).map(|mark| Y_STEP * step * (first + f64::from(mark))).collect()
}

pub(super) fn panel(analysis: &Analysis, quadrant: &Quadrant) -> Panel {
    let mut series = curves(analysis, quadrant, point);
    series.iter_mut().for_each(|series| simultaneous(analysis, series));
    let chance = analysis.test_sets.get(&quadrant.target).map(|test| Reference {
        label: "chance".to_owned(),
        y: percent(test.chance),
        stroke: Stroke::Dotted,
    });
    Panel {
        title: panel_title(analysis, quadrant),
        incomplete: incomplete(&series),
        ticks: Vec::new(),
        band: band(analysis, quadrant),
        references: chance.into_iter().collect(),
        series,
    }
}

/// What the bars cover, in words.
pub(super) fn bars(study: &Study) -> &'static str {
    if study.replicates as usize >= BAND_REPLICATES {
        "95 %, all depths of a curve at once (each alone where a run is missing)"
    } else {
        "95 % interval of the mean"
    }
}

/// Widens the bars of a whole curve so that they cover all of its means at once, since a reader looks for the worst
/// point. A curve that lacks a run, or has too few replicates, keeps each point's own interval.
fn simultaneous(analysis: &Analysis, series: &mut Series) {
    let num_replicates = analysis.study.replicates as usize;
    let is_whole = series.points.iter().all(|point| point.replicates.len() == num_replicates);
    if !is_whole || num_replicates < BAND_REPLICATES || series.points.len() < 2 {
        return;
    }
    let Settings { num_flips, seed, .. } = analysis.study.settings();
    let values = series.points.iter().map(|point| point.replicates.clone()).collect();
    let Ok(values) = ReplicateGaps::new(values) else { return };
    let bands = simultaneous_bands(&values, BAND_LEVEL, &Flips { num_flips, seed });
    for (point, (low, high)) in series.points.iter_mut().zip(bands.limits.unwrap_or_default()) {
        (point.low, point.high) = (Some(round4(low)), Some(round4(high)));
    }
}

fn band(analysis: &Analysis, quadrant: &Quadrant) -> Option<Band> {
    let key = CellKey::scratch_of(&quadrant.target, &quadrant.size);
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

fn point(_: &Analysis, depth: u8, cell: &CellResult) -> Point {
    let verdict = cell.decision.as_ref().map(|decision| decision.verdict);
    Point {
        x: f64::from(depth),
        across: None,
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

/// Per cent to four decimals, because further digits of an interval may differ between machines.
pub(super) fn percent(fraction: f64) -> f64 {
    (fraction * 1e6).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_a_dozen_marks_however_far_it_reaches() {
        assert_eq!(marks(20.0, 50.0), [20.0, 30.0, 40.0, 50.0]);
        assert_eq!(marks(10.0, 90.0), [20.0, 40.0, 60.0, 80.0]);
        assert_eq!(marks(0.0, 100.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(marks(0.0, 10.0), [0.0, 10.0]);
        for high in [1e3, 1e6, 1e12, 1e300] {
            let marks = marks(0.0, high);
            assert!((2..=25).contains(&marks.len()) && marks.iter().all(|mark| *mark <= high), "{high}: {marks:?}");
        }
    }
}
