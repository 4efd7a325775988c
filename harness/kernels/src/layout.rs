//! Batch-outermost (NCHW, PyTorch's and candle's) and batch-innermost (CHWN, the kernels') tensors.

use crate::tile::{Simd, transpose};

/// Batch-outermost to batch-innermost.
///
/// # Shape
/// `nchw`: `[batch][features]` → `chwn`: `[features][batch]`, overwritten; features = C H W.
/// # Panics
/// If a slice has another length.
pub fn nchw_to_chwn(nchw: &[f32], chwn: &mut [f32], features: usize, batch: usize) {
    transpose(Simd::current(), nchw, batch, features, chwn);
}

/// Batch-innermost to batch-outermost.
///
/// # Shape
/// `chwn`: `[features][batch]` → `nchw`: `[batch][features]`, overwritten; features = C H W.
/// # Panics
/// If a slice has another length.
pub fn chwn_to_nchw(chwn: &[f32], nchw: &mut [f32], features: usize, batch: usize) {
    transpose(Simd::current(), chwn, features, batch, nchw);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_n_c_goes_to_c_n_and_back_whatever_the_size() {
        for (batch, features) in [(1, 1), (1, 40), (40, 1), (16, 16), (17, 33), (32, 100), (5, 3)] {
            let nchw: Vec<f32> = (0..batch * features).map(|i| i as f32).collect();
            let mut chwn = vec![f32::NAN; nchw.len()];
            nchw_to_chwn(&nchw, &mut chwn, features, batch);
            for n in 0..batch {
                for f in 0..features {
                    assert_eq!(chwn[f * batch + n], nchw[n * features + f]);
                }
            }
            let mut back = vec![f32::NAN; nchw.len()];
            chwn_to_nchw(&chwn, &mut back, features, batch);
            assert_eq!(back, nchw);
        }
    }
}
