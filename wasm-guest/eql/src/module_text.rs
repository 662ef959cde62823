//! Reads texts that a module will hold, within its limits; else the fault would be found only when the module is made, where
//! nobody knows any more which file it is in.

use toml::Spanned;
use weir_engine::limits::{Fault, check_lines, check_text};

use crate::rule_table::{Reader, Required, Table};
use crate::toml_text::TomlText;

impl Reader<'_> {
    /// The text of a key that must be there, of at most so many bytes in one line; absent after a problem.
    pub(crate) fn required_name<'t>(
        &mut self,
        table: &Table<'t>,
        required: &Required,
        most: usize,
    ) -> Option<Spanned<&'t str>> {
        let text = self.required_text(table, required)?;
        let checked = check_text(required.key, text.get_ref(), most);
        self.within_limits(text, checked)
    }

    /// The same, but in any number of lines.
    pub(crate) fn required_lines<'t>(
        &mut self,
        table: &Table<'t>,
        required: &Required,
        most: usize,
    ) -> Option<Spanned<&'t str>> {
        let text = self.required_text(table, required)?;
        let checked = check_lines(required.key, text.get_ref(), most);
        self.within_limits(text, checked)
    }

    fn within_limits<'t>(&mut self, text: Spanned<&'t str>, checked: Result<(), Fault>) -> Option<Spanned<&'t str>> {
        let problem = match checked {
            Ok(()) => return Some(text),
            Err(Fault::Control { what, character }) => {
                let start = text.get_ref().find(character).unwrap_or_default();
                let place = TomlText::new(&self.source.text, text.span());
                let place = place.in_file(start..start + character.len_utf8());
                let problem = self.problem(place, format!("`{what}` has the control character {character:?}"));
                problem.help("remove it: a terminal that shows the text would obey it")
            }
            Err(Fault::TooLong { what, bytes, most }) => {
                let problem = self.problem(text.span(), format!("`{what}` has {bytes} bytes, more than {most}"));
                problem.help("shorten it")
            }
            Err(fault) => self.problem(text.span(), fault.to_string()),
        };
        self.problems.push(problem);
        None
    }
}
