//! From the data of a figure to lines, markers and text.

mod axes;
mod curves;
mod layout;
mod legend;
mod points;
mod rows;
mod stroke;
mod tiles;

use plotters::prelude::*;

pub(super) use layout::Layout;
use layout::{Frame, MARGIN, SUBTITLE_LEADING, TITLE_BASELINE};

use super::canvas::{Align, Canvas, TextSetting, Type};
use super::font::Weight;
use super::palette::{INK, PAPER, SOFT_INK};
use super::spec::{FigureSpec, Form, Panel};

pub(super) const BODY: Type = Type { em_px: 13.0, weight: Weight::Regular, colour: INK };
const TICK: Type = Type { em_px: 12.0, weight: Weight::Regular, colour: SOFT_INK };
const TITLE: Type = Type { em_px: 20.0, weight: Weight::Bold, colour: INK };
const SUBTITLE: Type = Type { em_px: 13.0, weight: Weight::Regular, colour: SOFT_INK };
const PANEL_HEAD: Type = Type { em_px: 14.0, weight: Weight::Bold, colour: INK };

/// Radius of a replicate's point, in figure pixels.
pub(super) const REPLICATE_RADIUS: f64 = 1.7;

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Draws the whole figure.
pub(super) fn figure<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, spec: &FigureSpec, layout: &Layout) -> Drawn<DB> {
    if canvas.setting == TextSetting::Vector {
        // A bitmap begins white.
        canvas.rectangle((0.0, 0.0), (layout.width, layout.height), PAPER.to_rgba())?;
    }
    canvas.text(&spec.title, (MARGIN, TITLE_BASELINE), Align::Left, TITLE)?;
    for (line, text) in (1..).zip(&layout.subtitle) {
        let baseline = TITLE_BASELINE + 4.0 + f64::from(line) * SUBTITLE_LEADING;
        canvas.text(text, (MARGIN, baseline), Align::Left, SUBTITLE)?;
    }
    for (index, panel) in spec.panels.iter().enumerate() {
        let frame = layout.panel(spec, index);
        axes::draw(canvas, spec, panel, &frame, index)?;
        panel_head(canvas, panel, &frame)?;
        match spec.form {
            Form::Curves | Form::Bands | Form::Paths | Form::Lines => curves::draw(canvas, spec, panel, &frame)?,
            Form::Rows => rows::draw(canvas, panel, &frame)?,
            Form::Tiles => tiles::draw(canvas, spec, panel, &frame)?,
            Form::Points => points::draw(canvas, panel, &frame)?,
        }
        if is_empty(panel) {
            let middle = ((frame.left + frame.right()) / 2.0, (frame.top + frame.bottom()) / 2.0);
            canvas.text("no run yet", middle, Align::Centre, SUBTITLE)?;
        }
    }
    let legend_top = layout.height - MARGIN - layout.legend.height();
    legend::draw(canvas, &layout.legend, (layout.left, legend_top))
}

fn panel_head<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, panel: &Panel, frame: &Frame) -> Drawn<DB> {
    let baseline = frame.top - 12.0;
    canvas.text(&panel.title, (frame.left, baseline), Align::Left, PANEL_HEAD)?;
    match &panel.incomplete {
        Some(words) => canvas.text(words, (frame.right(), baseline), Align::Right, SUBTITLE),
        None => Ok(()),
    }
}

fn is_empty(panel: &Panel) -> bool {
    panel.series.iter().all(|series| series.points.iter().all(|point| point.mean.is_none()))
}
