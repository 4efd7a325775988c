//! Links between folders of images.

use super::*;
use std::os::unix::fs::symlink;

fn linked(links: &[(&str, &str)]) -> (Layout, Listing) {
    let layout = two_sides();
    for (target, link) in links {
        symlink(target, layout.path().join(link)).unwrap();
    }
    let listing = layout.scan(None, None).unwrap();
    (layout, listing)
}

fn counts(listing: &Listing) -> [usize; 4] {
    let count = |split, class| listing.num_images(split, class);
    [count(Split::Train, 0), count(Split::Train, 1), count(Split::Test, 0), count(Split::Test, 1)]
}

#[test]
fn one_that_leads_back_adds_nothing_and_is_told() {
    let links = [("..", "train/cat/up"), (".", "train/cat/self"), (".", "train/cat/again"), ("../..", "test/dog/root")];
    let (_layout, listing) = linked(&links);
    assert_eq!(counts(&listing), [4, 3, 2, 1]);
    let reason = |path: &str| listing.ignored().iter().find(|one| one.path.ends_with(path)).unwrap().reason;
    assert_eq!(reason("train/cat/up"), IgnoreReason::LeadsBack);
    assert_eq!(reason("train/cat/self"), IgnoreReason::Counted);
    assert_eq!(reason("test/dog/root"), IgnoreReason::LeadsBack);
}

#[test]
fn no_image_is_counted_twice_or_enters_another_class() {
    let links = [("../dog", "train/cat/dogs"), ("../dog/000.png", "train/cat/dog.png"), ("000.png", "train/cat/z.png")];
    let (_layout, listing) = linked(&links);
    assert_eq!(counts(&listing), [4, 3, 2, 1]);
    assert_eq!(listing.ignored().len(), 3);
    assert!(listing.ignored().iter().all(|one| one.reason == IgnoreReason::Counted));
}

#[test]
fn one_to_a_class_that_is_not_used_is_told_as_lost() {
    let layout = two_sides().images("train/owl", 3).images("test/owl", 1);
    symlink("../owl", layout.path().join("train/cat/owls")).unwrap();
    let listing = layout.scan(Some(&["cat", "dog"]), None).unwrap();
    assert_eq!(counts(&listing), [4, 3, 2, 1]);
    let reason = listing.ignored().iter().find(|one| one.path.ends_with("cat/owls")).unwrap().reason;
    assert_eq!(reason, IgnoreReason::ToLeftOut);
}

#[test]
fn one_to_a_folder_elsewhere_is_followed_once() {
    let pool = Layout::new().images("owls/young", 2).images("owls", 3);
    let owls = pool.path().join("owls");
    let owls = owls.to_str().unwrap();
    let (_layout, listing) = linked(&[(owls, "train/cat/more"), (owls, "train/dog/more"), ("gone", "train/emu")]);
    assert_eq!(counts(&listing), [4 + 5, 3, 2, 1]);
    let told = listing.warnings();
    assert!(told.iter().any(|one| one == "train/emu is left out: a link that leads nowhere"), "{told:#?}");
    assert!(
        told.iter().any(|one| one.starts_with("train/dog/more is left out: a link to what is counted")),
        "{told:#?}"
    );
}
