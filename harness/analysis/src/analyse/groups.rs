//! Where the cells of each target and size stand among all.

use std::collections::BTreeMap;
use std::ops::Range;

use super::CellResult;

/// The places of the cells of every target and size. They stand together, so that nothing need look through all cells.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Groups(BTreeMap<String, BTreeMap<String, Range<usize>>>);

impl Groups {
    pub fn of(cells: &[CellResult]) -> Self {
        let mut groups = Self::default();
        for (at, cell) in cells.iter().enumerate() {
            let key = &cell.key;
            // A key is copied once a group, since the cells of a group follow one another.
            match groups.0.get_mut(&key.target).and_then(|sizes| sizes.get_mut(&key.size)) {
                Some(places) => places.end = at + 1,
                None => {
                    groups.0.entry(key.target.clone()).or_default().insert(key.size.clone(), at..at + 1);
                }
            }
        }
        groups
    }

    /// The places of the cells of a target and size.
    pub fn places(&self, target: &str, size: &str) -> Range<usize> {
        self.0.get(target).and_then(|sizes| sizes.get(size)).cloned().unwrap_or(0..0)
    }
}
