//! What jobs share: a replicate's draw of images, source networks, and the codes of frozen layers.
//!
//! Everything here can be computed again with the same result. So each kind is kept in memory up to a bound, and the
//! least recently used value is dropped. Two jobs that want one value at the same time compute it once.

use crate::data::{Codes, SubsetDraw};
use crate::model::Parameters;
use nt_scenario::SourceWeights;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// A map of shared values, bounded in bytes.
pub(super) struct Bounded<K, V> {
    max_bytes: usize,
    entries: Mutex<Entries<K, V>>,
}

struct Entries<K, V> {
    map: HashMap<K, Entry<V>>,
    clock: u64,
}

struct Entry<V> {
    slot: Arc<Mutex<Option<Arc<V>>>>,
    bytes: usize,
    last_used: u64,
}

impl<K: Eq + Hash + Clone, V> Bounded<K, V> {
    fn new(max_bytes: usize) -> Self {
        Self { max_bytes, entries: Mutex::new(Entries { map: HashMap::new(), clock: 0 }) }
    }

    /// The most bytes kept.
    pub(super) fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// The value of `key`. If it is not kept, `make` makes it, and says its size in bytes.
    ///
    /// # Errors
    /// As `make`. Nothing is kept then.
    pub(super) fn get<E>(&self, key: &K, make: impl FnOnce() -> Result<(V, usize), E>) -> Result<Arc<V>, E> {
        let slot = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.clock += 1;
            let clock = entries.clock;
            let new = || Entry { slot: Arc::new(Mutex::new(None)), bytes: 0, last_used: 0 };
            let entry = entries.map.entry(key.clone()).or_insert_with(new);
            entry.last_used = clock;
            Arc::clone(&entry.slot)
        };
        let mut value = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = &*value {
            return Ok(Arc::clone(value));
        }
        let (made, bytes) = make()?;
        let made = Arc::new(made);
        *value = Some(Arc::clone(&made));
        drop(value);
        self.account(key, bytes);
        Ok(made)
    }

    fn account(&self, key: &K, bytes: usize) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.map.get_mut(key) {
            entry.bytes = bytes;
        }
        let mut total: usize = entries.map.values().map(|entry| entry.bytes).sum();
        while total > self.max_bytes {
            // Another thread is still making an entry without bytes. The entry of `key` was just asked for.
            let full = entries.map.iter().filter(|(other, entry)| entry.bytes > 0 && *other != key);
            let Some(oldest) = full.min_by_key(|(_, entry)| entry.last_used).map(|(key, _)| key.clone()) else {
                break;
            };
            if let Some(entry) = entries.map.remove(&oldest) {
                total -= entry.bytes;
            }
        }
    }
}

/// Whose images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum DrawKey {
    /// A source's, of this replicate.
    Source(usize, u32),
    /// A target's at one of its sizes, of this replicate.
    Target(usize, usize, u32),
    /// A source's that is a twin of a target: source, target, number of images, replicate.
    Twin(usize, usize, usize, u32),
}

/// Which examples of a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum SetKey {
    /// Training images of a draw.
    Train(DrawKey),
    /// Validation images of a draw.
    Validation(DrawKey),
    /// Test images of a target.
    Test(usize),
}

/// Which network: the source by its index in the scenario, where its weights come from, the replicate, and the target where it is
/// drawn for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct NetworkKey {
    pub source: usize,
    pub weights: SourceWeights,
    pub replicate: u32,
    /// The target whose classes it tells apart and whose images it standardises.
    pub drawn_for: Option<usize>,
}

/// Codes of a set after a depth of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CodesKey {
    pub network: NetworkKey,
    pub depth: usize,
    pub set: SetKey,
}

/// The shared values of a run, bounded in memory.
pub struct Store {
    pub(super) draws: Bounded<DrawKey, SubsetDraw>,
    pub(super) networks: Bounded<NetworkKey, Parameters>,
    pub(super) codes: Bounded<CodesKey, Codes>,
}

impl Store {
    /// A store of about `max_bytes` in all: half for codes, a quarter each for images and networks.
    pub fn new(max_bytes: usize) -> Self {
        Self {
            draws: Bounded::new(max_bytes / 4),
            networks: Bounded::new(max_bytes / 4),
            codes: Bounded::new(max_bytes / 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn get(map: &Bounded<u32, u32>, key: u32, made: &mut u32) -> u32 {
        let value = map.get(&key, || {
            *made += 1;
            Ok::<_, Infallible>((10 * key, 40))
        });
        *value.unwrap()
    }

    #[test]
    fn a_value_is_made_once_and_the_least_recently_used_is_dropped() {
        let (map, mut made) = (Bounded::new(100), 0);
        assert_eq!((get(&map, 1, &mut made), get(&map, 2, &mut made), get(&map, 1, &mut made)), (10, 20, 10));
        assert_eq!(made, 2);
        get(&map, 3, &mut made);
        get(&map, 1, &mut made);
        assert_eq!(made, 3, "1 was used after 2, so 2 made way");
        get(&map, 2, &mut made);
        assert_eq!(made, 4);
    }

    #[test]
    fn what_failed_is_tried_again() {
        let map: Bounded<u32, u32> = Bounded::new(100);
        assert_eq!(map.get(&1, || Err::<(u32, usize), _>("no")), Err("no"));
        assert_eq!(map.get(&1, || Ok::<_, &str>((7, 4))).as_deref(), Ok(&7));
    }
}
