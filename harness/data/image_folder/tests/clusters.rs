//! Images that belong together.

use super::*;

fn birds() -> Layout {
    ["robin/b1", "robin/b2", "robin/b3", "wren/b3", "wren/b4", "wren/b5", "wren/b6"]
        .into_iter()
        .fold(Layout::new(), |layout, bird| layout.images(bird, 10))
}

fn scan_birds(layout: &Layout, pattern: &str, fraction: Option<f64>) -> Result<Listing, DataError> {
    let pattern = ClusterPattern::new(pattern).unwrap();
    Listing::scan(layout.path(), Wanted { classes: None, test_fraction: fraction, cluster: Some(&pattern) })
}

#[test]
fn a_cluster_stays_on_one_side() {
    let clusters = |listing: &Listing, split| -> std::collections::BTreeSet<String> {
        let of_class = |class| (0..listing.num_images(split, class)).map(move |at| (class, at));
        let all = (0..2).flat_map(of_class);
        all.filter_map(|(class, at)| listing.cluster_of(split, class, at).map(str::to_owned)).collect()
    };
    for fraction in [0.01, 0.2, 0.5, 0.8, 0.99] {
        let listing = scan_birds(&birds(), "(b[0-9])/", Some(fraction)).unwrap();
        let [train, test] = [Split::Train, Split::Test].map(|split| clusters(&listing, split));
        assert_eq!((train.len() + test.len(), train.intersection(&test).count()), (6, 0), "{fraction}");
        for class in 0..2 {
            let [train, test] = [Split::Train, Split::Test].map(|split| listing.num_images(split, class));
            assert_eq!((train + test, train % 10, test % 10), (if class == 0 { 30 } else { 40 }, 0, 0));
            assert!(train > 0 && test > 0, "{fraction}: {train} {test}");
        }
        assert_eq!(listing.shared_clusters(), None);
    }
}

#[test]
fn images_without_a_cluster_are_told_and_so_are_clusters_on_both_sides() {
    let error = scan_birds(&birds().image("wren/none.png", 3), "(b[0-9])/", Some(0.5)).unwrap_err().to_string();
    assert!(error.contains("`cluster` does not match 1 of 71 images, such as wren/none.png"), "{error}");
    let layout = Layout::new().images("train/wren/b1", 2).images("test/wren/b1", 2).images("test/wren/b2", 1);
    let listing = scan_birds(&layout, "(b[0-9])/", None).unwrap();
    assert_eq!(listing.cluster_of(Split::Test, 0, 2), Some("b2"));
    let words = listing.shared_clusters().unwrap();
    assert!(words.contains("1 of 2 clusters of test images have training images too, such as \"b1\""), "{words}");
    // A class of one cluster cannot be parted.
    let single = scan_birds(&Layout::new().images("cat/a", 9), "^([a-z]+/[a-z])", Some(0.5)).unwrap_err();
    let is_of_test =
        |error: &DataError| matches!(error, DataError::EmptyClasses { classes, .. } if classes[0].split == Split::Test);
    assert!(is_of_test(&single), "{single}");
}
