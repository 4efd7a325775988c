//! Tables whose `kind` decides which keys they have.

use toml::de::DeTable;

use crate::diagnostic::Code;
use crate::place::{Located, Span};
use crate::suggest;

use super::{Key, Report, TableReader, unknown_word};

/// A kind of thing that a table describes.
pub(crate) trait KindOfTable {
    /// The scenario's word for it.
    fn word(&self) -> &'static str;

    /// The keys that it takes beside those that every kind takes, in groups.
    fn keys(&self) -> &'static [&'static [Key]];
}

/// The keys of groups, one after the other.
fn flat<'k>(groups: &'k [&'k [Key]]) -> impl Iterator<Item = &'k Key> {
    groups.iter().copied().flatten()
}

impl<'a, 'i> TableReader<'a, 'i> {
    /// Opens a table of one of `kinds`, and finds which. A key of another kind is told apart from one that no kind has.
    ///
    /// `common` are the keys that every kind takes, `kind` among them; a table without that key is of kind `default`.
    /// The kind is `None` where its word is not known, which is reported.
    pub(crate) fn open_kind<'k, K: KindOfTable>(
        table: &'a DeTable<'i>,
        (header, what): (Span, &str),
        common: &[Key],
        kinds: &'k [K],
        default: Option<&'k K>,
        report: &mut Report,
    ) -> (Self, Option<&'k K>) {
        let known = union(common, kinds);
        let reader = Self::open(table, header, what, &known, report);
        let kind = match reader.value::<String>("kind", report) {
            Some(word) => one_of(&word, kinds, report),
            None => default.filter(|_| !reader.has("kind")),
        };
        if let Some(kind) = kind {
            reader.require(flat(kind.keys()), report);
            reader.refuse_other_kinds(kind, kinds, (common, &known), report);
        }
        (reader, kind)
    }

    /// Reports every key that another kind has and this one does not.
    fn refuse_other_kinds<K: KindOfTable>(
        &self,
        kind: &K,
        kinds: &[K],
        (common, known): (&[Key], &[Key]),
        report: &mut Report,
    ) {
        let has = |other: &K, name: &str| flat(other.keys()).any(|key| key.name == name);
        let accepted: Vec<&str> = common.iter().chain(flat(kind.keys())).map(|key| key.name).collect();
        for key in known.iter().filter(|key| !accepted.contains(&key.name)) {
            if let Some(span) = self.key_span(key.name) {
                let message = format!("{:?} does not belong to kind {:?}", key.name, kind.word());
                let label = format!("kind {:?} has {}", kind.word(), suggest::all_of(&accepted));
                let owners: Vec<&str> =
                    kinds.iter().filter(|other| has(other, key.name)).map(|other| other.word()).collect();
                let help = format!(
                    "{:?} belongs to kind {}: remove it here, or change the kind",
                    key.name,
                    suggest::any_of(&owners)
                );
                report.fault(Code::KeyOfOtherKind, &span, message, label, Some(help));
            }
        }
    }
}

/// The keys of every kind, each once; only those that all kinds take can be required.
fn union<K: KindOfTable>(common: &[Key], kinds: &[K]) -> Vec<Key> {
    let mut all = common.to_vec();
    for key in kinds.iter().flat_map(|kind| flat(kind.keys())) {
        if !all.iter().any(|known| known.name == key.name) {
            all.push(Key { required: false, ..*key });
        }
    }
    all
}

/// The kind of this word; a word of no kind is reported.
fn one_of<'k, K: KindOfTable>(word: &Located<String>, kinds: &'k [K], report: &mut Report) -> Option<&'k K> {
    let kind = kinds.iter().find(|kind| kind.word() == word.value);
    if kind.is_none() {
        let words: Vec<&str> = kinds.iter().map(KindOfTable::word).collect();
        unknown_word("kind", word, &words, report);
    }
    kind
}
