//! Drawing in figure pixels on any plotters backend.
//!
//! Backends know whole pixels only, so everything is drawn [`SCALE`] times larger. The SVG's view box is that large,
//! and the bitmap is averaged down afterwards.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::font::{self, Weight};

/// Backend pixels a figure pixel.
pub(super) const SCALE: f64 = 4.0;

/// Which part of a text lies at the given point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

/// Size, weight and colour of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Type {
    pub em_px: f64,
    pub weight: Weight,
    pub colour: RGBColor,
}

/// Whether a backend draws text itself or leaves that to a viewer. The two put it at slightly different heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextSetting {
    Vector,
    Raster,
}

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// A surface in figure pixels.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    pub area: &'a DrawingArea<DB, Shift>,
    pub setting: TextSetting,
}

fn scaled(value: f64) -> i32 {
    (value * SCALE).round() as i32
}

fn place((x, y): (f64, f64)) -> (i32, i32) {
    (scaled(x), scaled(y))
}

impl<DB: DrawingBackend> Canvas<'_, DB> {
    /// A line through points.
    pub fn line(&self, points: &[(f64, f64)], colour: RGBAColor, width: f64) -> Drawn<DB> {
        let style = colour.stroke_width(scaled(width).unsigned_abs().max(1));
        self.area.draw(&PathElement::new(points.iter().copied().map(place).collect::<Vec<_>>(), style))
    }

    /// A dashed line through points. The pattern alternates the lengths drawn and left out; an empty one is a solid
    /// line.
    pub fn dashed(&self, points: &[(f64, f64)], colour: RGBAColor, width: f64, pattern: &[f64]) -> Drawn<DB> {
        if pattern.is_empty() {
            return self.line(points, colour, width);
        }
        let (mut step, mut left, mut drawing) = (0, pattern[0], true);
        for pair in points.windows(2) {
            let (dx, dy) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1);
            let length = (dx * dx + dy * dy).sqrt();
            let at = |along: f64| (pair[0].0 + dx * along / length, pair[0].1 + dy * along / length);
            let mut along = 0.0;
            while along + 1e-6 < length {
                let next = (along + left).min(length);
                if drawing {
                    self.line(&[at(along), at(next)], colour, width)?;
                }
                left -= next - along;
                along = next;
                // Rounding may leave a rest that is too short to advance.
                if left <= 1e-6 {
                    step = (step + 1) % pattern.len();
                    left = pattern[step];
                    drawing = !drawing;
                }
            }
        }
        Ok(())
    }

    /// A filled rectangle from its upper left to its lower right corner.
    pub fn rectangle(&self, upper_left: (f64, f64), lower_right: (f64, f64), colour: RGBAColor) -> Drawn<DB> {
        self.area.draw(&Rectangle::new([place(upper_left), place(lower_right)], colour.filled()))
    }

    /// A filled polygon.
    pub fn polygon(&self, corners: &[(f64, f64)], colour: RGBAColor) -> Drawn<DB> {
        self.area.draw(&Polygon::new(corners.iter().copied().map(place).collect::<Vec<_>>(), colour.filled()))
    }

    /// A filled circle.
    pub fn disc(&self, centre: (f64, f64), radius: f64, colour: RGBAColor) -> Drawn<DB> {
        self.area.draw(&Circle::new(place(centre), scaled(radius), colour.filled()))
    }

    /// A circle's outline.
    pub fn ring(&self, centre: (f64, f64), radius: f64, colour: RGBAColor, width: f64) -> Drawn<DB> {
        let style = colour.stroke_width(scaled(width).unsigned_abs().max(1));
        self.area.draw(&Circle::new(place(centre), scaled(radius), style))
    }

    /// A text whose capitals stand on the line through `point`'s height.
    pub fn text(&self, text: &str, point: (f64, f64), align: Align, look: Type) -> Drawn<DB> {
        let style = self.style(align, VPos::Center, look);
        // Both ways of drawing centre a text near the given height. Capitals are .73 em high.
        let lift = match self.setting {
            TextSetting::Vector => 0.27,
            TextSetting::Raster => 0.135,
        };
        self.area.draw(&Text::new(text.to_owned(), place((point.0, point.1 - lift * look.em_px)), style))
    }

    /// A text that reads upwards, centred on `point`.
    pub fn upward_text(&self, text: &str, point: (f64, f64), look: Type) -> Drawn<DB> {
        let style = self.style(Align::Centre, VPos::Center, look).transform(FontTransform::Rotate270);
        self.area.draw(&Text::new(text.to_owned(), place(point), style))
    }

    fn style(&self, align: Align, height: VPos, look: Type) -> TextStyle<'static> {
        let across = match align {
            Align::Left => HPos::Left,
            Align::Centre => HPos::Center,
            Align::Right => HPos::Right,
        };
        let font = font::font(look.em_px * SCALE, look.weight);
        TextStyle { font, color: look.colour.to_backend_color(), pos: Pos::new(across, height) }
    }
}
