//! The format `pickle` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    nt_fuzz::Format::Pickle.read(bytes);
});
