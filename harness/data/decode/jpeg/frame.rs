//! The shape of a JPEG: its components, and what a scan holds of them.

use super::JpegFault;
use super::bits::{Bits, Table};
use super::block::{Block, Quantisation, clamped, overflows};
use super::codes::{Scan, dc_size, read_band, refine_band, zeros_and_size};

/// Most blocks of a group of interleaved ones.
const MOST_BLOCKS: usize = 10;
/// Most blocks of all scans together. Ten scans of the largest picture have a fifth of it.
const MOST_BLOCKS_READ: u64 = 1 << 28;

/// What the frame header says.
pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    /// Whether coefficients come in several scans of increasing precision.
    pub(super) is_progressive: bool,
    pub(super) components: Vec<Component>,
    num_blocks_read: u64,
}

/// One plane of the picture.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of a group, across and down.
    sampling: (usize, usize),
    /// Blocks of its plane, across and down.
    blocks: (usize, usize),
    /// Number of its quantisation table.
    quantisation: usize,
    /// The steps in that table when its first scan began.
    steps: Option<Quantisation>,
    /// The last first coefficient.
    last_dc: i32,
    /// What is known of each block so far. Needed for progressive ones alone.
    coefficients: Vec<Block>,
    /// How many low bits of each coefficient are still to come; `None` before its first scan.
    missing_bits: [Option<u8>; 64],
}

/// What scans are read by.
#[derive(Default)]
pub(super) struct Tables {
    /// Huffman tables, DC and AC, by number.
    pub(super) huffman: [[Option<Table>; 4]; 2],
    /// Quantisation tables by number.
    pub(super) quantisation: [Option<Quantisation>; 4],
}

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
        // The decoder reads past the end of a row of them.
        if count == 4 && sampling.iter().any(|other| *other != sampling[0]) {
            return Err(JpegFault::Unsupported { what: "four planes of which some are coarser" });
        }
        let most = sampling.iter().fold((1, 1), |(h, v), &(other_h, other_v)| (h.max(other_h), v.max(other_v)));
        let component = |(part, &(h, v)): (&[u8], &(usize, usize))| Component {
            id: part[0],
            sampling: (h, v),
            blocks: ((width * h).div_ceil(most.0).div_ceil(8), (height * v).div_ceil(most.1).div_ceil(8)),
            quantisation: part[2].into(),
            steps: None,
            last_dc: 0,
            coefficients: Vec::new(),
            missing_bits: [None; 64],
        };
        let components: Vec<Component> = rest.chunks_exact(3).zip(&sampling).map(component).collect();
        Ok(Self { width, height, is_progressive, components, num_blocks_read: 0 })
    }

    /// Checks that its scans have given every coefficient to its last bit, and that decoders agree about their samples.
    /// Where bits are missing, libjpeg smooths between blocks, and others do not.
    pub(super) fn check_complete(&self) -> Result<(), JpegFault> {
        let is_missing = |bits: &Option<u8>| *bits != Some(0);
        if self.components.iter().any(|component| component.missing_bits[0].is_none()) {
            return Err(JpegFault::CutShort);
        }
        if self.components.iter().any(|component| component.missing_bits.iter().any(is_missing)) {
            return Err(JpegFault::Unfinished);
        }
        let is_wrong = |component: &Component| {
            let steps = component.steps.as_ref();
            steps.is_some_and(|steps| component.coefficients.iter().any(|block| overflows(block, steps)))
        };
        if self.components.iter().any(is_wrong) { Err(JpegFault::Overflow) } else { Ok(()) }
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
            if self.is_progressive && component.coefficients.is_empty() {
                component.coefficients = vec![[0; 64]; component.blocks.0 * component.blocks.1];
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
        self.check_tables(scan, tables)?;
        let (num_groups, in_group) = self.groups(scan)?;
        self.num_blocks_read += num_groups as u64 * in_group.iter().sum::<usize>() as u64;
        if self.num_blocks_read > MOST_BLOCKS_READ {
            return Err(JpegFault::Unsupported { what: "too many scans for its size" });
        }
        let mut bits = Bits::new(bytes, at);
        let mut zero_blocks = 0;
        let alone = scan.components.len() == 1;
        self.forget_last_dc();
        for group in 0..num_groups {
            if interval > 0 && group > 0 && group % interval == 0 {
                bits = Bits::new(bytes, after_restart(bytes, bits.end()?, group / interval - 1)?);
                zero_blocks = 0;
                self.forget_last_dc();
            }
            for (&(index, dc, ac), &count) in scan.components.iter().zip(&in_group) {
                for place in 0..count {
                    if !self.is_progressive {
                        let (dc, ac) = (table(tables, 0, dc)?, table(tables, 1, ac)?);
                        self.components[index].read_block(&mut bits, dc, ac)?;
                        continue;
                    }
                    let block = if alone { Some(group) } else { self.block_of(index, group, place) };
                    let component = &mut self.components[index];
                    if scan.band.0 == 0 {
                        component.read_dc(&mut bits, tables, dc, scan, block)?;
                        continue;
                    }
                    let (ac, block) = (table(tables, 1, ac)?, &mut component.coefficients[group]);
                    if scan.high == 0 {
                        read_band(&mut bits, ac, scan, block, &mut zero_blocks)?;
                    } else {
                        refine_band(&mut bits, ac, scan, block, &mut zero_blocks)?;
                    }
                }
            }
        }
        bits.end()
    }

    /// Checks the tables that a scan is read by, and notes the steps of what it is the first scan of.
    fn check_tables(&mut self, scan: &Scan, tables: &Tables) -> Result<(), JpegFault> {
        for &(index, dc, ac) in &scan.components {
            let component = &mut self.components[index];
            if dc > 3 || ac > 3 {
                return Err(JpegFault::HuffmanTable);
            }
            let has_dc = scan.band.0 == 0 && (!self.is_progressive || scan.high == 0);
            if has_dc && !table(tables, 0, dc)?.is_of_sizes() {
                return Err(JpegFault::HuffmanTable);
            }
            if scan.band.1 > 0 {
                table(tables, 1, ac)?;
            }
            if component.steps.is_none() {
                let steps = tables.quantisation.get(component.quantisation).copied().flatten();
                component.steps = Some(steps.ok_or(JpegFault::QuantisationTable)?);
            }
        }
        Ok(())
    }

    fn forget_last_dc(&mut self) {
        self.components.iter_mut().for_each(|component| component.last_dc = 0);
    }

    /// Where a block of a group of interleaved ones lies in its plane; `None` for one that only fills the last group.
    fn block_of(&self, index: usize, group: usize, place: usize) -> Option<usize> {
        let most = self.components.iter().fold(1, |most, component| most.max(component.sampling.0));
        let groups_across = self.width.div_ceil(8 * most);
        let Component { sampling: (h, v), blocks: (across, down), .. } = self.components[index];
        let (x, y) = (group % groups_across * h + place % h, group / groups_across * v + place / h);
        (x < across && y < down).then_some(y * across + x)
    }
}

impl Component {
    /// All 64 coefficients of a block.
    fn read_block(&mut self, bits: &mut Bits<'_>, dc: &Table, ac: &Table) -> Result<(), JpegFault> {
        let mut block: Block = [0; 64];
        let size = dc_size(bits, dc)?;
        self.last_dc += bits.read_signed(size)?;
        block[0] = clamped(self.last_dc);
        let mut at = 1;
        while at < 64 {
            let (zeros, size) = zeros_and_size(bits, ac)?;
            match (zeros, size) {
                (15, 0) => at += 16,
                (_, 0) => break,
                _ => {
                    at += zeros;
                    *block.get_mut(at).ok_or(JpegFault::Block)? = clamped(bits.read_signed(size)?);
                    at += 1;
                }
            }
        }
        if at > 64 {
            return Err(JpegFault::Block);
        }
        if self.steps.as_ref().is_some_and(|steps| overflows(&block, steps)) {
            return Err(JpegFault::Overflow);
        }
        Ok(())
    }

    /// The first coefficient of a block, or one more bit of it.
    fn read_dc(
        &mut self,
        bits: &mut Bits<'_>,
        tables: &Tables,
        dc: usize,
        scan: &Scan,
        block: Option<usize>,
    ) -> Result<(), JpegFault> {
        if scan.high == 0 {
            let size = dc_size(bits, table(tables, 0, dc)?)?;
            self.last_dc += bits.read_signed(size)?;
            if let Some(block) = block {
                self.coefficients[block][0] = clamped(self.last_dc.saturating_mul(1 << scan.low));
            }
        } else {
            let bit = bits.read(1)? as i16;
            if let Some(block) = block {
                self.coefficients[block][0] |= bit << scan.low;
            }
        }
        Ok(())
    }
}

fn table(tables: &Tables, class: usize, number: usize) -> Result<&Table, JpegFault> {
    tables.huffman[class].get(number).and_then(Option::as_ref).ok_or(JpegFault::HuffmanTable)
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
