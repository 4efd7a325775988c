//! From the data of a figure to lines, markers and text.

use plotters::prelude::*;

use super::canvas::{Align, Canvas, Type};
use super::font::{self, Weight};
use super::legend::{self, Legend};
use super::marker;
use super::palette::{GRID, INK, PAPER, REFERENCE, SOFT_INK, colour};
use super::spec::{Band, FigureSpec, Panel, Point, Series};

const MARGIN: f64 = 24.0;
/// Room for the vertical axis: its label, its numbers.
const LEFT: f64 = 84.0;
const PANEL_WIDTH: f64 = 470.0;
const PANEL_HEIGHT: f64 = 270.0;
const COLUMN_GAP: f64 = 54.0;
/// Room above a panel for its title, and below it for the numbers of its axis.
const PANEL_TITLE: f64 = 34.0;
const TICK_ROOM: f64 = 44.0;
const AXIS_LABEL_ROOM: f64 = 26.0;
const TITLE_BASELINE: f64 = 40.0;
const SUBTITLE_LEADING: f64 = 19.0;

pub(super) const BODY: Type = Type { em_px: 13.0, weight: Weight::Regular, colour: INK };
const TICK: Type = Type { em_px: 12.0, weight: Weight::Regular, colour: SOFT_INK };
const TITLE: Type = Type { em_px: 20.0, weight: Weight::Bold, colour: INK };
const SUBTITLE: Type = Type { em_px: 13.0, weight: Weight::Regular, colour: SOFT_INK };
const PANEL_HEAD: Type = Type { em_px: 14.0, weight: Weight::Bold, colour: INK };

/// Where everything goes, in figure pixels.
pub(super) struct Layout {
    pub width: f64,
    pub height: f64,
    top: f64,
    subtitle: Vec<String>,
    legend: Legend,
}

impl Layout {
    pub fn new(spec: &FigureSpec) -> Self {
        let columns = spec.num_columns.max(1) as f64;
        let width = LEFT + columns * PANEL_WIDTH + (columns - 1.0) * COLUMN_GAP + MARGIN;
        let subtitle = wrap(&spec.subtitle, width - 2.0 * MARGIN, SUBTITLE);
        let legend = Legend::new(spec, width - LEFT - MARGIN);
        let rows = spec.panels.len().div_ceil(spec.num_columns.max(1)) as f64;
        let top = TITLE_BASELINE + subtitle.len() as f64 * SUBTITLE_LEADING + 14.0;
        let panels = rows * (PANEL_TITLE + PANEL_HEIGHT + TICK_ROOM);
        let height = top + panels + AXIS_LABEL_ROOM + legend.height() + MARGIN;
        Layout { width: width.ceil(), height: height.ceil(), top, subtitle, legend }
    }

    fn panel(&self, spec: &FigureSpec, index: usize) -> Frame {
        let (row, column) = (index / spec.num_columns.max(1), index % spec.num_columns.max(1));
        let left = LEFT + column as f64 * (PANEL_WIDTH + COLUMN_GAP);
        let top = self.top + PANEL_TITLE + row as f64 * (PANEL_TITLE + PANEL_HEIGHT + TICK_ROOM);
        Frame { left, top, x: (spec.x.low, spec.x.high), y: (spec.y.low, spec.y.high) }
    }
}

/// A panel's place, and the way from data to figure pixels.
struct Frame {
    left: f64,
    top: f64,
    x: (f64, f64),
    y: (f64, f64),
}

impl Frame {
    fn right(&self) -> f64 {
        self.left + PANEL_WIDTH
    }

    fn bottom(&self) -> f64 {
        self.top + PANEL_HEIGHT
    }

    fn at_x(&self, x: f64) -> f64 {
        self.left + (x - self.x.0) / (self.x.1 - self.x.0) * PANEL_WIDTH
    }

    fn at_y(&self, y: f64) -> f64 {
        self.bottom() - (y - self.y.0) / (self.y.1 - self.y.0) * PANEL_HEIGHT
    }

    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }
}

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Draws the whole figure.
pub(super) fn figure<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, spec: &FigureSpec, layout: &Layout) -> Drawn<DB> {
    canvas.rectangle((0.0, 0.0), (layout.width, layout.height), PAPER.to_rgba())?;
    canvas.text(&spec.title, (MARGIN, TITLE_BASELINE), Align::Left, TITLE)?;
    for (line, text) in (1..).zip(&layout.subtitle) {
        let baseline = TITLE_BASELINE + 4.0 + f64::from(line) * SUBTITLE_LEADING;
        canvas.text(text, (MARGIN, baseline), Align::Left, SUBTITLE)?;
    }
    for (index, panel) in spec.panels.iter().enumerate() {
        let frame = layout.panel(spec, index);
        axes(canvas, spec, &frame, index)?;
        panel_head(canvas, panel, &frame)?;
        contents(canvas, spec, panel, &frame)?;
    }
    let legend_top = layout.height - MARGIN - layout.legend.height();
    legend::draw(canvas, &layout.legend, (LEFT, legend_top))
}

fn axes<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, spec: &FigureSpec, frame: &Frame, index: usize) -> Drawn<DB> {
    let columns = spec.num_columns.max(1);
    let is_lowest = index + columns >= spec.panels.len();
    for tick in &spec.y.ticks {
        let y = frame.at_y(tick.at);
        canvas.line(&[(frame.left, y), (frame.right(), y)], GRID.to_rgba(), 1.0)?;
        canvas.text(&tick.label, (frame.left - 9.0, y + 4.4), Align::Right, TICK)?;
    }
    for tick in &spec.x.ticks {
        let x = frame.at_x(tick.at);
        canvas.line(&[(x, frame.bottom()), (x, frame.bottom() + 5.0)], INK.to_rgba(), 1.0)?;
        for (line, text) in (0..).zip(tick.label.lines()) {
            let baseline = frame.bottom() + 19.0 + 15.0 * f64::from(line);
            canvas.text(text, (x, baseline), Align::Centre, TICK)?;
        }
    }
    canvas.line(&[(frame.left, frame.bottom()), (frame.right(), frame.bottom())], INK.to_rgba(), 1.2)?;
    if index.is_multiple_of(columns) {
        let middle = (frame.left - 56.0, frame.top + PANEL_HEIGHT / 2.0);
        canvas.upward_text(&spec.y.label, middle, BODY)?;
    }
    if is_lowest {
        let middle = (frame.left + PANEL_WIDTH / 2.0, frame.bottom() + TICK_ROOM + 12.0);
        canvas.text(&spec.x.label, middle, Align::Centre, BODY)?;
    }
    Ok(())
}

fn panel_head<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, panel: &Panel, frame: &Frame) -> Drawn<DB> {
    let baseline = frame.top - 12.0;
    canvas.text(&panel.title, (frame.left, baseline), Align::Left, PANEL_HEAD)?;
    match &panel.incomplete {
        Some(words) => canvas.text(words, (frame.right(), baseline), Align::Right, SUBTITLE),
        None => Ok(()),
    }
}

fn contents<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, spec: &FigureSpec, panel: &Panel, frame: &Frame) -> Drawn<DB> {
    if let Some(band) = &panel.band {
        self::band(canvas, band, frame)?;
    }
    for reference in &panel.references {
        let y = frame.at_y(reference.y);
        canvas.dashed(&[(frame.left, y), (frame.right(), y)], SOFT_INK.to_rgba(), 1.4, &[1.6, 4.0])?;
    }
    let offsets = offsets(panel.series.len());
    // Replicates stand in the gap right of their interval.
    let aside = spacing(panel.series.len()) / 2.0;
    for (series, offset) in panel.series.iter().zip(&offsets) {
        curve(canvas, series, frame, (*offset, aside))?;
    }
    for (series, offset) in panel.series.iter().zip(&offsets) {
        markers(canvas, series, frame, *offset)?;
    }
    if panel.series.iter().all(|series| series.points.iter().all(|point| point.mean.is_none())) {
        let middle = frame.at((spec.x.low + spec.x.high) / 2.0, (spec.y.low + spec.y.high) / 2.0);
        canvas.text("no run yet", middle, Align::Centre, SUBTITLE)?;
    }
    Ok(())
}

fn band<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, band: &Band, frame: &Frame) -> Drawn<DB> {
    if let (Some(low), Some(high)) = (band.low, band.high) {
        let (top, bottom) = (frame.at_y(high).max(frame.top), frame.at_y(low).min(frame.bottom()));
        canvas.rectangle((frame.left, top), (frame.right(), bottom), REFERENCE.mix(0.25))?;
    }
    let y = frame.at_y(band.mean);
    canvas.line(&[(frame.left, y), (frame.right(), y)], REFERENCE.to_rgba(), 1.8)?;
    band.replicates
        .iter()
        .try_for_each(|&value| canvas.disc(frame.at(band.at, value), REPLICATE_RADIUS, REFERENCE.mix(0.8)))
}

const REPLICATE_RADIUS: f64 = 1.7;

/// Distance of neighbouring curves at one depth: they stand side by side, so that their intervals do not cover each
/// other.
fn spacing(num_curves: usize) -> f64 {
    const WIDEST: f64 = 0.24;
    WIDEST.min(0.84 / num_curves.max(1) as f64)
}

fn offsets(num_curves: usize) -> Vec<f64> {
    let middle = (num_curves.max(1) - 1) as f64 / 2.0;
    (0..num_curves).map(|index| (index as f64 - middle) * spacing(num_curves)).collect()
}

fn pattern(index: usize, kind: super::SeriesKind) -> &'static [f64] {
    match (kind, index) {
        (super::SeriesKind::Untrained, _) => &[3.0, 3.0],
        (_, 0) => &[],
        (_, 1) => &[9.0, 4.0],
        _ => &[9.0, 3.0, 2.0, 3.0],
    }
}

fn curve<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    series: &Series,
    frame: &Frame,
    (offset, aside): (f64, f64),
) -> Drawn<DB> {
    let ink = colour(series.kind);
    let means: Vec<(f64, f64)> =
        series.points.iter().filter_map(|point| Some(frame.at(point.x + offset, point.mean?))).collect();
    canvas.dashed(&means, ink.mix(0.75), 1.8, pattern(series.pattern, series.kind))?;
    for point in &series.points {
        let x = frame.at_x(point.x + offset);
        interval(canvas, point, frame, x, ink)?;
        for &value in &point.replicates {
            canvas.disc(frame.at(point.x + offset + aside, value), REPLICATE_RADIUS, ink.mix(0.5))?;
        }
    }
    Ok(())
}

fn interval<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    point: &Point,
    frame: &Frame,
    x: f64,
    ink: RGBColor,
) -> Drawn<DB> {
    let (Some(low), Some(high)) = (point.low, point.high) else { return Ok(()) };
    let ends = [frame.at_y(high).max(frame.top), frame.at_y(low).min(frame.bottom())];
    canvas.line(&[(x, ends[0]), (x, ends[1])], ink.to_rgba(), 1.3)?;
    ends.iter().try_for_each(|&y| canvas.line(&[(x - 3.0, y), (x + 3.0, y)], ink.to_rgba(), 1.3))
}

fn markers<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, series: &Series, frame: &Frame, offset: f64) -> Drawn<DB> {
    series.points.iter().try_for_each(|point| match point.mean {
        Some(mean) => {
            let centre = frame.at(point.x + offset, mean);
            marker::draw(canvas, series.kind, centre, colour(series.kind), point.differs)
        }
        None => Ok(()),
    })
}

/// Breaks a text into lines no wider than `width`.
fn wrap(text: &str, width: f64, look: Type) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        let longer = if lines[last].is_empty() { word.to_owned() } else { format!("{} {word}", lines[last]) };
        if !lines[last].is_empty() && font::width(&longer, look.em_px, look.weight) > width {
            lines.push(word.to_owned());
        } else {
            lines[last] = longer;
        }
    }
    lines
}
