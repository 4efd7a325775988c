//! The command line of nt.
fn main() {}
