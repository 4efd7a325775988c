//! Random changes of training images.

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::DeValue;
use toml_edit::{InlineTable, Value};

use crate::choice::{Choice, choice};
use crate::identity::Meaning;
use crate::reader::{Key, KindOfTable, Report, TableReader, from_value, optional, required, unknown_word, wrong_type};

/// A random change of a training image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Augmentation {
    /// Pad, then cut a window of the original size at a random place.
    RandomCrop {
        /// Padding on every side, pixels.
        padding_px: u32,
    },
    /// Mirror left and right.
    HorizontalFlip {
        /// Probability of a mirrored image.
        probability: f64,
    },
    /// Multiply brightness, contrast and saturation, each by a factor from 1 − value to 1 + value.
    ColourJitter {
        /// Largest relative change of brightness.
        brightness: f64,
        /// Largest relative change of contrast.
        contrast: f64,
        /// Largest relative change of saturation.
        saturation: f64,
    },
}

choice! {
    /// The kinds of augmentation.
    enum Kind {
        /// See [`Augmentation::RandomCrop`].
        RandomCrop = "random-crop",
        /// See [`Augmentation::HorizontalFlip`].
        HorizontalFlip = "horizontal-flip",
        /// See [`Augmentation::ColourJitter`].
        ColourJitter = "colour-jitter",
    }
}

impl KindOfTable for Kind {
    fn word(&self) -> &'static str {
        Choice::word(*self)
    }

    fn keys(&self) -> &'static [&'static [Key]] {
        match self {
            Self::RandomCrop => const { &[&[optional("padding_px")]] },
            Self::HorizontalFlip => const { &[&[optional("probability")]] },
            Self::ColourJitter => const { &[&[optional("brightness"), optional("contrast"), optional("saturation")]] },
        }
    }
}

impl Kind {
    /// The augmentation of this kind with its default parameters.
    fn with_defaults(self) -> Augmentation {
        match self {
            Self::RandomCrop => Augmentation::RandomCrop { padding_px: 4 },
            Self::HorizontalFlip => Augmentation::HorizontalFlip { probability: 0.5 },
            Self::ColourJitter => Augmentation::ColourJitter { brightness: 0.2, contrast: 0.2, saturation: 0.2 },
        }
    }
}

impl Augmentation {
    /// The scenario's word for this kind.
    pub fn kind(self) -> &'static str {
        let kind = match self {
            Self::RandomCrop { .. } => Kind::RandomCrop,
            Self::HorizontalFlip { .. } => Kind::HorizontalFlip,
            Self::ColourJitter { .. } => Kind::ColourJitter,
        };
        Choice::word(kind)
    }

    /// Reads the value of the key `augmentation`: a list.
    pub(super) fn read_all(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Vec<Self>> {
        let Some(items) = value.get_ref().as_array() else {
            wrong_type(value, "augmentation", "a list, such as [\"random-crop\", \"horizontal-flip\"]", report);
            return None;
        };
        let read: Vec<_> = items.iter().map(|item| Self::read(item, report)).collect();
        read.into_iter().collect()
    }

    /// Reads one entry: a word, or a table with other parameters than the defaults.
    fn read(value: &Spanned<DeValue<'_>>, report: &mut Report) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else {
            let word = from_value::<String>(value, "augmentation", report)?;
            let kind = Kind::from_word(&word.value);
            if kind.is_none() {
                unknown_word("augmentation", &word, &Kind::words(), report);
            }
            return kind.map(Kind::with_defaults);
        };
        let common = [required("kind", "\"random-crop\"")];
        let place = (value.span(), "augmentation");
        let (reader, kind) = TableReader::open_kind(table, place, &common, Kind::ALL, None, report);
        let mut read = kind?.with_defaults();
        let mut fraction = |key: &str, parameter: &mut f64| {
            let given = reader.real(key, "0 or more, at most 1", |f| (0.0..=1.0).contains(&f), report);
            *parameter = given.map_or(*parameter, |given| given.value);
        };
        match &mut read {
            Self::RandomCrop { padding_px } => {
                let given = reader.count("padding_px", 0..=64, report);
                *padding_px = given.map_or(*padding_px, |given| given.value as u32);
            }
            Self::HorizontalFlip { probability } => fraction("probability", probability),
            Self::ColourJitter { brightness, contrast, saturation } => {
                fraction("brightness", brightness);
                fraction("contrast", contrast);
                fraction("saturation", saturation);
            }
        }
        Some(read)
    }

    /// It as an entry of the list.
    pub(super) fn to_value(self) -> Value {
        let mut table = InlineTable::new();
        table.insert("kind", self.kind().into());
        match self {
            Self::RandomCrop { padding_px } => {
                table.insert("padding_px", i64::from(padding_px).into());
            }
            Self::HorizontalFlip { probability } => {
                table.insert("probability", probability.into());
            }
            Self::ColourJitter { brightness, contrast, saturation } => {
                table.insert("brightness", brightness.into());
                table.insert("contrast", contrast.into());
                table.insert("saturation", saturation.into());
            }
        }
        table.into()
    }

    /// Adds what it means to the meaning of a recipe.
    pub(super) fn meaning(self, meaning: Meaning) -> Meaning {
        let meaning = meaning.text("kind", self.kind());
        match self {
            Self::RandomCrop { padding_px } => meaning.count("padding_px", u64::from(padding_px)),
            Self::HorizontalFlip { probability } => meaning.real("probability", probability),
            Self::ColourJitter { brightness, contrast, saturation } => {
                meaning.real("brightness", brightness).real("contrast", contrast).real("saturation", saturation)
            }
        }
    }
}
