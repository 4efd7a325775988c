//! Where everything goes, in figure pixels.

use super::super::font;
use super::super::spec::{Axis, FigureSpec, Form};
use super::legend::Legend;
use super::{SUBTITLE, TICK, Type};

pub(super) const MARGIN: f64 = 24.0;
pub(super) const TITLE_BASELINE: f64 = 40.0;
pub(super) const SUBTITLE_LEADING: f64 = 19.0;
/// Room for a vertical axis: its label, its numbers.
const LEFT: f64 = 84.0;
const COLUMN_GAP: f64 = 54.0;
/// How much wider than the figure's font a browser's own may be: DejaVu Sans is 1.13 times as wide.
const WIDER: f64 = 1.16;

/// Room above a panel for its title, and below it for the numbers of its axis.
const PANEL_TITLE: f64 = 34.0;
const TICK_LINE: f64 = 15.0;
const TICK_GAP: f64 = 14.0;
const AXIS_LABEL_ROOM: f64 = 26.0;
/// Height of a row of a forest plot.
const ROW: f64 = 19.0;
/// Size of a tile.
pub(super) const TILE: (f64, f64) = (54.0, 40.0);

/// A figure, laid out.
pub(in super::super) struct Layout {
    pub width: f64,
    pub height: f64,
    /// Left end of the first panel.
    pub left: f64,
    pub(super) subtitle: Vec<String>,
    pub(super) legend: Legend,
    top: f64,
    column_gap: f64,
    panel: (f64, f64),
    tick_room: f64,
}

impl Layout {
    pub fn new(spec: &FigureSpec) -> Self {
        let columns = spec.num_columns.max(1) as f64;
        let panel = panel_size(spec);
        // The names of rows stand at the left of every panel.
        let labels = spec.panels.iter().flat_map(|panel| &panel.ticks);
        let names = labels.map(|tick| font::width(&tick.label, TICK.em_px, TICK.weight)).fold(0.0, f64::max);
        let (left, column_gap) = match spec.form {
            Form::Rows => (MARGIN + names + 14.0, names + 34.0),
            Form::Curves | Form::Bands | Form::Paths | Form::Lines | Form::Tiles | Form::Points => (LEFT, COLUMN_GAP),
        };
        let width = left + columns * panel.0 + (columns - 1.0) * column_gap + MARGIN;
        let width = width.max(MARGIN + font::width(&spec.title, super::TITLE.em_px, super::TITLE.weight) + MARGIN);
        // A browser without the figure's font takes a wider one.
        let subtitle = wrap(&spec.subtitle, (width - 2.0 * MARGIN) / WIDER, SUBTITLE);
        let legend = Legend::new(spec, width - left - MARGIN);
        let rows = spec.panels.len().div_ceil(spec.num_columns.max(1)) as f64;
        let top = TITLE_BASELINE + subtitle.len() as f64 * SUBTITLE_LEADING + 14.0;
        let tick_room = tick_room(spec);
        let panels = rows * (PANEL_TITLE + panel.1 + tick_room);
        let height = top + panels + AXIS_LABEL_ROOM + legend.height() + MARGIN;
        Layout { width: width.ceil(), height: height.ceil(), left, subtitle, legend, top, column_gap, panel, tick_room }
    }

    pub(super) fn panel(&self, spec: &FigureSpec, index: usize) -> Frame {
        let (row, column) = (index / spec.num_columns.max(1), index % spec.num_columns.max(1));
        Frame {
            left: self.left + column as f64 * (self.panel.0 + self.column_gap),
            top: self.top + PANEL_TITLE + row as f64 * (PANEL_TITLE + self.panel.1 + self.tick_room),
            tick_room: self.tick_room,
            size: self.panel,
            x: Span::of(&spec.x),
            y: Span::of(&spec.y),
        }
    }
}

fn panel_size(spec: &FigureSpec) -> (f64, f64) {
    match spec.form {
        Form::Curves | Form::Bands | Form::Paths | Form::Points => (470.0, 270.0),
        Form::Lines => (470.0, 210.0),
        Form::Rows => (400.0, ROW * (spec.x.high - spec.x.low)),
        Form::Tiles => (TILE.0 * (spec.x.high - spec.x.low), TILE.1 * (spec.y.high - spec.y.low)),
    }
}

/// The number of lines of the marks below a panel.
fn tick_room(spec: &FigureSpec) -> f64 {
    let axis = if spec.form == Form::Rows { &spec.y } else { &spec.x };
    let lines = axis.ticks.iter().map(|tick| tick.label.lines().count()).max().unwrap_or(1);
    TICK_GAP + TICK_LINE * lines as f64
}

/// A panel's place, and the mapping from data to figure pixels.
pub(super) struct Frame {
    pub left: f64,
    pub top: f64,
    /// Room below for the numbers of its axis.
    pub tick_room: f64,
    size: (f64, f64),
    x: Span,
    y: Span,
}

/// The values of an axis.
struct Span {
    low: f64,
    high: f64,
    is_logarithmic: bool,
}

impl Span {
    fn of(axis: &Axis) -> Self {
        Span { low: axis.low, high: axis.high, is_logarithmic: axis.is_logarithmic }
    }

    /// The position of a value along the axis: 0 at its low end, 1 at its high end.
    fn share(&self, value: f64) -> f64 {
        let along = |value: f64| if self.is_logarithmic { libm::log(value) } else { value };
        (along(value) - along(self.low)) / (along(self.high) - along(self.low))
    }
}

impl Frame {
    pub fn right(&self) -> f64 {
        self.left + self.size.0
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.size.1
    }

    pub fn at_x(&self, x: f64) -> f64 {
        self.left + self.x.share(x) * self.size.0
    }

    pub fn at_y(&self, y: f64) -> f64 {
        self.bottom() - self.y.share(y) * self.size.1
    }

    pub fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.at_x(x), self.at_y(y))
    }

    /// The height of a row, if x runs down the page.
    pub fn row(&self, x: f64) -> f64 {
        self.top + self.x.share(x) * self.size.1
    }

    /// The place of a measure across the page, if x runs down it.
    pub fn across(&self, y: f64) -> f64 {
        self.left + self.y.share(y) * self.size.0
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ratios_stand_equally_far_apart_on_a_logarithmic_axis() {
        let span = Span { low: 0.25, high: 4.0, is_logarithmic: true };
        assert_eq!([span.share(0.25), span.share(1.0), span.share(4.0)], [0.0, 0.5, 1.0]);
        let linear = Span { low: 0.0, high: 4.0, is_logarithmic: false };
        assert_eq!(linear.share(1.0), 0.25);
    }
}
