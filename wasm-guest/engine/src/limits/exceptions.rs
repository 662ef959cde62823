//! How much a module may say of its exceptions.

use std::collections::HashSet;

use super::{DescriptionError, Fault, MAX_NAME_BYTES, at_most, check_lines, check_name};
use crate::program::{Coverage, ExceptionMeta};

/// Most exceptions of a module.
pub const MAX_EXCEPTIONS: usize = 1_000;
/// Longest comment of an exception.
pub const MAX_COMMENT_BYTES: usize = 4 << 10;

/// Checks everything that a module of so many `rules` says of its exceptions.
///
/// # Errors
/// If any of it is beyond a limit; says what.
pub fn check_exceptions<'a>(
    exceptions: impl ExactSizeIterator<Item = &'a ExceptionMeta>,
    rules: usize,
) -> Result<(), DescriptionError> {
    at_most(MAX_EXCEPTIONS, "exceptions", exceptions.len()).map_err(DescriptionError::Module)?;
    let mut names = HashSet::new();
    for (place, exception) in exceptions.enumerate() {
        check(exception, rules).map_err(|fault| DescriptionError::Exception { place, fault })?;
        if !names.insert(&exception.name) {
            return Err(DescriptionError::SameException(exception.name.clone()));
        }
    }
    Ok(())
}

fn check(exception: &ExceptionMeta, rules: usize) -> Result<(), Fault> {
    check_name("a name", &exception.name, MAX_NAME_BYTES)?;
    check_lines("a comment", &exception.comment, MAX_COMMENT_BYTES)?;
    let Coverage::Rules(covered) = &exception.rules else { return Ok(()) };
    let is_sound =
        covered.is_sorted_by(|one, next| one < next) && covered.last().is_none_or(|rule| (*rule as usize) < rules);
    if is_sound { Ok(()) } else { Err(Fault::Coverage) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(name: &str) -> ExceptionMeta {
        ExceptionMeta { name: name.into(), comment: "one\r\n\ttwo".into(), ..ExceptionMeta::default() }
    }

    fn says(exceptions: &[ExceptionMeta]) -> String {
        check_exceptions(exceptions.iter(), 2).map_or_else(|error| error.to_string(), |()| "nothing wrong".into())
    }

    #[test]
    fn what_is_at_its_limit_passes() {
        let full = ExceptionMeta {
            name: "x".repeat(MAX_NAME_BYTES),
            comment: "x".repeat(MAX_COMMENT_BYTES),
            rules: Coverage::Rules(vec![0, 1]),
            ..ExceptionMeta::default()
        };
        let many: Vec<_> = (0..MAX_EXCEPTIONS).map(|number| exception(&number.to_string())).collect();
        assert_eq!(says(&[full]), "nothing wrong");
        assert_eq!(says(&many), "nothing wrong");
    }

    #[test]
    fn what_is_beyond_a_limit_is_refused_and_named() {
        let text = |bytes: usize| "x".repeat(bytes + 1);
        for (exceptions, refusal) in [
            (vec![exception("")], "exception 0 with a name that is empty"),
            (vec![exception("a"), exception(&text(MAX_NAME_BYTES))], "exception 1 with a name of 257 bytes"),
            (vec![exception("\u{1b}[2J")], "exception 0 with a name that has the control character"),
            (vec![ExceptionMeta { comment: text(MAX_COMMENT_BYTES), ..exception("a") }], "a comment of 4097 bytes"),
            (
                vec![ExceptionMeta { comment: "\u{7}".into(), ..exception("a") }],
                "a comment that has the control character",
            ),
            (vec![exception("a"), exception("a")], "two exceptions with the name `a`"),
            (vec![exception("a"); MAX_EXCEPTIONS + 1], "1001 exceptions, more than 1000"),
        ] {
            assert!(says(&exceptions).contains(refusal), "{:?} lacks {refusal:?}", says(&exceptions));
        }
        for rules in [vec![2], vec![1, 0], vec![0, 0]] {
            let said = says(&[ExceptionMeta { rules: Coverage::Rules(rules), ..exception("a") }]);
            assert_eq!(said, "exception 0 with rules that aren't there, out of order or twice there");
        }
    }
}
