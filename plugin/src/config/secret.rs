//! Keeps secrets out of logs and errors.

use std::fmt::{self, Debug, Formatter};
use std::ops::{Deref, Range};

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};

use super::outline::{Entry, Outline, Shape};

/// A text that nobody shall read by accident; [`Deref`] gives it away.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Deref for Secret {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Debug for Secret {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("[hidden]")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        let text = String::deserialize(value)?;
        if !is_token(&text) {
            return Err(D::Error::custom("visible ASCII characters without spaces, one at least"));
        }
        Ok(Self(text))
    }
}

/// Can `text` stand in a request's header as a token?
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The text of a config as it may be shown: with asterisks for what is secret or may be, all else where it was.
pub(super) fn masked(text: &str) -> String {
    let secrets = find(text);
    let is_secret = |at: usize| secrets.iter().any(|secret| secret.contains(&at));
    let mask = |(at, char): (usize, char)| match char {
        '\n' | '\r' => char.to_string(),
        _ if is_secret(at) => "*".repeat(char.len_utf8()),
        _ => char.to_string(),
    };
    text.char_indices().map(mask).collect()
}

fn find(text: &str) -> Vec<Range<usize>> {
    let outline = Outline::of(text);
    let mut secrets: Vec<_> = outline.entries().filter_map(|entry| in_entry(entry, text)).collect();
    let mut start = 0;
    // For comments, and where the outline ends because the text stops to be YAML.
    for line in text.split_inclusive('\n') {
        let here = in_url(line).into_iter().chain(after_name(line));
        secrets.extend(here.map(|secret| start + secret.start..start + secret.end));
        start += line.len();
    }
    secrets
}

/// A token may stand under a name that is misspelt, or directly behind `auth`.
fn in_entry(entry: &Entry, text: &str) -> Option<Range<usize>> {
    let (name, parents) = entry.path.split_last()?;
    let in_auth = parents.iter().any(|parent| parent == "auth") && name != "strategy" && name != "token_file";
    let is_secret = in_auth || entry.path.iter().any(|name| is_secret_name(name));
    match entry.shape {
        Shape::Scalar if is_secret || name == "auth" => Some(entry.value.clone()),
        // Only its start is known.
        Shape::List if is_secret => {
            let line = text[entry.value.start..].lines().next()?;
            Some(entry.value.start..entry.value.start + line.len())
        }
        _ => None,
    }
}

fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "password", "secret"].iter().any(|word| name.contains(word)) && !name.ends_with("_file")
}

/// What follows a secret's name on its line.
fn after_name(line: &str) -> Option<Range<usize>> {
    let is_secret = |colon: &(usize, &str)| {
        let name = line[..colon.0].rsplit(['{', ',', ' ']).find(|word| !word.is_empty()).unwrap_or_default();
        is_secret_name(name.trim_matches(['"', '\'']))
    };
    let (colon, _) = line.match_indices(':').find(is_secret)?;
    let value = line[colon + 1..].trim_start();
    Some(line.len() - value.len()..line.len())
}

/// User and password, of the first URL in the line that has them.
fn in_url(line: &str) -> Option<Range<usize>> {
    line.match_indices("://").find_map(|(at, scheme_end)| {
        let start = at + scheme_end.len();
        let url = line[start..].split(|char: char| char.is_whitespace() || matches!(char, '"' | '\'')).next()?;
        Some(start..start + url.rfind('@')?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_secret_is_masked_and_all_else_stays_where_it_was() {
        for (text, shown) in [
            ("source:\n  auth:\n    token: abc\n", "source:\n  auth:\n    token: ***\n"),
            ("sink: {auth: {token: \"é\", strategy: bearer}}", "sink: {auth: {token: ************************"),
            (
                "sink: {auth: {tokn: abc, strategy: bearer}} # token: abc",
                "sink: {auth: {tokn: ***, strategy: bearer}} # token: ***",
            ),
            ("sink: {auth: {tokn: abc, token_file: f}}", "sink: {auth: {tokn: ***, token_file: f}}"),
            ("sink:\n  auth: abc\n  type: http", "sink:\n  auth: ***\n  type: http"),
            ("sink: {Bearer-Token: abc, type: http}", "sink: {Bearer-Token: ****************"),
            ("sink: {token: [a, b]}", "sink: {token: *******"),
            ("sink: {token: {a: b}}", "sink: {token: *******"),
            ("sink:\n  token: a\n    bc\n  type: x", "sink:\n  token: *\n******\n  type: x"),
            ("a: [\nb: {'token': abc}", "a: [\nb: {'token': ****"),
            ("uri: https://me:pw@there/x", "uri: https://*****@there/x"),
            ("uri: https://there/x?a=b", "uri: https://there/x?a=b"),
        ] {
            assert_eq!(masked(text).trim(), shown.trim(), "{text}");
        }
    }

    #[test]
    fn a_secret_is_not_debugged_or_serialised() {
        let secret = Secret::from("abc".to_owned());
        assert_eq!(format!("{secret:?} {}", serde_json::to_string(&secret).unwrap()), "[hidden] \"[hidden]\"");
    }
}
