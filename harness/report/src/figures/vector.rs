//! Figures as SVG, in which text stays text.

use plotters::prelude::*;

use super::canvas::{Canvas, SCALE, TextSetting};
use super::draw::{self, Layout};
use super::{FigureError, FigureSpec};

/// Fonts of similar width for viewers without Inter.
const FONT_FAMILY: &str = "font-family=\"Inter, 'Helvetica Neue', Arial, sans-serif\"";

/// The figure as an SVG document. Its text is text, and its size is in the figure's own pixels.
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

/// Gives the root its own size, a role and a description, which plotters cannot.
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
    // SVG's defaults, which thousands of points would otherwise repeat.
    for default in [" stroke=\"none\" stroke-width=\"1\"", " opacity=\"1\""] {
        drawn = drawn.replace(default, "");
    }
    root + &merged(&drawn)
}

/// Merges neighbouring circles, and neighbouring lines, that differ only in their places. A page holds thousands of
/// replicates and dashes.
fn merged(svg: &str) -> String {
    let lines: Vec<&str> = svg.lines().collect();
    let is_like = |first: &&str, second: &&str| {
        let same = |parts: fn(&str) -> Option<(&str, &str)>| {
            parts(first).zip(parts(second)).is_some_and(|(first, second)| first.1 == second.1)
        };
        same(circle) || same(polyline)
    };
    let mut merged = String::with_capacity(svg.len());
    for run in lines.chunk_by(is_like) {
        let look_of = |parts: fn(&str) -> Option<(&str, &str)>| parts(run[0]).filter(|_| run.len() > 1);
        if let Some((_, look)) = look_of(circle) {
            // A group's own opacity applies to the whole, so circles that overlap would not darken each other.
            merged += &format!("<g{}>\n", look.replace(" opacity=", " fill-opacity="));
            for (place, _) in run.iter().filter_map(|line| circle(line)) {
                merged += &format!("<circle{place}/>\n");
            }
            merged += "</g>\n";
        } else if let Some((_, look)) = look_of(polyline) {
            merged += &format!("<path{look} d=\"");
            for (points, _) in run.iter().filter_map(|line| polyline(line)) {
                // In a path, the points after a move are lines.
                merged.extend(["M", points.trim_end()]);
            }
            merged += "\"/>\n";
        } else {
            run.iter().for_each(|line| merged.extend([*line, "\n"]));
        }
    }
    merged
}

/// The points of a line, and how it looks.
fn polyline(line: &str) -> Option<(&str, &str)> {
    let (look, points) = line.strip_prefix("<polyline")?.strip_suffix("\"/>")?.split_once(" points=\"")?;
    Some((points, look))
}

/// The place and size of a filled circle, and how it looks.
fn circle(line: &str) -> Option<(&str, &str)> {
    let attributes = line.strip_prefix("<circle")?.strip_suffix("/>")?;
    let look = attributes.find(" opacity=").or_else(|| attributes.find(" fill="))?;
    let (place, look) = attributes.split_at(look);
    // An outline's width is stored elsewhere, and a group's opacity would apply to the whole.
    (!look.contains("stroke")).then_some((place, look))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
