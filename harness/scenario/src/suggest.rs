//! "Did you mean".

/// The candidate nearest to `given`, if it is near enough to be a slip.
pub(crate) fn nearest<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = given.to_lowercase();
    let distance = |candidate: &str| strsim::damerau_levenshtein(&folded, &candidate.to_lowercase());
    let (distance, nearest) = candidates.into_iter().map(|c| (distance(c), c)).min_by_key(|&(distance, _)| distance)?;
    // A third of the word: more is a guess, not a slip.
    let slack = given.chars().count().max(nearest.chars().count()).div_ceil(3);
    // Of a short word, half of the letters must stay: "far" is no slip of "near".
    (distance <= slack && 2 * distance < given.chars().count().max(nearest.chars().count())).then_some(nearest)
}

/// `did you mean "near"?`, if a candidate is near enough.
pub(crate) fn did_you_mean<'a>(given: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(given, candidates).map(|candidate| format!("did you mean {candidate:?}?"))
}

/// `"a", "b" or "c"`.
pub(crate) fn any_of(words: &[&str]) -> String {
    join(words, "or")
}

/// `"a", "b" and "c"`.
pub(crate) fn all_of(words: &[&str]) -> String {
    join(words, "and")
}

fn join(words: &[&str], conjunction: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} {conjunction} {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_guessed_and_another_word_is_not() {
        let words = ["learning_rate", "similarity", "data"];
        assert_eq!(nearest("lerning_rate", words), Some("learning_rate"));
        assert_eq!(nearest("Data", words), Some("data"));
        assert_eq!(nearest("momentum", words), None);
        assert_eq!(did_you_mean("dta", words).as_deref(), Some("did you mean \"data\"?"));
    }

    #[test]
    fn lists_read_as_a_sentence() {
        assert_eq!(any_of(&["a", "b", "c"]), "\"a\", \"b\" or \"c\"");
        assert_eq!(all_of(&["a"]), "\"a\"");
        assert_eq!(any_of(&[]), "nothing");
    }
}
