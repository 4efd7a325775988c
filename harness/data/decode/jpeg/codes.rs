//! What codes say of the coefficients of a block.

use super::JpegFault;
use super::bits::{Bits, Table};
use super::block::{Block, clamped};

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

/// Bits of the difference between two first coefficients.
pub(super) fn dc_size(bits: &mut Bits<'_>, dc: &Table) -> Result<u32, JpegFault> {
    let size = bits.symbol(dc)?;
    if size > 15 { Err(JpegFault::HuffmanTable) } else { Ok(size.into()) }
}

/// How many coefficients are zero before the next one, and the bits of that one; no bits if none comes.
pub(super) fn zeros_and_size(bits: &mut Bits<'_>, ac: &Table) -> Result<(usize, u32), JpegFault> {
    let symbol = bits.symbol(ac)?;
    Ok((usize::from(symbol >> 4), u32::from(symbol & 15)))
}

/// How many blocks a symbol without a coefficient ends, this one included.
fn run_of_blocks(bits: &mut Bits<'_>, zeros: usize) -> Result<u32, JpegFault> {
    Ok((1 << zeros) + bits.read(zeros as u32)?)
}

/// The coefficients of a band for the first time.
pub(super) fn read_band(
    bits: &mut Bits<'_>,
    ac: &Table,
    scan: &Scan,
    block: &mut Block,
    zero_blocks: &mut u32,
) -> Result<(), JpegFault> {
    if *zero_blocks > 0 {
        *zero_blocks -= 1;
        return Ok(());
    }
    let (mut at, last) = scan.band;
    while at <= last {
        let (zeros, size) = zeros_and_size(bits, ac)?;
        match (zeros, size) {
            (15, 0) => at += 16,
            (_, 0) => {
                *zero_blocks = run_of_blocks(bits, zeros)? - 1;
                return Ok(());
            }
            _ => {
                let value = bits.read_signed(size)?;
                at += zeros;
                if at > last {
                    return Err(JpegFault::Block);
                }
                block[at] = clamped(value * (1 << scan.low));
                at += 1;
            }
        }
    }
    if at > last + 1 { Err(JpegFault::Block) } else { Ok(()) }
}

/// One more bit of the coefficients of a band: of those that are not zero, and of those that become so.
pub(super) fn refine_band(
    bits: &mut Bits<'_>,
    ac: &Table,
    scan: &Scan,
    block: &mut Block,
    zero_blocks: &mut u32,
) -> Result<(), JpegFault> {
    let ((mut at, last), step) = (scan.band, 1_i16 << scan.low);
    if *zero_blocks == 0 {
        while at <= last {
            let (mut zeros, size) = zeros_and_size(bits, ac)?;
            let mut new = 0;
            match size {
                0 if zeros < 15 => {
                    *zero_blocks = run_of_blocks(bits, zeros)?;
                    break;
                }
                0 => {}
                1 => new = if bits.read(1)? == 1 { step } else { -step },
                _ => return Err(JpegFault::Code),
            }
            while at <= last {
                if block[at] != 0 {
                    refine(bits, &mut block[at], step)?;
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
                block[at] = new;
            }
            at += 1;
        }
    }
    if *zero_blocks > 0 {
        for value in block.iter_mut().take(last + 1).skip(at) {
            if *value != 0 {
                refine(bits, value, step)?;
            }
        }
        *zero_blocks -= 1;
    }
    Ok(())
}

/// One more bit of a coefficient that is not zero.
fn refine(bits: &mut Bits<'_>, value: &mut i16, step: i16) -> Result<(), JpegFault> {
    if bits.read(1)? == 1 {
        *value = value.saturating_add(if *value > 0 { step } else { -step });
    }
    Ok(())
}
