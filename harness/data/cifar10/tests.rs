use super::*;
use tempfile::TempDir;

const RECORDS: usize = 30;

/// The six files with a few records each: record r of file f has label (r + f) mod 10.
fn archive() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, (name, _)) in FILES.into_iter().enumerate() {
        let bytes: Vec<u8> = (0..RECORDS).flat_map(|record| self::record(file, record)).collect();
        fs::write(folder.path().join(name), bytes).unwrap();
    }
    let names: Vec<String> = (0..10).map(|class| format!("class{class}")).collect();
    fs::write(folder.path().join(CLASS_NAMES), names.join("\n") + "\n\n").unwrap();
    folder
}

fn record(file: usize, record: usize) -> Vec<u8> {
    let pixel = |at: usize| ((at * 31 + record * 7 + file * 3) % 256) as u8;
    std::iter::once(((record + file) % 10) as u8).chain((0..3 * SIDE * SIDE).map(pixel)).collect()
}

fn open(folder: &TempDir, cache: &TempDir, side: usize) -> Result<Cifar10, DataError> {
    Cifar10::open_with(folder.path(), RECORDS, side, cache.path())
}

#[test]
fn planes_become_pixels_in_file_order_of_each_class() {
    let (folder, cache) = (archive(), tempfile::tempdir().unwrap());
    let data = open(&folder, &cache, SIDE).unwrap();
    assert_eq!(data.classes()[3], "class3");
    assert_eq!((data.num_images(Split::Train, 3), data.num_images(Split::Test, 3)), (15, 3));
    // The fourth image of class 3 is in the second file: (2 + 1) mod 10.
    let expected = record(1, 2);
    let mut pixels = vec![0; SIDE * SIDE * 3];
    data.read(Split::Train, 3, 3, &mut pixels).unwrap();
    for (at, pixel) in pixels.chunks_exact(3).enumerate() {
        assert_eq!(pixel, [0, 1, 2].map(|plane| expected[1 + plane * SIDE * SIDE + at]));
    }
}

#[test]
fn opening_twice_gives_the_same_digest_and_another_side_another() {
    let (folder, cache) = (archive(), tempfile::tempdir().unwrap());
    let digest = open(&folder, &cache, 16).unwrap().digest();
    assert_eq!(open(&folder, &cache, 16).unwrap().digest(), digest);
    assert_ne!(open(&folder, &cache, 17).unwrap().digest(), digest);
}

#[test]
fn a_label_that_is_no_class_is_named_with_file_and_record() {
    let (folder, cache) = (archive(), tempfile::tempdir().unwrap());
    let path = folder.path().join("data_batch_2.bin");
    let mut bytes = fs::read(&path).unwrap();
    bytes[17 * RECORD_BYTES] = 10;
    fs::write(&path, bytes).unwrap();
    let message = open(&folder, &cache, SIDE).err().unwrap().to_string();
    assert!(
        message.contains("data_batch_2.bin, record 17 (counted from 0): label 10 is not one of 0 to 9"),
        "{message}"
    );
}

#[test]
fn a_file_of_the_wrong_length_is_named() {
    let (folder, cache) = (archive(), tempfile::tempdir().unwrap());
    let path = folder.path().join("test_batch.bin");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[1..]).unwrap();
    let message = open(&folder, &cache, SIDE).err().unwrap().to_string();
    assert!(message.contains("test_batch.bin has 92189 bytes instead of 92190"), "{message}");
    fs::remove_file(&path).unwrap();
    let message = Cifar10::survey(folder.path()).unwrap_err().to_string();
    assert!(message.contains("data_batch_1.bin has 92190 bytes instead of 30730000"), "{message}");
    assert!(open(&folder, &cache, SIDE).err().unwrap().to_string().contains("cannot read"));
}

#[test]
fn the_class_names_must_be_ten() {
    let (folder, cache) = (archive(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join(CLASS_NAMES), "cat\ndog\n").unwrap();
    let message = open(&folder, &cache, SIDE).err().unwrap().to_string();
    assert!(message.contains("names 2 classes"), "{message}");
}
