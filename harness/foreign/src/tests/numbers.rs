//! Numbers as pandas reads them: what both accept must be the same number.

use std::path::Path;

use serde::Deserialize;

use crate::notation::Notation;
use crate::reading::{self, Format};

/// A text that pandas was given, and what it made of the column `accuracy`.
#[derive(Deserialize)]
struct Read {
    text: String,
    sep: String,
    decimal: String,
    /// The numbers; no value for NaN, and a word for what is infinite. Without the key, pandas refused the text.
    values: Option<Vec<serde_json::Value>>,
    /// Whether rows had more fields than the header, of which pandas takes the first for names.
    #[serde(default)]
    index: bool,
}

#[test]
fn no_number_differs_from_pandas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/fixtures/numbers/numbers.json");
    let corpus: Vec<Read> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let (mut num_both, mut num_numbers) = (0, 0);
    for Read { text, sep, decimal, values, index } in corpus {
        let Some(values) = values.filter(|_| !index) else { continue };
        let mut faults = Vec::new();
        let (table, _) = reading::read(text.as_bytes(), Format::Separated(sep.as_bytes()[0]), &mut faults);
        let (Some(column), true) = (table.column("accuracy"), faults.is_empty()) else { continue };
        let texts = table.at(column).texts().iter().map(AsRef::as_ref);
        let Ok(notation) = Notation::of(texts, Some(decimal == ",")) else { continue };
        let numbers: Vec<Option<f64>> =
            (0..table.num_rows()).map(|row| notation.number(table.text(row, column))).collect();
        // A row whose fields are all empty is none here, and a row without numbers there.
        let is_shorter = numbers.len() != values.len();
        let theirs: Vec<Option<f64>> = values.iter().map(serde_json::Value::as_f64).collect();
        let (numbers, theirs): (Vec<_>, Vec<_>) = match is_shorter {
            true => (
                numbers.into_iter().filter(Option::is_some).collect(),
                theirs.into_iter().flatten().map(Some).collect(),
            ),
            false => (numbers, theirs),
        };
        assert_eq!(numbers.len(), theirs.len(), "{text}");
        num_both += 1;
        for (ours, theirs) in numbers.into_iter().zip(theirs) {
            // What only one takes for a number is told, not misread.
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            num_numbers += 1;
            assert!((ours - theirs).abs() <= 1e-12 * theirs.abs(), "{ours} and not {theirs} in {text:?}");
        }
    }
    assert!(num_both > 150 && num_numbers > 1000, "{num_both} {num_numbers}");
}
