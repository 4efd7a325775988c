//! No crate of the workspace has modules beside each other that import one another in a circle.
//!
//! The rules:
//! * An import is any path in code, not `use` alone, and it counts for the module that *defines* what it names: a
//!   re-export hides nothing.
//! * Parent and child may know each other. Every import is therefore lifted to the two siblings below the nearest module
//!   that holds both ends: `cuda::conv2d::plan` naming `cuda::gpu` is an import of `gpu` by `conv2d`.
//! * What only tests compile does not count. Every feature counts, so code for CUDA is checked on any machine.
//! * What a macro defines has the name that its invocation spells out. A name that nothing is known of counts for the
//!   module that the path leads into.
//! * `include!` of a file of this repository, and modules that a macro declares, are refused, because their code could
//!   not be seen.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "what a test calls may panic, as a test may; clippy knows that only of the tests themselves"
)]

mod graph;
mod modules;
mod names;
mod planted;
mod reader;
mod workspace;

use modules::Crate;

#[test]
fn no_crate_has_modules_that_import_one_another_in_a_circle() {
    let mut found = Vec::new();
    for target in workspace::targets() {
        let krate = Crate::read(&target.root, &|path| std::fs::read_to_string(path).ok());
        let circles = graph::circles(&krate);
        found.extend(circles.iter().map(|circle| format!("{}\n{}", target.name, circle.spelled_out(&krate))));
    }
    let found: Vec<String> = found.into_iter().map(|circle| workspace::relative(&circle)).collect();
    assert!(
        found.is_empty(),
        "{} circles of imports were found. Modules beside each other may import in one direction only. Move what both need \
         into a module that both import.\n\n{}",
        found.len(),
        found.join("\n\n")
    );
}
