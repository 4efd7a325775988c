use super::*;
use image::RgbImage;
use known::FileHash;
use nt_scenario::ClusterPattern;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;
use tempfile::TempDir;

mod clusters;
#[cfg(unix)]
mod links;

const JPEG: &[u8] = include_bytes!("../../decode/fixtures/subsampled.jpg");
const SIDE: usize = 8;

/// A folder of images being laid out.
struct Layout(TempDir);

impl Layout {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(self, path: &str, bytes: &[u8]) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
        self
    }

    /// A picture of one grey.
    fn image(self, path: &str, level: u8) -> Self {
        let file = self.0.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        RgbImage::from_pixel(5, 4, image::Rgb([level; 3])).save(file).unwrap();
        self
    }

    fn images(mut self, folder: &str, count: u8) -> Self {
        for level in 0..count {
            self = self.image(&format!("{folder}/{level:03}.png"), level);
        }
        self
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn scan(&self, classes: Option<&[&str]>, fraction: Option<f64>) -> Result<Listing, DataError> {
        let classes: Option<Vec<String>> = classes.map(|names| names.iter().map(|&name| name.to_owned()).collect());
        let wanted = Wanted { classes: classes.as_deref(), test_fraction: fraction, cluster: None };
        Listing::scan(self.path(), wanted)
    }

    fn open(&self, fraction: Option<f64>) -> Result<ImageFolder, DataError> {
        ImageFolder::open(self.scan(None, fraction)?, SIDE, Megapixels::default(), &self.path().join(".cache"))
    }
}

fn two_sides() -> Layout {
    let layout = Layout::new().images("train/cat", 4).images("train/dog", 3);
    layout.images("test/cat", 2).images("test/dog", 1)
}

fn level(data: &ImageFolder, split: Split, class: usize, index: usize) -> u8 {
    let mut pixels = vec![0; SIDE * SIDE * 3];
    data.read(split, class, index, &mut pixels).unwrap();
    assert!(pixels.iter().all(|&value| value == pixels[0]));
    pixels[0]
}

fn levels(data: &ImageFolder, split: Split, class: usize) -> Vec<u8> {
    (0..data.num_images(split, class)).map(|index| level(data, split, class, index)).collect()
}

#[test]
fn two_sides_are_read_in_order_of_name() {
    let layout = two_sides().image("train/cat/0000.png", 77);
    let data = layout.open(None).unwrap();
    assert_eq!(data.classes(), ["cat", "dog"]);
    // "000.png" before "0000.png": the dot comes before the digit.
    assert_eq!(levels(&data, Split::Train, 0), [0, 77, 1, 2, 3]);
    assert_eq!(levels(&data, Split::Test, 1), [0]);
    assert_eq!(data.standardisation(), Standardisation::IMAGENET);
}

#[test]
fn imagenet_calls_its_test_side_val() {
    let listing = Layout::new().images("train/n01", 2).images("val/n01", 1).scan(None, None).unwrap();
    assert_eq!((listing.num_images(Split::Train, 0), listing.num_images(Split::Test, 0)), (2, 1));
}

#[test]
fn images_lie_at_any_depth_and_a_class_may_be_called_train() {
    let layout = Layout::new().images("train", 5).images("bus/old/red", 3).images("bus/new", 2);
    let told = layout.scan(None, Some(0.4)).unwrap_err().to_string();
    assert!(told.starts_with("`bus` of ") && told.contains("it is no class"), "{told}");
    assert!(told.ends_with("name all of them: classes = [\"bus\", \"train\"]"), "{told}");
    let listing = layout.scan(Some(&["bus", "train"]), Some(0.4)).unwrap();
    assert_eq!(listing.classes(), ["bus", "train"]);
    assert_eq!(listing.num_images(Split::Train, 0), 3);
    let mut paths = [listing.images(Split::Train, 0), listing.images(Split::Test, 0)].concat();
    paths.sort();
    assert_eq!(paths.len(), 5);
    assert!(paths[0].ends_with("bus/new/000.png") && paths[4].ends_with("bus/old/red/002.png"));
}

#[test]
fn folders_named_as_sides_are_no_classes_whatever_lies_in_them() {
    let layout = Layout::new().images("trn/cat", 5).images("trn/dog", 5).images("tst/cat", 2).images("tst/dog", 2);
    let layout = layout.images("trn", 1).images("tst", 1);
    let told = layout.scan(None, Some(0.4)).unwrap_err().to_string();
    assert!(
        told.contains("named as the sides of a data set are") && told.contains("classes = [\"trn\", \"tst\"]"),
        "{told}"
    );
    assert_eq!(layout.scan(Some(&["trn", "tst"]), Some(0.4)).unwrap().classes(), ["trn", "tst"]);
}

#[test]
fn a_fraction_gives_exact_sizes_and_a_new_image_moves_at_most_one_other() {
    let names = |listing: &Listing, split| -> Vec<PathBuf> { listing.images(split, 0).to_vec() };
    let layout = Layout::new().images("cat", 40).images("dog", 2).images("emu", 50);
    let before = layout.scan(None, Some(0.25)).unwrap();
    let sizes = |split| [0, 1, 2].map(|class| before.num_images(split, class));
    assert_eq!((sizes(Split::Train), sizes(Split::Test)), ([30, 1, 37], [10, 1, 13]));
    let layout = layout.image("cat/another.png", 9);
    let after = layout.scan(None, Some(0.25)).unwrap();
    for split in [Split::Train, Split::Test] {
        let moved = names(&before, split).iter().filter(|path| !names(&after, split).contains(path)).count();
        assert!(moved <= 1, "{moved} images left {split:?}");
    }
}

#[test]
fn the_test_side_does_not_depend_on_where_the_folder_is() {
    let relative = |layout: &Layout| -> Vec<PathBuf> {
        let listing = layout.scan(None, Some(0.5)).unwrap();
        listing.images(Split::Test, 0).iter().map(|path| path.strip_prefix(layout.path()).unwrap().to_owned()).collect()
    };
    assert_eq!(relative(&Layout::new().images("cat", 20)), relative(&Layout::new().images("cat", 20)));
}

#[test]
fn chosen_classes_come_in_the_order_given() {
    let listing = two_sides().scan(Some(&["dog", "cat"]), None).unwrap();
    assert_eq!(listing.classes(), ["dog", "cat"]);
    assert_eq!(listing.num_images(Split::Train, 0), 3);
}

#[test]
fn what_is_left_out_is_listed() {
    let layout = two_sides().file("train/cat/.DS_Store", b"").file("train/cat/notes.txt", b"").images("test/owl", 1);
    let listing = layout.images("val/cat", 1).scan(None, None).unwrap();
    let mut ignored: Vec<_> = listing
        .ignored()
        .iter()
        .map(|ignored| (ignored.path.strip_prefix(listing.root()).unwrap().to_str().unwrap(), ignored.reason))
        .collect();
    ignored.sort_by_key(|&(path, _)| path);
    let expected = [
        ("test/owl", IgnoreReason::NotInTraining),
        ("train/cat/.DS_Store", IgnoreReason::Hidden),
        ("train/cat/notes.txt", IgnoreReason::NotAnImage),
        ("val", IgnoreReason::BesideTheSides { images: 1 }),
    ];
    assert_eq!(ignored, expected);
    assert_eq!(listing.num_images(Split::Train, 0), 4);
}

#[test]
fn a_layout_that_is_neither_is_refused_with_the_next_step() {
    let message = |result: Result<Listing, DataError>| result.unwrap_err().to_string();
    assert!(message(Layout::new().scan(None, None)).contains("holds no class folder"));
    assert!(message(Layout::new().images("cat", 2).scan(None, None)).contains("write `test_fraction = 0.2`"));
    assert!(message(two_sides().scan(None, Some(0.2))).contains("remove `test_fraction`"));
    for fraction in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(message(two_sides().scan(None, Some(fraction))).contains("choose one between 0 and 1"));
    }
    let unknown = message(two_sides().scan(Some(&["cow"]), None));
    assert_eq!(unknown, "there is no class `cow`; choose among cat, dog");
    assert!(message(two_sides().scan(Some(&["cat", "cat"]), None)).contains("named twice"));
    let empty = message(Layout::new().images("train/cat", 2).file("test/cat/a.txt", b"").scan(None, None));
    assert!(empty.contains("class `cat` has no image to test on"), "{empty}");
    let missing = message(Layout::new().images("train/cat", 2).images("test/dog", 1).scan(None, None));
    assert!(missing.contains("class `cat` has no image to test on"), "{missing}");
    let single = message(Layout::new().images("cat", 1).scan(None, Some(0.5)));
    assert!(single.contains("class `cat` has no image to train on"), "{single}");
    let gone = message(Listing::scan(Path::new("no/such/folder"), Wanted::default()));
    assert!(gone.starts_with("cannot list no/such/folder"), "{gone}");
}

#[test]
fn every_broken_image_is_named_at_once() {
    let layout = two_sides().file("train/cat/cut.jpg", &JPEG[..JPEG.len() - 30]).file("test/dog/gif.png", b"GIF89a");
    let error = layout.open(None).err().unwrap();
    let DataError::BrokenImages { images } = &error else { panic!("{error}") };
    let names: Vec<_> = images.iter().map(|image| image.path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["cut.jpg", "gif.png"]);
    let message = error.to_string();
    assert!(
        message.contains("cut.jpg: is not a valid JPEG: its coded data end early")
            && message.contains("gif.png: is a GIF, neither JPEG nor PNG"),
        "{message}"
    );
}

#[test]
fn the_content_decides_and_not_the_ending() {
    let data = Layout::new().file("cat/a.png", JPEG).file("cat/b.JPEG", JPEG).open(Some(0.5)).unwrap();
    assert_eq!(data.num_images(Split::Train, 0), 1);
}

#[test]
fn an_edited_image_is_noticed_whatever_its_date() {
    let layout = two_sides();
    let path = layout.path().join("train/cat/001.png");
    let (digest, date) = (layout.open(None).unwrap().digest(), fs::metadata(&path).unwrap().modified().unwrap());
    assert_eq!(layout.open(None).unwrap().digest(), digest);
    let layout = layout.image("train/cat/001.png", 200);
    fs::File::options().write(true).open(&path).unwrap().set_modified(date).unwrap();
    let data = layout.open(None).unwrap();
    assert_eq!(levels(&data, Split::Train, 0), [0, 200, 2, 3]);
    assert_ne!(data.digest(), digest);
}

#[test]
fn the_digest_is_of_pixels_and_class_names() {
    let digest = two_sides().open(None).unwrap().digest();
    let order = Layout::new().images("test/dog", 1).images("test/cat", 2).images("train/dog", 3).images("train/cat", 4);
    assert_eq!(order.open(None).unwrap().digest(), digest, "files made in another order, elsewhere");
    let renamed =
        Layout::new().images("train/cat", 4).images("train/fox", 3).images("test/cat", 2).images("test/fox", 1);
    assert_ne!(renamed.open(None).unwrap().digest(), digest);
}

#[test]
fn an_image_that_changes_in_use_is_not_mixed_in() {
    let layout = two_sides();
    let folder = Folder::hash(
        layout.scan(None, None).unwrap(),
        nt_scenario::Resizing::STRETCHED,
        Megapixels::default(),
        layout.path(),
    )
    .unwrap();
    let layout = layout.image("train/cat/001.png", 200);
    let error = folder.render(Split::Train, 0, 1, &mut [0; SIDE * SIDE * 3]).unwrap_err();
    assert!(matches!(error.reason, DecodeError::Changed));
    drop(layout);
}

/// A folder with one image, and the state it would be remembered by if it was read well after it was written.
fn settled() -> (Layout, PathBuf, [u8; 32]) {
    let layout = Layout::new().image("cat/a.png", 1);
    let path = layout.path().join("cat/a.png");
    let later = SystemTime::now() + std::time::Duration::from_secs(10);
    let state = known::settled_state(&path, later).unwrap();
    (layout, path, state)
}

#[cfg(unix)]
#[test]
fn the_hash_of_an_untouched_file_is_remembered() {
    let (layout, path, state) = settled();
    let hash = FileHash { content: [7; 32], state: Some(state) };
    Known::load(layout.path(), b"cats").save(std::slice::from_ref(&path), &[hash]);
    assert_eq!(Known::load(layout.path(), b"cats").recall(&path), Some(hash));
    assert_eq!(Known::load(layout.path(), b"dogs").recall(&path), None);
    assert_eq!(Known::load(layout.path(), b"cats").recall(&path.with_extension("jpg")), None);
}

#[cfg(unix)]
#[test]
fn an_edit_that_keeps_length_and_date_is_noticed() {
    let (layout, path, state) = settled();
    let hash = FileHash { content: [7; 32], state: Some(state) };
    Known::load(layout.path(), b"cats").save(std::slice::from_ref(&path), &[hash]);
    let (bytes, date) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().modified().unwrap());
    std::thread::sleep(std::time::Duration::from_millis(20));
    fs::write(&path, bytes).unwrap();
    fs::File::options().write(true).open(&path).unwrap().set_modified(date).unwrap();
    assert_eq!(Known::load(layout.path(), b"cats").recall(&path), None);
}

#[test]
fn a_file_just_written_is_not_relied_on() {
    let (_layout, path, _) = settled();
    assert_eq!(known::settled_state(&path, SystemTime::now()), None);
}

#[cfg(unix)]
#[test]
fn damaged_memory_is_forgotten() {
    let (layout, path, state) = settled();
    let hash = FileHash { content: [7; 32], state: Some(state) };
    Known::load(layout.path(), b"cats").save(std::slice::from_ref(&path), &[hash]);
    let file = layout.path().join(format!("{}.known", &blake3::hash(b"cats").to_hex()[..32]));
    let sound = fs::read(&file).unwrap();
    for (at, length) in [(9, sound.len()), (80, sound.len()), (0, sound.len() - 1), (0, 5)] {
        let mut damaged = sound[..length].to_vec();
        damaged[at] ^= 1;
        fs::write(&file, damaged).unwrap();
        assert_eq!(Known::load(layout.path(), b"cats").recall(&path), None);
    }
}

/// A file that never ends, a pipe that nobody writes to, a picture of 65,000 × 65,000 pixels in a few bytes, and a JPEG
/// that is cut and closed: each is refused by name, all of them at once, with and without a cache.
#[test]
fn what_is_no_picture_of_an_allowed_size_is_refused_at_once_and_by_name() {
    let start = JPEG.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
    let mut bomb = JPEG.to_vec();
    bomb[start + 5..start + 9].copy_from_slice(&[0xfd, 0xe8, 0xfd, 0xe8]);
    let closed = [&JPEG[..JPEG.len() * 3 / 4], &[0xff, 0xd9]].concat();
    let layout = two_sides().file("train/cat/bomb.jpg", &bomb).file("train/dog/closed.jpg", &closed);
    std::os::unix::fs::symlink("/dev/zero", layout.path().join("train/cat/endless.png")).unwrap();
    let pipe = layout.path().join("test/dog/pipe.png");
    fs::create_dir(layout.path().join("test/cat/folder.png")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let broken = ImageFolder::broken(&layout.scan(None, None).unwrap(), Megapixels::default());
    let told: Vec<String> = broken.iter().map(|image| format!("{}: {}", image.path.display(), image.reason)).collect();
    let expected = [
        "train/cat/bomb.jpg: has 65000 × 65000 pixels, more than 179 megapixels",
        "train/cat/endless.png: is a device or a pipe, not a regular file",
        "test/cat/folder.png: is a folder, not a regular file",
        "train/dog/closed.jpg: is not a valid JPEG: its coded data end early",
        "test/dog/pipe.png: is a device or a pipe, not a regular file",
    ];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.contains(expected), "{told}");
    }
    // Files that cannot be read are found before any is decoded, and the others are told with them.
    let DataError::BrokenImages { images } = layout.open(None).err().unwrap() else { panic!("other fault") };
    assert_eq!(images.len(), expected.len());
}

#[test]
fn the_limit_on_pixels_is_the_data_sets_own() {
    let large = RgbImage::from_pixel(1_200, 1_000, image::Rgb([9; 3]));
    let layout = two_sides();
    large.save(layout.path().join("train/cat/large.png")).unwrap();
    let listing = || layout.scan(None, None).unwrap();
    assert_eq!(ImageFolder::broken(&listing(), Megapixels(1)).len(), 1);
    assert_eq!(ImageFolder::broken(&listing(), Megapixels(2)).len(), 0);
    let open = |most| ImageFolder::open(listing(), SIDE, most, &layout.path().join(".cache"));
    assert!(open(Megapixels(2)).is_ok());
    assert!(open(Megapixels(1)).is_err(), "what is in the cache was accepted under another limit");
}

/// Ten pictures of each of six birds in two classes, of which one bird is in both.
#[test]
fn what_is_left_out_is_told_once_a_folder_and_kind() {
    let mut layout =
        two_sides().file("train/cat/a.WEBP", b"").file("train/cat/b.webp", b"").file("train/dog/notes.txt", b"");
    layout = layout
        .images("extra/cat", 3)
        .file("README", b"")
        .file("train/@eaDir/cat/000.png", b"")
        .image("train/stray.png", 1);
    let told = layout.scan(None, None).unwrap().warnings();
    for words in [
        "2 files ending in .webp in train/cat are left out, such as a.WEBP: only .jpg",
        "train/dog/notes.txt is left out: only .jpg",
        "extra is left out: it is neither the training nor the test side (3 images below it)",
        "README is left out",
        "train/@eaDir is left out: a system made it",
        "train/stray.png is left out: an image belongs to the class",
    ] {
        assert!(told.iter().any(|one| one.starts_with(words)), "{words}: {told:#?}");
    }
    assert_eq!(told.len(), 6, "{told:#?}");
}

#[test]
fn folders_that_are_left_out_are_told_with_their_images_and_classes_of_one_name_with_each_other() {
    let layout = two_sides().images("test/zebra", 3).images("train/@eaDir", 2).images(".old/cat", 1);
    let told = layout.scan(None, None).unwrap().warnings();
    let says = |words: &str| assert!(told.iter().any(|one| one.contains(words)), "{words}: {told:#?}");
    says("test/zebra is left out: the training side has no such class (3 images below it)");
    says("train/@eaDir is left out: a system made it, not the author of the data (2 images below it)");
    says(".old is left out: names that begin with a dot are not read (1 image below it)");
    let alike = ["train/Cat", "train/cat", "test/Cat", "test/cat"];
    let layout = alike.iter().fold(Layout::new(), |layout, folder| layout.images(folder, 2));
    let told = layout.scan(None, None).unwrap().warnings();
    assert!(
        told.iter().any(|one| one.contains("the classes \"Cat\" and \"cat\" have one name but for capitals")),
        "{told:#?}"
    );
}

#[test]
fn what_holds_sides_elsewhere_is_refused_with_the_step_that_mends_it() {
    let told = |layout: &Layout| layout.scan(None, None).unwrap_err().to_string();
    let only_test = Layout::new().images("test/cat", 1).images("test/dog", 1);
    assert!(told(&only_test).contains("no training side; add train/<class>/"), "{}", told(&only_test));
    let deeper = Layout::new().images("data/train/cat", 1).images("data/train/dog", 1);
    assert!(told(&deeper).contains("one folder deeper; write `path` so that it ends in"), "{}", told(&deeper));
    let one_image = Layout::new().images("cat", 1).images("dog", 4).scan(None, Some(0.5)).unwrap_err().to_string();
    assert!(one_image.contains("it has 1 image, and each side needs one"), "{one_image}");
}

#[test]
fn sides_are_known_in_capitals_and_by_their_other_names() {
    for (train, test) in [("Train", "Test"), ("training", "validation"), ("TRAIN", "valid")] {
        let layout = Layout::new().images(&format!("{train}/cat"), 2).images(&format!("{train}/dog"), 2);
        let layout = layout.images(&format!("{test}/cat"), 1).images(&format!("{test}/dog"), 1);
        assert_eq!(layout.scan(None, None).unwrap().classes(), ["cat", "dog"], "{train} {test}");
        assert!(layout.scan(None, Some(0.2)).unwrap_err().to_string().contains("remove `test_fraction`"));
    }
    let unknown = Layout::new().images("train/cat", 2).images("train/dog", 2).images("dev/cat", 1);
    let told = unknown.scan(None, None).unwrap_err().to_string();
    assert!(told.contains("has no test side (beside it lies `dev`)"), "{told}");
}

#[test]
fn every_class_without_images_is_told_with_the_name_that_it_may_have_meant() {
    let layout = Layout::new().images("train/caf\u{e9}", 2).images("train/Cat", 2).images("train/dog", 2);
    let layout = layout.images("test/cafe\u{301}", 1).images("test/cat", 1).images("test/dog", 1);
    let told = layout.scan(None, None).unwrap_err().to_string();
    assert!(
        told.contains("\"cafe\\u{301}\" there has this name in another Unicode form (\"caf\\u{e9}\" here)"),
        "{told}"
    );
    assert!(told.contains("the folder \"cat\" there differs in capitals alone"), "{told}");
}

#[test]
fn a_study_that_lies_in_a_class_is_no_part_of_it() {
    let layout = two_sides();
    let before = layout.scan(None, None).unwrap();
    let layout = layout
        .file("train/cat/study/resolved.toml", b"")
        .file("train/cat/study/runs.jsonl", b"")
        .images("train/cat/study/figures", 2)
        .file("train/results/resolved.toml", b"")
        .file("train/results/manifest.json", b"")
        .images("train/results/figures", 2);
    let after = layout.scan(None, None).unwrap();
    assert_eq!(after.classes(), before.classes());
    assert_eq!(after.images(Split::Train, 0), before.images(Split::Train, 0));
    let told = after.warnings().join("\n");
    assert!(told.contains("train/cat/study is left out: a study's results"), "{told}");
    assert!(told.contains("train/results is left out: a study's results"), "{told}");
}
