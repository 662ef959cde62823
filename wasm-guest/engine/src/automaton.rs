//! Runs an automaton over a text; knows nothing of fields or case.

use crate::program::Automaton;

/// An automaton made ready to run.
#[derive(Debug)]
pub(crate) struct Runner {
    automaton: Automaton,
    /// The class of each ASCII character.
    ascii: [u16; 128],
}

impl Runner {
    pub(crate) fn new(automaton: &Automaton) -> Self {
        let mut ascii = [0; 128];
        (0..).zip(&mut ascii).for_each(|(char, class)| *class = automaton.class(char));
        Self { automaton: automaton.clone(), ascii }
    }

    /// Is all of `text` accepted?
    pub(crate) fn accepts(&self, text: &str) -> bool {
        let mut state = 0;
        for char in text.chars() {
            let class = match self.ascii.get(char as usize) {
                Some(class) => *class,
                None => self.automaton.class(char as u32),
            };
            match self.automaton.step(state, class) {
                Automaton::NEVER => return false,
                Automaton::ALWAYS => return true,
                next => state = next,
            }
        }
        self.automaton.accepts[usize::from(state)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `a` any number of times, then `b`, then anything; or `é` alone.
    fn automaton() -> Automaton {
        Automaton {
            runs: vec![(0, 0), (0x61, 1), (0x62, 2), (0x63, 0), (0xE9, 3), (0xEA, 0)],
            classes: 4,
            next: [
                [Automaton::NEVER, 1, Automaton::ALWAYS, 2],
                [Automaton::NEVER, 1, Automaton::ALWAYS, Automaton::NEVER],
                [Automaton::NEVER; 4],
            ]
            .concat(),
            accepts: vec![false, false, true],
        }
    }

    #[test]
    fn a_text_is_accepted_as_a_whole() {
        let automaton = automaton();
        assert!(automaton.is_sound());
        for (text, expected) in [
            ("b", true),
            ("aab", true),
            ("aabé😀", true),
            ("é", true),
            ("", false),
            ("a", false),
            ("éb", false),
            ("😀", false),
        ] {
            assert_eq!(Runner::new(&automaton).accepts(text), expected, "{text}");
        }
    }

    #[test]
    fn an_automaton_whose_parts_do_not_fit_is_not_sound() {
        let broken: [fn(&mut Automaton); 6] = [
            |automaton| automaton.next.truncate(11),
            |automaton| automaton.next[0] = 3,
            |automaton| automaton.runs[0].0 = 1,
            |automaton| automaton.runs[1].1 = 4,
            |automaton| automaton.runs.swap(1, 2),
            |automaton| *automaton = Automaton { runs: vec![(0, 0)], classes: 1, next: vec![], accepts: vec![] },
        ];
        for (number, break_it) in broken.iter().enumerate() {
            let mut automaton = automaton();
            break_it(&mut automaton);
            assert!(!automaton.is_sound(), "{number}");
        }
    }
}
