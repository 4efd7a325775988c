//! A panic of a library that reads somebody's file is a fault of that file, not the end of the program.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread reads such a file, so that a panic is caught and told in its place.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What `work` returns, or what it panicked with. Nothing is printed of such a panic.
pub fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            if !IS_GUARDED.get() {
                usual(info);
            }
        }));
    });
    IS_GUARDED.set(true);
    // What the library leaves half done is dropped with it.
    let result = catch_unwind(AssertUnwindSafe(work));
    IS_GUARDED.set(false);
    result.map_err(|payload| {
        let text = payload.downcast_ref::<&str>().map(ToString::to_string);
        text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "without a message".to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_message_and_the_next_call_works() {
        assert_eq!(guarded(|| -> u8 { panic!("out of {}", "range") }), Err("out of range".to_owned()));
        assert_eq!(guarded(|| 3), Ok(3));
    }
}
