use super::accuracy_by_cost::Costs;
use super::*;
use nt_analysis::analyse;
use nt_analysis::mock::{Mock, like_the_default_study};
use nt_records::manifest::PlannedJob;
use nt_records::mock::manifest;

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
    let radius = |pixels: f64| format!(" r=\"{}\"", (pixels * canvas::SCALE).round());
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

fn analysed(mock: &Mock) -> (tempfile::TempDir, nt_analysis::Analysis) {
    let dir = tempfile::tempdir().unwrap();
    let records = mock.write(dir.path());
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    (dir, analysis)
}

#[test]
fn gaps_by_depth_stand_beside_scratch_and_the_margin() {
    let (_dir, analysis) = analysed(&Mock::four_quadrants(like_the_default_study));
    let spec = gap_by_depth::gap_by_depth(&analysis, "shapes-b", None);
    let references: Vec<f64> = spec.panels[0].references.iter().map(|reference| reference.y).collect();
    assert_eq!(references, [0.0, 5.0, -5.0]);
    let last = spec.panels[3].series[0].points.last().unwrap();
    assert!(last.mean.unwrap() < -45.0 && last.high.unwrap() < -45.0 && last.replicates.len() == 8);
    assert!(spec.y.low <= last.low.unwrap() && spec.y.ticks.iter().any(|tick| tick.label == "−20"));
    tags(&vector::svg(&spec).unwrap());
}

#[test]
fn an_interval_of_too_few_replicates_is_cut_off_and_dwarfs_nothing() {
    let (_dir, analysis) = analysed(&Mock::four_quadrants(like_the_default_study));
    let mut spec = gap_by_depth::gap_by_depth(&analysis, "shapes-b", None);
    let (whole, is_cut) = words::gap_range(&spec.panels, 5.0);
    assert!(!is_cut && !spec.notes.iter().any(|note| note.label.contains("reaches farther")));
    let most = |values: &[f64]| values.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    let point = &mut spec.panels[0].series[0].points[0];
    (point.low, point.high) = (Some(-2_000.0), Some(2_000.0));
    let (values, is_cut) = words::gap_range(&spec.panels, 5.0);
    assert!(is_cut && most(&values) <= 3.0 * most(&whole), "{}", most(&values));
    spec.y.low = -100.0;
    spec.y.high = 100.0;
    tags(&vector::svg(&spec).unwrap());
}

#[test]
fn accuracies_stand_over_what_their_training_costs() {
    let mock = Mock::four_quadrants(like_the_default_study);
    let (dir, _) = analysed(&mock);
    let (records, _) = nt_records::read_records(dir.path()).unwrap();
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    let mut manifest = manifest();
    // Every frozen layer saves an eighth of two billion.
    manifest.plan = records
        .iter()
        .map(|record| PlannedJob {
            job: record.job,
            name: record.name.clone(),
            role: record.role,
            line: 1,
            multiply_accumulates: 2_000_000_000 / 8 * u64::from(8 - record.frozen),
            record: String::new(),
        })
        .collect();
    let spec = accuracy_by_cost::accuracy_by_cost(&analysis, "shapes-b", None, &Costs::of(&manifest)).unwrap();
    assert!(spec.x.is_logarithmic && spec.x.label.contains("billion multiply–accumulates"), "{}", spec.x.label);
    let panel = &spec.panels[0];
    let of = |kind| panel.series.iter().find(|series| series.kind == kind).unwrap();
    let costs = |kind| of(kind).points.iter().map(|point| (point.frozen, point.x)).collect::<Vec<_>>();
    assert_eq!(costs(SeriesKind::Frozen)[..2], [(7, 0.25), (6, 0.5)], "from the cheapest on");
    assert_eq!(costs(SeriesKind::Partial).last(), Some(&(0, 2.0)));
    assert_eq!(costs(SeriesKind::Scratch), [(0, 2.0)]);
    let svg = vector::svg(&spec).unwrap();
    tags(&svg);
    manifest.plan.iter_mut().for_each(|job| job.multiply_accumulates = 0);
    assert!(
        accuracy_by_cost::accuracy_by_cost(&analysis, "shapes-b", None, &Costs::of(&manifest)).is_none(),
        "an older plan"
    );
}

#[test]
fn the_decomposition_has_a_curve_and_a_band_a_part() {
    let (_dir, analysis) = analysed(&Mock::two_halves());
    let spec = decomposition::decomposition(&analysis, "shapes-b", None).unwrap();
    let kinds: Vec<SeriesKind> = spec.panels[0].series.iter().map(|series| series.kind).collect();
    assert_eq!(kinds, [SeriesKind::CoAdaptation, SeriesKind::Specificity, SeriesKind::Recovery]);
    let last = spec.panels[0].series[1].points.last().unwrap();
    assert!(last.differs && last.high.unwrap() < 0.0 && last.replicates.len() == 8);
    let svg = vector::svg(&spec).unwrap();
    assert_eq!(
        tags(&svg).iter().filter(|tag| tag.starts_with("polygon") && tag.contains("opacity=\"0.16\"")).count(),
        3
    );
    assert!(svg.contains("specificity: AnB − BnB") && svg.contains("Difference in top-1 accuracy (points)"));
    let (_dir, analysis) = analysed(&Mock::four_quadrants(like_the_default_study));
    assert_eq!(decomposition::decomposition(&analysis, "shapes-b", None), None);
}

#[test]
fn the_lattice_has_a_tile_a_cell_and_a_glyph_a_verdict() {
    let mock = Mock::four_quadrants(like_the_default_study)
        .editing(|key, _| key.size != "small" || key.copied != 3 || key.source.as_deref() != Some("near"));
    let (_dir, analysis) = analysed(&mock.with_a_twin());
    let spec = lattice::lattice(&analysis, "shapes-b", None);
    assert_eq!(
        (spec.panels.len(), spec.num_columns),
        (4, 2),
        "neither the untrained source nor the twin has contrasts"
    );
    let points = &spec.panels[0].series[0].points;
    assert_eq!(points.len(), 14);
    assert_eq!(points.iter().filter(|point| point.mean.is_none()).count(), 1);
    assert_eq!(spec.panels[0].incomplete.as_deref(), Some("104 of 112 runs"));
    let svg = vector::svg(&spec).unwrap();
    tags(&svg);
    assert!(svg.contains("no run\n") && svg.contains("layers copied, from the input up"), "{}", &svg[..400]);
}

#[test]
fn the_forest_names_every_contrast_in_its_row() {
    let (_dir, analysis) = analysed(&Mock::four_quadrants(like_the_default_study));
    let figures = forest::forest(&analysis, "shapes-b", None);
    assert_eq!(figures.len(), 1);
    let panel = &figures[0].panels[0];
    assert_eq!(panel.ticks.len(), 14);
    assert_eq!(panel.series.iter().map(|series| series.points.len()).sum::<usize>(), 14);
    let svg = vector::svg(&figures[0]).unwrap();
    tags(&svg);
    assert!(svg.contains("7 copied, none frozen") && svg.contains("Gap to scratch, top-1 accuracy (points)"));
}

#[test]
fn learning_curves_average_the_runs_and_are_left_out_where_there_are_none() {
    let (dir, analysis) = analysed(&Mock::four_quadrants(like_the_default_study));
    assert_eq!(learning_curves::learning_curves(dir.path(), &analysis, "shapes-b", None).unwrap(), []);
    let (dir, analysis) = analysed(&Mock::four_quadrants(like_the_default_study).with_curves());
    let figures = learning_curves::learning_curves(dir.path(), &analysis, "shapes-b", None).unwrap();
    let names: Vec<&str> = figures.iter().map(|figure| figure.name.as_str()).collect();
    assert_eq!(names, ["learning_curves-small", "learning_curves-large"]);
    let series = &figures[0].panels[0].series;
    assert_eq!((series.len(), series[0].points.len()), (8, 40), "scratch and seven depths");
    let near = series[3].points.last().unwrap().mean.unwrap();
    assert!(near < series[0].points.last().unwrap().mean.unwrap(), "the better cell ends lower");
    tags(&vector::svg(&figures[0]).unwrap());
}

#[test]
fn gaps_stand_over_the_measured_similarity_of_their_source() {
    let dir = tempfile::tempdir().unwrap();
    let mock = Mock::four_quadrants(like_the_default_study);
    let records = mock.write(dir.path());
    let without = analyse(dir.path(), &mock.study, &records).unwrap();
    assert_eq!(gap_by_similarity::gap_by_similarity(&without, "shapes-b", None), None);
    nt_records::mock::audit(1.0, 0.1).write(dir.path()).unwrap();
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    let spec = gap_by_similarity::gap_by_similarity(&analysis, "shapes-b", None).unwrap();
    let places: Vec<_> = spec.panels[1]
        .series
        .iter()
        .map(|series| (&series.points[0], series.source.as_str()))
        .map(|(point, source)| (source, point.x, point.across, point.copied, point.frozen))
        .collect();
    let (near, far) = (Some([0.4, 0.6]), Some([1.4, 1.6]));
    assert_eq!(
        places,
        [("near", 0.5, near, 7, 7), ("near", 0.5, near, 7, 0), ("far", 1.5, far, 7, 7), ("far", 1.5, far, 7, 0)]
    );
    assert!(spec.panels[1].series[2].points[0].mean.unwrap() < -45.0);
    let svg = vector::svg(&spec).unwrap();
    tags(&svg);
    assert!(svg.contains("proxy A-distance of source and target") && svg.contains("far\n"));
}

#[test]
fn a_source_as_it_is_stands_for_no_treatment_in_a_network_of_any_depth() {
    let dir = tempfile::tempdir().unwrap();
    let mut mock = Mock::four_quadrants(like_the_default_study);
    mock.study.layers.truncate(4);
    mock.study.arms.retain(|arm| arm.treatment == "frozen" && arm.copied <= 4);
    let records = mock.write(dir.path());
    nt_records::mock::audit(1.0, 0.1).write(dir.path()).unwrap();
    let analysis = analyse(dir.path(), &mock.study, &records).unwrap();
    let spec = gap_by_similarity::gap_by_similarity(&analysis, "shapes-b", None).unwrap();
    let points = spec.panels.iter().flat_map(|panel| &panel.series).flat_map(|series| &series.points);
    let depths: std::collections::BTreeSet<(u8, u8)> = points.map(|point| (point.copied, point.frozen)).collect();
    assert_eq!(depths.into_iter().collect::<Vec<_>>(), [(3, 3)]);
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
