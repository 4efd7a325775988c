//! The linear algebra of a few hundred dimensions: Cholesky's factor, and the eigenvalues of a symmetric matrix.

/// Lower factor L of a positive semidefinite matrix, L Lᵀ = A; a pivot that rounding leaves at or below `floor` of the
/// largest diagonal element makes its column zero.
///
/// # Shape
/// `matrix`: `(d, d)`, row by row; the lower triangle is read.
pub(super) fn cholesky(matrix: &[f64], d: usize, floor: f64) -> Vec<f64> {
    let largest = (0..d).map(|i| matrix[i * d + i]).fold(0.0, f64::max);
    let mut factor = vec![0.0; d * d];
    for j in 0..d {
        // l[i][j] = (a[i][j] − Σ_k<j l[i][k] l[j][k]) / l[j][j]
        let above: Vec<f64> = factor[j * d..j * d + j].to_vec();
        let dot = |row: &[f64]| row.iter().zip(&above).map(|(own, its)| own * its).sum::<f64>();
        let pivot = matrix[j * d + j] - dot(&above);
        if pivot <= floor * largest {
            continue;
        }
        let root = pivot.sqrt();
        factor[j * d + j] = root;
        for i in j + 1..d {
            factor[i * d + j] = (matrix[i * d + j] - dot(&factor[i * d..i * d + j])) / root;
        }
    }
    factor
}

/// x with L Lᵀ x = b, for a factor without a zero on its diagonal.
pub(super) fn solve(factor: &[f64], mut b: Vec<f64>) -> Vec<f64> {
    let d = b.len();
    for i in 0..d {
        let known: f64 = (0..i).map(|k| factor[i * d + k] * b[k]).sum();
        b[i] = (b[i] - known) / factor[i * d + i];
    }
    for i in (0..d).rev() {
        let known: f64 = (i + 1..d).map(|k| factor[k * d + i] * b[k]).sum();
        b[i] = (b[i] - known) / factor[i * d + i];
    }
    b
}

/// Lᵀ A L for a lower factor L and a symmetric A: symmetric, with the eigenvalues of A L Lᵀ.
pub(super) fn congruent(factor: &[f64], matrix: &[f64], d: usize) -> Vec<f64> {
    // product[i][j] = Σ_k≥j a[i][k] l[k][j]
    let mut product = vec![0.0; d * d];
    for i in 0..d {
        for k in 0..d {
            let value = matrix[i * d + k];
            for j in 0..=k {
                product[i * d + j] += value * factor[k * d + j];
            }
        }
    }
    // result[i][j] = Σ_k≥i l[k][i] product[k][j]
    let mut result = vec![0.0; d * d];
    for k in 0..d {
        for i in 0..=k {
            let value = factor[k * d + i];
            for j in 0..d {
                result[i * d + j] += value * product[k * d + j];
            }
        }
    }
    result
}

/// Most sweeps of [`eigenvalues`]; a few hundred dimensions need about ten.
const MOST_SWEEPS: usize = 60;

/// Eigenvalues of a symmetric matrix, in no order.
///
/// # Source
/// Cyclic Jacobi rotations (Golub and Van Loan 2013, section 8.5): slower than a tridiagonal method, and accurate to the
/// smallest eigenvalues of a positive semidefinite matrix, whose roots are what is summed.
pub(super) fn eigenvalues(mut a: Vec<f64>, d: usize) -> Vec<f64> {
    for i in 0..d {
        for j in 0..i {
            let middle = (a[i * d + j] + a[j * d + i]) / 2.0;
            (a[i * d + j], a[j * d + i]) = (middle, middle);
        }
    }
    let scale: f64 = a.iter().map(|value| value * value).sum();
    for _ in 0..MOST_SWEEPS {
        let off: f64 = (0..d).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i * d + j] * a[i * d + j]).sum();
        if off <= scale * f64::EPSILON * f64::EPSILON {
            break;
        }
        for p in 0..d {
            for q in p + 1..d {
                rotate(&mut a, d, p, q);
            }
        }
    }
    (0..d).map(|i| a[i * d + i]).collect()
}

/// The rotation that makes a[p][q] zero, on rows and columns p and q.
fn rotate(a: &mut [f64], d: usize, p: usize, q: usize) {
    let apq = a[p * d + q];
    if apq == 0.0 {
        return;
    }
    let theta = (a[q * d + q] - a[p * d + p]) / (2.0 * apq);
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (t * t + 1.0).sqrt();
    let sine = t * cosine;
    let (app, aqq) = (a[p * d + p], a[q * d + q]);
    // Rows first, which lie contiguous; the columns are their mirror image.
    let (upper, lower) = a.split_at_mut(q * d);
    let (row_p, row_q) = (&mut upper[p * d..p * d + d], &mut lower[..d]);
    for (x, y) in row_p.iter_mut().zip(row_q.iter_mut()) {
        (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
    }
    for k in 0..d {
        if k != p && k != q {
            a[k * d + p] = a[p * d + k];
            a[k * d + q] = a[q * d + k];
        }
    }
    a[p * d + p] = app - t * apq;
    a[q * d + q] = aqq + t * apq;
    a[p * d + q] = 0.0;
    a[q * d + p] = 0.0;
}
