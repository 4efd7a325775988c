//! Identity: the hash of a job's meaning.
//!
//! What is hashed: numerics version, study seed, model, data digest, classes, counts, recipe, learning rate (or grid
//! and trials), treatment, source job, and the names that random streams are drawn under (target, size, source,
//! replicate). What is not: paths, threads, dates, the study's and the treatment's name, the verdict's settings.

use crate::job_id::JobId;

/// Raised when the serialisation below changes, so that no old record is taken for a new one.
const VERSION: &str = "nt job 1";

/// A canonical serialisation on its way into a hash: keyed, typed and length-prefixed fields in a fixed order, so that
/// no two meanings have the same bytes.
#[derive(Clone, Debug)]
pub(crate) struct Meaning(blake3::Hasher);

/// Hash of a part that many jobs share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part([u8; 32]);

impl Meaning {
    /// The meaning of a thing of this sort.
    pub(crate) fn of(sort: &str) -> Self {
        Self(blake3::Hasher::new()).text("version", VERSION).text("sort", sort)
    }

    fn field(mut self, key: &str, tag: u8, payload: &[u8]) -> Self {
        self.0.update(&[key.len() as u8]);
        self.0.update(key.as_bytes());
        self.0.update(&[tag]);
        self.0.update(&(payload.len() as u64).to_le_bytes());
        self.0.update(payload);
        self
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.field(key, b't', value.as_bytes())
    }

    pub(crate) fn texts(self, key: &str, values: &[String]) -> Self {
        let counted = self.count(key, values.len() as u64);
        values.iter().fold(counted, |meaning, value| meaning.text(key, value))
    }

    pub(crate) fn count(self, key: &str, value: u64) -> Self {
        self.field(key, b'n', &value.to_le_bytes())
    }

    /// A real number by its bits; −0 counts as 0.
    pub(crate) fn real(self, key: &str, value: f64) -> Self {
        self.field(key, b'r', &(value + 0.0).to_bits().to_le_bytes())
    }

    pub(crate) fn bytes(self, key: &str, value: &[u8]) -> Self {
        self.field(key, b'b', value)
    }

    pub(crate) fn part(self, key: &str, value: Part) -> Self {
        self.bytes(key, &value.0)
    }

    pub(crate) fn job(self, key: &str, value: Option<JobId>) -> Self {
        match value {
            Some(id) => self.bytes(key, id.as_bytes()),
            None => self.field(key, b'0', &[]),
        }
    }

    pub(crate) fn finish(&self) -> Part {
        Part(*self.0.finalize().as_bytes())
    }

    pub(crate) fn id(&self) -> JobId {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.finish().0[..16]);
        JobId(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn neighbouring_texts_do_not_run_together(a in "[a-c]{0,4}", b in "[a-c]{0,4}", c in "[a-c]{0,4}", d in "[a-c]{0,4}") {
            let id = |first: &str, second: &str| Meaning::of("x").text("k", first).text("k", second).id();
            prop_assert_eq!(id(&a, &b) == id(&c, &d), (a, b) == (c, d));
        }
    }

    #[test]
    fn a_type_is_part_of_the_meaning() {
        assert_ne!(Meaning::of("x").count("k", 0).id(), Meaning::of("x").real("k", 0.0).id());
        assert_ne!(Meaning::of("x").texts("k", &[]).id(), Meaning::of("x").text("k", "").id());
        assert_eq!(Meaning::of("x").real("k", 0.0).id(), Meaning::of("x").real("k", -0.0).id());
    }

    #[test]
    fn the_serialisation_is_the_same_forever() {
        insta::assert_snapshot!(Meaning::of("x").text("a", "b").count("n", 1).real("r", 0.5).id());
    }
}
