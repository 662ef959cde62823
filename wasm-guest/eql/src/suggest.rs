//! Guesses which known word a misspelt one was meant to be.

/// The candidate nearest to `word`, if it is near enough to be what was meant.
pub(crate) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    nearest_within((word.chars().count() / 3).max(1), word, candidates)
}

/// The candidate nearest to `word`, if at most so many slips are `allowed` between them.
pub(crate) fn nearest_within<'c>(
    allowed: usize,
    word: &str,
    candidates: impl IntoIterator<Item = &'c str>,
) -> Option<&'c str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        // A slip is a character, of at most four bytes: most candidates need no closer look.
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= 4 * allowed)
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn suggests_what_differs_by_a_slip_and_nothing_else() {
        for (word, expected) in [
            ("adn", Some("and")),
            ("AND", Some("and")),
            ("lik~", Some("like~")),
            ("endswih", Some("endsWith")),
            ("x", None),
            ("process", None),
        ] {
            assert_eq!(nearest(word, ["and", "or", "like~", "endsWith"]), expected, "{word}");
        }
    }
}
