//! Splits a query into tokens, one at a time; knows words and signs, but no grammar.

use weir_engine::program::Number;

use crate::fault::{Fault, Span};

/// The words that EQL keeps for itself; a field so named must stand in backquotes.
pub(crate) const KEYWORDS: [&str; 18] = [
    "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or", "regex", "sequence",
    "true", "until", "where", "with",
];
/// The keywords that ignore case when a tilde follows.
pub(crate) const TILDE_KEYWORDS: [&str; 3] = ["in~", "like~", "regex~"];
/// A sign stands before every sign that it begins with.
const SIGNS: [&str; 21] =
    ["==", "!=", "<=", ">=", "<", ">", "=", ":", "+", "-", "*", "/", "%", ".", ",", "[", "]", "(", ")", "|", "?"];
/// What other languages write, and EQL's own past, with what to write instead.
const FOREIGN_SIGNS: [(&str, &str); 10] = [
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("!:", "write `not field : …`"),
    ("!", "write `not`"),
    ("<>", "write `!=`"),
    ("'", "put text in double quotes"),
    ("“", "put text in straight double quotes: `\"`"),
    ("?\"", "write raw text as `\"\"\"…\"\"\"`"),
    ("?'", "write raw text as `\"\"\"…\"\"\"`"),
    (";", "remove it: a rule has one query"),
];

/// One word, sign or constant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'q> {
    pub(crate) kind: TokenKind<'q>,
    pub(crate) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum TokenKind<'q> {
    /// A keyword or a sign.
    Fixed(&'static str),
    /// A plain word.
    Name(&'q str),
    /// A plain word and the `~` right after it.
    TildeName(&'q str),
    /// A name that stood in backquotes.
    QuotedName(String),
    Text(String),
    Number(Number),
    End,
}

impl Token<'_> {
    /// Is this the keyword or sign `fixed`?
    pub(crate) fn is(&self, fixed: &str) -> bool {
        matches!(self.kind, TokenKind::Fixed(own) if own == fixed)
    }
}

/// Yields the tokens of one query.
pub(crate) struct Lexer<'q> {
    pub(crate) query: &'q str,
    pub(crate) position: usize,
}

impl<'q> Lexer<'q> {
    pub(crate) fn new(query: &'q str) -> Self {
        Self { query, position: 0 }
    }

    /// The next token; after the last one, [`TokenKind::End`] right behind it, again and again.
    pub(crate) fn next_token(&mut self) -> Result<Token<'q>, Fault> {
        let previous_end = self.position;
        self.skip_blanks()?;
        let start = self.position;
        let Some(first) = self.rest().chars().next() else {
            self.position = previous_end;
            return Ok(Token { kind: TokenKind::End, span: previous_end..previous_end });
        };
        let kind = match first {
            'A'..='Z' | 'a'..='z' | '_' | '@' => self.word(),
            '`' => self.quoted_name()?,
            '"' => self.text()?,
            '0'..='9' => self.number()?,
            '.' if self.rest()[1..].starts_with(|c: char| c.is_ascii_digit()) => self.number()?,
            _ => self.sign(first)?,
        };
        Ok(Token { kind, span: start..self.position })
    }

    pub(crate) fn rest(&self) -> &'q str {
        &self.query[self.position..]
    }

    fn skip_blanks(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\n']);
            self.position += rest.len() - trimmed.len();
            let length = if trimmed.starts_with("//") {
                trimmed.find('\n').unwrap_or(trimmed.len())
            } else if trimmed.starts_with("/*") {
                self.block_comment(trimmed)?
            } else {
                return Ok(());
            };
            self.position += length;
        }
    }

    /// The length of the comment with which `text` begins.
    fn block_comment(&self, text: &str) -> Result<usize, Fault> {
        // Where comments don't pair up, `/*` is text, as in `/* not /usr/* */`.
        let end = nested_end(text).or_else(|| text[2..].find("*/").map(|found| found + 4));
        end.ok_or_else(|| {
            Fault::new(self.position..self.position + 2, "comment without an end")
                .label("opened here")
                .help("close it with `*/`")
        })
    }

    fn word(&mut self) -> TokenKind<'q> {
        let rest = self.rest();
        let length = rest[1..].find(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(rest.len(), |end| end + 1);
        let has_tilde = rest[length..].starts_with('~');
        let word = &rest[..length + usize::from(has_tilde)];
        self.position += word.len();
        let keyword = KEYWORDS.into_iter().chain(TILDE_KEYWORDS).find(|keyword| *keyword == word);
        match (keyword, has_tilde) {
            (Some(keyword), _) => TokenKind::Fixed(keyword),
            (None, true) => TokenKind::TildeName(word),
            (None, false) => TokenKind::Name(word),
        }
    }

    fn quoted_name(&mut self) -> Result<TokenKind<'q>, Fault> {
        let start = self.position;
        let mut name = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((at, char)) = chars.next() {
            if char != '`' {
                name.push(char);
            } else if chars.next_if(|(_, next)| *next == '`').is_some() {
                name.push('`');
            } else {
                self.position = start + at + 1;
                return Ok(TokenKind::QuotedName(name));
            }
        }
        let fault = Fault::new(start..start + 1, "quoted name without an end").label("opened here");
        Err(fault.help("close it with a backquote; a backquote within the name is written twice"))
    }

    fn sign(&mut self, first: char) -> Result<TokenKind<'q>, Fault> {
        let rest = self.rest();
        let foreign = FOREIGN_SIGNS.into_iter().find(|(sign, _)| rest.starts_with(sign));
        if let Some((sign, remedy)) = foreign.filter(|_| !rest.starts_with("!=")) {
            let span = self.position..self.position + sign.len();
            return Err(Fault::new(span, format!("`{sign}` isn't part of EQL")).help(remedy));
        }
        let sign = SIGNS.into_iter().find(|sign| rest.starts_with(sign)).ok_or_else(|| self.unknown(first))?;
        self.position += sign.len();
        Ok(TokenKind::Fixed(sign))
    }

    fn unknown(&self, char: char) -> Fault {
        let span = self.position..self.position + char.len_utf8();
        Fault::new(span, format!("`{}` isn't part of EQL", char.escape_debug()))
            .help("remove it; a field name with unusual characters stands in backquotes, text in double quotes")
    }
}

/// Where the comment ends with which `text` begins, if all comments within it do too.
fn nested_end(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        at += text[at..].find(['/', '*'])?;
        if text[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tokens of `query`, without their places.
    fn tokens(query: &str) -> Vec<TokenKind<'_>> {
        let mut lexer = Lexer::new(query);
        std::iter::from_fn(|| Some(lexer.next_token().expect(query).kind))
            .take_while(|kind| *kind != TokenKind::End)
            .collect()
    }

    #[test]
    fn a_name_is_split_at_its_dots() {
        let expected = ["@timestamp", "a_1", "b"].map(TokenKind::Name);
        let dots = tokens("@timestamp.a_1 . b").into_iter().filter(|kind| *kind != TokenKind::Fixed("."));
        assert_eq!(dots.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_keyword_is_one_in_its_exact_spelling_only() {
        assert_eq!(tokens("and"), [TokenKind::Fixed("and")]);
        assert_eq!(tokens("And"), [TokenKind::Name("And")]);
        assert_eq!(tokens("android"), [TokenKind::Name("android")]);
    }

    #[test]
    fn a_tilde_belongs_to_the_word_before_it() {
        assert_eq!(tokens("in~"), [TokenKind::Fixed("in~")]);
        assert_eq!(tokens("endsWith~"), [TokenKind::TildeName("endsWith~")]);
    }

    #[test]
    fn a_backquoted_name_holds_anything_and_doubles_its_backquotes() {
        assert_eq!(tokens("`my-``field`"), [TokenKind::QuotedName("my-`field".into())]);
    }

    #[test]
    fn comments_are_blanks() {
        let comments =
            ["// and\n /* or \n*/ /**/", "/* /* or */ and */", "/*/ or /*/", "/* not /usr/* */", "/***/ /* é* / // */"];
        for comment in comments {
            let query = format!("a {comment} b//");
            assert_eq!(tokens(&query), [TokenKind::Name("a"), TokenKind::Name("b")], "{comment}");
        }
    }

    #[test]
    fn the_longest_sign_wins() {
        assert_eq!(tokens("<=<"), [TokenKind::Fixed("<="), TokenKind::Fixed("<")]);
    }
}
