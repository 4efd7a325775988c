//! The shape of a JPEG: its components, and what a scan holds of them.

use super::JpegFault;
use super::bits::{Bits, Table};

/// Most blocks of a group of interleaved ones.
const MOST_BLOCKS: usize = 10;

/// What the frame header says.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Whether coefficients come in several scans of increasing precision.
    pub(super) is_progressive: bool,
    pub(super) components: Vec<Component>,
}

/// One plane of the picture.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of a group, across and down.
    sampling: (usize, usize),
    /// Blocks of its plane, across and down.
    blocks: (usize, usize),
    /// Of each block, which coefficients are not zero so far. Needed for progressive ones alone.
    non_zero: Vec<u64>,
    /// How many low bits of each coefficient are still to come; `None` before its first scan.
    missing_bits: [Option<u8>; 64],
}

/// What a scan header says.
pub(super) struct Scan {
    /// Components by index, each with its tables of DC and AC codes.
    pub(super) components: Vec<(usize, usize, usize)>,
    /// First and last coefficient.
    pub(super) band: (usize, usize),
    /// Bits below those that earlier scans gave, and below those that this one gives.
    pub(super) high: u8,
    pub(super) low: u8,
}

/// Huffman tables by number, DC and AC.
pub(super) type Tables = [[Option<Table>; 4]; 2];

impl Frame {
    /// Reads the segment of a frame header.
    pub(super) fn read(body: &[u8], is_progressive: bool) -> Result<Self, JpegFault> {
        let &[precision, h1, h0, w1, w0, count, ref rest @ ..] = body else {
            return Err(JpegFault::Segment { marker: 0xc0 });
        };
        let (height, width) = (usize::from(h1) << 8 | usize::from(h0), usize::from(w1) << 8 | usize::from(w0));
        if precision != 8 {
            return Err(JpegFault::Unsupported { what: "samples of other than 8 bits" });
        }
        if width == 0 || height == 0 {
            return Err(JpegFault::Unsupported { what: "a frame without width or height" });
        }
        if rest.len() != 3 * usize::from(count) || !matches!(count, 1 | 3 | 4) {
            return Err(JpegFault::Components { count: count.into() });
        }
        let sampling: Vec<(usize, usize)> =
            rest.chunks_exact(3).map(|part| ((part[1] >> 4).into(), (part[1] & 15).into())).collect();
        if sampling.iter().any(|&(h, v)| !(1..=4).contains(&h) || !(1..=4).contains(&v)) {
            return Err(JpegFault::Unsupported { what: "sampling factors outside 1 to 4" });
        }
        let finer = |&(h, v): &(usize, usize)| h > sampling[0].0 || v > sampling[0].1;
        if sampling.iter().any(finer) {
            return Err(JpegFault::Unsupported { what: "a colour plane that is finer than the first" });
        }
        let most = sampling.iter().fold((1, 1), |(h, v), &(other_h, other_v)| (h.max(other_h), v.max(other_v)));
        let component = |(part, &(h, v)): (&[u8], &(usize, usize))| Component {
            id: part[0],
            sampling: (h, v),
            blocks: ((width * h).div_ceil(most.0).div_ceil(8), (height * v).div_ceil(most.1).div_ceil(8)),
            non_zero: Vec::new(),
            missing_bits: [None; 64],
        };
        let components: Vec<Component> = rest.chunks_exact(3).zip(&sampling).map(component).collect();
        Ok(Self { width, height, is_progressive, components })
    }

    /// Whether every component has been seen in a scan.
    pub(super) fn is_complete(&self) -> bool {
        self.components.iter().all(|component| component.missing_bits[0].is_some())
    }

    /// Groups of blocks of a scan, and the blocks of each component in a group.
    fn groups(&self, scan: &Scan) -> Result<(usize, Vec<usize>), JpegFault> {
        if let [(alone, ..)] = scan.components[..] {
            let (across, down) = self.components[alone].blocks;
            return Ok((across * down, vec![1]));
        }
        let most = |of: fn(&Component) -> usize| self.components.iter().map(of).max().unwrap_or(1);
        let (h, v) = (most(|component| component.sampling.0), most(|component| component.sampling.1));
        let in_group: Vec<usize> = scan
            .components
            .iter()
            .map(|&(index, ..)| self.components[index].sampling.0 * self.components[index].sampling.1)
            .collect();
        if in_group.iter().sum::<usize>() > MOST_BLOCKS {
            return Err(JpegFault::Unsupported { what: "more than 10 blocks in a group" });
        }
        Ok((self.width.div_ceil(8 * h) * self.height.div_ceil(8 * v), in_group))
    }

    /// Checks that a scan is in order, and notes what it gives.
    fn begin(&mut self, scan: &Scan) -> Result<(), JpegFault> {
        let (first, last) = scan.band;
        let is_whole = (first, last, scan.high, scan.low) == (0, 63, 0, 0);
        let is_band = if first == 0 { last == 0 } else { first <= last && last < 64 && scan.components.len() == 1 };
        let refines_one_bit = scan.high == 0 || scan.low + 1 == scan.high;
        if !(if self.is_progressive { is_band && refines_one_bit && scan.low <= 13 } else { is_whole }) {
            return Err(JpegFault::Progression);
        }
        // The decoder reads all planes at once, or each in a scan of its own.
        if scan.components.len() > 1 && scan.components.len() < self.components.len() && !self.is_progressive {
            return Err(JpegFault::Unsupported { what: "some of its planes together in a scan, although not all" });
        }
        for &(index, ..) in &scan.components {
            let component = &mut self.components[index];
            if first > 0 && component.missing_bits[0].is_none() {
                return Err(JpegFault::Progression);
            }
            for missing in &mut component.missing_bits[first..=last] {
                let is_next = if self.is_progressive { missing.unwrap_or(0) == scan.high } else { missing.is_none() };
                if !is_next {
                    return Err(JpegFault::Progression);
                }
                *missing = Some(scan.low);
            }
            if first > 0 && component.non_zero.is_empty() {
                component.non_zero = vec![0; component.blocks.0 * component.blocks.1];
            }
        }
        Ok(())
    }

    /// Reads the coded data of a scan, which begin at `at`: the place of the marker after them.
    ///
    /// `interval` is the number of groups between restart markers; 0 if there are none.
    pub(super) fn read_scan(
        &mut self,
        scan: &Scan,
        tables: &Tables,
        interval: usize,
        bytes: &[u8],
        at: usize,
    ) -> Result<usize, JpegFault> {
        self.begin(scan)?;
        let (num_groups, in_group) = self.groups(scan)?;
        let mut bits = Bits::new(bytes, at);
        let mut zero_blocks = 0;
        for group in 0..num_groups {
            if interval > 0 && group > 0 && group % interval == 0 {
                bits = Bits::new(bytes, after_restart(bytes, bits.end()?, group / interval - 1)?);
                zero_blocks = 0;
            }
            for (&(index, dc, ac), &count) in scan.components.iter().zip(&in_group) {
                for _ in 0..count {
                    if !self.is_progressive {
                        let (dc, ac) = (table(tables, 0, dc)?, table(tables, 1, ac)?);
                        read_block(&mut bits, dc, ac)?;
                    } else if scan.band.0 == 0 {
                        read_dc(&mut bits, tables, dc, scan.high)?;
                    } else {
                        let non_zero = &mut self.components[index].non_zero[group];
                        let ac = table(tables, 1, ac)?;
                        if scan.high == 0 {
                            read_band(&mut bits, ac, scan.band, non_zero, &mut zero_blocks)?;
                        } else {
                            refine_band(&mut bits, ac, scan.band, non_zero, &mut zero_blocks)?;
                        }
                    }
                }
            }
        }
        bits.end()
    }
}

fn table(tables: &Tables, class: usize, number: usize) -> Result<&Table, JpegFault> {
    tables[class].get(number).and_then(Option::as_ref).ok_or(JpegFault::HuffmanTable)
}

/// The place after restart marker number `index`.
fn after_restart(bytes: &[u8], at: usize, index: usize) -> Result<usize, JpegFault> {
    let padding = bytes[at..].iter().take_while(|&&byte| byte == 0xff).count();
    let expected = 0xd0 + (index % 8) as u8;
    match bytes.get(at + padding) {
        Some(&found) if found == expected => Ok(at + padding + 1),
        Some(&found) => Err(JpegFault::Restart { expected, found }),
        None => Err(JpegFault::EndsEarly),
    }
}

/// Bits of the difference between two first coefficients.
fn dc_size(bits: &mut Bits<'_>, dc: &Table) -> Result<u32, JpegFault> {
    let size = bits.symbol(dc)?;
    if size > 15 { Err(JpegFault::HuffmanTable) } else { Ok(size.into()) }
}

/// How many coefficients are zero before the next one, and the bits of that one; no bits if none comes.
fn zeros_and_size(bits: &mut Bits<'_>, ac: &Table) -> Result<(usize, u32), JpegFault> {
    let symbol = bits.symbol(ac)?;
    Ok((usize::from(symbol >> 4), u32::from(symbol & 15)))
}

/// All 64 coefficients of a block.
fn read_block(bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Result<(), JpegFault> {
    let size = dc_size(bits, dc)?;
    bits.read(size)?;
    let mut at = 1;
    while at < 64 {
        let (zeros, size) = zeros_and_size(bits, ac)?;
        match (zeros, size) {
            (15, 0) => at += 16,
            (_, 0) => break,
            _ => {
                bits.read(size)?;
                at += zeros + 1;
            }
        }
    }
    if at > 64 { Err(JpegFault::Block) } else { Ok(()) }
}

/// The first coefficient of a block, or one more bit of it.
fn read_dc(bits: &mut Bits<'_>, tables: &Tables, dc: usize, high: u8) -> Result<(), JpegFault> {
    let size = if high == 0 { dc_size(bits, table(tables, 0, dc)?)? } else { 1 };
    bits.read(size).map(|_| ())
}

/// How many blocks a symbol without a coefficient ends, this one included.
fn run_of_blocks(bits: &mut Bits<'_>, zeros: usize) -> Result<u32, JpegFault> {
    Ok((1 << zeros) + bits.read(zeros as u32)?)
}

/// The coefficients of a band for the first time.
fn read_band(
    bits: &mut Bits<'_>,
    ac: &Table,
    (first, last): (usize, usize),
    non_zero: &mut u64,
    zero_blocks: &mut u32,
) -> Result<(), JpegFault> {
    if *zero_blocks > 0 {
        *zero_blocks -= 1;
        return Ok(());
    }
    let mut at = first;
    while at <= last {
        let (zeros, size) = zeros_and_size(bits, ac)?;
        match (zeros, size) {
            (15, 0) => at += 16,
            (_, 0) => {
                *zero_blocks = run_of_blocks(bits, zeros)? - 1;
                return Ok(());
            }
            _ => {
                bits.read(size)?;
                at += zeros;
                if at > last {
                    return Err(JpegFault::Block);
                }
                *non_zero |= 1 << at;
                at += 1;
            }
        }
    }
    if at > last + 1 { Err(JpegFault::Block) } else { Ok(()) }
}

/// One more bit of the coefficients of a band: of those that are not zero, and of those that become so.
fn refine_band(
    bits: &mut Bits<'_>,
    ac: &Table,
    (first, last): (usize, usize),
    non_zero: &mut u64,
    zero_blocks: &mut u32,
) -> Result<(), JpegFault> {
    let mut at = first;
    if *zero_blocks == 0 {
        while at <= last {
            let (mut zeros, size) = zeros_and_size(bits, ac)?;
            match size {
                0 if zeros < 15 => {
                    *zero_blocks = run_of_blocks(bits, zeros)?;
                    break;
                }
                0 => {}
                1 => {
                    bits.read(1)?;
                }
                _ => return Err(JpegFault::Code),
            }
            while at <= last {
                if *non_zero >> at & 1 == 1 {
                    bits.read(1)?;
                } else if zeros == 0 {
                    break;
                } else {
                    zeros -= 1;
                }
                at += 1;
            }
            if size == 1 {
                if at > last {
                    return Err(JpegFault::Block);
                }
                *non_zero |= 1 << at;
            }
            at += 1;
        }
    }
    if *zero_blocks > 0 {
        for place in at..=last {
            if *non_zero >> place & 1 == 1 {
                bits.read(1)?;
            }
        }
        *zero_blocks -= 1;
    }
    Ok(())
}
