//! The bits of a JPEG's coded data, and the codes in them.

use super::JpegFault;

/// Bits that are looked up at once. Longer codes are rare.
const LOOKED_UP: u32 = 9;
/// Longest code, bits.
const LONGEST: usize = 16;

/// A Huffman table: which symbol a code stands for.
pub(super) struct Table {
    /// By the next [`LOOKED_UP`] bits: length of the code in them, and its symbol; length 0 if the code is longer.
    short: Vec<(u8, u8)>,
    /// By length: one more than the largest code of this length, and what is added to a code for its place in `symbols`;
    /// 0 where there is none.
    long: [(u32, i32); LONGEST + 1],
    symbols: Vec<u8>,
}

impl Table {
    /// A table of `counts[n]` codes of n + 1 bits, for `symbols` in order.
    ///
    /// # Source
    /// ITU-T T.81, annex C.
    pub(super) fn new(counts: &[u8; LONGEST], symbols: &[u8]) -> Result<Self, JpegFault> {
        let mut table =
            Self { short: vec![(0, 0); 1 << LOOKED_UP], long: [(0, 0); LONGEST + 1], symbols: symbols.to_vec() };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, &count) in (1..).zip(counts) {
            if count > 0 {
                table.long[length] = (code + u32::from(count), place as i32 - code as i32);
            }
            for &symbol in symbols.iter().skip(place).take(count.into()) {
                if length as u32 <= LOOKED_UP {
                    let rest = LOOKED_UP - length as u32;
                    let first = (code << rest) as usize;
                    let same = table.short.get_mut(first..first + (1 << rest)).ok_or(JpegFault::HuffmanTable)?;
                    same.fill((length as u8, symbol));
                }
                code += 1;
            }
            // A code of ones alone is not allowed.
            if count > 0 && code >= 1 << length {
                return Err(JpegFault::HuffmanTable);
            }
            place += usize::from(count);
            code <<= 1;
        }
        Ok(table)
    }

    /// Whether each of its symbols can be the size of a difference between two first coefficients.
    pub(super) fn is_of_sizes(&self) -> bool {
        self.symbols.iter().all(|&symbol| symbol <= 15)
    }
}

/// Reads the bits of one run of coded data, which ends at a marker.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    /// Next byte to take.
    at: usize,
    /// Bits taken and not read, the next one highest.
    held: u64,
    num_held: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, held: 0, num_held: 0 }
    }

    /// Takes bytes until there is no room or a marker comes. A zero after 0xff is no part of the data.
    fn fill(&mut self) {
        while self.num_held <= 56 {
            let step = match self.bytes.get(self.at..) {
                Some([0xff, 0, ..]) => 2,
                Some([byte, ..]) if *byte != 0xff => 1,
                Some(_) | None => return,
            };
            self.held |= u64::from(self.bytes[self.at]) << (56 - self.num_held);
            self.num_held += 8;
            self.at += step;
        }
    }

    /// Reads up to 16 bits as a number.
    pub(super) fn read(&mut self, count: u32) -> Result<u32, JpegFault> {
        if count == 0 {
            return Ok(0);
        }
        if self.num_held < count {
            self.fill();
        }
        let value = (self.held >> (64 - count)) as u32;
        self.skip(count).map(|()| value)
    }

    /// Reads a number of up to 15 bits with a sign.
    ///
    /// # Source
    /// ITU-T T.81, figure F.12.
    pub(super) fn read_signed(&mut self, count: u32) -> Result<i32, JpegFault> {
        let value = self.read(count)? as i32;
        Ok(if count > 0 && value < 1 << (count - 1) { value + 1 - (1 << count) } else { value })
    }

    /// Passes over up to 16 bits that are held.
    fn skip(&mut self, count: u32) -> Result<(), JpegFault> {
        if count > self.num_held {
            return Err(JpegFault::EndsEarly);
        }
        self.held <<= count;
        self.num_held -= count;
        Ok(())
    }

    /// Reads a code.
    pub(super) fn symbol(&mut self, table: &Table) -> Result<u8, JpegFault> {
        if self.num_held < 32 {
            self.fill();
        }
        let (length, symbol) = table.short[(self.held >> (64 - LOOKED_UP)) as usize];
        if length > 0 {
            return self.skip(length.into()).map(|()| symbol);
        }
        for length in LOOKED_UP as usize + 1..=LONGEST {
            let code = (self.held >> (64 - length)) as u32;
            let (end, offset) = table.long[length];
            if code < end {
                self.skip(length as u32)?;
                let place = usize::try_from(code as i32 + offset).map_err(|_| JpegFault::Code)?;
                return table.symbols.get(place).copied().ok_or(JpegFault::Code);
            }
        }
        // With fewer bits than the longest code has, the data may end within one.
        Err(if self.num_held < LONGEST as u32 { JpegFault::EndsEarly } else { JpegFault::Code })
    }

    /// Ends the run: the place of the marker after it. Up to seven bits may be left, which fill the last byte.
    pub(super) fn end(mut self) -> Result<usize, JpegFault> {
        self.fill();
        let mut unread = self.num_held as usize / 8;
        while let Some(byte) = self.bytes.get(self.at) {
            match (byte, self.bytes.get(self.at + 1)) {
                (0xff, Some(0)) => {
                    unread += 2;
                    self.at += 2;
                }
                (0xff, _) => break,
                _ => {
                    unread += 1;
                    self.at += 1;
                }
            }
        }
        if unread > 0 { Err(JpegFault::Stray { bytes: unread }) } else { Ok(self.at) }
    }
}
