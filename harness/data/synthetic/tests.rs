//! What every study that uses the built-in domains relies on.

use super::look::Look;
use super::outline::Outline;
use super::scene::{Backdrop, Factors, MAX_SHIFT, PictureKey, RADIUS, Scene};
use super::{RENDERER_VERSION, Split, Synthetic, SyntheticError, SyntheticSpec};
use nt_scenario::vocabulary::{
    COLOURS, Label, NEUTRAL_SHAPES, NUISANCE_TEXTURES, OTHER_SHAPES, SHAPES, TEXTURES, levels,
};
use std::collections::HashSet;

fn spec(look_distance: f64, label: Label, classes: &[&str]) -> SyntheticSpec {
    SyntheticSpec {
        look_distance,
        label,
        classes: classes.iter().map(|&class| class.to_owned()).collect(),
        seed: 2026,
        side: 48,
        train_per_class: 300,
        test_per_class: 100,
    }
}

fn domain(look_distance: f64, label: Label, classes: &[&str]) -> Synthetic {
    Synthetic::new(spec(look_distance, label, classes)).unwrap()
}

/// Look alone and task alone, both, and neither.
fn corners() -> [Synthetic; 4] {
    [
        domain(0.0, Label::Shape, SHAPES),
        domain(1.0, Label::Shape, OTHER_SHAPES),
        domain(0.0, Label::Texture, TEXTURES),
        domain(1.0, Label::Texture, TEXTURES),
    ]
}

fn picture(domain: &Synthetic, split: Split, class: usize, index: usize) -> Vec<u8> {
    let mut pixels = vec![0; 3 * domain.spec().side * domain.spec().side];
    domain.render(split, class, index, &mut pixels);
    pixels
}

#[test]
fn a_picture_depends_on_nothing_that_was_rendered_before_it() {
    for domain in corners() {
        let first = picture(&domain, Split::Test, 3, 7);
        picture(&domain, Split::Train, 5, 1);
        assert_eq!(picture(&domain.clone(), Split::Test, 3, 7), first);
    }
}

#[test]
fn a_class_looks_the_same_wherever_the_list_names_it() {
    let (whole, part) = (domain(0.3, Label::Shape, SHAPES), domain(0.3, Label::Shape, &["cross", "star"]));
    assert_eq!(picture(&whole, Split::Train, 2, 9), picture(&part, Split::Train, 1, 9));
}

/// If this fails, pictures have changed: raise [`RENDERER_VERSION`], and every study is run anew.
#[test]
fn golden_bits() {
    let golden = [
        (domain(0.0, Label::Shape, SHAPES), "acbc1872951d7014"),
        (domain(0.0, Label::Shape, OTHER_SHAPES), "9ca537768419e3b9"),
        (domain(1.0, Label::Shape, OTHER_SHAPES), "9c400bee5d434910"),
        (domain(0.0, Label::Texture, TEXTURES), "54a5cff29cfcc7ab"),
        (domain(1.0, Label::Texture, TEXTURES), "77110302cc0702dc"),
        (domain(0.5, Label::Colour, COLOURS), "a6bbb470bf1bfacb"),
        (
            Synthetic::new(SyntheticSpec { side: 101, ..spec(1.0, Label::Texture, TEXTURES) }).unwrap(),
            "a83761da7c9222c4",
        ),
    ];
    assert_eq!(RENDERER_VERSION, 1, "bless the hashes below together with the version");
    for (domain, expected) in golden {
        let mut hasher = blake3::Hasher::new();
        for class in 0..domain.spec().classes.len() {
            for split in [Split::Train, Split::Test] {
                hasher.update(&picture(&domain, split, class, 11));
            }
        }
        assert_eq!(&hasher.finalize().to_hex()[..16], expected, "{:?}", domain.spec());
    }
}

#[test]
fn training_and_test_pictures_are_all_different() {
    for domain in corners() {
        let mut seen = HashSet::new();
        for class in 0..domain.spec().classes.len() {
            for (split, count) in [(Split::Train, 60), (Split::Test, 60)] {
                for index in 0..count {
                    assert!(
                        seen.insert(blake3::hash(&picture(&domain, split, class, index))),
                        "{split:?} {class} {index}"
                    );
                }
            }
        }
    }
}

/// Rows of points over the square that objects lie in, as `(u, v)`.
pub(super) fn object_rows() -> Vec<(Vec<f32>, Vec<f32>)> {
    let axis: Vec<f32> = (0..64).map(|i| (i as f32 - 31.5) / 26.0).collect();
    axis.iter().map(|&v| (axis.clone(), vec![v; 64])).collect()
}

fn key(level: &str, index: u32) -> PictureKey<'_> {
    PictureKey { seed: 5, split: "train", level, index }
}

#[test]
fn only_the_object_of_a_shape_domain_has_the_outline_of_a_class() {
    for look in [0.0, 0.5, 1.0].map(Look::at) {
        for &label in Label::ALL {
            for level in levels(label) {
                for index in 0..40 {
                    let scene = Scene::draw(label, level, &look, &key(level, index)).unwrap();
                    let blob = |outline: &Outline| matches!(outline, Outline::Blob { .. });
                    assert!(scene.clutter.iter().all(|body| blob(&body.outline)));
                    assert_eq!(blob(&scene.object.outline), label != Label::Shape);
                }
            }
        }
    }
}

#[test]
fn the_labelled_factor_is_the_class_and_the_others_are_never_classes() {
    let look = Look::at(0.0);
    for &label in Label::ALL {
        for level in levels(label) {
            for index in 0..40 {
                let factors = Factors::draw(label, level, &look, &mut key(level, index).draws("object"));
                match label {
                    Label::Shape => assert_eq!(factors.shape, *level),
                    Label::Texture => assert_eq!(factors.texture, *level),
                    Label::Colour => assert!((8.0 * factors.hue - (8.0 * factors.hue).round()).abs() < 0.21),
                }
                assert!(label == Label::Shape || NEUTRAL_SHAPES.contains(&factors.shape));
                assert!(label == Label::Texture || NUISANCE_TEXTURES.contains(&factors.texture));
            }
        }
    }
}

/// Pearson's statistic of a table of counts, and the value it passes by chance once in 10,000 (Wilson and Hilferty).
fn chi_squared(table: &[Vec<f64>]) -> (f64, f64) {
    let rows: Vec<f64> = table.iter().map(|row| row.iter().sum()).collect();
    let columns: Vec<f64> = (0..table[0].len()).map(|j| table.iter().map(|row| row[j]).sum()).collect();
    let total: f64 = rows.iter().sum();
    let mut statistic = 0.0;
    for (row, sum) in table.iter().zip(&rows) {
        for (count, column) in row.iter().zip(&columns).filter(|(_, column)| **column > 0.0) {
            let expected = sum * column / total;
            statistic += (count - expected) * (count - expected) / expected;
        }
    }
    let used = columns.iter().filter(|column| **column > 0.0).count();
    let freedom = ((rows.len() - 1) * (used - 1)) as f64;
    let spread = 2.0 / (9.0 * freedom);
    let root = 1.0 - spread + 3.719 * spread.sqrt();
    (statistic, freedom * root * root * root)
}

#[test]
fn nuisances_are_independent_of_the_class() {
    const DRAWS: u32 = 600;
    const LEVELS: usize = 8;
    let eighth = |value: f32, [low, high]: [f32; 2]| ((value - low) / (high - low) * 8.0).clamp(0.0, 7.0) as usize;
    for (label, look) in [(Label::Shape, 0.0), (Label::Texture, 0.0), (Label::Shape, 0.6), (Label::Texture, 1.0)] {
        let look = Look::at(look);
        let classes = &levels(label)[..8];
        let names = ["shape or texture", "hue", "polarity", "contrast", "column", "radius", "backdrop", "clutter"];
        let mut tables = vec![vec![vec![0.0; LEVELS]; classes.len()]; names.len()];
        for (class, level) in classes.iter().enumerate() {
            for index in 0..DRAWS {
                let key = key(level, index);
                let factors = Factors::draw(label, level, &look, &mut key.draws("synthetic/object"));
                let scene = Scene::draw(label, level, &look, &key).unwrap();
                let backdrops = [Backdrop::Wall, Backdrop::Horizon, Backdrop::Foliage, Backdrop::Boards];
                let nuisance = match label {
                    Label::Shape => NUISANCE_TEXTURES.iter().position(|&name| name == factors.texture),
                    Label::Texture | Label::Colour => NEUTRAL_SHAPES.iter().position(|&name| name == factors.shape),
                };
                let observed = [
                    nuisance.unwrap(),
                    eighth(factors.hue, [0.0, 1.0]),
                    usize::from(factors.polarity > 0.0),
                    eighth(factors.contrast, look.contrast),
                    eighth(factors.centre[0], [-MAX_SHIFT, MAX_SHIFT]),
                    eighth(factors.radius, RADIUS),
                    backdrops.iter().position(|&backdrop| backdrop == scene.background.backdrop).unwrap(),
                    scene.clutter.len().min(LEVELS - 1),
                ];
                for (table, level) in tables.iter_mut().zip(observed) {
                    table[class][level] += 1.0;
                }
            }
        }
        for (name, table) in names.iter().zip(&tables) {
            if table.iter().all(|row| row.iter().filter(|count| **count > 0.0).count() < 2) {
                continue; // A micrograph's objects are all darker than their background.
            }
            let (statistic, limit) = chi_squared(table);
            assert!(statistic < limit, "{label:?}: {name} depends on the class ({statistic:.1} > {limit:.1})");
        }
    }
}

#[test]
fn the_look_leaves_shape_texture_and_pose_alone() {
    let draw = |look: f64| Factors::draw(Label::Shape, "star", &Look::at(look), &mut key("star", 3).draws("object"));
    let (photograph, micrograph) = (draw(0.0), draw(1.0));
    let pose = |factors: &Factors| (factors.shape, factors.texture, factors.hue, factors.centre, factors.radius);
    assert_eq!(pose(&photograph), pose(&micrograph));
}

#[test]
fn the_standardisation_is_that_of_the_corner_domains_pooled() {
    let mut sums = [[0.0f64; 2]; 3];
    let mut count = 0.0;
    for domain in corners() {
        for (class, index) in (0..8).flat_map(|class| (0..25).map(move |index| (class, index))) {
            for rgb in picture(&domain, Split::Train, class, index).chunks_exact(3) {
                for (sum, value) in sums.iter_mut().zip(rgb) {
                    let value = f64::from(*value) / 255.0;
                    *sum = [sum[0] + value, sum[1] + value * value];
                }
                count += 1.0;
            }
        }
    }
    let standardisation = nt_scenario::SyntheticData::STANDARDISATION;
    for ((sum, mean), std) in sums.iter().zip(standardisation.mean).zip(standardisation.std) {
        let measured = sum[0] / count;
        assert!((measured - f64::from(mean)).abs() < 0.02, "mean {measured}");
        let measured = (sum[1] / count - measured * measured).sqrt();
        assert!((measured - f64::from(std)).abs() < 0.02, "standard deviation {measured}");
    }
}

#[test]
fn the_picture_scales_with_its_side() {
    for (look, label, classes) in [(0.0, Label::Shape, SHAPES), (1.0, Label::Texture, TEXTURES)] {
        let at = |side| Synthetic::new(SyntheticSpec { side, ..spec(look, label, classes) }).unwrap();
        let (small, large) = (at(32), at(256));
        for class in 0..8 {
            let (small, large) = (picture(&small, Split::Train, class, 0), picture(&large, Split::Train, class, 0));
            let mut difference = 0.0;
            for (at, value) in small.iter().enumerate() {
                let (pixel, channel) = (at / 3, at % 3);
                let (top, left) = (pixel / 32 * 8, pixel % 32 * 8);
                let block = (0..64).map(|i| f64::from(large[3 * ((top + i / 8) * 256 + left + i % 8) + channel]));
                difference += (f64::from(*value) - block.sum::<f64>() / 64.0).abs();
            }
            // The sensor's noise alone leaves about 3 steps of 255.
            let mean = difference / small.len() as f64;
            assert!(mean < 12.0, "{class}: {mean}");
        }
    }
}

#[test]
fn the_digest_sees_everything_that_the_pictures_depend_on() {
    let base = spec(0.5, Label::Shape, SHAPES);
    let others = [
        SyntheticSpec { look_distance: 0.25, ..base.clone() },
        spec(0.5, Label::Texture, TEXTURES),
        spec(0.5, Label::Shape, OTHER_SHAPES),
        SyntheticSpec { seed: 1, ..base.clone() },
        SyntheticSpec { side: 64, ..base.clone() },
        SyntheticSpec { train_per_class: 10, ..base.clone() },
        SyntheticSpec { test_per_class: 10, ..base.clone() },
        base,
    ];
    let digests: HashSet<_> = others.iter().map(|spec| Synthetic::new(spec.clone()).unwrap().digest()).collect();
    assert_eq!(digests.len(), others.len());
}

#[test]
fn a_spec_that_cannot_be_says_what_can() {
    let base = spec(0.0, Label::Shape, SHAPES);
    let with = |classes: &[&str]| SyntheticSpec {
        classes: classes.iter().map(|&class| class.to_owned()).collect(),
        ..base.clone()
    };
    let fault = |spec: SyntheticSpec| Synthetic::new(spec).unwrap_err();
    assert!(matches!(
        fault(SyntheticSpec { look_distance: f64::NAN, ..base.clone() }),
        SyntheticError::LookDistance { .. }
    ));
    assert_eq!(fault(SyntheticSpec { side: 31, ..base.clone() }), SyntheticError::Side { side: 31 });
    assert_eq!(fault(with(&["star"])), SyntheticError::TooFewClasses { num_classes: 1 });
    assert_eq!(fault(with(&["star", "star"])), SyntheticError::RepeatedClass { class: "star".to_owned() });
    let unknown = fault(with(&["star", "potato"])).to_string();
    assert!(unknown.starts_with("`potato` is not a shape that can be a class; choose from polygon, "), "{unknown}");
}
