//! Seeds, changed: bits, bytes, lengths, lines, numbers, and two spliced into one.

use nt_kernels::philox::Stream;

/// Numbers that readers trip over.
const NUMBERS: [&str; 14] = [
    "0",
    "-1",
    "1",
    "-0.0",
    "4294967296",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551616",
    "1e308",
    "1e-320",
    "NaN",
    "Infinity",
    "0x7f",
    "",
];

/// The mutation of this number: one to four changes of one of the seeds.
pub fn mutated(seeds: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut random = Stream::named(number, "mutation", "", 0).cursor();
    let mut below = |most: usize| if most == 0 { 0 } else { random.below(most.min(u32::MAX as usize) as u32) as usize };
    let mut bytes = seeds[below(seeds.len())].clone();
    for _ in 0..=below(4) {
        let length = bytes.len();
        let at = below(length);
        let span = 1 + below(64);
        let end = (at + span).min(length);
        match below(10) {
            0 if length > 0 => bytes[at] ^= 1 << below(8),
            1 if length > 0 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff, b'"', b'\n', b','][below(8)],
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            5 => {
                let other = &seeds[below(seeds.len())];
                let from = below(other.len());
                let piece = other[from..(from + 4 * span).min(other.len())].to_vec();
                bytes.splice(at..end, piece);
            }
            6 => replace_a_number(&mut bytes, at, NUMBERS[below(NUMBERS.len())]),
            7 => swap_lines(&mut bytes, at, below(length)),
            8 => {
                // A length or a count in binary: the largest that fit.
                let width = [1, 2, 4, 8][below(4)].min(length - at);
                let value = [0xff, 0x7f, 0x00][below(3)];
                bytes[at..at + width].fill(value);
            }
            _ => bytes.extend((0..span).map(|_| below(256) as u8)),
        }
    }
    bytes
}

/// Replaces the first number from `at` on.
fn replace_a_number(bytes: &mut Vec<u8>, at: usize, number: &str) {
    let Some(start) = bytes[at..].iter().position(u8::is_ascii_digit).map(|offset| at + offset) else { return };
    let is_of_number = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'-' | b'+');
    let length = bytes[start..].iter().take_while(|byte| is_of_number(byte)).count();
    bytes.splice(start..start + length, number.bytes());
}

fn swap_lines(bytes: &mut Vec<u8>, first: usize, second: usize) {
    let mut lines: Vec<Vec<u8>> = bytes.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let line_at = |offset: usize| bytes[..offset].iter().filter(|&&byte| byte == b'\n').count();
    let (first, second) = (line_at(first), line_at(second));
    lines.swap(first, second);
    *bytes = lines.join(&b'\n');
}
