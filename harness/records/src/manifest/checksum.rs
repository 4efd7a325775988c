//! The checksum at the end of a manifest: of all the bytes before it.

/// What stands before the checksum.
const CHECKSUM: &[u8] = b",\n  \"checksum\": \"";
/// What stands behind it.
const END: &[u8] = b"\n}\n";

/// Adds a checksum to an object of JSON, written over several lines.
pub(super) fn seal(json: &mut Vec<u8>) {
    json.truncate(json.len() - b"\n}".len());
    let checksum = format!("{:08x}\"", crc32fast::hash(json));
    json.extend([CHECKSUM, checksum.as_bytes(), END].concat());
}

/// Whether a text has a checksum, be it right or not.
pub(super) fn has_one(text: &[u8]) -> bool {
    text.windows(CHECKSUM.len()).any(|part| part == CHECKSUM)
}

/// The text without its checksum; `None` if it has none, or another.
pub(super) fn body(text: &[u8]) -> Option<Vec<u8>> {
    let rest = text.strip_suffix(END)?;
    let (rest, checksum) = rest.split_at_checked(rest.len().checked_sub(9)?)?;
    let rest = rest.strip_suffix(CHECKSUM)?;
    let is_right = format!("{:08x}\"", crc32fast::hash(rest)).as_bytes() == checksum;
    is_right.then(|| [rest, END].concat())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::manifest::Manifest;
    use crate::mock::manifest;
    use crate::names::MANIFEST_FILE;

    #[test]
    fn every_change_of_a_byte_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(MANIFEST_FILE);
        manifest().write(dir.path()).unwrap();
        let text = fs::read(&path).unwrap();
        for at in 0..text.len() {
            let mut changed = text.clone();
            changed[at] ^= 1 << (at % 7);
            fs::write(&path, &changed).unwrap();
            assert!(Manifest::read(dir.path()).is_err(), "byte {at}: {}", String::from_utf8_lossy(&changed));
        }
    }
}
