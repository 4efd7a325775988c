//! The lattice of treatments as a heat map: what copying and freezing do, with one panel for each size and source.

use std::collections::HashSet;

use super::gap_by_depth::point;
use super::spec::FIGURE_VERSION;
use super::words::{metric_words, name, sentence, subtitle};
use super::{Axis, FigureSpec, Form, Note, Panel, Series, SeriesKind, Sign, Tick, words};
use crate::shown;
use nt_analysis::study::{Study, StudySize, StudySource};
use nt_analysis::{Analysis, CellKind, CellResult, Wording};
use nt_records::number::signed;

/// The figure of one target. Rows are its sizes, columns the sources that its contrasts are about: controls have none. In a panel the layers copied run across,
/// the layers frozen run upwards, and the colour is the gap.
///
/// # Units
/// Gaps in percentage points; depths in learned layers.
pub fn lattice(analysis: &Analysis, target: &str, parameters: Option<u64>) -> FigureSpec {
    let study = &analysis.study;
    let sizes: Vec<&StudySize> =
        study.targets.iter().filter(|known| known.name == target).flat_map(|known| &known.sizes).collect();
    let tiles = || -> Box<dyn Iterator<Item = &CellResult>> {
        let of_sizes = sizes.iter().flat_map(|size| analysis.cells_of(target, &size.name));
        Box::new(of_sizes.filter(|cell| is_tile(cell, target)).collect::<Vec<_>>().into_iter())
    };
    let with_cells: HashSet<&str> = tiles().filter_map(|cell| cell.key.source.as_deref()).collect();
    let sources: Vec<&StudySource> =
        study.sources.iter().filter(|source| with_cells.contains(source.name.as_str())).collect();
    let num_sources = sources.len();
    let sources = shown::drawn_sources(analysis, sources, |source| &source.name, tiles);
    let sizes = sizes.into_iter().take(shown::num_drawn_sizes(analysis));
    let panels: Vec<Panel> =
        sizes.flat_map(|size| sources.iter().map(move |source| panel(analysis, target, size, source))).collect();
    let gaps = panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let gaps = gaps.filter_map(|point| point.mean);
    let most = gaps.fold(study.margin_pp, |most, gap| most.max(gap.abs()));
    let most = words::round4((most * 10.0).ceil() / 10.0);
    let deepest = analysis.cells.iter().map(|cell| cell.key.copied).max().unwrap_or_else(|| study.top_depth()).max(1);
    let quadrants = shown::drawn_quadrants(analysis, target).into_iter();
    let share = shown::share(sources.len(), num_sources, "sources");
    FigureSpec {
        schema_version: FIGURE_VERSION,
        name: name(study, "lattice", target),
        title: format!("{}: gap to scratch on {target}, by what is copied and frozen{share}", study.name),
        subtitle: subtitle(analysis, target, parameters),
        description: quadrants.map(|quadrant| sentence(analysis, quadrant)).collect::<Vec<_>>().join(" "),
        form: Form::Tiles,
        x: axis(study, "layers copied, from the input up", 1, deepest),
        y: axis(study, "Layers frozen, of those copied", 0, deepest),
        scale: Some(Axis {
            label: format!(
                "gap in {}, from {} to {} {}",
                metric_words(study),
                signed(-most),
                signed(most),
                Wording::of(study.metric).gap_unit
            ),
            low: -most,
            high: most,
            is_logarithmic: false,
            ticks: Vec::new(),
        }),
        num_columns: sources.len().max(1),
        notes: vec![
            Note::new(Sign::Worse, "worse than scratch (adjusted)"),
            Note::new(Sign::Better, "better"),
            Note::new(Sign::Equivalent, "equivalent"),
            Note::new(Sign::Undecided, "undecided"),
            Note::new(Sign::Invalid, "invalid"),
            Note::new(Sign::Missing, "not in this study"),
        ],
        panels,
    }
}

fn axis(study: &Study, label: &str, least: u8, most: u8) -> Axis {
    let across =
        |depth: u8| if least == 0 { depth.to_string() } else { format!("{depth}\n{}", study.depth_name(depth)) };
    Axis {
        label: label.to_owned(),
        low: f64::from(least) - 0.5,
        high: f64::from(most) + 0.5,
        is_logarithmic: false,
        ticks: (least..=most).map(|depth| Tick { at: f64::from(depth), label: across(depth) }).collect(),
    }
}

/// Whether a cell has its place in the lattice of a target.
fn is_tile(cell: &CellResult, target: &str) -> bool {
    cell.kind == CellKind::Transfer && cell.key.method.is_gradient_descent() && cell.key.target == target
}

fn panel(analysis: &Analysis, target: &str, size: &StudySize, source: &StudySource) -> Panel {
    let in_panel = |cell: &&CellResult| {
        is_tile(cell, target) && cell.key.size == size.name && cell.key.source.as_deref() == Some(source.name.as_str())
    };
    let cells: Vec<&CellResult> = analysis.cells_of(target, &size.name).iter().filter(in_panel).collect();
    let (done, planned) =
        cells.iter().fold((0, 0), |(done, planned), cell| (done + cell.num_done(), planned + cell.num_planned));
    let points = cells.iter().map(|cell| {
        // A tile shows the mean only. Other figures show replicates and intervals.
        let of_curve = point(analysis, f64::from(cell.key.copied), cell);
        super::Point { replicates: Vec::new(), ..of_curve }
    });
    Panel {
        title: format!("{} ({}) · {}: {}", size.name, size.words(), source.similarity, source.name),
        incomplete: (done < planned).then(|| format!("{done} of {planned} runs")),
        ticks: Vec::new(),
        band: None,
        references: Vec::new(),
        series: vec![Series {
            label: source.name.clone(),
            kind: SeriesKind::Other,
            source: source.name.clone(),
            pattern: 0,
            points: points.collect(),
        }],
    }
}
