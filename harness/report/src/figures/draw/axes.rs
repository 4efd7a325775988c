//! Axes: marks, grid and labels.

use plotters::prelude::*;

use super::super::canvas::{Align, Canvas};
use super::super::palette::{GRID, INK};
use super::super::spec::{FigureSpec, Form, Panel, Tick};
use super::layout::Frame;
use super::{BODY, Drawn, TICK};

/// Draws the axes of one panel. Labels are drawn only at the left and at the foot of the figure.
pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    spec: &FigureSpec,
    panel: &Panel,
    frame: &Frame,
    index: usize,
) -> Drawn<DB> {
    let is_turned = spec.form == Form::Rows;
    let across = if is_turned { &spec.y } else { &spec.x };
    if is_turned {
        row_names(canvas, panel, frame)?;
    } else {
        upward(canvas, spec, frame)?;
    }
    for tick in &across.ticks {
        let x = if is_turned { frame.across(tick.at) } else { frame.at_x(tick.at) };
        if is_turned {
            canvas.line(&[(x, frame.top), (x, frame.bottom())], GRID.to_rgba(), 1.0)?;
        }
        foot_mark(canvas, frame, x, tick)?;
    }
    canvas.line(&[(frame.left, frame.bottom()), (frame.right(), frame.bottom())], INK.to_rgba(), 1.2)?;
    let columns = spec.num_columns.max(1);
    if index.is_multiple_of(columns) && !is_turned {
        let middle = (frame.left - 56.0, (frame.top + frame.bottom()) / 2.0);
        canvas.upward_text(&spec.y.label, middle, BODY)?;
    }
    if index + columns >= spec.panels.len() {
        let middle = ((frame.left + frame.right()) / 2.0, frame.bottom() + frame.tick_room + 12.0);
        canvas.text(&across.label, middle, Align::Centre, BODY)?;
    }
    Ok(())
}

fn upward<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, spec: &FigureSpec, frame: &Frame) -> Drawn<DB> {
    for tick in &spec.y.ticks {
        let y = frame.at_y(tick.at);
        if spec.form != Form::Tiles {
            canvas.line(&[(frame.left, y), (frame.right(), y)], GRID.to_rgba(), 1.0)?;
        }
        canvas.text(&tick.label, (frame.left - 9.0, y + 4.4), Align::Right, TICK)?;
    }
    Ok(())
}

fn row_names<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, panel: &Panel, frame: &Frame) -> Drawn<DB> {
    panel.ticks.iter().try_for_each(|tick| {
        let y = frame.row(tick.at);
        canvas.line(&[(frame.left, y), (frame.right(), y)], GRID.to_rgba(), 0.6)?;
        canvas.text(&tick.label, (frame.left - 10.0, y + 4.4), Align::Right, TICK)
    })
}

fn foot_mark<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, frame: &Frame, x: f64, tick: &Tick) -> Drawn<DB> {
    canvas.line(&[(x, frame.bottom()), (x, frame.bottom() + 5.0)], INK.to_rgba(), 1.0)?;
    for (line, text) in (0..).zip(tick.label.lines()) {
        let baseline = frame.bottom() + 19.0 + 15.0 * f64::from(line);
        canvas.text(text, (x, baseline), Align::Centre, TICK)?;
    }
    Ok(())
}
