//! Wide tables, which have a column for each replicate or for each arm, as long ones.

use super::Table;
use crate::fault::Fault;
use crate::key::Key;
use crate::notation::is_a_number;

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
const WORDS: [&str; 11] =
    ["seed", "replicate", "repetition", "repeat", "rep", "run", "fold", "cv", "trial", "split", "draw"];

/// Names of values that may be numbered without such a word: `acc0`, `acc1`.
const VALUES: [&str; 5] = ["accuracy", "acc", "top1", "value", "score"];

/// Columns that number themselves, or sum others up, and are no arms.
const NO_ARMS: [&str; 46] = [
    "index",
    "id",
    "n",
    "mean",
    "avg",
    "average",
    "std",
    "sd",
    "sem",
    "min",
    "max",
    "median",
    "diff",
    "difference",
    "delta",
    "p",
    "p_value",
    "lr",
    "learning_rate",
    "epoch",
    "epochs",
    "step",
    "steps",
    "batch_size",
    "wd",
    "weight_decay",
    "dropout",
    "temperature",
    "momentum",
    "time",
    "runtime",
    "duration",
    "created",
    "date",
    "year",
    "params",
    "gpu",
    "gpus",
    "device",
    "rank",
    "width",
    "depth",
    "hours",
    "size",
    "host",
    "node",
];

/// What stands before and behind the number of a name.
type Around = (String, String);

/// A name with a number in it: what stands before and behind that.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Numbered {
    stem: String,
    rest: String,
    number: String,
    /// Where the number stands in the name.
    at: std::ops::Range<usize>,
}

/// The columns that stand for a replicate each: those of one name but for a number, all of whose texts are numbers, that say a replicate's
/// word, hold nothing but the number, or are a value's, numbered from 0 or 1. `None` if several names have such columns.
pub(crate) fn of_replicates(table: &Table, taken: &[usize], needs_word: bool) -> Option<Wide> {
    let mut groups: Vec<(Around, Vec<(usize, String)>)> = Vec::new();
    for (at, name) in table.header().iter().enumerate().filter(|(at, name)| !taken.contains(at) && !is_unnamed(name)) {
        let Some(Numbered { stem, rest, number, .. }) = numbered(name) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == (stem.clone(), rest.clone())) {
            Some((_, columns)) => columns.push((at, number)),
            None => groups.push(((stem, rest), vec![(at, number)])),
        }
    }
    let is_of_numbers = |(at, _): &(usize, String)| is_of_numbers(table, *at);
    groups.retain(|((stem, rest), columns)| {
        // Numbers alone may be years or angles, unless they count.
        let is_of_replicates = word_of(stem).is_some() || stem.is_empty() && rest.is_empty() && is_counted(columns);
        let is_of_a_value = VALUES.contains(&stem.to_lowercase().as_str()) && rest.is_empty() && is_counted(columns);
        columns.len() > 1
            && columns.iter().all(is_of_numbers)
            && (is_of_replicates && (!needs_word || !stem.is_empty()) || is_of_a_value && !needs_word)
    });
    // Scikit-learn writes those of training beside those of the test.
    let is_of_test = |((_, rest), _): &(Around, Vec<(usize, String)>)| rest.split('_').any(|word| word == "test");
    if groups.iter().filter(|group| is_of_test(group)).count() == 1 {
        groups.retain(is_of_test);
    }
    let [((stem, rest), columns)] = <[_; 1]>::try_from(groups).ok()?;
    Some(of_one(table, &stem, &rest, columns))
}

/// Whether numbers are counted from 0 or 1. Otherwise they may be of guesses, sizes or steps: `acc1`, `acc5`.
fn is_counted(columns: &[(usize, String)]) -> bool {
    let numbers: Vec<usize> = columns.iter().filter_map(|(_, number)| number.parse().ok()).collect();
    let first = numbers.first().copied().unwrap_or(2);
    first < 2 && numbers.len() == columns.len() && numbers.iter().enumerate().all(|(at, number)| *number == first + at)
}

fn of_one(table: &Table, stem: &str, rest: &str, columns: Vec<(usize, String)>) -> Wide {
    // Scikit-learn calls the folds of its cross-validation so: split0_test_score.
    let is_of_folds = word_of(stem) == Some("cv")
        || word_of(stem) == Some("split") && (rest.ends_with("score") || rest.starts_with("test"));
    let word = if is_of_folds { Some("fold") } else { word_of(stem) };
    let value = if rest.is_empty() { value_of(stem) } else { rest };
    let (key, value) = (free_name(table, word.unwrap_or("replicate")), free_name(table, value));
    Wide { of: WideOf::Replicates, columns, key, value }
}

/// The columns that stand for an arm each, where one of them is called as the reference is: all whose texts are numbers. `None` if one of
/// these is called as a setting or a summary is.
pub(crate) fn of_arms(table: &Table, reference: &str, taken: &[usize]) -> Option<Wide> {
    let is_free = |at: &usize| !taken.contains(at) && !is_unnamed(&table.header()[*at]) && is_of_numbers(table, *at);
    let columns: Vec<usize> = (0..table.header().len()).filter(is_free).collect();
    let is_no_arm = |at: &usize| {
        let name = table.header()[*at].to_lowercase();
        let last = name.rsplit("__").next().unwrap_or_default();
        let is_counted = ["num_", "n_", "gpu_"].iter().any(|start| name.starts_with(start));
        NO_ARMS.contains(&name.as_str()) || last != name && NO_ARMS.contains(&last) || is_counted
    };
    let has_reference = columns.iter().any(|at| table.header()[*at].eq_ignore_ascii_case(reference));
    (columns.len() > 1 && has_reference && !columns.iter().any(is_no_arm)).then(|| Wide {
        of: WideOf::Arms,
        columns: columns.into_iter().map(|at| (at, table.header()[at].clone())).collect(),
        key: free_name(table, "arm"),
        value: free_name(table, "value"),
    })
}

/// Whether a column is the index of a data frame, which has no name, or the one that pandas gives it.
fn is_unnamed(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: ")
}

/// The columns that the caller names, each by its name or, for several, with a `*` in it.
///
/// # Errors
/// The fault of a name that no column has, or that means columns of several metrics.
pub(crate) fn named(table: &Table, names: &[String], of: WideOf) -> Result<Wide, Fault> {
    let header = table.header();
    let mut columns: Vec<usize> = Vec::new();
    for name in names {
        let is_meant = |known: &str| match name.split_once('*') {
            Some((beginning, end)) => {
                known.len() >= beginning.len() + end.len() && known.starts_with(beginning) && known.ends_with(end)
            }
            None => known == name,
        };
        let count = columns.len();
        columns.extend(header.iter().enumerate().filter(|(_, known)| is_meant(known)).map(|(at, _)| at));
        if columns.len() == count {
            return Err(Fault::NoWideColumn { given: name.clone(), known: table.names() });
        }
    }
    columns.sort_unstable();
    columns.dedup();
    let numbers: Option<Vec<Numbered>> = columns.iter().map(|at| numbered(&header[*at])).collect();
    match (of, numbers) {
        (WideOf::Replicates, Some(numbers)) if !numbers.is_empty() => {
            let first = numbers[0].clone();
            if let Some(other) = numbers.iter().position(|it| (&it.stem, &it.rest) != (&first.stem, &first.rest)) {
                return Err(Fault::WideMixed {
                    given: names.join(","),
                    columns: format!("{} and {}", header[columns[0]], header[columns[other]]),
                    such_as: {
                        let name = &header[columns[0]];
                        format!("{}*{}", &name[..first.at.start], &name[first.at.end..])
                    },
                });
            }
            let columns = columns.into_iter().zip(numbers).map(|(at, it)| (at, it.number)).collect();
            Ok(of_one(table, &first.stem, &first.rest, columns))
        }
        (of, _) => {
            let key = free_name(table, if of == WideOf::Arms { "arm" } else { "replicate" });
            let columns = columns.into_iter().map(|at| (at, header[at].clone())).collect();
            Ok(Wide { of, columns, key, value: free_name(table, "value") })
        }
    }
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

/// The number of a name, and what stands around it: of `acc_seed-07` 7, `acc_seed` and nothing, of `seed0_top1` 0, `seed` and `top1`. Of
/// several numbers the one behind a replicate's word, or the last.
fn numbered(name: &str) -> Option<Numbered> {
    let is_between = |letter: char| !letter.is_alphanumeric();
    let mut all: Vec<Numbered> = Vec::new();
    let mut begin = 0;
    while let Some(at) = name[begin..].find(|letter: char| letter.is_ascii_digit()).map(|at| begin + at) {
        let end = name[at..].find(|letter: char| !letter.is_ascii_digit()).map_or(name.len(), |length| at + length);
        let number = name[at..end].trim_start_matches('0');
        all.push(Numbered {
            // pandas flattens columns of two levels to ("accuracy", 3), and others to accuracy[3].
            stem: name[..at].trim_matches(is_between).to_owned(),
            rest: name[end..].trim_matches(is_between).to_owned(),
            number: if number.is_empty() { "0".to_owned() } else { number.to_owned() },
            at: at..end,
        });
        begin = end;
    }
    let by_word = all.iter().position(|it| word_of(&it.stem).is_some());
    let last = by_word.or_else(|| all.iter().rposition(|it| it.rest.is_empty()))?;
    Some(all.swap_remove(last))
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

/// Whether every text of a column that is not missing begins as a number does, and there is one.
fn is_of_numbers(table: &Table, column: usize) -> bool {
    let is_missing = |text: &str| Key::new(text).is_blank() || Key::new(text).is_missing();
    let mut texts = table.at(column).texts().iter().filter(|text| !is_missing(text)).peekable();
    texts.peek().is_some() && texts.all(|text| is_a_number(text))
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
            ("arm,acc1,acc2", "replicate", "acc", ["1", "2"]),
            ("arm,seed0_loss,seed1_loss", "seed", "loss", ["0", "1"]),
            ("arm,split0_test_score,split1_test_score", "fold", "test_score", ["0", "1"]),
            ("arm,cv0,cv1", "fold", "value", ["0", "1"]),
            ("arm,fold1,fold2", "fold", "value", ["1", "2"]),
            ("arm,accuracy[0],accuracy[1]", "replicate", "accuracy", ["0", "1"]),
        ] {
            let wide = of_replicates(&table(header, &["a,.5,.6", "b,.7,.8"]), &[0], false).unwrap();
            assert_eq!((wide.key.as_str(), wide.value.as_str()), (key, value), "{header}");
            assert_eq!(wide.columns.iter().map(|(_, number)| number.as_str()).collect::<Vec<_>>(), numbers);
        }
        for header in [
            "arm,top1_1,top5_1",
            "arm,acc1,acc5",
            "arm,R@1,R@5",
            "arm,r1,r2",
            "arm,0,15",
            "arm,2019,2020",
            "arm,hits@1,hits@5",
            "arm,epoch1,epoch2",
            "arm,n10,n100",
            "arm,CIFAR10,CIFAR100",
        ] {
            assert_eq!(of_replicates(&table(header, &["a,.5,.6"]), &[0], false), None, "{header}");
        }
        let both = table("arm,seed0_acc,seed1_acc,seed0_loss,seed1_loss", &["a,.5,.6,1,2"]);
        assert_eq!(of_replicates(&both, &[0], false), None);
        let refused = named(&both, &["seed*".to_owned()], WideOf::Replicates).unwrap_err().to_string();
        assert!(refused.contains("such as --wide 'seed*_acc'"), "{refused}");
        assert_eq!(named(&both, &["seed*_loss".to_owned()], WideOf::Replicates).unwrap().value, "loss");
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
        for other in ["lr", "gpu", "dropout", "p_value", "num_train", "frozen__MIN", "created"] {
            let with_other = self::table(&format!("seed,scratch,frozen,{other}"), &["0,.5,.6,.1"]);
            assert_eq!(of_arms(&with_other, "scratch", &[0]), None, "{other}");
        }
        assert_eq!(wide.words(table.header()), "a column for each arm: scratch, frozen");
    }
}
