//! Damaged pictures: a hundred thousand of them give no panic, take no more memory than their size, and no long time.

#![allow(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use negative_transfer::data::decode::{DecodeError, Megapixels, decode};
use std::io::Read as _;
use std::time::{Duration, Instant};

/// Most memory that the process may have taken, bytes.
const MOST_MEMORY: u64 = 500 << 20;
const NUM_PICTURES: u32 = 100_000;

/// The JPEGs of decode/fixtures/corpus.py.
fn jpegs() -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    let packed = &include_bytes!("../harness/data/decode/fixtures/corpus.gz")[..];
    flate2::read::GzDecoder::new(packed).read_to_end(&mut whole).unwrap();
    let mut rest = &whole[..];
    let lengths = include_str!("../harness/data/decode/fixtures/corpus.tsv").lines();
    let take = |line: &str| {
        let (jpeg, after) = rest.split_at(line.split('\t').nth(1).unwrap().parse().unwrap());
        rest = after;
        jpeg.to_vec()
    };
    lengths.map(take).collect()
}

fn pngs() -> Vec<Vec<u8>> {
    let fixtures = [
        &include_bytes!("../harness/data/decode/fixtures/palette.png")[..],
        include_bytes!("../harness/data/decode/fixtures/one_bit.png"),
        include_bytes!("../harness/data/decode/fixtures/cmyk.expected.png"),
        include_bytes!("../harness/data/decode/fixtures/grey.expected.png"),
    ];
    fixtures.map(<[u8]>::to_vec).to_vec()
}

/// Numbers without a pattern (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound.max(1) as u64) as usize
    }

    /// Changes a few bytes: sets, flips, cuts out, doubles, or writes the largest numbers.
    fn damage(&mut self, picture: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            if picture.len() < 8 {
                return;
            }
            let at = self.below(picture.len());
            match self.below(6) {
                0 => picture[at] = self.below(256) as u8,
                1 => picture[at] ^= 1 << self.below(8),
                2 => drop(picture.drain(at..(at + self.below(20)).min(picture.len()))),
                3 => picture.truncate(at.max(8)),
                4 => picture[at..].iter_mut().take(2).for_each(|byte| *byte = 0xff),
                _ => {
                    let copy = picture[at..(at + self.below(30)).min(picture.len())].to_vec();
                    picture.splice(at..at, copy);
                }
            }
        }
    }
}

/// Gives every chunk of a PNG the checksum of its contents, so that damage reaches the decoder.
fn with_checksums(png: &mut [u8]) {
    let mut at = 8;
    while let Some(&[a, b, c, d]) = png.get(at..at + 4) {
        let end = at + 8 + u32::from_be_bytes([a, b, c, d]) as usize;
        let Some(body) = png.get(at + 4..end) else { return };
        let mut checksum = flate2::Crc::new();
        checksum.update(body);
        let sum = checksum.sum().to_be_bytes();
        let Some(place) = png.get_mut(end..end + 4) else { return };
        place.copy_from_slice(&sum);
        at = end + 4;
    }
}

/// The most memory that this process has had, bytes.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}

#[test]
fn a_hundred_thousand_damaged_pictures_are_decoded_or_refused() {
    let (jpegs, pngs) = (jpegs(), pngs());
    let mut numbers = Numbers(2026);
    let (mut decoded, mut slowest) = (0, Duration::ZERO);
    for turn in 0..NUM_PICTURES {
        let is_png = turn % 4 == 3;
        let pictures = if is_png { &pngs } else { &jpegs };
        let mut picture = pictures[numbers.below(pictures.len())].clone();
        numbers.damage(&mut picture);
        if is_png && turn % 8 == 7 {
            with_checksums(&mut picture);
        }
        let start = Instant::now();
        match decode(&picture, Megapixels::default()) {
            Ok(_) => decoded += 1,
            // The PNG decoder panics where a palette is shorter than a colour, and that is told as a refusal.
            Err(DecodeError::Panic { message }) if !is_png => panic!("picture {turn}: {message}"),
            Err(_) => {}
        }
        slowest = slowest.max(start.elapsed());
    }
    eprintln!("{decoded} decoded, slowest {slowest:?}, peak {} MB", peak_memory() >> 20);
    assert!(decoded > 100, "{decoded} decoded: the damage leaves nothing to try");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    assert!(peak_memory() < MOST_MEMORY, "{} MB", peak_memory() >> 20);
}
