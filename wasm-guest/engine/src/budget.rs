//! How much work one event may cause; knows nothing of what it is spent on.
//!
//! Work is counted in steps, such as a byte that one regular expression reads: so an event costs the same on every
//! machine, alone or among others. What takes a bounded time for each byte of an event isn't counted.

/// How many steps all fields of an event may take together.
///
/// A step takes two to five nanoseconds in WebAssembly, so that the worst event takes some 20 ms more than its bytes do. It
/// is far from what happens: 300 regular expressions on a value of 14,000 bytes, or a calculation over two arrays of 200
/// values each.
const SHARED: usize = 4 << 20;

/// How many steps each field may take even when those are spent: so that what one field costs can't silence the rules that
/// look at others.
const OWN: usize = 8 << 10;

/// How many steps it takes to begin with a text, be it empty.
pub(crate) const STEPS_BEFORE_TEXT: usize = 8;

/// How many steps it takes to look for a piece of a pattern where it may stand.
pub(crate) const STEPS_OF_PIECE: usize = 2;

/// How many steps it takes to compare two numbers.
pub(crate) const STEPS_OF_NUMBER: usize = 2;

/// What is left to an event.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Of what is shared.
    left: usize,
    /// What each field has spent of its own; empty as long as what is shared is enough.
    spent_by_field: Vec<usize>,
    /// Has a field been given up?
    is_short: bool,
}

/// What a field has spent that wanted more than there was. It gets nothing any more, be it ever so little: to ask is work,
/// too.
const GIVEN_UP: usize = usize::MAX;

impl Default for Budget {
    fn default() -> Self {
        Self { left: SHARED, spent_by_field: Vec::new(), is_short: false }
    }
}

impl Budget {
    /// Enough for what no event has a say in.
    pub(crate) fn unlimited() -> Self {
        Self { left: usize::MAX, ..Self::default() }
    }

    /// Takes `steps` for `field`, if they are left; else gives the field up.
    #[inline]
    pub(crate) fn take(&mut self, field: usize, steps: usize) -> bool {
        self.take_amply(steps) || self.take_sparsely(field, steps)
    }

    /// Takes `steps`, if what is shared has been enough so far, and is for them.
    #[inline]
    pub(crate) fn take_amply(&mut self, steps: usize) -> bool {
        let is_ample = steps <= self.left && self.spent_by_field.is_empty();
        if is_ample {
            self.left -= steps;
        }
        is_ample
    }

    #[cold]
    fn take_sparsely(&mut self, field: usize, steps: usize) -> bool {
        let spent = self.spent_of_own(field);
        if *spent == GIVEN_UP {
            return false;
        }
        let sum = spent.saturating_add(steps);
        if steps <= self.left {
            self.left -= steps;
        } else if sum <= OWN {
            *self.spent_of_own(field) = sum;
        } else {
            self.give_up(field);
            return false;
        }
        true
    }

    /// Gives nothing to `field` any more.
    pub(crate) fn give_up(&mut self, field: usize) {
        *self.spent_of_own(field) = GIVEN_UP;
        self.is_short = true;
    }

    fn spent_of_own(&mut self, field: usize) -> &mut usize {
        if self.spent_by_field.len() <= field {
            self.spent_by_field.resize(field + 1, 0);
        }
        &mut self.spent_by_field[field]
    }

    /// Has `field` been given up, so that what isn't known about it stays unknown?
    pub(crate) fn has_given_up(&self, field: usize) -> bool {
        self.spent_by_field.get(field) == Some(&GIVEN_UP)
    }

    /// Has any field been given up?
    pub(crate) fn is_short(&self) -> bool {
        self.is_short
    }

    /// How many steps have been taken; none if what is shared wasn't enough.
    pub(crate) fn spent(&self) -> Option<usize> {
        self.spent_by_field.is_empty().then_some(SHARED - self.left)
    }

    /// For the next event.
    pub(crate) fn clear(&mut self) {
        self.left = SHARED;
        self.spent_by_field.clear();
        self.is_short = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_its_own_when_others_have_spent_what_is_shared() {
        let mut budget = Budget::default();
        for (field, steps, expected) in [
            (0, SHARED, true),
            (0, OWN, true),
            (0, 1, false),
            (0, 0, false),
            (2, OWN - 1, true),
            (2, 2, false),
            (1, OWN, true),
            (1, 0, true),
        ] {
            assert_eq!(budget.take(field, steps), expected, "{steps} for {field}");
        }
        assert_eq!([0, 1, 2, 3].map(|field| budget.has_given_up(field)), [true, false, true, false]);
        assert!(budget.is_short());
        budget.clear();
        assert!(!budget.is_short() && budget.take(0, SHARED));
    }

    #[test]
    fn what_is_refused_to_one_field_is_left_to_the_others() {
        let mut budget = Budget::default();
        assert!(budget.take_amply(1));
        assert_eq!(budget.spent(), Some(1));
        assert!(!budget.take(0, SHARED));
        assert_eq!(budget.spent(), None);
        assert!(!budget.take_amply(1));
        assert!(budget.take(1, SHARED - 1));
        assert!(!budget.take(0, 0));
    }
}
