//! The format `manifest` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    nt_fuzz::Format::Manifest.read(bytes);
});
