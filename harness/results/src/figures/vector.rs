//! Figures as SVG, with text as text.

use plotters::prelude::*;

use super::canvas::{Canvas, SCALE, TextSetting};
use super::draw::{self, Layout};
use super::{FigureError, FigureSpec};

/// What viewers without Inter fall back to, of like width.
const FONT_FAMILY: &str = "font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\"";

/// The figure as an SVG document; its text is text, its size the figure's own pixels.
pub(super) fn svg(spec: &FigureSpec) -> Result<String, FigureError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| FigureError::Draw {
        figure: spec.name.clone(),
        format: "SVG",
        source,
    };
    let layout = Layout::new(spec);
    let size = ((layout.width * SCALE) as u32, (layout.height * SCALE) as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let canvas = Canvas { area: &area, setting: TextSetting::Vector };
        draw::figure(&canvas, spec, &layout).map_err(|error| failed(error.into()))?;
        area.present().map_err(|error| failed(error.into()))?;
    }
    Ok(finish(&svg, spec, &layout, size))
}

/// Gives the root its own size, a role and a description: what plotters has no words for.
fn finish(svg: &str, spec: &FigureSpec, layout: &Layout, (width, height): (u32, u32)) -> String {
    let root_end = svg.find('>').map_or(0, |at| at + 1);
    let root = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-label=\"{}\">\n<title>{}</title>\n<desc>{}</desc>",
        layout.width,
        layout.height,
        escaped(&spec.title),
        escaped(&spec.title),
        escaped(&spec.description),
    );
    let mut drawn = svg[root_end..].replace("font-family=\"sans-serif\"", FONT_FAMILY);
    // What SVG takes for granted; thousands of points would say it again.
    for default in [" stroke=\"none\" stroke-width=\"1\"", " opacity=\"1\""] {
        drawn = drawn.replace(default, "");
    }
    root + &drawn
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
