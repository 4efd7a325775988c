use super::*;
use crate::data::decode::DecodeError;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

/// A source whose pixels are a formula, and which counts what it renders.
struct Formula {
    classes: Vec<String>,
    num_images: usize,
    content: u8,
    broken: Vec<usize>,
    rendered: AtomicUsize,
}

impl Formula {
    fn new() -> Self {
        let classes = vec!["cat".to_owned(), "dog".to_owned()];
        Self { classes, num_images: 300, content: 1, broken: Vec::new(), rendered: AtomicUsize::new(0) }
    }

    fn pixels(&self, split: Split, class: usize, index: usize) -> Vec<u8> {
        let start = split as usize * 3 + class * 5 + index * 7 + usize::from(self.content);
        (0..SIDE * SIDE * 3).map(|at| ((start + at * 11) % 256) as u8).collect()
    }
}

impl PixelSource for Formula {
    fn classes(&self) -> &[String] {
        &self.classes
    }

    fn num_images(&self, _split: Split, _class: usize) -> usize {
        self.num_images
    }

    fn hash_content(&self, split: Split, class: usize, hasher: &mut blake3::Hasher) {
        hasher.update(&[split as u8, class as u8, self.content]);
    }

    fn render(&self, split: Split, class: usize, index: usize, pixels: &mut [u8]) -> Result<(), BrokenImage> {
        self.rendered.fetch_add(1, Ordering::Relaxed);
        if self.broken.contains(&index) {
            return Err(BrokenImage { path: format!("{class}/{index}.png").into(), reason: DecodeError::Changed });
        }
        pixels.copy_from_slice(&self.pixels(split, class, index));
        Ok(())
    }
}

/// 4,800 bytes an image.
const SIDE: usize = 40;

fn open(folder: &TempDir) -> ImageCache<Formula> {
    ImageCache::open(Formula::new(), SIDE, folder.path()).unwrap()
}

fn rendered(cache: &ImageCache<Formula>) -> usize {
    cache.source().rendered.load(Ordering::Relaxed)
}

fn assert_all_right(cache: &ImageCache<Formula>) {
    let mut pixels = vec![0; SIDE * SIDE * 3];
    for split in [Split::Train, Split::Test] {
        for class in 0..2 {
            for index in 0..300 {
                cache.read(split, class, index, &mut pixels).unwrap();
                assert_eq!(pixels, cache.source().pixels(split, class, index));
            }
        }
    }
}

fn files(folder: &TempDir) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[test]
fn images_are_rendered_once_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(&folder);
    assert_all_right(&first);
    assert_eq!(rendered(&first), 1200);
    let second = open(&folder);
    assert_all_right(&second);
    assert_eq!(rendered(&second), 0);
    assert_eq!(first.digest(), second.digest());
    assert_eq!(files(&folder).len(), 4, "four files and nothing unfinished");
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_and_the_class_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let digest = open(&folder).digest();
    let file = files(&folder).remove(0);
    let sound = fs::read(&file).unwrap();
    // In the magic, key, digest, a checksum, the header's checksum, its padding, the first and the last image.
    for at in [0, 30, 60, 90, 1290, 1400, 5000, sound.len() - 1] {
        let mut damaged = sound.clone();
        damaged[at] ^= 0x10;
        fs::remove_file(&file).unwrap();
        fs::write(&file, damaged).unwrap();
        let cache = open(&folder);
        assert_all_right(&cache);
        assert_eq!(rendered(&cache), 300, "a flip at {at} costs one class");
        assert_eq!(cache.digest(), digest);
        assert_eq!(fs::read(&file).unwrap(), sound);
    }
}

#[test]
fn a_file_cut_or_grown_is_noticed_and_made_again() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder);
    let file = files(&folder).remove(3);
    let sound = fs::read(&file).unwrap();
    for length in [0, 50, 4096, sound.len() - 1, sound.len() + 1] {
        let mut damaged = sound.clone();
        damaged.resize(length, 0);
        fs::remove_file(&file).unwrap();
        fs::write(&file, damaged).unwrap();
        let cache = open(&folder);
        assert_all_right(&cache);
        assert_eq!(rendered(&cache), 300, "cut to {length}");
    }
}

#[test]
fn other_content_and_other_sides_have_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let digest = open(&folder).digest();
    let edited = ImageCache::open(Formula { content: 2, ..Formula::new() }, SIDE, folder.path()).unwrap();
    assert_all_right(&edited);
    assert_ne!(edited.digest(), digest);
    assert_eq!(files(&folder).len(), 8);
    assert_eq!(open(&folder).digest(), digest);
}

#[test]
fn class_names_are_part_of_the_digest() {
    let folder = tempfile::tempdir().unwrap();
    let digest = open(&folder).digest();
    let mut renamed = Formula::new();
    renamed.classes[0] = "lion".to_owned();
    let renamed = ImageCache::open(renamed, SIDE, folder.path()).unwrap();
    assert_ne!(renamed.digest(), digest);
    assert_eq!(rendered(&renamed), 0, "the pixels are the same");
}

#[test]
fn the_digest_does_not_depend_on_the_number_of_threads() {
    let digests = [1, 2, 5].map(|threads| {
        let folder = tempfile::tempdir().unwrap();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| open(&folder).digest())
    });
    assert!(digests.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn every_broken_image_of_every_class_is_named_and_nothing_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let source = Formula { broken: vec![3, 299], ..Formula::new() };
    let error = ImageCache::open(source, SIDE, folder.path()).err().unwrap();
    let DataError::BrokenImages { images } = &error else { panic!("{error}") };
    assert_eq!(images.len(), 8);
    assert!(
        error.to_string().starts_with(
            "8 images cannot be used; run the same command again once nothing writes there:\n  0/3.png: changed"
        ),
        "{error}"
    );
    assert!(files(&folder).is_empty());
}

#[test]
fn two_programs_may_fill_one_cache_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_all_right(&open(&folder)));
        }
    });
    assert_eq!(files(&folder).len(), 4);
}

/// A cache with one damaged image at the end of one file.
fn damaged(folder: &TempDir) -> ImageCache<Formula> {
    open(folder);
    let file = files(folder).remove(0);
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::remove_file(&file).unwrap();
    fs::write(&file, bytes).unwrap();
    open(folder)
}

#[test]
fn threads_that_meet_one_damaged_image_make_its_file_again_once() {
    let folder = tempfile::tempdir().unwrap();
    let cache = damaged(&folder);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_all_right(&cache));
        }
    });
    assert_eq!(rendered(&cache), 300);
}

/// A thread of the pool must not take up another read of the file that it is making again.
#[test]
fn a_pool_of_readers_gets_past_a_damaged_image() {
    for threads in [1, 2, 4] {
        let folder = tempfile::tempdir().unwrap();
        let cache = damaged(&folder);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (0..16).into_par_iter().for_each(|_| assert_all_right(&cache)));
        assert_eq!(rendered(&cache), 300);
    }
}

#[cfg(unix)]
#[test]
fn files_are_as_readable_as_any_new_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    open(&folder);
    let ordinary = folder.path().join("ordinary");
    fs::write(&ordinary, "").unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&files(&folder)[0]), mode(&ordinary));
}

#[test]
fn a_wrong_index_or_buffer_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let cache = open(&folder);
    let mut pixels = vec![0; SIDE * SIDE * 3];
    let read = |class, index, pixels: &mut [u8]| cache.read(Split::Test, class, index, pixels);
    assert!(matches!(read(0, 300, &mut pixels), Err(DataError::NoSuchImage { available: 300, .. })));
    assert!(matches!(read(2, 0, &mut pixels), Err(DataError::NoSuchImage { available: 0, .. })));
    assert!(matches!(read(0, 0, &mut pixels[1..]), Err(DataError::BufferLength { found: 4799, expected: 4800 })));
}

#[test]
fn a_cache_that_cannot_be_written_is_an_error_with_the_next_step() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let error = ImageCache::open(Formula::new(), SIDE, &file).err().unwrap().to_string();
    assert!(error.contains("(--cache-dir names another)") && error.contains("file"), "{error}");
}

#[test]
fn what_a_killed_program_left_is_removed_and_what_another_writes_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let left = folder.path().join(".0123.shard.abcdefghijkl.tmp");
    fs::write(&left, "half").unwrap();
    let a_minute_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    fs::File::options().write(true).open(&left).unwrap().set_modified(a_minute_ago).unwrap();
    let live = nt_disk::unfinished(&folder.path().join("4567.shard")).unwrap();
    live.as_file().set_modified(a_minute_ago).unwrap();
    open(&folder);
    assert!(!left.exists() && live.path().exists());
}

/// Under a memory map the first ended in a bus error, and the second went unnoticed once the image had been read.
#[test]
fn what_happens_to_an_open_file_is_noticed() {
    let harm: [fn(&fs::File); 3] = [
        |file| file.set_len(5000).unwrap(),
        |file| file.set_len(0).unwrap(),
        |file| {
            use std::os::unix::fs::FileExt;
            file.write_all_at(&[255; 9000], 8192).unwrap();
        },
    ];
    for harm in harm {
        let folder = tempfile::tempdir().unwrap();
        let cache = open(&folder);
        assert_all_right(&cache);
        harm(&fs::File::options().write(true).open(&files(&folder)[0]).unwrap());
        assert_all_right(&cache);
        assert_eq!(rendered(&cache), 1500, "one class is made again");
        assert_all_right(&open(&folder));
    }
}

#[test]
fn a_cache_that_somebody_removes_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let below = folder.path().join("images");
    let cache = ImageCache::open(Formula::new(), SIDE, &below).unwrap();
    fs::remove_dir_all(&below).unwrap();
    assert_all_right(&cache);
    assert_eq!(fs::read_dir(&below).unwrap().count(), 4);
}
