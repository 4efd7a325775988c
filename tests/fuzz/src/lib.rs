//! What `nt` reads of others, against any bytes: a format is a file's reader and seeds that it reads without a fault.
//!
//! The same formats run in three ways: mutated a little in every test run, mutated ten thousand times each by `just soak`, and under
//! libFuzzer by `just fuzz MINUTES` where a nightly compiler is. A reader that comes later adds its line to [`Format`].

#![allow(clippy::unwrap_used, reason = "only tests use it, and a temporary folder is all that can fail")]

mod mutation;
mod readers;
mod seeds;

pub use mutation::mutated;

/// A kind of file that `nt` reads of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A scenario.
    Scenario,
    /// The lines of `runs.jsonl`.
    Records,
    /// `manifest.json`.
    Manifest,
    /// A table of `nt analyze`, CSV.
    Csv,
    /// A table of `nt analyze`, JSON Lines.
    JsonLines,
    /// A table of `nt analyze`, Parquet.
    Parquet,
    /// A JPEG.
    Jpeg,
    /// A PNG.
    Png,
    /// Predictions, pictures and networks.
    Safetensors,
    /// A file of weights that `torch.save` wrote.
    Pth,
    /// The pickle in one.
    Pickle,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Scenario,
        Self::Records,
        Self::Manifest,
        Self::Csv,
        Self::JsonLines,
        Self::Parquet,
        Self::Jpeg,
        Self::Png,
        Self::Safetensors,
        Self::Pth,
        Self::Pickle,
    ];

    /// Its name on a command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scenario => "scenario",
            Self::Records => "records",
            Self::Manifest => "manifest",
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
            Self::Parquet => "parquet",
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Safetensors => "safetensors",
            Self::Pth => "pth",
            Self::Pickle => "pickle",
        }
    }

    /// Reads bytes as this format. Whatever they are, it returns: whether they were read without a fault.
    pub fn read(self, bytes: &[u8]) -> bool {
        match self {
            Self::Scenario => readers::scenario(bytes),
            Self::Records => readers::records(bytes),
            Self::Manifest => readers::manifest(bytes),
            Self::Csv => readers::table(bytes, nt_foreign::Format::Text),
            Self::JsonLines => readers::table(bytes, nt_foreign::Format::Json),
            Self::Parquet => readers::table(bytes, nt_foreign::Format::Parquet),
            Self::Jpeg | Self::Png => readers::picture(bytes),
            Self::Safetensors => readers::safetensors(bytes),
            Self::Pth => readers::weights(bytes),
            Self::Pickle => readers::pickle(bytes),
        }
    }

    /// Files of this format that are read without a fault.
    pub fn seeds(self) -> Vec<Vec<u8>> {
        match self {
            Self::Scenario => seeds::scenarios(),
            Self::Records => seeds::records(),
            Self::Manifest => seeds::manifests(),
            Self::Csv => seeds::csv(),
            Self::JsonLines => seeds::json_lines(),
            Self::Parquet => seeds::parquet(),
            Self::Jpeg => seeds::jpegs(),
            Self::Png => seeds::pngs(),
            Self::Safetensors => seeds::safetensors(),
            Self::Pth => seeds::pth(),
            Self::Pickle => seeds::pickles(),
        }
    }
}
