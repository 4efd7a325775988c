use super::*;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};

const SUBSAMPLED: &[u8] = include_bytes!("fixtures/subsampled.jpg");

fn png(width: u32, height: u32, colour: ExtendedColorType, bytes: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    PngEncoder::new(&mut file).write_image(bytes, width, height, colour).unwrap();
    file
}

fn pixels(file: &[u8]) -> Vec<[u8; 3]> {
    decode(file, Megapixels::default()).unwrap().pixels().map(|pixel| pixel.0).collect()
}

/// 16-bit samples as the encoder takes them.
fn samples(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}

struct Case {
    name: String,
    jpeg: Vec<u8>,
    /// What libjpeg-turbo says: clean, warned or error.
    libjpeg: String,
    /// BLAKE3 of the pixels that Pillow makes of it.
    pixels: String,
}

/// The files of fixtures/corpus.py.
fn corpus() -> Vec<Case> {
    let mut whole = Vec::new();
    flate2::read::GzDecoder::new(&include_bytes!("fixtures/corpus.gz")[..]).read_to_end(&mut whole).unwrap();
    let mut rest = &whole[..];
    let case = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let (jpeg, after) = rest.split_at(columns[1].parse().unwrap());
        rest = after;
        let text = |column: usize| columns[column].to_owned();
        Case { name: text(0), jpeg: jpeg.to_vec(), libjpeg: text(2), pixels: text(3) }
    };
    include_str!("fixtures/corpus.tsv").lines().map(case).collect()
}

/// The pixels of libjpeg-turbo, by a port of it, which is held against the library itself.
fn reference(case: &Case) -> Vec<u8> {
    let mut decoder = libjpeg_turbo_rs::Decoder::new(&case.jpeg).unwrap();
    let is_print = decoder.header().components.len() == 4;
    let format = if is_print { libjpeg_turbo_rs::PixelFormat::Cmyk } else { libjpeg_turbo_rs::PixelFormat::Rgb };
    decoder.set_output_format(format);
    let pixels = decoder.decode_image().unwrap().data;
    // Inks are stored as what they leave of the light.
    let light = |ink: u8, black: u8| ((u32::from(ink) * u32::from(black) + 127) / 255) as u8;
    let of_print = |inks: &[u8]| [0, 1, 2].map(|colour| light(inks[colour], inks[3]));
    let pixels = if is_print { pixels.chunks_exact(4).flat_map(of_print).collect() } else { pixels };
    assert_eq!(blake3::hash(&pixels).to_hex()[..16], case.pixels, "{}: the port and the library", case.name);
    pixels
}

/// A JPEG that libjpeg-turbo decodes without a warning has its pixels, within 2 levels on average and 12 at most, or it is
/// refused: as of a kind that is not read, or for a few stray bytes at the end of its coded data. libjpeg has read these
/// bytes ahead and forgets them, although they may be all that a damage shows. What libjpeg warns of is refused.
#[test]
fn a_jpeg_has_the_pixels_of_libjpeg_or_is_refused() {
    let (mut num_alike, mut faults) = (0, Vec::new());
    for case in corpus() {
        let decoded = decode(&case.jpeg, Megapixels::default());
        let is_checked = check(&case.jpeg, Megapixels::default()).is_ok();
        let fault = match (&decoded, case.libjpeg.as_str()) {
            (Ok(picture), "clean") if is_checked => {
                let reference = reference(&case);
                let apart: Vec<u8> = picture.as_raw().iter().zip(&reference).map(|(&a, &b)| a.abs_diff(b)).collect();
                let mean = apart.iter().map(|&apart| f64::from(apart)).sum::<f64>() / apart.len() as f64;
                let most = apart.iter().max().copied().unwrap_or(0);
                num_alike += 1;
                (picture.as_raw().len() != reference.len() || mean > 2.0 || most > 12)
                    .then(|| format!("apart by {mean:.2} on average, {most} at most"))
            }
            (Err(DecodeError::Jpeg { source: JpegFault::Unsupported { .. } }), "clean") if !is_checked => None,
            (Err(DecodeError::Jpeg { source: JpegFault::Stray { bytes: 1..=7 } }), "clean") if !is_checked => None,
            (Err(_), "warned" | "error") if !is_checked => None,
            (Ok(_), _) => Some(format!("decoded; checked: {is_checked}")),
            (Err(error), _) => Some(format!("{error}; checked: {is_checked}")),
        };
        faults.extend(fault.map(|fault| format!("{}: libjpeg: {}; here: {fault}", case.name, case.libjpeg)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(num_alike > 60, "{num_alike} alike");
}

/// Decoders may differ in rounding, and at edges in how they spread chroma.
#[test]
fn jpegs_of_every_kind_agree_with_libjpeg() {
    macro_rules! case {
        ($name:literal, $most:literal, $mean:literal) => {
            case(
                $name,
                include_bytes!(concat!("fixtures/", $name, ".jpg")),
                include_bytes!(concat!("fixtures/", $name, ".expected.png")),
                ($most, $mean),
            )
        };
    }
    case!("subsampled", 8, 1.0);
    case!("restarts", 8, 1.0);
    case!("progressive", 3, 0.6);
    case!("turned", 3, 0.6);
    case!("grey", 1, 0.3);
    case!("cmyk", 2, 0.6);

    fn case(name: &str, jpeg: &[u8], expected: &[u8], (most, mean): (u8, f64)) {
        let (found, expected) =
            (decode(jpeg, Megapixels::default()).unwrap(), decode(expected, Megapixels::default()).unwrap());
        assert_eq!(found.dimensions(), expected.dimensions(), "{name}");
        let differences: Vec<u8> = found.as_raw().iter().zip(expected.as_raw()).map(|(&a, &b)| a.abs_diff(b)).collect();
        let average = differences.iter().map(|&d| f64::from(d)).sum::<f64>() / differences.len() as f64;
        let found_most = differences.iter().copied().max().unwrap();
        assert!(found_most <= most && average <= mean, "{name}: differs by {found_most} at most, {average} on average");
    }
}

/// What a study's data digest depends on: raise the decoder's name in the cache key when this changes.
#[test]
fn a_jpeg_decodes_to_the_same_bits_as_ever() {
    let mut hasher = blake3::Hasher::new();
    for jpeg in [SUBSAMPLED, include_bytes!("fixtures/progressive.jpg"), include_bytes!("fixtures/cmyk.jpg")] {
        hasher.update(decode(jpeg, Megapixels::default()).unwrap().as_raw());
    }
    assert_eq!(hasher.finalize().to_hex()[..16], *"db04de0d02b13d04");
}

#[test]
fn a_png_of_any_depth_and_colour_becomes_rgb() {
    let grey = png(3, 1, ExtendedColorType::L8, &[0, 7, 255]);
    assert_eq!(pixels(&grey), [[0; 3], [7; 3], [255; 3]]);
    let colour = png(2, 1, ExtendedColorType::Rgb8, &[1, 2, 3, 250, 251, 252]);
    assert_eq!(pixels(&colour), [[1, 2, 3], [250, 251, 252]]);
    let deep = png(4, 1, ExtendedColorType::L16, &samples(&[0, 128, 129, 65_535]));
    assert_eq!(pixels(&deep), [[0; 3], [0; 3], [1; 3], [255; 3]]);
    let deep_colour = png(1, 1, ExtendedColorType::Rgb16, &samples(&[257, 2 * 257, 255 * 257]));
    assert_eq!(pixels(&deep_colour), [[1, 2, 255]]);
    assert_eq!(pixels(include_bytes!("fixtures/one_bit.png")), [[0; 3], [255; 3], [255; 3], [0; 3]]);
}

#[test]
fn what_is_transparent_is_laid_on_white() {
    let colour = png(3, 1, ExtendedColorType::Rgba8, &[9, 8, 7, 255, 9, 8, 7, 0, 0, 100, 255, 128]);
    // 255 − 128 / 255 · (255 − c), rounded.
    assert_eq!(pixels(&colour), [[9, 8, 7], [255; 3], [127, 177, 255]]);
    let grey = png(2, 1, ExtendedColorType::La8, &[40, 255, 40, 0]);
    assert_eq!(pixels(&grey), [[40; 3], [255; 3]]);
    let deep = png(2, 1, ExtendedColorType::La16, &samples(&[257 * 40, 65_535, 0, 0]));
    assert_eq!(pixels(&deep), [[40; 3], [255; 3]]);
    let palette = pixels(include_bytes!("fixtures/palette.png"));
    assert_eq!(palette, [[10, 20, 30], [200, 100, 50], [255; 3], [255; 3]]);
}

#[test]
fn every_opaque_level_is_kept_exactly() {
    let bytes: Vec<u8> = (0..=255).flat_map(|level| [level, 255]).collect();
    let expected: Vec<[u8; 3]> = (0..=255).map(|level| [level; 3]).collect();
    assert_eq!(pixels(&png(256, 1, ExtendedColorType::La8, &bytes)), expected);
}

#[test]
fn a_jpeg_cut_anywhere_is_refused() {
    for length in 2..SUBSAMPLED.len() {
        assert!(decode(&SUBSAMPLED[..length], Megapixels::default()).is_err(), "cut to {length} bytes");
    }
    let message = decode(&SUBSAMPLED[..500], Megapixels::default()).unwrap_err().to_string();
    assert_eq!(message, "is not a valid JPEG: it is cut short: it has no end-of-image marker");
}

#[test]
fn bytes_after_the_end_of_a_jpeg_do_no_harm() {
    let padded = [SUBSAMPLED, &[0; 100]].concat();
    assert_eq!(decode(&padded, Megapixels::default()).unwrap(), decode(SUBSAMPLED, Megapixels::default()).unwrap());
}

#[test]
fn a_png_cut_within_its_pixels_is_refused() {
    let bytes: Vec<u8> = (0..30 * 30 * 3u32).map(|i| (i * i % 251) as u8).collect();
    let file = png(30, 30, ExtendedColorType::Rgb8, &bytes);
    for length in [8, 20, 33, 40, file.len() / 2, file.len() - 20] {
        assert!(decode(&file[..length], Megapixels::default()).is_err(), "cut to {length} of {} bytes", file.len());
    }
}

#[test]
fn a_png_with_a_flipped_bit_is_refused() {
    let mut file = png(30, 1, ExtendedColorType::L8, &[77; 30]);
    file[45] ^= 1;
    assert!(matches!(decode(&file, Megapixels::default()), Err(DecodeError::Png { .. })));
}

#[test]
fn other_formats_are_named_by_their_first_bytes() {
    let message = decode(b"GIF89a\x01\x00\x01", Megapixels::default()).unwrap_err().to_string();
    assert_eq!(message, "is neither JPEG nor PNG (it begins with [47, 49, 46, 38, 39, 61, 01, 00])");
    assert!(matches!(decode(b"", Megapixels::default()), Err(DecodeError::UnknownFormat { .. })));
}
