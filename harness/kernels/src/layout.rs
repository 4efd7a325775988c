//! Batch-outermost (NCHW, PyTorch's and candle's) and batch-innermost (CHWN, the kernels') tensors.

/// Side of the square block that is transposed at a time: two blocks of f32 fit in any first-level cache.
const BLOCK: usize = 16;

/// Batch-outermost to batch-innermost.
///
/// # Shape
/// `nchw`: `[batch][features]` → `chwn`: `[features][batch]`, overwritten; features = C H W.
pub fn nchw_to_chwn(nchw: &[f32], chwn: &mut [f32], features: usize, batch: usize) {
    transpose(nchw, chwn, batch, features);
}

/// Batch-innermost to batch-outermost.
///
/// # Shape
/// `chwn`: `[features][batch]` → `nchw`: `[batch][features]`, overwritten; features = C H W.
pub fn chwn_to_nchw(chwn: &[f32], nchw: &mut [f32], features: usize, batch: usize) {
    transpose(chwn, nchw, features, batch);
}

/// `transposed[column][row] = matrix[row][column]`
fn transpose(matrix: &[f32], transposed: &mut [f32], rows: usize, columns: usize) {
    assert_eq!(matrix.len(), rows * columns, "layout: a tensor has features × batch elements");
    assert_eq!(transposed.len(), rows * columns, "layout: a tensor has features × batch elements");
    for row_block in (0..rows).step_by(BLOCK) {
        let block_rows = row_block..rows.min(row_block + BLOCK);
        for column_block in (0..columns).step_by(BLOCK) {
            for column in column_block..columns.min(column_block + BLOCK) {
                let out = &mut transposed[column * rows..][block_rows.clone()];
                for (row, out) in block_rows.clone().zip(out) {
                    *out = matrix[row * columns + column];
                }
            }
        }
    }
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
