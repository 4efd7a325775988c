//! Large pictures take turns.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// From how many pixels on a picture is large. A pixel takes eight bytes at most while its file is decoded.
const LARGE: u64 = 32_000_000;

static AT_WORK: Mutex<()> = Mutex::new(());

/// The right to hold one large picture in memory, so that threads together hold no more than one; nothing for others.
#[derive(Debug)]
pub(super) struct Turn {
    _held: Option<MutexGuard<'static, ()>>,
}

impl Turn {
    /// Waits for the turn of a picture of this many pixels. A thread that has one must not ask for another.
    pub(super) fn wait(num_pixels: u64) -> Self {
        let is_large = num_pixels >= LARGE;
        Self { _held: is_large.then(|| AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)) }
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, Turn};
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    #[test]
    fn large_pictures_are_held_one_at_a_time() {
        let (held, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let turn = Turn::wait(LARGE);
                    most.fetch_max(held.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    thread::yield_now();
                    held.fetch_sub(1, Ordering::SeqCst);
                    drop(turn);
                });
            }
        });
        assert_eq!(most.into_inner(), 1);
    }

    #[test]
    fn small_pictures_wait_for_nobody() {
        let _large = Turn::wait(LARGE);
        let _small = [Turn::wait(LARGE - 1), Turn::wait(0)];
    }
}
