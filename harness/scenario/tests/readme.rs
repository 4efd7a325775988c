//! scenarios/README.md describes the schema as it is.

use nt_scenario::Code;

const README: &str = include_str!("../../../scenarios/README.md");

#[test]
fn every_code_is_described() {
    for code in Code::ALL {
        assert!(README.contains(&code.to_string()), "{code}");
    }
}

#[test]
fn every_key_is_described() {
    let is_key =
        |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    for line in include_str!("fixtures/good.toml").lines().filter(|line| !line.starts_with('#')) {
        let Some((key, _)) = line.split_once(" = ") else { continue };
        assert!(is_key(key), "{key}");
        assert!(README.contains(&format!("`{key}`")), "{key}");
    }
}

#[test]
fn every_table_is_described() {
    for table in ["[study]", "[model]", "[data.NAME]", "[[source]]", "[[target]]", "[[target.size]]", "[[treatment]]"] {
        assert!(README.contains(&format!("`{table}`")), "{table}");
    }
    for table in ["[training]", "[tuning]", "[verdict]"] {
        assert!(README.contains(&format!("### `{table}`")), "{table}");
    }
}
