//! Markers: a shape a kind, so that curves stay apart without colour.

use plotters::prelude::*;

use super::canvas::Canvas;
use super::palette::PAPER;
use super::spec::SeriesKind;

/// Half the height of a marker, in figure pixels.
pub(super) const RADIUS: f64 = 4.4;
const HOLLOW_RING: f64 = 1.5;

/// Draws a marker: filled, or hollow with the paper inside.
pub(super) fn draw<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    kind: SeriesKind,
    centre: (f64, f64),
    colour: RGBColor,
    is_filled: bool,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    // A rim of paper keeps markers apart where they touch.
    shape(canvas, kind, centre, RADIUS + 1.0, PAPER.to_rgba())?;
    shape(canvas, kind, centre, RADIUS, colour.to_rgba())?;
    if is_filled { Ok(()) } else { shape(canvas, kind, centre, RADIUS - HOLLOW_RING, PAPER.to_rgba()) }
}

fn shape<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    kind: SeriesKind,
    (x, y): (f64, f64),
    radius: f64,
    colour: RGBAColor,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    // Areas are made alike: a circle fills more of its box than a diamond does.
    match kind {
        SeriesKind::Frozen => canvas.disc((x, y), radius, colour),
        SeriesKind::Partial => {
            let half = 0.89 * radius;
            canvas.rectangle((x - half, y - half), (x + half, y + half), colour)
        }
        SeriesKind::FineTuned => {
            let reach = 1.25 * radius;
            canvas.polygon(
                &[(x, y - reach), (x + 1.08 * reach, y + 0.75 * reach), (x - 1.08 * reach, y + 0.75 * reach)],
                colour,
            )
        }
        SeriesKind::Untrained => {
            let reach = 1.28 * radius;
            canvas.polygon(&[(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], colour)
        }
    }
}
