//! Makes text comparable where case doesn't matter; knows nothing of fields or rules.

use crate::program::Folding;

/// Stand before and after a framed text; neither is a byte of UTF-8.
pub(crate) const START: u8 = 0xFE;
pub(crate) const END: u8 = 0xFF;

/// A folded text between two marks: so its ends can be looked for like any other part of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framed<'t>(&'t [u8]);

impl<'t> Framed<'t> {
    /// Folds and frames `text` in `room`.
    pub(crate) fn new(folding: Folding, text: &str, room: &'t mut Vec<u8>) -> Self {
        room.clear();
        room.push(START);
        fold_into(folding, text, room);
        room.push(END);
        Self(room)
    }

    pub(crate) fn with_marks(self) -> &'t [u8] {
        self.0
    }

    pub(crate) fn text(self) -> &'t [u8] {
        &self.0[1..self.0.len() - 1]
    }
}

/// Appends `text` to `out`, folded, so that texts that differ only in case become the same bytes.
pub(crate) fn fold_into(folding: Folding, text: &str, out: &mut Vec<u8>) {
    if folding == Folding::Ascii || text.is_ascii() {
        out.extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        return;
    }
    let mut utf8 = [0; 4];
    for char in text.chars() {
        out.extend_from_slice(fold_char(folding, char).encode_utf8(&mut utf8).as_bytes());
    }
}

/// One character, folded. In Unicode's simple case folding (CaseFolding.txt, status C and S) it stays one, and the
/// Turkic pairs don't fold.
pub(crate) fn fold_char(folding: Folding, char: char) -> char {
    if folding == Folding::Ascii || char.is_ascii() {
        return char.to_ascii_lowercase();
    }
    unicode_case_mapping::case_folded(char).and_then(|folded| char::from_u32(folded.get())).unwrap_or(char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(folding: Folding, text: &str) -> String {
        let mut out = Vec::new();
        fold_into(folding, text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn unicode_folding_is_simple_and_not_turkic() {
        for (text, expected) in [
            ("DockerD", "dockerd"),
            ("\u{212A}ubelet", "kubelet"),
            ("\u{017F}ystemd", "systemd"),
            ("ÄÖÜ", "äöü"),
            ("ΣΑΣ", "σασ"),
            ("straße", "straße"),
            ("\u{1E9E}", "ß"),
            ("\u{0130}\u{0131}I", "\u{0130}\u{0131}i"),
        ] {
            assert_eq!(folded(Folding::Unicode, text), expected, "{text}");
        }
    }

    #[test]
    fn ascii_folding_leaves_everything_else() {
        assert_eq!(folded(Folding::Ascii, "\u{212A}UBELET Ä"), "\u{212A}ubelet Ä");
    }
}
