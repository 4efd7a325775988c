//! The loops of [`super`]. They run over one image's classes at a time and stay on one thread: a batch's logits are
//! few.

/// `log_loss[n] = ln Σ over c of exp(logits[c][n] − max[n]) − (logits[label n][n] − max[n])`
pub(super) fn log_loss(logits: &[f32], labels: &[u32], log_loss: &mut [f64], classes: usize) {
    for n in 0..labels.len() {
        let column = Column { logits, batch: labels.len(), n };
        let maximum = column.maximum(classes);
        let sum: f64 = (0..classes).map(|c| f64::from(column.exponential(c, maximum))).sum();
        log_loss[n] = column.loss(labels[n], maximum, sum);
    }
}

/// As [`log_loss`], and `dlogits[c][n] = (exp(logits[c][n] − max[n]) / Σ − [c = label n]) / batch`
pub(super) fn log_loss_and_gradient(
    logits: &[f32],
    labels: &[u32],
    log_loss: &mut [f64],
    dlogits: &mut [f32],
    classes: usize,
) {
    let batch = labels.len();
    let size = batch as f32;
    for n in 0..batch {
        let column = Column { logits, batch, n };
        let maximum = column.maximum(classes);
        let mut sum = 0.0;
        for c in 0..classes {
            let exponential = column.exponential(c, maximum);
            dlogits[c * batch + n] = exponential;
            sum += f64::from(exponential);
        }
        for c in 0..classes {
            let probability = (f64::from(dlogits[c * batch + n]) / sum) as f32;
            let target = if c == labels[n] as usize { 1.0 } else { 0.0 };
            dlogits[c * batch + n] = (probability - target) / size;
        }
        log_loss[n] = column.loss(labels[n], maximum, sum);
    }
}

/// One image's logits.
struct Column<'a> {
    logits: &'a [f32],
    batch: usize,
    n: usize,
}

impl Column<'_> {
    fn logit(&self, c: usize) -> f32 {
        self.logits[c * self.batch + self.n]
    }

    /// The largest logit. NaN is passed over, since it makes the sum NaN anyway.
    fn maximum(&self, classes: usize) -> f32 {
        (0..classes).map(|c| self.logit(c)).fold(f32::NEG_INFINITY, f32::max)
    }

    fn exponential(&self, c: usize, maximum: f32) -> f32 {
        libm::expf(self.logit(c) - maximum)
    }

    fn loss(&self, label: u32, maximum: f32, sum: f64) -> f64 {
        libm::log(sum) - (f64::from(self.logit(label as usize)) - f64::from(maximum))
    }
}
