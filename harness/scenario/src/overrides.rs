//! Overrides from the command line: `--set study.replicates=3`.

use toml_edit::{ArrayOfTables, DocumentMut, Item, Key, Table, TableLike, Value, value};

use crate::diagnostic::{Code, Diagnostic, Faults};
use crate::suggest;

/// The text of a scenario after `key=value` overrides, comments and layout kept.
///
/// A key is dotted: `model.width`, `data.photos.path`. An entry of a list of tables is found by its name or by its
/// number, counted from 0: `source.near.steps`, `target.birds.size.small.train_per_class`. A value is TOML; one that is not,
/// and opens no string, list or table, is taken as a string, so that a shell needs no second quotes. What is set need
/// not exist before, and is checked with the rest by [`Scenario::parse`](crate::Scenario::parse), whose lines are those
/// of the new text. A text that is not TOML comes back as it is, for `parse` to refuse with its place.
///
/// # Errors
/// S027 for every override without `=`, without a key, with half a value, or into something that is not a table.
pub fn apply_set(text: &str, sets: &[String]) -> Result<String, Faults> {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return Ok(text.to_owned()) };
    let refusals: Vec<Diagnostic> =
        sets.iter().filter_map(|set| apply(document.as_table_mut(), set).err()).map(|refusal| *refusal).collect();
    if refusals.is_empty() { Ok(document.to_string()) } else { Err(Faults(refusals)) }
}

/// Boxed, since a refusal is large beside what success returns.
type Refusal = Box<Diagnostic>;

fn apply(root: &mut Table, set: &str) -> Result<(), Refusal> {
    let Some((path, given)) = set.split_once('=') else {
        return Err(refused(set, "it has no value", "write --set key=value, such as --set study.replicates=3"));
    };
    let keys = Key::parse(path.trim());
    let keys =
        keys.map_err(|_| refused(set, "its key is not a dotted key", "such as model.width or source.near.steps"))?;
    let new = parse_value(set, given.trim())?;
    assign(root, &keys, new, set)
}

fn refused(set: &str, reason: &str, accepted: &str) -> Refusal {
    Box::new(Diagnostic::new(Code::Override, format!("--set {set}: {reason}"), accepted))
}

fn parse_value(set: &str, given: &str) -> Result<Value, Refusal> {
    match given.parse::<Value>() {
        Ok(value) => Ok(value),
        Err(_) if given.is_empty() => {
            let accepted = format!(
                "write the empty string with quotes that the shell leaves: --set '{}=\"\"'",
                set.trim_end_matches('=')
            );
            Err(refused(set, "its value is empty", &accepted))
        }
        Err(_) if given.starts_with(['"', '\'', '[', '{']) => {
            let what = match given.as_bytes()[0] {
                b'[' => "a list",
                b'{' => "a table",
                _ => "a string",
            };
            let accepted = "close it; if it is closed where you wrote it, keep the shell from its quotes: \
                            --set 'study.name=\"a\"'";
            Err(refused(set, &format!("its value opens {what} that TOML cannot read"), accepted))
        }
        Err(_) => Ok(given.into()),
    }
}

fn assign(table: &mut dyn TableLike, keys: &[Key], new: Value, set: &str) -> Result<(), Refusal> {
    let [key, rest @ ..] = keys else { return Ok(()) };
    if rest.is_empty() {
        replace(table, key, new);
        return Ok(());
    }
    let item = table.entry_format(key).or_insert(Item::Table(Table::new()));
    let keys = if item.is_array_of_tables() { &rest[1..] } else { rest };
    let inner: &mut dyn TableLike = if let Item::ArrayOfTables(entries) = item {
        let entry = entry_of(entries, key, &rest[0], set)?;
        if keys.is_empty() {
            return Err(refused(set, "it replaces a whole table", "set one of the table's keys"));
        }
        entry
    } else {
        let reason = || format!("{:?} is a value, not a table", key.get());
        item.as_table_like_mut().ok_or_else(|| refused(set, &reason(), "end the key there"))?
    };
    assign(inner, keys, new, set)
}

/// The entry of a list of tables that `wanted` names, or counts from 0.
fn entry_of<'t>(entries: &'t mut ArrayOfTables, list: &Key, wanted: &Key, set: &str) -> Result<&'t mut Table, Refusal> {
    let names: Vec<String> = entries.iter().map(entry_name).collect();
    let wanted = wanted.get();
    let index = names.iter().position(|name| name == wanted).or_else(|| wanted.parse().ok());
    index.and_then(|index| entries.get_mut(index)).ok_or_else(|| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let help = suggest::did_you_mean(wanted, names.iter().copied());
        let reason = format!("there is no {} {wanted:?}", list.get());
        let refusal = refused(set, &reason, &format!("declared: {}", suggest::all_of(&names)));
        Box::new(refusal.help(help))
    })
}

fn entry_name(entry: &Table) -> String {
    entry.get("name").and_then(Item::as_str).unwrap_or_default().to_owned()
}

/// Sets a key; the comments before it and behind its old value stay.
fn replace(table: &mut dyn TableLike, key: &Key, mut new: Value) {
    match table.get_mut(key.get()) {
        Some(item) => {
            if let Some(old) = item.as_value() {
                *new.decor_mut() = old.decor().clone();
            }
            *item = value(new);
        }
        None => {
            table.insert(key.get(), value(new));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[model]\nwidth = 0.125 # narrow\n\n[[source]]\nname = \"near\"\nsteps = 5\n\n[[target]]\nname = \"t\"\n[[target.size]]\nname = \"small\"\n";

    fn set(overrides: &[&str]) -> Result<String, Faults> {
        apply_set(TEXT, &overrides.iter().map(|&set| set.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn an_override_keeps_the_comment() {
        assert!(set(&["model.width=0.25"]).unwrap().contains("width = 0.25 # narrow"));
        let headed = apply_set("# A study.\n\nversion = 1\n", &["version=2".to_owned()]);
        assert_eq!(headed.unwrap(), "# A study.\n\nversion = 2\n");
    }

    #[test]
    fn entries_are_found_by_name_and_by_number() {
        for path in ["source.near.steps=9", "source.0.steps=9"] {
            assert!(set(&[path]).unwrap().contains("steps = 9"), "{path}");
        }
        assert!(set(&["target.t.size.small.steps=7"]).unwrap().contains("steps = 7"));
    }

    #[test]
    fn what_is_not_there_is_added() {
        assert!(set(&["verdict.alpha=0.1"]).unwrap().contains("[verdict]\nalpha = 0.1"));
    }

    #[test]
    fn a_bare_word_is_a_string() {
        assert!(set(&["model.architecture=alexnet-2012"]).unwrap().contains("architecture = \"alexnet-2012\""));
        assert!(set(&["model.name=1..=7"]).unwrap().contains("name = \"1..=7\""));
    }

    #[test]
    fn what_cannot_be_applied_is_refused() {
        for path in ["model.width", "=3", "model.width=[1,", "model.width=", "model.width.x=1", "source.near=1"] {
            let refusals = set(&[path, "model.width=1.0", path]).unwrap_err().0;
            assert_eq!(refusals.len(), 2, "{path}");
            assert_eq!(refusals[0].code, Code::Override, "{path}");
            assert!(refusals[0].message.contains(path));
        }
    }

    #[test]
    fn a_text_that_is_not_toml_comes_back() {
        assert_eq!(apply_set("a = \n", &["b=1".to_owned()]).unwrap(), "a = \n");
    }
}
