use super::*;

const SIDE: usize = 8;

fn picture(seed: usize) -> Vec<u8> {
    (0..SIDE * SIDE * 3).map(|i| ((i * 37 + seed * 101) % 256) as u8).collect()
}

fn stream(name: &str) -> Stream {
    Stream::named(7, "augmentation", name, 0)
}

const ALL: [Augmentation; 3] = [
    Augmentation::RandomCrop { padding_px: 4 },
    Augmentation::HorizontalFlip { probability: 0.5 },
    Augmentation::ColourJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4 },
];

#[test]
fn an_image_depends_on_stream_step_and_position_only() {
    let pictures: Vec<Vec<u8>> = (0..5).map(picture).collect();
    let images = || pictures.iter().map(Vec::as_slice);
    let mut augmenter = Augmenter::new(&ALL, stream("a"));
    let first = augmenter.apply(images(), SIDE).to_vec();
    let second = augmenter.apply(images(), SIDE).to_vec();
    assert_ne!(first, second, "each batch draws anew");

    let mut again = Augmenter::new(&ALL, stream("a"));
    again.seek(1);
    assert_eq!(again.apply(images(), SIDE), second);
    again.seek(1);
    assert_eq!(again.apply(images().take(2), SIDE), &second[..2 * SIDE * SIDE * 3], "what comes later does not matter");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    again.seek(1);
    assert_eq!(pool.install(|| again.apply(images(), SIDE).to_vec()), second, "nor do threads");
    assert_ne!(Augmenter::new(&ALL, stream("b")).apply(images(), SIDE), first);
}

#[test]
fn an_augmentation_draws_the_same_whatever_comes_before_it() {
    let picture = picture(0);
    let flip = Augmentation::HorizontalFlip { probability: 0.5 };
    let identity = Augmentation::RandomCrop { padding_px: 0 };
    let (alone, after) = ([flip], [identity, flip]);
    let images = || std::iter::repeat_n(picture.as_slice(), 20);
    let mut augmenter = Augmenter::new(&alone, stream("a"));
    let alone = augmenter.apply(images(), SIDE).to_vec();
    assert_eq!(Augmenter::new(&after, stream("a")).apply(images(), SIDE), alone);
}

/// Raise the numerics version with a change of these bits.
#[test]
fn the_bits_are_as_ever() {
    let pictures: Vec<Vec<u8>> = (0..4).map(picture).collect();
    let mut augmenter = Augmenter::new(&ALL, stream("golden"));
    let batch = augmenter.apply(pictures.iter().map(Vec::as_slice), SIDE);
    assert_eq!(blake3::hash(batch).to_hex()[..16], *"dea80664a9781d6d");
}

#[test]
fn a_crop_moves_the_picture_and_reflects_its_edges() {
    let original = picture(3);
    let mut moved = original.clone();
    shift(&mut moved, SIDE, -2, 3);
    let at = |y: usize, x: usize| &original[(y * SIDE + x) * 3..][..3];
    let rows = [2, 1, 0, 1, 2, 3, 4, 5];
    let columns = [3, 4, 5, 6, 7, 6, 5, 4];
    for (y, from_y) in rows.into_iter().enumerate() {
        for (x, from_x) in columns.into_iter().enumerate() {
            assert_eq!(&moved[(y * SIDE + x) * 3..][..3], at(from_y, from_x), "({y}, {x})");
        }
    }
}

#[test]
fn a_reflection_stays_within_any_picture() {
    for length in 1..5 {
        for position in -20..20 {
            assert!(reflect(position, length) < length, "{position} in {length}");
        }
    }
    assert_eq!([-2, -1, 0, 1, 2, 3, 4].map(|position| reflect(position, 3)), [2, 1, 0, 1, 2, 1, 0]);
}

#[test]
fn every_offset_of_a_crop_is_equally_likely() {
    let crop = Augmentation::RandomCrop { padding_px: 1 };
    let mut pixels = vec![0; SIDE * SIDE * 3];
    let mut counts = [0f64; 9];
    let draws = 9000;
    let mut cursor = stream("offsets").cursor();
    for _ in 0..draws {
        for (i, pixel) in pixels.chunks_exact_mut(3).enumerate() {
            pixel.copy_from_slice(&[(i % SIDE) as u8, (i / SIDE) as u8, 0]);
        }
        Drawn::new(crop, &mut cursor).apply(&mut pixels, SIDE);
        let centre = &pixels[(3 * SIDE + 3) * 3..][..2];
        counts[(usize::from(centre[1]) - 2) * 3 + usize::from(centre[0]) - 2] += 1.0;
    }
    let expected = f64::from(draws) / 9.0;
    let chi2: f64 = counts.iter().map(|count| (count - expected) * (count - expected) / expected).sum();
    assert!(chi2 < 26.12, "chi-squared {chi2} (8 degrees of freedom, p < .001)");
}

#[test]
fn a_flip_mirrors_as_often_as_it_says() {
    let original = picture(1);
    let mut twice = original.clone();
    mirror(&mut twice, SIDE);
    assert_eq!(&twice[..3], &original[(SIDE - 1) * 3..SIDE * 3]);
    mirror(&mut twice, SIDE);
    assert_eq!(twice, original);

    let flip = Augmentation::HorizontalFlip { probability: 0.25 };
    let mut cursor = stream("flip").cursor();
    let mut flipped = 0;
    for _ in 0..4000 {
        let mut pixels = original.clone();
        Drawn::new(flip, &mut cursor).apply(&mut pixels, SIDE);
        flipped += usize::from(pixels != original);
    }
    // Four standard errors: sqrt(4000 · ¼ · ¾) is 27.
    assert!(flipped.abs_diff(1000) < 110, "{flipped} of 4000");
}

#[test]
fn jitter_scales_brightness_contrast_and_saturation() {
    let original: Vec<u8> = [[10, 20, 30], [200, 100, 50]].concat();
    let jittered = |factors| {
        let mut pixels = original.clone();
        jitter(&mut pixels, factors);
        pixels
    };
    assert_eq!(jittered([1.0, 1.0, 1.0]), original);
    assert_eq!(jittered([0.0, 1.0, 1.0]), [0; 6]);
    assert_eq!(jittered([1.5, 1.0, 1.0]), [15, 30, 45, 255, 150, 75]);
    // Grey: 18.15 and 124.2; their mean is 71.175.
    assert_eq!(jittered([1.0, 0.0, 1.0]), [71; 6]);
    assert_eq!(jittered([1.0, 1.0, 0.0]), [18, 18, 18, 124, 124, 124]);
    assert_eq!(jittered([1.0, 1.0, 2.0]), [2, 22, 42, 255, 76, 0]);
}

#[test]
fn without_augmentations_images_stay_as_they_are() {
    let picture = picture(0);
    let mut augmenter = Augmenter::new(&[], stream("a"));
    assert!(augmenter.is_empty());
    assert_eq!(augmenter.apply([picture.as_slice()].into_iter(), SIDE), picture);
}
