//! JPEG files. They are first read without making pixels of them, so that one that is damaged, or that decoders disagree
//! about, is refused by name.

mod bits;
mod block;
mod codes;
mod frame;

use super::exif::orientation;
use super::{DecodeError, Decoded, Megapixels, Turn};
use bits::Table;
use codes::Scan;
use frame::{Frame, Tables};
use image::RgbImage;
use libjpeg_turbo_rs::{DecodeLimits, Decoder, PixelFormat};
use thiserror::Error;

/// The decoder's name, and the version of what is refused before it. They are part of cache keys, since another version may
/// round differently, or refuse what was accepted.
pub(crate) const DECODER: &str = "libjpeg-turbo-rs 0.9.0, scalar, checks 2";

/// Most scans of a picture. Usual encoders write about ten; an empty scan of a large picture is a few bytes that take long.
const MOST_SCANS: usize = 500;

/// What is wrong with a JPEG.
#[derive(Debug, Error)]
pub enum JpegFault {
    /// The file ends before its end-of-image marker.
    #[error("it is cut short: it has no end-of-image marker")]
    CutShort,
    /// Coded data end before their last block.
    #[error("its coded data end early")]
    EndsEarly,
    /// Bytes that belong to nothing.
    #[error("{bytes} stray bytes lie before a marker")]
    Stray {
        /// How many.
        bytes: usize,
    },
    /// A code that stands for nothing.
    #[error("its coded data hold a code that stands for nothing")]
    Code,
    /// A block with too many coefficients.
    #[error("its coded data hold a block with more coefficients than there are")]
    Block,
    /// A Huffman table that is missing or contradicts itself.
    #[error("a Huffman table is missing or wrong")]
    HuffmanTable,
    /// A quantisation table that is missing.
    #[error("a quantisation table is missing")]
    QuantisationTable,
    /// Scans that leave bits of coefficients out.
    #[error("its scans leave out part of its coefficients")]
    Unfinished,
    /// Coefficients that no picture has, about which decoders disagree.
    #[error("it holds coefficients beyond what 8-bit samples can have")]
    Overflow,
    /// A restart marker that is not the next one.
    #[error("restart marker {expected:02x} is due, and {found:02x} is found")]
    Restart {
        /// The marker that is due.
        expected: u8,
        /// The one there is.
        found: u8,
    },
    /// Scans that do not follow from each other.
    #[error("its scans do not follow from each other")]
    Progression,
    /// Components that no picture has.
    #[error("it has {count} components, and 1, 3 or 4 are read")]
    Components {
        /// How many there are.
        count: usize,
    },
    /// A segment of the wrong length or content.
    #[error("the segment of marker {marker:02x} is wrong")]
    Segment {
        /// Its marker.
        marker: u8,
    },
    /// A kind of JPEG that is not read.
    #[error("it has {what}, which is not read; write it as a baseline or progressive JPEG")]
    Unsupported {
        /// What it has.
        what: &'static str,
    },
    /// The decoder's own reason.
    #[error("{0}")]
    Decoder(libjpeg_turbo_rs::JpegError),
}

/// Decodes a JPEG to RGB, and says how the picture is to be turned. Scalar code does it, since the decoder's vector code
/// rounds otherwise where coefficients overflow.
pub(super) fn decode(bytes: &[u8], most: Megapixels) -> Result<Decoded, DecodeError> {
    let (planes, turn) = check(bytes, most)?;
    let fault = |source| DecodeError::Jpeg { source: JpegFault::Decoder(source) };
    let limits = DecodeLimits { max_pixels: most.pixels(), max_scans: MOST_SCANS, ..DecodeLimits::default() };
    let mut decoder = Decoder::new_with_limits(bytes, limits).map_err(fault)?;
    decoder.set_stop_on_warning(true);
    decoder.set_output_format(if planes == 4 { PixelFormat::Cmyk } else { PixelFormat::Rgb });
    let image = decoder.decode_image().map_err(fault)?;
    let (width, height, found) = (image.width, image.height, image.data.len());
    let pixels = if planes == 4 { image.data.chunks_exact(4).flat_map(of_print).collect() } else { image.data };
    let pixels = RgbImage::from_raw(width as u32, height as u32, pixels)
        .filter(|_| found == width * height * if planes == 4 { 4 } else { 3 })
        .ok_or(DecodeError::Inconsistent { found, width, height })?;
    Ok(Decoded { pixels, orientation: orientation(image.exif_data.as_deref()), turn })
}

/// The colour of four inks, which files hold as what they leave of the light. As Pillow multiplies them.
fn of_print(inks: &[u8]) -> [u8; 3] {
    let light = |ink: u8| ((u32::from(ink) * u32::from(inks[3]) + 127) / 255) as u8;
    [light(inks[0]), light(inks[1]), light(inks[2])]
}

/// Reads a JPEG from its first marker to its last, coded data included, and takes memory only after its size is known to
/// be allowed and it has its turn: the number of its planes, and the turn. What libjpeg would warn of is a fault.
///
/// # Source
/// ITU-T T.81; libjpeg-turbo's `jdmarker.c`, `jdhuff.c`, `jdphuff.c`.
pub(super) fn check(bytes: &[u8], most: Megapixels) -> Result<(usize, Turn), DecodeError> {
    let (frame, tables) = (None, Tables::default());
    let mut reader = Reader { bytes, at: 2, most, frame, turn: None, tables, interval: 0, num_scans: 0, adobe: None };
    while reader.step()? {}
    let planes = reader.frame.map_or(0, |frame| frame.components.len());
    Ok((planes, reader.turn.unwrap_or_else(|| Turn::wait(0))))
}

/// Where reading has come to, and what it goes by.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    most: Megapixels,
    frame: Option<Frame>,
    turn: Option<Turn>,
    tables: Tables,
    /// Groups of blocks between restart markers.
    interval: usize,
    num_scans: usize,
    /// How Adobe's segment says that colours are coded.
    adobe: Option<u8>,
}

impl<'a> Reader<'a> {
    /// Reads the next marker and what belongs to it. False at the end of the image.
    fn step(&mut self) -> Result<bool, DecodeError> {
        let fault = |source| DecodeError::Jpeg { source };
        let marker = self.marker().map_err(fault)?;
        if marker == 0xd9 {
            return match &self.frame {
                Some(frame) => frame.check_complete().map(|()| false).map_err(fault),
                None => Err(fault(JpegFault::CutShort)),
            };
        }
        let body = self.segment(marker).map_err(fault)?;
        match marker {
            0xc0..=0xc2 => self.begin_frame(marker, body)?,
            0xda => self.scan(body).map_err(fault)?,
            _ => self.describe(marker, body).map_err(fault)?,
        }
        Ok(true)
    }

    /// The next marker. It may be padded with 0xff.
    fn marker(&mut self) -> Result<u8, JpegFault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let stray = rest.iter().position(|&byte| byte == 0xff).ok_or(JpegFault::CutShort)?;
        if stray > 0 {
            return Err(JpegFault::Stray { bytes: stray });
        }
        let padding = rest.iter().take_while(|&&byte| byte == 0xff).count();
        self.at += padding + 1;
        rest.get(padding).copied().ok_or(JpegFault::CutShort)
    }

    /// What follows a marker, without its length.
    fn segment(&mut self, marker: u8) -> Result<&'a [u8], JpegFault> {
        if matches!(marker, 0x00 | 0x01 | 0xd0..=0xd8) {
            return Err(JpegFault::Segment { marker });
        }
        let length = self.bytes.get(self.at..self.at + 2).ok_or(JpegFault::CutShort)?;
        let length = usize::from(length[0]) << 8 | usize::from(length[1]);
        if length < 2 {
            return Err(JpegFault::Segment { marker });
        }
        let body = self.bytes.get(self.at + 2..self.at + length).ok_or(JpegFault::CutShort)?;
        self.at += length;
        Ok(body)
    }

    fn begin_frame(&mut self, marker: u8, body: &[u8]) -> Result<(), DecodeError> {
        let fault = |source| DecodeError::Jpeg { source };
        if self.frame.is_some() {
            return Err(fault(JpegFault::Segment { marker }));
        }
        let frame = Frame::read(body, marker == 0xc2).map_err(fault)?;
        self.turn = Some(self.most.admit(frame.width, frame.height)?);
        self.frame = Some(frame);
        Ok(())
    }

    fn scan(&mut self, body: &[u8]) -> Result<(), JpegFault> {
        self.check_colours()?;
        self.num_scans += 1;
        if self.num_scans > MOST_SCANS {
            return Err(JpegFault::Unsupported { what: "more than 500 scans" });
        }
        const WRONG: JpegFault = JpegFault::Segment { marker: 0xda };
        let frame = self.frame.as_mut().ok_or(WRONG)?;
        let (&count, rest) = body.split_first().ok_or(WRONG)?;
        let (parts, band) = rest.split_at_checked(2 * usize::from(count)).ok_or(WRONG)?;
        let &[first, last, bits] = band else { return Err(WRONG) };
        let mut components: Vec<(usize, usize, usize)> = Vec::new();
        for part in parts.chunks_exact(2) {
            let index = frame.components.iter().position(|component| component.id == part[0]).ok_or(WRONG)?;
            if components.iter().any(|&(other, ..)| other == index) {
                return Err(WRONG);
            }
            components.push((index, usize::from(part[1] >> 4), usize::from(part[1] & 15)));
        }
        if components.is_empty() {
            return Err(WRONG);
        }
        let scan = Scan { components, band: (first.into(), last.into()), high: bits >> 4, low: bits & 15 };
        self.at = frame.read_scan(&scan, &self.tables, self.interval, self.bytes, self.at)?;
        Ok(())
    }

    /// Reads a segment that describes what comes.
    fn describe(&mut self, marker: u8, body: &[u8]) -> Result<(), JpegFault> {
        let wrong = || JpegFault::Segment { marker };
        match marker {
            0xc4 => self.huffman_tables(body),
            0xdb => self.quantisation_tables(body).ok_or_else(wrong),
            0xdd => {
                let &[high, low] = body else { return Err(wrong()) };
                self.interval = usize::from(high) << 8 | usize::from(low);
                Ok(())
            }
            0xe0 if body.starts_with(b"JFIF\0") && body.get(5).is_some_and(|&major| major != 1) => Err(wrong()),
            0xe0..=0xef | 0xfe => {
                if marker == 0xee && body.starts_with(b"Adobe") {
                    self.adobe = body.get(11).copied();
                }
                Ok(())
            }
            0xc3 | 0xc7 | 0xcb | 0xcf => Err(JpegFault::Unsupported { what: "lossless coding" }),
            0xc5 | 0xc6 | 0xcd | 0xce | 0xde | 0xdf => Err(JpegFault::Unsupported { what: "hierarchical coding" }),
            0xc9 | 0xca | 0xcc => Err(JpegFault::Unsupported { what: "arithmetic coding" }),
            0xdc => Err(JpegFault::Unsupported { what: "its height after its first scan" }),
            _ => Err(wrong()),
        }
    }

    /// Checks that Adobe's segment says what is known of colours.
    fn check_colours(&self) -> Result<(), JpegFault> {
        let planes = self.frame.as_ref().map_or(0, |frame| frame.components.len());
        let is_known = match (planes, self.adobe) {
            (3, Some(transform)) => transform <= 1,
            (4, Some(transform)) => transform == 0 || transform == 2,
            _ => true,
        };
        if is_known { Ok(()) } else { Err(JpegFault::Segment { marker: 0xee }) }
    }

    fn huffman_tables(&mut self, mut body: &[u8]) -> Result<(), JpegFault> {
        while let Some((&kind, rest)) = body.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or(JpegFault::HuffmanTable)?;
            let count = counts.iter().map(|&count| usize::from(count)).sum();
            let (symbols, rest) = rest.split_at_checked(count).ok_or(JpegFault::HuffmanTable)?;
            let place = self
                .tables
                .huffman
                .get_mut(usize::from(kind >> 4))
                .and_then(|class| class.get_mut(usize::from(kind & 15)));
            *place.ok_or(JpegFault::HuffmanTable)? = Some(Table::new(counts, symbols)?);
            body = rest;
        }
        Ok(())
    }

    /// `None` if a quantisation table is cut or out of place.
    fn quantisation_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&kind, rest)) = body.split_first() {
            let width = match kind >> 4 {
                0 => 1,
                1 => 2,
                _ => return None,
            };
            let (table, rest) = rest.split_at_checked(64 * width)?;
            let mut steps = [0; 64];
            for (step, bytes) in steps.iter_mut().zip(table.chunks_exact(width)) {
                *step = bytes.iter().fold(0, |value, &byte| value << 8 | u16::from(byte));
            }
            *self.tables.quantisation.get_mut(usize::from(kind & 15))? = Some(steps);
            body = rest;
        }
        Some(())
    }
}
