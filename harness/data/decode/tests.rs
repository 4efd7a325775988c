use super::*;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::io::Write;

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

/// A JPEG that libjpeg-turbo decodes without a warning has its pixels, every bit of them, or it is refused: as of a kind
/// that is not read, as one about whose samples its own code with vector instructions and that without disagree, or for a few
/// stray bytes at the end of its coded data. libjpeg has read these bytes ahead and forgets them, although they may be all that
/// a damage shows. What libjpeg warns of is refused.
#[test]
fn a_jpeg_has_the_pixels_of_libjpeg_or_is_refused() {
    let (mut num_alike, mut faults) = (0, Vec::new());
    for case in corpus() {
        let decoded = decode(&case.jpeg, Megapixels::default());
        let is_checked = check(&case.jpeg, Megapixels::default()).is_ok();
        let fault = match (&decoded, case.libjpeg.as_str()) {
            (Ok(picture), "clean") if is_checked => {
                num_alike += 1;
                let is_alike = blake3::hash(picture.as_raw()).to_hex()[..16] == case.pixels;
                (!is_alike).then(|| "other pixels".to_owned())
            }
            (Err(DecodeError::Jpeg { source: JpegFault::Unsupported { .. } }), "clean") if !is_checked => None,
            (Err(DecodeError::Jpeg { source: JpegFault::Overflow }), "clean") if !is_checked => None,
            (Err(DecodeError::Jpeg { source: JpegFault::Stray { bytes: 1..=7 } }), "clean") if !is_checked => None,
            (Err(_), "warned" | "error") if !is_checked => None,
            (Ok(_), _) => Some(format!("decoded; checked: {is_checked}")),
            (Err(error), _) => Some(format!("{error}; checked: {is_checked}")),
        };
        faults.extend(fault.map(|fault| format!("{}: libjpeg: {}; here: {fault}", case.name, case.libjpeg)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(num_alike > 90, "{num_alike} alike");
}

/// The places of a marker in a JPEG, outside of segments.
fn places(jpeg: &[u8], marker: u8) -> Vec<usize> {
    jpeg.windows(2).enumerate().filter(|(_, pair)| *pair == [0xff, marker]).map(|(place, _)| place).collect()
}

#[test]
fn a_progressive_jpeg_without_its_last_scans_is_refused_although_it_ends_in_order() {
    let jpeg = include_bytes!("fixtures/progressive.jpg");
    let scans = places(jpeg, 0xda);
    assert!(scans.len() > 5);
    for &begin in &scans[1..] {
        let cut = [&jpeg[..begin], &[0xff, 0xd9]].concat();
        let error = decode(&cut, Megapixels::default()).unwrap_err();
        let is_named = matches!(error, DecodeError::Jpeg { source: JpegFault::Unfinished | JpegFault::CutShort });
        assert!(is_named && check(&cut, Megapixels::default()).is_err(), "{error}");
    }
}

#[test]
fn tables_that_are_missing_or_wrong_are_told_by_the_check_too() {
    let refused = |jpeg: &[u8]| {
        let most = Megapixels::default();
        let told = check(jpeg, most).unwrap_err().to_string();
        assert_eq!(decode(jpeg, most).unwrap_err().to_string(), told);
        told
    };
    let mut no_steps = SUBSAMPLED.to_vec();
    let frame = places(SUBSAMPLED, 0xc0)[0];
    no_steps[frame + 12] = 3;
    assert!(refused(&no_steps).contains("a quantisation table is missing"));
    let mut coarse = SUBSAMPLED.to_vec();
    for table in places(SUBSAMPLED, 0xdb) {
        coarse[table + 5..table + 5 + 64].fill(255);
    }
    assert!(refused(&coarse).contains("beyond what 8-bit samples can have"));
    let mut code_of_ones = SUBSAMPLED.to_vec();
    let table = places(SUBSAMPLED, 0xc4)[0];
    // Two codes of one bit are all that there are.
    (code_of_ones[table + 5], code_of_ones[table + 6]) = (2, 0);
    assert!(refused(&code_of_ones).contains("a Huffman table is missing or wrong"));
}

#[test]
fn a_png_whose_profile_or_text_would_fill_the_memory_is_read_without_them() {
    let plain = png(2, 1, ExtendedColorType::Rgb8, &[1, 2, 3, 250, 251, 252]);
    let mut packed = flate2::write::ZlibEncoder::new(b"icc\0\0".to_vec(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    (0..256).for_each(|_| packed.write_all(&zeros).unwrap());
    let data = packed.finish().unwrap();
    let mut chunk = b"iCCP".to_vec();
    chunk.extend(&data);
    let crc = crc32fast::hash(&chunk).to_be_bytes();
    // After the signature and the header's chunk.
    let (before, after) = plain.split_at(8 + 25);
    let bomb = [before, &(data.len() as u32).to_be_bytes(), &chunk, &crc, after].concat();
    let began = std::time::Instant::now();
    assert_eq!(pixels(&bomb), pixels(&plain));
    assert!(began.elapsed().as_secs_f64() < 0.1, "a quarter of a gigabyte takes longer to unpack");
}

/// A PNG with this chunk before its pixels, or after them.
fn with_chunk(png: &[u8], name: &[u8; 4], data: &[u8], is_after: bool) -> Vec<u8> {
    let chunk = [&name[..], data].concat();
    let end = if is_after { png.len() - 12 } else { 8 + 25 };
    let (before, after) = png.split_at(end);
    let (length, crc) = ((data.len() as u32).to_be_bytes(), crc32fast::hash(&chunk).to_be_bytes());
    [before, &length, &chunk, &crc, after].concat()
}

/// Four pixels of one bit each, whose rows are a byte.
fn indexed(palette: &[u8], index: u8) -> Vec<u8> {
    let mut png = png(4, 1, ExtendedColorType::L8, &[index; 4]);
    // The same bytes, said to be indices.
    png[8 + 8 + 9] = 3;
    let crc = crc32fast::hash(&png[12..8 + 8 + 13]).to_be_bytes();
    png[8 + 8 + 13..8 + 25].copy_from_slice(&crc);
    with_chunk(&png, b"PLTE", palette, false)
}

#[test]
fn a_png_whose_palette_is_cut_or_lacks_a_colour_is_refused() {
    assert_eq!(pixels(&indexed(&[1, 2, 3, 4, 5, 6], 1)), [[4, 5, 6]; 4]);
    for (palette, index) in [(&[1, 2, 3, 4, 5, 6][..], 2), (&[1, 2, 3, 4][..], 0)] {
        let png = indexed(palette, index);
        let transparent = with_chunk(&png, b"tRNS", &[9, 9], true);
        for file in [png, transparent] {
            let error = decode(&file, Megapixels::default()).unwrap_err();
            assert!(matches!(error, DecodeError::Palette | DecodeError::Png { .. }), "{error}");
        }
    }
}

#[test]
fn a_png_is_turned_whether_it_says_so_before_its_pixels_or_after_and_must_not_be_cut_after_them() {
    let plain = png(2, 1, ExtendedColorType::Rgb8, &[1, 2, 3, 250, 251, 252]);
    let exif = [b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0];
    for is_after in [false, true] {
        let turned = with_chunk(&plain, b"eXIf", &exif, is_after);
        assert_eq!(pixels(&turned), [[250, 251, 252], [1, 2, 3]]);
        let mut damaged = turned.clone();
        let place = turned.windows(4).position(|name| name == b"eXIf").unwrap();
        damaged[place + 8] ^= 1;
        assert!(
            matches!(decode(&damaged, Megapixels::default()), Err(DecodeError::Png { .. })),
            "its checksum is wrong"
        );
    }
    assert!(decode(&plain[..plain.len() - 6], Megapixels::default()).is_err());
}

#[test]
fn a_png_whose_checksum_is_wrong_is_refused() {
    let mut png = png(2, 1, ExtendedColorType::Rgb8, &[1, 2, 3, 250, 251, 252]);
    let data = png.windows(4).position(|name| name == b"IDAT").unwrap();
    let length = u32::from_be_bytes(png[data - 4..data].try_into().unwrap()) as usize;
    let end = data + 4 + length;
    png[end - 1] ^= 1;
    let crc = crc32fast::hash(&png[data..end]).to_be_bytes();
    png[end..end + 4].copy_from_slice(&crc);
    assert!(matches!(decode(&png, Megapixels::default()), Err(DecodeError::Png { .. })));
}

#[test]
fn jpegs_of_every_kind_have_the_pixels_of_pillow() {
    macro_rules! case {
        ($name:literal) => {
            let jpeg = include_bytes!(concat!("fixtures/", $name, ".jpg"));
            let expected = include_bytes!(concat!("fixtures/", $name, ".expected.png"));
            let decoded = |file: &[u8]| decode(file, Megapixels::default()).unwrap();
            assert!(*decoded(jpeg) == *decoded(expected), "{}", $name);
        };
    }
    case!("subsampled");
    case!("restarts");
    case!("progressive");
    case!("turned");
    case!("grey");
    case!("cmyk");
}

/// What a study's data digest depends on: raise the decoder's name in the cache key when this changes.
#[test]
fn a_jpeg_decodes_to_the_same_bits_as_ever() {
    let mut hasher = blake3::Hasher::new();
    for jpeg in [SUBSAMPLED, include_bytes!("fixtures/progressive.jpg"), include_bytes!("fixtures/cmyk.jpg")] {
        hasher.update(decode(jpeg, Megapixels::default()).unwrap().as_raw());
    }
    assert_eq!(hasher.finalize().to_hex()[..16], *"582b2baaf0006579");
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
    let decoded = |file: &[u8]| decode(file, Megapixels::default()).unwrap();
    assert_eq!(*decoded(&padded), *decoded(SUBSAMPLED));
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
    assert_eq!(message, "is a GIF, neither JPEG nor PNG");
    let said = |bytes: &[u8]| decode(bytes, Megapixels::default()).unwrap_err().to_string();
    assert_eq!(said(b""), "is empty");
    assert_eq!(said(b"RIFF\0\0\0\0WEBP"), "is a WebP, neither JPEG nor PNG");
    assert_eq!(said(b"xyz"), "is neither JPEG nor PNG (its first bytes are 78 79 7a)");
}
