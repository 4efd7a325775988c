use super::*;
use crate::analysis::analyse;
use crate::mock::{Mock, like_the_default_study};

fn drawn(mock: &Mock) -> FigureSpec {
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    accuracy_by_depth::accuracy_by_depth(&analysis, "shapes-b", Some(61_706))
}

/// Tags and attributes of a document, asserting that every tag that opens is closed in its place.
fn tags(svg: &str) -> Vec<String> {
    let mut open: Vec<String> = Vec::new();
    let mut tags = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains('>'), "a stray > before {}", &rest[start..]);
        let end = start + rest[start..].find('>').expect("a tag that does not end");
        let tag = &rest[start + 1..end];
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name = |tag: &str| tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        match (tag.strip_prefix('/'), tag.ends_with('/')) {
            (Some(closed), _) => assert_eq!(open.pop().as_deref(), Some(closed)),
            (None, is_empty) => {
                tags.push(tag.to_owned());
                if !is_empty {
                    open.push(name(tag));
                }
            }
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "never closed: {open:?}");
    tags
}

#[test]
fn the_headline_figure_holds_what_was_planted() {
    let spec = drawn(&Mock::four_quadrants(like_the_default_study));
    assert_eq!((spec.panels.len(), spec.num_columns), (4, 2));
    let kinds: Vec<SeriesKind> = spec.panels[0].series.iter().map(|series| series.kind).collect();
    assert_eq!(kinds, [SeriesKind::Frozen, SeriesKind::Partial, SeriesKind::Untrained]);
    let last = spec.panels[3].series[0].points.last().unwrap();
    assert_eq!((last.x, last.verdict.as_deref()), (7.0, Some("MATERIAL NEGATIVE")));
    let head = FigureSpec { panels: spec.panels[..1].to_vec(), ..spec };
    insta::assert_json_snapshot!(head);
}

#[test]
fn the_svg_is_well_formed_labelled_with_units_and_shows_every_replicate() {
    let spec = drawn(&Mock::four_quadrants(like_the_default_study));
    let svg = vector::svg(&spec).unwrap();
    let tags = tags(&svg);
    for label in
        ["Top-1 accuracy (%)", "depth n (learned layers, from the input up)", "conv5", "large (200 images a class)"]
    {
        assert!(svg.contains(label), "{label}");
    }
    let radius = |pixels: f64| format!(" r=\"{}\" ", (pixels * canvas::SCALE).round());
    let replicates = tags.iter().filter(|tag| tag.starts_with("circle") && tag.contains(&radius(1.7))).count();
    let per_panel = (1 + 7 + 8 + 7) * 8;
    assert_eq!(replicates, 4 * per_panel + 3, "and three in the legend");
}

#[test]
fn no_label_leaves_the_figure() {
    let spec = drawn(&Mock::four_quadrants(like_the_default_study));
    let layout = draw::Layout::new(&spec);
    for tag in tags(&vector::svg(&spec).unwrap()).iter().filter(|tag| tag.starts_with("text")) {
        let number = |name: &str| -> f64 {
            let at = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
            tag[at..].split('"').next().unwrap().parse().unwrap()
        };
        assert!((0.0..=layout.width * canvas::SCALE).contains(&number("x")), "{tag}");
        assert!((0.0..=layout.height * canvas::SCALE).contains(&number("y")), "{tag}");
    }
}

#[test]
fn an_incomplete_panel_says_how_many_runs_it_has() {
    let mock = Mock::four_quadrants(like_the_default_study)
        .editing(|key, record| key.size != "small" || key.copied != 3 || record.replicate < 5);
    let spec = drawn(&mock);
    assert_eq!(spec.panels[0].incomplete.as_deref(), Some("170 of 176 runs"));
    assert_eq!(spec.panels[2].incomplete, None);
    assert!(vector::svg(&spec).unwrap().contains("170 of 176 runs"));
}

#[test]
fn a_png_is_twice_as_large_as_its_svg_and_the_same_each_time() {
    let mut mock = Mock::four_quadrants(|_| 0.8);
    mock.study.targets[0].sizes.truncate(1);
    let spec = drawn(&mock);
    let png = raster::png(&spec).unwrap();
    let width = u32::from_be_bytes([png[16], png[17], png[18], png[19]]);
    assert_eq!(f64::from(width), 2.0 * draw::Layout::new(&spec).width);
    assert_eq!(raster::png(&spec).unwrap(), png);
}
