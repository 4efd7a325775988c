//! The format `pth` under libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    nt_fuzz::Format::Pth.read(bytes);
});
