//! How literals stand in JSON's bytes: what to search for, and what to look at where it was found.

use super::required::{Literal, Place};
use crate::program::{Case, Folding};

/// Bytes to be searched for, whatever the case of their letters.
#[derive(Debug)]
pub(crate) struct Needle {
    pub(crate) bytes: Vec<u8>,
    pub(crate) proof: Proof,
}

/// What must be so where a needle stands, or else it doesn't count.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Nothing.
    None,
    /// It is in a string that may be a value of one of these fields.
    Value(Vec<u32>),
    /// A key ends with it.
    Key,
    /// Two digits follow, which are the code of one of these characters.
    Code(u128),
}

/// All that must be searched for in order to find any of the `literals`, however it is spelt.
///
/// A character that isn't escaped has one spelling. So has one with a short escape, but for `/`, and but for a `\u00` escape,
/// which is searched for by itself. Beyond ASCII, two characters fold to letters of ASCII.
pub(crate) fn needles(literals: &[Literal], folding: Folding) -> Vec<Needle> {
    let mut needles = Vec::<Needle>::new();
    let mut chars = 0_u128;
    let (mut has_k, mut has_s) = (false, false);
    for literal in literals {
        let bytes = spell(literal);
        match (needles.iter_mut().find(|needle| needle.bytes == bytes).map(|needle| &mut needle.proof), literal.place) {
            (Some(Proof::Value(fields)), Place::Value(field)) => fields.push(field),
            (_, Place::Value(field)) => needles.push(Needle { bytes, proof: Proof::Value(vec![field]) }),
            (_, Place::Scalar) => needles.push(Needle { bytes, proof: Proof::None }),
            (_, Place::Key) => needles.push(Needle { bytes, proof: Proof::Key }),
        }
        for byte in literal.text.bytes() {
            chars |= 1 << byte.to_ascii_lowercase() | 1 << byte.to_ascii_uppercase();
        }
        let folds = literal.case == Case::Insensitive && folding == Folding::Unicode;
        has_k |= folds && literal.text.contains('k');
        has_s |= folds && literal.text.contains('s');
    }
    let mut plain = |bytes: &str| needles.push(Needle { bytes: bytes.into(), proof: Proof::None });
    if has_k {
        ["\u{212A}", "\\u212a"].into_iter().for_each(&mut plain);
    }
    if has_s {
        ["\u{17F}", "\\u017f"].into_iter().for_each(&mut plain);
    }
    if chars >> b'/' & 1 == 1 {
        plain("\\/");
    }
    if chars != 0 {
        needles.push(Needle { bytes: b"\\u00".into(), proof: Proof::Code(chars) });
    }
    needles
}

/// The literal in lower case, with its escapes, and with the quotes that it touches.
fn spell(literal: &Literal) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(literal.starts.then_some(b'"'));
    for byte in literal.text.bytes() {
        bytes.extend(matches!(byte, b'"' | b'\\').then_some(b'\\'));
        bytes.push(byte.to_ascii_lowercase());
    }
    bytes.extend(literal.ends.then_some(b'"'));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::fold_char;

    fn literal(text: &str, case: Case) -> Literal {
        Literal { text: text.into(), case, place: Place::Value(0), starts: true, ends: true }
    }

    #[test]
    fn a_literal_is_searched_for_in_every_spelling() {
        for (text, case, folding, expected) in [
            ("Docker", Case::Sensitive, Folding::Unicode, &[r#""docker""#, r"\u00"][..]),
            ("docker", Case::Insensitive, Folding::Unicode, &[r#""docker""#, "\u{212A}", "\\u212a", r"\u00"]),
            ("docker", Case::Insensitive, Folding::Ascii, &[r#""docker""#, r"\u00"]),
            ("sh", Case::Insensitive, Folding::Unicode, &[r#""sh""#, "\u{17F}", "\\u017f", r"\u00"]),
            ("/bin", Case::Sensitive, Folding::Unicode, &[r#""/bin""#, r"\/", r"\u00"]),
            (r#"C:\W"x"#, Case::Sensitive, Folding::Unicode, &[r#""c:\\w\"x""#, r"\u00"]),
        ] {
            let needles = needles(&[literal(text, case)], folding);
            let spelt: Vec<_> = needles.iter().map(|needle| str::from_utf8(&needle.bytes).unwrap()).collect();
            assert_eq!(spelt, expected, "{text}");
        }
        assert!(needles(&[], Folding::Unicode).is_empty());
    }

    #[test]
    fn escapes_of_other_characters_hide_nothing() {
        let needles = needles(&[literal("aZ", Case::Sensitive)], Folding::Unicode);
        let Proof::Code(chars) = needles[1].proof else { panic!("{needles:?}") };
        let hidden: String = (0..128).filter(|code| chars >> code & 1 == 1).map(|code: u8| char::from(code)).collect();
        assert_eq!(hidden, "AZaz");
    }

    #[test]
    fn a_text_of_two_fields_is_searched_for_once() {
        let twice = [0, 7].map(|field| Literal { place: Place::Value(field), ..literal("sh", Case::Sensitive) });
        assert_eq!(needles(&twice, Folding::Unicode)[0].proof, Proof::Value(vec![0, 7]));
        assert_eq!(needles(&twice, Folding::Unicode).len(), 2);
    }

    #[test]
    fn two_characters_beyond_ascii_fold_to_letters() {
        let folds = |char: &char| !char.is_ascii() && fold_char(Folding::Unicode, *char).is_ascii();
        let all: Vec<char> = ('\0'..=char::MAX).filter(folds).collect();
        assert_eq!(all, ['\u{17F}', '\u{212A}']);
    }
}
