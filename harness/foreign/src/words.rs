//! The words of a column's name.

/// The words of a name, in small letters: `testRMSE`, `val/top1_err` and `ErrorRate` have two and three.
pub(crate) fn words_of(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = vec![String::new()];
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| letters[before]);
        let after = letters.get(at + 1);
        // valLoss, and MSELoss.
        let begins = letter.is_uppercase()
            && (before.is_some_and(char::is_lowercase)
                || before.is_some_and(char::is_uppercase) && after.is_some_and(|after| after.is_lowercase()));
        if begins || !letter.is_alphanumeric() {
            words.push(String::new());
        }
        if let (true, Some(word)) = (letter.is_alphanumeric(), words.last_mut()) {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::words_of;

    #[test]
    fn names_are_divided_as_people_write_them() {
        for (name, words) in [
            ("val/top1_err", &["val", "top1", "err"][..]),
            ("testRMSE", &["test", "rmse"]),
            ("MSELoss", &["mse", "loss"]),
            ("Fold ID", &["fold", "id"]),
            ("cross-entropy (bits)", &["cross", "entropy", "bits"]),
            ("R2", &["r2"]),
        ] {
            assert_eq!(words_of(name), words, "{name}");
        }
    }
}
