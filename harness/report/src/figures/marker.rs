//! Markers, one shape for each kind so that curves can be told apart without colour; and the glyphs of verdicts.

use plotters::prelude::*;

use super::canvas::Canvas;
use super::palette::PAPER;
use super::spec::{SeriesKind, Sign};

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
    // A rim in the colour of the paper separates markers that touch.
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
    // Makes the areas equal, since a circle fills more of its box than a diamond does.
    match kind {
        SeriesKind::Frozen | SeriesKind::Scratch | SeriesKind::Depth | SeriesKind::Specificity => {
            canvas.disc((x, y), radius, colour)
        }
        SeriesKind::Partial | SeriesKind::CoAdaptation => {
            let half = 0.89 * radius;
            canvas.rectangle((x - half, y - half), (x + half, y + half), colour)
        }
        SeriesKind::FineTuned | SeriesKind::Recovery => {
            let reach = 1.25 * radius;
            canvas.polygon(
                &[(x, y - reach), (x + 1.08 * reach, y + 0.75 * reach), (x - 1.08 * reach, y + 0.75 * reach)],
                colour,
            )
        }
        SeriesKind::Probe => {
            let reach = 1.25 * radius;
            canvas.polygon(
                &[(x, y + reach), (x + 1.08 * reach, y - 0.75 * reach), (x - 1.08 * reach, y - 0.75 * reach)],
                colour,
            )
        }
        SeriesKind::Untrained | SeriesKind::Other => {
            let reach = 1.28 * radius;
            canvas.polygon(&[(x, y - reach), (x + reach, y), (x, y + reach), (x - reach, y)], colour)
        }
    }
}

/// Half the height of a glyph.
const GLYPH: f64 = 3.6;

/// Draws the glyph of a verdict, or nothing for a sign that is not a verdict's.
pub(super) fn glyph<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    sign: Sign,
    (x, y): (f64, f64),
    colour: RGBColor,
) -> Result<(), DrawingAreaErrorKind<DB::ErrorType>> {
    let ink = colour.to_rgba();
    match sign {
        Sign::Better => {
            canvas.polygon(&[(x, y - GLYPH), (x + 1.2 * GLYPH, y + GLYPH), (x - 1.2 * GLYPH, y + GLYPH)], ink)
        }
        Sign::Worse => {
            canvas.polygon(&[(x, y + GLYPH), (x + 1.2 * GLYPH, y - GLYPH), (x - 1.2 * GLYPH, y - GLYPH)], ink)
        }
        Sign::Equivalent => {
            [-1.8, 1.8].iter().try_for_each(|dy| canvas.line(&[(x - GLYPH, y + dy), (x + GLYPH, y + dy)], ink, 1.5))
        }
        Sign::Undecided => canvas.ring((x, y), GLYPH - 0.6, ink, 1.3),
        Sign::Invalid => [1.0, -1.0].iter().try_for_each(|slope| {
            canvas.line(&[(x - GLYPH, y - slope * GLYPH), (x + GLYPH, y + slope * GLYPH)], ink, 1.5)
        }),
        Sign::Filling | Sign::Replicate | Sign::Interval | Sign::Band | Sign::Missing => Ok(()),
    }
}
