//! How a camera was held.

use image::metadata::Orientation;

/// The tag of the orientation.
const ORIENTATION: u32 = 0x112;

/// The orientation in Exif data, which begin as a TIFF file does; upright where none is found. Its value may have two bytes, as
/// Exif has it, or four.
pub(super) fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.and_then(of_first_directory).and_then(Orientation::from_exif).unwrap_or(Orientation::NoTransforms)
}

fn of_first_directory(exif: &[u8]) -> Option<u8> {
    // Some writers of PNGs leave the name that the segment of a JPEG begins with.
    let exif = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let is_little = match exif.first_chunk()? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let number = |at: usize, width: usize| {
        let bytes = exif.get(at..at.checked_add(width)?)?;
        let join = |value: u32, byte: &u8| value << 8 | u32::from(*byte);
        Some(if is_little { bytes.iter().rev().fold(0, join) } else { bytes.iter().fold(0, join) })
    };
    let directory = number(4, 4)? as usize;
    let entries = (0..number(directory, 2)? as usize).map(|entry| directory + 2 + 12 * entry);
    for entry in entries {
        if number(entry, 2)? == ORIENTATION && number(entry + 4, 4)? == 1 {
            let width = match number(entry + 2, 2)? {
                3 => 2,
                4 => 4,
                _ => return None,
            };
            return number(entry + 8, width)?.try_into().ok();
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_and_four_bytes_in_either_order_turn_a_picture_alike() {
        let big = |kind: u8, value: [u8; 4]| {
            let start = [b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, kind, 0, 0, 0, 1];
            [&start[..], &value].concat()
        };
        let little = |kind: u8| vec![b'I', b'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, kind, 0, 1, 0, 0, 0, 6, 0, 0, 0];
        let named = [&b"Exif\0\0"[..], &little(3)].concat();
        for exif in [named, big(3, [0, 6, 0, 0]), big(4, [0, 0, 0, 6]), little(3), little(4)] {
            assert_eq!(orientation(Some(&exif)), Orientation::Rotate90);
        }
        let mut cut = little(3);
        cut.truncate(15);
        for exif in [&cut[..], b"", b"II*\0\xff\xff\xff\xff"] {
            assert_eq!(orientation(Some(exif)), Orientation::NoTransforms);
        }
    }
}
