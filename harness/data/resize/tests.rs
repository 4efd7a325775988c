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

fn resized(picture: &RgbImage, side: usize, fit: PictureFit) -> Vec<u8> {
    resized_as(picture, side, Resizing { fit, ..Resizing::STRETCHED })
}

fn resized_as(picture: &RgbImage, side: usize, how: Resizing) -> Vec<u8> {
    let mut pixels = vec![0; side * side * 3];
    resize(picture, side, how, &mut pixels);
    pixels
}

#[test]
fn agrees_with_torchvision_within_one_level() {
    let cases: [(u32, u32, usize, PictureFit, &[u8]); 6] = [
        (105, 105, 64, PictureFit::Stretch, include_bytes!("fixtures/105x105_to_64_stretch.png")),
        (53, 37, 32, PictureFit::Stretch, include_bytes!("fixtures/53x37_to_32_stretch.png")),
        (17, 20, 48, PictureFit::Stretch, include_bytes!("fixtures/17x20_to_48_stretch.png")),
        (240, 150, 32, PictureFit::Stretch, include_bytes!("fixtures/240x150_to_32_stretch.png")),
        (90, 61, 32, PictureFit::CentreCrop, include_bytes!("fixtures/90x61_to_32_crop.png")),
        (41, 100, 32, PictureFit::CentreCrop, include_bytes!("fixtures/41x100_to_32_crop.png")),
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
fn agrees_with_pillow_bit_for_bit() {
    macro_rules! case {
        ($width:literal, $height:literal, $side:literal, $fit:ident, $shorter:expr, $name:literal) => {
            let expected = decode(include_bytes!(concat!("fixtures/", $name, ".png")), Megapixels::default()).unwrap();
            let how = Resizing { fit: PictureFit::$fit, shorter_side: $shorter, resampler: Resampler::Pil };
            assert!(resized_as(&picture($width, $height), $side, how) == *expected.as_raw(), "{}", $name);
        };
    }
    case!(105, 105, 64, Stretch, None, "105x105_to_64_stretch_pil");
    case!(17, 20, 48, Stretch, None, "17x20_to_48_stretch_pil");
    case!(240, 150, 32, Stretch, None, "240x150_to_32_stretch_pil");
    case!(90, 61, 32, CentreCrop, None, "90x61_to_32_crop_pil");
    case!(41, 100, 32, CentreCrop, Some(37), "41x100_to_32_crop_of_37_pil");
    case!(300, 201, 64, CentreCrop, Some(73), "300x201_to_64_crop_of_73_pil");
}

#[test]
fn a_shorter_side_is_scaled_before_the_middle_is_kept_within_one_level_of_torchvision() {
    let expected = decode(include_bytes!("fixtures/300x201_to_64_crop_of_73.png"), Megapixels::default()).unwrap();
    let how = Resizing { fit: PictureFit::CentreCrop, shorter_side: Some(73), resampler: Resampler::Tensor };
    let found = resized_as(&picture(300, 201), 64, how);
    assert!(found.iter().zip(expected.as_raw()).all(|(&a, &b)| a.abs_diff(b) <= 1));
}

#[test]
fn a_picture_of_the_right_size_is_copied() {
    let picture = picture(32, 32);
    assert_eq!(&resized(&picture, 32, PictureFit::Stretch), picture.as_raw());
    assert_eq!(&resized(&picture, 32, PictureFit::CentreCrop), picture.as_raw());
}

#[test]
fn a_centre_crop_keeps_the_middle() {
    let picture = RgbImage::from_fn(96, 32, |x, _| image::Rgb([x as u8, 0, 0]));
    let pixels = resized(&picture, 32, PictureFit::CentreCrop);
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
        let pixels = resized(&picture, side, if crop { PictureFit::CentreCrop } else { PictureFit::Stretch });
        prop_assert!(pixels.chunks_exact(3).all(|pixel| pixel == colour));
    }

    #[test]
    fn turning_the_picture_turns_the_result_within_one_level(width in 1u32..60, height in 1u32..60, side in 1usize..40) {
        let picture = picture(width, height);
        let turned = resized(&image::imageops::rotate180(&picture), side, PictureFit::Stretch);
        let expected = resized(&picture, side, PictureFit::Stretch);
        for (pixel, other) in turned.chunks_exact(3).zip(expected.chunks_exact(3).rev()) {
            prop_assert!(pixel.iter().zip(other).all(|(&a, &b)| a.abs_diff(b) <= 1));
        }
    }
}
