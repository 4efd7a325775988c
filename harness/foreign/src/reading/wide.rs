//! Wide tables, which have a column for each replicate or for each arm, as long ones.

use super::Table;

/// What a melted table's columns of values were.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WideOf {
    /// One column a replicate: `seed0`, `seed1`.
    Replicates,
    /// One column an arm: `scratch`, `finetuned`.
    Arms,
}

/// The columns of values in a wide table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wide {
    /// What each of them is.
    pub(crate) of: WideOf,
    /// Their positions, each with what its name says of the replicate or the arm.
    pub(crate) columns: Vec<(usize, String)>,
    /// The name of the column that these names become.
    pub(crate) key: String,
    /// The name of the column that the values become.
    pub(crate) value: String,
}

impl Wide {
    /// The columns in words: "a column for each seed: seed0, seed1 … seed4".
    pub(crate) fn words(&self, header: &[String]) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(at, _)| header[*at].as_str()).collect();
        let shown = match names.as_slice() {
            [first, second, _, .., last] if names.len() > 4 => format!("{first}, {second} … {last}"),
            all => all.join(", "),
        };
        format!("a column for each {}: {shown}", self.key)
    }
}

/// Words that columns of one replicate each are named by.
const WORDS: [&str; 12] =
    ["seed", "replicate", "repetition", "repeat", "rep", "run", "fold", "trial", "split", "draw", "s", "r"];

/// The columns that stand for a replicate each: those of one name but for a number at its end, all of whose texts are numbers. If
/// several names have such columns, or the table has a column of values beside them, those that say a replicate's word; `None` if that
/// leaves no one.
pub(crate) fn of_replicates(table: &Table, taken: &[usize], needs_word: bool) -> Option<Wide> {
    let mut groups: Vec<(String, Vec<(usize, String)>)> = Vec::new();
    for (at, name) in table.header().iter().enumerate().filter(|(at, _)| !taken.contains(at)) {
        let Some((stem, number)) = numbered(name) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == stem) {
            Some((_, columns)) => columns.push((at, number)),
            None => groups.push((stem, vec![(at, number)])),
        }
    }
    let is_of_numbers = |(at, _): &(usize, String)| is_of_numbers(table, *at);
    groups.retain(|(_, columns)| columns.len() > 1 && columns.iter().all(is_of_numbers));
    if groups.len() > 1 || needs_word {
        groups.retain(|(stem, _)| word_of(stem).is_some() || stem.is_empty());
    }
    let [(stem, columns)] = <[_; 1]>::try_from(groups).ok()?;
    let key = free_name(table, word_of(&stem).filter(|word| word.len() > 1).unwrap_or("replicate"));
    Some(Wide { of: WideOf::Replicates, columns, key, value: free_name(table, value_of(&stem)) })
}

/// The columns that stand for an arm each, where one of them is called as the reference is: all whose texts are numbers.
pub(crate) fn of_arms(table: &Table, reference: &str, taken: &[usize]) -> Option<Wide> {
    let is_free = |at: &usize| !taken.contains(at) && is_of_numbers(table, *at);
    let columns: Vec<usize> = (0..table.header().len()).filter(is_free).collect();
    let has_reference = columns.iter().any(|at| table.header()[*at].eq_ignore_ascii_case(reference));
    (columns.len() > 1 && has_reference).then(|| Wide {
        of: WideOf::Arms,
        columns: columns.into_iter().map(|at| (at, table.header()[at].clone())).collect(),
        key: free_name(table, "arm"),
        value: free_name(table, "value"),
    })
}

/// The columns that the caller names, each by its name or, for several, by how their names begin and a `*`.
///
/// # Errors
/// A name that no column has.
pub(crate) fn named(table: &Table, names: &[String], of: WideOf) -> Result<Wide, String> {
    let mut columns: Vec<usize> = Vec::new();
    for name in names {
        let is_meant = |known: &str| match name.strip_suffix('*') {
            Some(beginning) => known.starts_with(beginning),
            None => known == name,
        };
        let found = table.header().iter().enumerate().filter(|(_, known)| is_meant(known)).map(|(at, _)| at);
        let count = columns.len();
        columns.extend(found);
        if columns.len() == count {
            return Err(name.clone());
        }
    }
    columns.sort_unstable();
    columns.dedup();
    let header = table.header();
    let numbers: Option<Vec<(String, String)>> = columns.iter().map(|at| numbered(&header[*at])).collect();
    let numbers = numbers.filter(|all| all.iter().all(|(stem, _)| *stem == all[0].0));
    Ok(match (of, numbers) {
        (WideOf::Replicates, Some(numbers)) => {
            let stem = numbers.first().map(|(stem, _)| stem.clone()).unwrap_or_default();
            let key = free_name(table, word_of(&stem).filter(|word| word.len() > 1).unwrap_or("replicate"));
            let value = free_name(table, value_of(&stem));
            let columns = columns.into_iter().zip(numbers).map(|(at, (_, number))| (at, number)).collect();
            Wide { of, columns, key, value }
        }
        (of, _) => {
            let key = free_name(table, if of == WideOf::Arms { "arm" } else { "replicate" });
            let columns = columns.into_iter().map(|at| (at, header[at].clone())).collect();
            Wide { of, columns, key, value: free_name(table, "value") }
        }
    })
}

impl Table {
    /// The long table: for each row and each of the columns, a row with the others' texts, the column's name and its value. Where there
    /// is no value there is no row.
    pub(crate) fn melted(&self, wide: &Wide) -> Self {
        let is_kept = |at: &usize| wide.columns.iter().all(|(column, _)| column != at);
        let kept: Vec<usize> = (0..self.header().len()).filter(is_kept).collect();
        let mut header: Vec<String> = kept.iter().map(|at| self.header()[*at].clone()).collect();
        header.extend([wide.key.clone(), wide.value.clone()]);
        let mut long = Self::with_header(header);
        for row in 0..self.num_rows() {
            for (column, name) in &wide.columns {
                let value = self.text(row, *column);
                if !value.is_empty() {
                    let others = kept.iter().map(|at| self.text(row, *at));
                    long.push(self.line(row), others.chain([name.as_str(), value]));
                }
            }
        }
        long
    }
}

/// A name without the number at its end and what separates the two, and that number: `acc_seed-07` is `acc_seed` and `7`.
fn numbered(name: &str) -> Option<(String, String)> {
    // pandas flattens columns of two levels to ("accuracy", 3), and others to accuracy[3].
    let bare = name.trim_end_matches([')', ']', '}', '"', '\'']);
    let stem = bare.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let digits = &bare[stem.len()..];
    if digits.is_empty() {
        return None;
    }
    let number = match digits.trim_start_matches('0') {
        "" => "0",
        number => number,
    };
    let is_between = |letter: char| !letter.is_alphanumeric();
    Some((stem.trim_end_matches(is_between).trim_start_matches(['(', '[', '\'', '"']).to_owned(), number.to_owned()))
}

/// The replicate's word that a name ends in: `seed` of `acc_seed`.
fn word_of(stem: &str) -> Option<&'static str> {
    let last = stem.rsplit(|letter: char| !letter.is_alphanumeric()).next().unwrap_or(stem);
    WORDS.into_iter().find(|word| last.eq_ignore_ascii_case(word) || last.eq_ignore_ascii_case(&format!("{word}s")))
}

/// What the values are called: `acc` of `acc_seed`, and of `acc`.
fn value_of(stem: &str) -> &str {
    let is_between = |letter: char| !letter.is_alphanumeric();
    let rest = match word_of(stem) {
        Some(_) => stem.rsplit_once(is_between).map_or("", |(rest, _)| rest),
        None => stem,
    };
    match rest.trim_end_matches(is_between) {
        "" => "value",
        rest => rest,
    }
}

/// The name, or a longer one if a column has it.
fn free_name(table: &Table, name: &str) -> String {
    let mut free = name.to_owned();
    while table.column(&free).is_some() {
        free.push('_');
    }
    free
}

/// Whether every text of a column that is not empty begins as a number does, and there is one.
fn is_of_numbers(table: &Table, column: usize) -> bool {
    let texts = || table.at(column).texts().iter().filter(|text| !text.is_empty());
    let is_missing =
        |text: &str| ["nan", "na", "<na>", "none", "null"].iter().any(|word| text.eq_ignore_ascii_case(word));
    let is_number = |text: &str| {
        text.trim_start_matches(['-', '+', '\u{2212}'])
            .starts_with(|letter: char| letter.is_ascii_digit() || letter == '.')
    };
    texts().any(|text| is_number(text)) && texts().all(|text| is_number(text) || is_missing(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(header: &str, rows: &[&str]) -> Table {
        let mut table = Table::with_header(header.split(',').map(str::to_owned).collect());
        rows.iter().enumerate().for_each(|(at, row)| table.push(at + 2, row.split(',')));
        table
    }

    #[test]
    fn columns_of_a_replicate_each_are_recognised_by_their_numbers() {
        for (header, key, value, numbers) in [
            ("arm,seed0,seed1", "seed", "value", ["0", "1"]),
            ("arm,Seed 01,Seed 02", "seed", "value", ["1", "2"]),
            ("arm,acc_seed=3,acc_seed=4", "seed", "acc", ["3", "4"]),
            ("arm,0,1", "replicate", "value", ["0", "1"]),
            ("arm,top1_1,top1_2", "replicate", "top1", ["1", "2"]),
            ("arm,fold1,fold2", "fold", "value", ["1", "2"]),
            ("arm,accuracy[0],accuracy[1]", "replicate", "accuracy", ["0", "1"]),
        ] {
            let wide = of_replicates(&table(header, &["a,.5,.6", "b,.7,.8"]), &[0], false).unwrap();
            assert_eq!((wide.key.as_str(), wide.value.as_str()), (key, value), "{header}");
            assert_eq!(wide.columns.iter().map(|(_, number)| number.as_str()).collect::<Vec<_>>(), numbers);
        }
        assert_eq!(of_replicates(&table("arm,top1_1,top5_1", &["a,.5,.6"]), &[0], false), None);
        assert_eq!(of_replicates(&table("arm,w1,w2", &["a,x,y"]), &[0], false), None);
        assert_eq!(of_replicates(&table("arm,layer1,layer2,acc", &["a,1,2,.5"]), &[0], true), None);
    }

    #[test]
    fn a_wide_table_is_melted_without_what_is_empty() {
        let table = table("arm,seed0,seed1", &["a,.5,.6", "b,,.8"]);
        let wide = of_replicates(&table, &[0], false).unwrap();
        let long = table.melted(&wide);
        assert_eq!(long.header(), ["arm", "seed", "value"]);
        let rows: Vec<Vec<&str>> =
            (0..long.num_rows()).map(|row| (0..3).map(|column| long.text(row, column)).collect()).collect();
        assert_eq!(rows, [["a", "0", ".5"], ["a", "1", ".6"], ["b", "1", ".8"]]);
        assert_eq!((0..3).map(|row| long.line(row)).collect::<Vec<_>>(), [2, 2, 3]);
    }

    #[test]
    fn columns_of_an_arm_each_are_recognised_by_the_reference() {
        let table = table("seed,scratch,frozen,note", &["0,.5,.6,x", "1,.5,.6,y"]);
        let wide = of_arms(&table, "scratch", &[0]).unwrap();
        assert_eq!((wide.key.as_str(), wide.columns.len()), ("arm", 2));
        assert_eq!(of_arms(&table, "base", &[0]), None);
        assert_eq!(wide.words(table.header()), "a column for each arm: scratch, frozen");
    }
}
