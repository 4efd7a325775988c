//! The files of a cache that were read last, kept open.
//!
//! A data set of a thousand classes has more files than a process may have open.

use super::shard::open_regular;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Files kept open, at most. A process may have 1,024 as a rule, and a study several data sets.
const KEPT: usize = 64;

/// Files by what they are called here, the one read last at the end.
pub(super) struct OpenFiles<K>(Mutex<Vec<(K, Arc<File>)>>);

impl<K: PartialEq> OpenFiles<K> {
    /// None yet.
    pub(super) fn new() -> Self {
        Self(Mutex::new(Vec::with_capacity(KEPT)))
    }

    /// The file called `key`, opened at `path` unless it is open.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) fn get(&self, key: K, path: &Path) -> io::Result<Arc<File>> {
        let mut files = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, file) = match files.iter().position(|(known, _)| *known == key) {
            Some(at) => files.remove(at),
            None => (key, Arc::new(open_regular(path)?)),
        };
        if files.len() == KEPT {
            files.remove(0);
        }
        files.push((key, Arc::clone(&file)));
        Ok(file)
    }

    /// Closes the file called `key`, since another has taken its name.
    pub(super) fn close(&self, key: &K) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|(known, _)| known != key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_read_longest_ago_is_closed_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = |number: usize| folder.path().join(number.to_string());
        let files = OpenFiles::new();
        let get = |number| files.get(number, &path(number));
        for number in 0..KEPT {
            std::fs::write(path(number), "").unwrap();
            get(number).unwrap();
            get(0).unwrap();
        }
        std::fs::write(path(KEPT), "").unwrap();
        get(KEPT).unwrap();
        for number in 0..=KEPT {
            std::fs::remove_file(path(number)).unwrap();
        }
        assert!(get(0).is_ok() && get(2).is_ok(), "they are open");
        assert!(get(1).is_err(), "it was closed");
        files.close(&2);
        assert!(get(2).is_err());
    }
}
