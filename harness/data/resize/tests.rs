use super::*;
use crate::data::decode::{Megapixels, decode};
use proptest::prelude::*;

/// The twin of `picture` in fixtures/make.py.
fn picture(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([0, 1, 2].map(|c: u32| {
            let noise = (u64::from(x) * 73_856_093) ^ (u64::from(y) * 19_349_663) ^ (u64::from(c) * 83_492_791);
            let edge = if 2 * x + y > width { 96 } else { 0 };
            ((noise % 64) as u32 + edge + (x * (c + 1) + y * 3) % 96) as u8
        }))
    })
}

fn resized(picture: &RgbImage, side: usize, fit: Fit) -> Vec<u8> {
    let mut pixels = vec![0; side * side * 3];
    resize(picture, side, fit, &mut pixels);
    pixels
}

#[test]
fn agrees_with_torchvision_within_one_level() {
    let cases: [(u32, u32, usize, Fit, &[u8]); 6] = [
        (105, 105, 64, Fit::Stretch, include_bytes!("fixtures/105x105_to_64_stretch.png")),
        (53, 37, 32, Fit::Stretch, include_bytes!("fixtures/53x37_to_32_stretch.png")),
        (17, 20, 48, Fit::Stretch, include_bytes!("fixtures/17x20_to_48_stretch.png")),
        (240, 150, 32, Fit::Stretch, include_bytes!("fixtures/240x150_to_32_stretch.png")),
        (90, 61, 32, Fit::CentreCrop, include_bytes!("fixtures/90x61_to_32_crop.png")),
        (41, 100, 32, Fit::CentreCrop, include_bytes!("fixtures/41x100_to_32_crop.png")),
    ];
    for (width, height, side, fit, png) in cases {
        let expected = decode(png, Megapixels::default()).unwrap();
        let found = resized(&picture(width, height), side, fit);
        let differences: Vec<u8> = found.iter().zip(expected.as_raw()).map(|(&a, &b)| a.abs_diff(b)).collect();
        let (most, differing) = (differences.iter().max(), differences.iter().filter(|&&d| d > 0).count());
        assert!(most <= Some(&1), "{width} × {height} to {side}, {fit:?}: differs by {most:?}");
        assert!(differing * 50 < found.len(), "{width} × {height} to {side}, {fit:?}: {differing} bytes differ");
    }
}

#[test]
fn a_picture_of_the_right_size_is_copied() {
    let picture = picture(32, 32);
    assert_eq!(&resized(&picture, 32, Fit::Stretch), picture.as_raw());
    assert_eq!(&resized(&picture, 32, Fit::CentreCrop), picture.as_raw());
}

#[test]
fn a_centre_crop_keeps_the_middle() {
    let picture = RgbImage::from_fn(96, 32, |x, _| image::Rgb([x as u8, 0, 0]));
    let pixels = resized(&picture, 32, Fit::CentreCrop);
    assert!(pixels.chunks_exact(3).zip((32..64).cycle()).all(|(pixel, x)| pixel == [x, 0, 0]));
}

#[test]
fn half_of_an_odd_rest_is_rounded_to_even() {
    assert_eq!([0, 1, 2, 3, 5, 7].map(|rest| crop_offset(32 + rest, 32)), [0, 0, 1, 2, 2, 4]);
}

proptest! {
    #[test]
    fn a_picture_of_one_colour_keeps_it(
        width in 1u32..80, height in 1u32..80, side in 1usize..50, colour: [u8; 3], crop: bool,
    ) {
        let picture = RgbImage::from_pixel(width, height, image::Rgb(colour));
        let pixels = resized(&picture, side, if crop { Fit::CentreCrop } else { Fit::Stretch });
        prop_assert!(pixels.chunks_exact(3).all(|pixel| pixel == colour));
    }

    #[test]
    fn turning_the_picture_turns_the_result_within_one_level(width in 1u32..60, height in 1u32..60, side in 1usize..40) {
        let picture = picture(width, height);
        let turned = resized(&image::imageops::rotate180(&picture), side, Fit::Stretch);
        let expected = resized(&picture, side, Fit::Stretch);
        for (pixel, other) in turned.chunks_exact(3).zip(expected.chunks_exact(3).rev()) {
            prop_assert!(pixel.iter().zip(other).all(|(&a, &b)| a.abs_diff(b) <= 1));
        }
    }
}
