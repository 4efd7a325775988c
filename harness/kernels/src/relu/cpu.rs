//! The loops of [`super`]. Even the narrowest vectors run at the speed of memory.

/// `y[i] = max(0, y[i])`
pub(super) fn forward_in_place(y: &mut [f32]) {
    for y in y {
        // `<` is false for NaN, which therefore passes.
        *y = if *y < 0.0 { 0.0 } else { *y };
    }
}

/// `dy[i] = y[i] > 0 ? dy[i] : 0`
pub(super) fn gradient_in_place(y: &[f32], dy: &mut [f32]) {
    for (y, dy) in y.iter().zip(dy) {
        *dy = if *y > 0.0 { *dy } else { 0.0 };
    }
}
