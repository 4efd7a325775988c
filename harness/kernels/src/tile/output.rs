//! An output that threads write to at the same time, each its own elements.

use std::marker::PhantomData;

/// A mutable slice that several threads may fill, as long as no two touch the same element.
pub(crate) struct Output<'a, T = f32> {
    first: *mut T,
    length: usize,
    slice: PhantomData<&'a mut [T]>,
}

// SAFETY: the pointer comes from an exclusive borrow that lives as long as the output; writing through it is `unsafe`,
// and whoever does promises that no two threads touch the same element.
unsafe impl<T: Send> Sync for Output<'_, T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Output<'_, T> {}

impl<'a, T> Output<'a, T> {
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Self { first: slice.as_mut_ptr(), length: slice.len(), slice: PhantomData }
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A pointer to element `at`.
    ///
    /// # Safety
    /// `at <= len()`, and no two threads touch the same element through such pointers.
    pub(crate) unsafe fn at(&self, at: usize) -> *mut T {
        debug_assert!(at <= self.length);
        // SAFETY: inside the slice, or one past its end, as the caller promises.
        unsafe { self.first.add(at) }
    }

    /// The `length` elements from `at` on.
    ///
    /// # Safety
    /// `at + length <= len()`, and no other thread touches these elements while the slice lives.
    #[allow(clippy::mut_from_ref, reason = "what the caller promises")]
    pub(crate) unsafe fn slice(&self, at: usize, length: usize) -> &mut [T] {
        debug_assert!(at + length <= self.length);
        // SAFETY: inside the slice and not shared, as the caller promises.
        unsafe { std::slice::from_raw_parts_mut(self.first.add(at), length) }
    }
}
