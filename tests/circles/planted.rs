//! Circles planted in small crates are found, and imports that form no circle are not reported.

use crate::graph;
use crate::modules::Crate;
use std::path::Path;

/// The circles of a crate with these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let text = |path: &Path| files.iter().find(|(name, _)| Path::new(name) == path).map(|(_, text)| (*text).to_owned());
    let krate = Crate::read(Path::new("lib.rs"), &text);
    graph::circles(&krate).iter().map(|circle| circle.spelled_out(&krate)).collect()
}

#[test]
fn two_files_that_import_each_other_are_spelled_out_with_file_and_line() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B;\npub struct A;"),
        ("b.rs", "\nuse super::a::{self, A};\npub struct B;"),
    ]);
    assert_eq!(found, ["  a imports b  at a.rs:1  crate::b::B\n  b imports a  at b.rs:2  super::a"]);
}

#[test]
fn three_files_in_a_circle_are_found_once() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; mod c; mod apart;"),
        ("a.rs", "use super::b::B; pub struct A;"),
        ("b.rs", "use super::c::C; pub struct B;"),
        ("c.rs", "use super::a::A; pub struct C;"),
        ("apart.rs", "use super::a::A;"),
    ]);
    let [circle] = &found[..] else { panic!("{found:?}") };
    let arrows = ["a imports b", "b imports c", "c imports a"];
    assert!(arrows.iter().all(|arrow| circle.contains(arrow)), "{circle}");
    assert!(!circle.contains("apart"), "{circle}");
}

#[test]
fn a_reexport_of_the_parent_hides_no_circle() {
    let found = circles_of(&[
        ("lib.rs", "mod room;"),
        ("room/mod.rs", "mod a; mod b; pub use a::A; pub use b::B as Bee; pub use Bee as Again;"),
        ("room/a.rs", "use super::Again; pub struct A;"),
        ("room/b.rs", "use crate::room::A; pub struct B;"),
    ]);
    let [circle] = &found[..] else { panic!("{found:?}") };
    assert!(circle.contains("room::a imports room::b  at room/a.rs:1  super::Again"), "{circle}");
}

#[test]
fn a_reexport_of_a_glob_hides_no_circle() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; pub use a::*; pub use b::*;"),
        ("a.rs", "use super::*; pub fn a() { b() }"),
        ("b.rs", "pub fn b() { crate::a() }"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn paths_in_code_count_as_imports_do() {
    let uses = [
        "pub fn a() { crate::b::b() }",
        "pub fn a(b: &super::b::B) {}",
        "pub fn a() { println!(\"{}\", super::b::b(1, [2])) }",
        "macro_rules! planted { () => { $crate::b::b() } }",
        "impl super::b::Named for u8 {}",
        "pub struct A { #[serde(with = \"super::b\")] value: f64 }",
        "#[error(\"{}\", super::b::b())] pub struct A;",
        "pub type A = <u8 as super::b::Named>::Name;",
        "use super::b; pub fn a() { b::b() }",
        "pub fn a() { super::b::made_by_a_macro() }",
        "#[super::b::attribute] pub fn a() {}",
        "#[cfg_attr(feature = \"x\", serde(with = \"super::b\"))] pub struct A;",
        "pub fn a() { crate::exported!() }",
        "pub fn a() { textual!() }",
        "pub fn a() { println!(\"{}\", textual!()) }",
        "pub fn a() { whole::b::b() }",
        "use super::b::Chosen as Other; fn a(_: Other) {}",
        "use super::globbed::*; fn Chosen() {} fn a(_: Chosen) {}",
    ];
    for text in uses {
        let b = "use super::a; pub fn b() {} pub struct B; pub trait Named { type Name; }
                 choice! { pub enum Chosen { One } } made! {}
                 #[macro_export] macro_rules! exported { () => {} } macro_rules! textual { () => {} }";
        let root = "extern crate self as whole; mod globbed { pub use super::b::*; } mod a; mod b;";
        let found = circles_of(&[("lib.rs", root), ("a.rs", text), ("b.rs", b)]);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
    }
}

#[test]
#[should_panic(expected = "lib.rs:2: include! hides code from this check")]
fn included_text_is_refused() {
    circles_of(&[("lib.rs", "\ninclude!(\"a.rs\");")]);
}

#[test]
#[should_panic(expected = "lib.rs:1: a module that a macro declares hides code from this check")]
fn a_module_that_a_macro_declares_is_refused() {
    circles_of(&[("lib.rs", "declare! { mod a; }")]);
}

#[test]
fn imports_from_deep_below_count_for_the_siblings_above() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a/mod.rs", "mod deep; pub mod low;"),
        ("a/deep.rs", "use super::super::b::inner::B; pub struct A;"),
        ("a/low.rs", "pub struct Low;"),
        ("b.rs", "pub mod inner; mod other;"),
        ("b/inner.rs", "pub struct B;"),
        ("b/other.rs", "use crate::a::low::Low;"),
    ]);
    assert_eq!(
        found,
        [
            "  a imports b  at a/deep.rs:1  super::super::b::inner::B\n  b imports a  at b/other.rs:1  crate::a::low::Low"
        ]
    );
}

#[test]
fn code_behind_a_feature_counts() {
    let found = circles_of(&[
        ("lib.rs", "mod a; #[cfg(feature = \"cuda\")] mod b;"),
        ("a.rs", "#[cfg(all(feature = \"cuda\", not(test)))] use super::b::B; pub struct A;"),
        ("b.rs", "use super::a::A; pub struct B;"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn one_name_for_a_module_and_a_function_means_both() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b; pub use a::a;"),
        ("a.rs", "pub fn a() { super::b::b() }"),
        ("b.rs", "pub fn b() { super::a() }"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn inline_modules_are_modules() {
    let found = circles_of(&[(
        "lib.rs",
        "mod a { pub use super::b::B; } mod b { pub struct B; use super::a::B as _; } mod c {}",
    )]);
    // The second import leads back to where it stands, through a re-export.
    assert_eq!(found, Vec::<String>::new());
    let found =
        circles_of(&[("lib.rs", "mod a { use super::b::B; pub struct A; }\nmod b { pub struct B(super::a::A); }")]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn parent_and_child_may_know_each_other() {
    let found = circles_of(&[
        ("lib.rs", "mod room; pub struct Root; use room::child::Child;"),
        ("room/mod.rs", "pub mod child; use child::Child; pub struct Room; use crate::Root;"),
        ("room/child.rs", "use super::Room; use super::super::Root; pub struct Child;"),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn what_only_tests_compile_does_not_count() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use super::b::B; pub struct A;"),
        (
            "b.rs",
            "pub struct B; #[cfg(test)] use super::a::A; #[cfg(all(test, unix))] fn helper(_: super::a::A) {}
             impl B { #[cfg(test)] fn of(_: super::a::A) {} }
             #[test] fn tested() { super::a::A; }
             #[cfg(test)] mod tests { use crate::a::A; }
             #[cfg(test)] mod without_a_file;",
        ),
    ]);
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn one_direction_visibility_documentation_and_other_crates_are_no_circle() {
    let found = circles_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use super::b::B; pub struct A;"),
        (
            "b.rs",
            "//! Used by [`super::a::A`].
             use a::Foreign; use ::a::Other; use std::fmt; pub(in super::a) struct B; fn b(x: B) { x.a::<u8>(); let a = 1; }",
        ),
    ]);
    assert_eq!(found, Vec::<String>::new());
}
