//! How much work one event may cause; knows nothing of what it is spent on.
//!
//! Work is counted in steps, such as a byte that one regular expression reads: so an event costs the same on every
//! machine, alone or among others. What takes a bounded time for each byte of an event isn't counted.

/// How many steps all fields of an event may take together.
///
/// A step takes about a nanosecond in WebAssembly, so that the worst event takes some 10 ms more than its bytes do. With
/// thousands of rules, a usual event takes hundreds or thousands of steps; this many are 300 regular expressions on one
/// value of 25 KiB, or a calculation over two arrays of 300 values each.
const SHARED: usize = 8 << 20;

/// How many steps each field may take even when those are spent: so that what one field costs can't silence the rules that
/// look at others.
const OWN: usize = 16 << 10;

/// How many steps it takes to begin with a text, be it empty.
pub(crate) const STEPS_BEFORE_TEXT: usize = 8;

/// What is left to an event.
#[derive(Debug)]
pub(crate) struct Budget {
    /// Of what is shared.
    left: usize,
    /// What each field has spent of its own; empty as long as what is shared is enough.
    spent_by_field: Vec<usize>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: SHARED, spent_by_field: Vec::new() }
    }
}

impl Budget {
    /// Enough for what no event has a say in.
    pub(crate) fn unlimited() -> Self {
        Self { left: usize::MAX, ..Self::default() }
    }

    /// Takes `steps` for `field`, if they are left.
    #[inline]
    pub(crate) fn take(&mut self, field: usize, steps: usize) -> bool {
        self.take_shared(steps) || self.take_own(field, steps)
    }

    /// Takes `steps` from what all fields share, if they are left there.
    #[inline]
    pub(crate) fn take_shared(&mut self, steps: usize) -> bool {
        let is_enough = steps <= self.left;
        if is_enough {
            self.left -= steps;
        }
        is_enough
    }

    #[cold]
    fn take_own(&mut self, field: usize, steps: usize) -> bool {
        if self.spent_by_field.len() <= field {
            self.spent_by_field.resize(field + 1, 0);
        }
        let spent = self.spent_by_field[field].saturating_add(steps);
        let is_enough = spent <= OWN;
        if is_enough {
            self.spent_by_field[field] = spent;
        }
        is_enough
    }

    /// How many steps have been taken; none if what is shared wasn't enough.
    pub(crate) fn spent(&self) -> Option<usize> {
        self.spent_by_field.is_empty().then_some(SHARED - self.left)
    }

    /// For the next event.
    pub(crate) fn clear(&mut self) {
        self.left = SHARED;
        self.spent_by_field.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_has_its_own_when_others_have_spent_what_is_shared() {
        let mut budget = Budget::default();
        for (field, steps, expected) in [
            (0, SHARED - 1, true),
            (0, 1, true),
            (0, OWN, true),
            (0, 1, false),
            (2, usize::MAX, false),
            (2, OWN - 1, true),
            (2, 2, false),
            (1, OWN, true),
            (0, 0, true),
        ] {
            assert_eq!(budget.take(field, steps), expected, "{steps} for {field}");
        }
        assert_eq!(budget.spent(), None);
        budget.clear();
        assert_eq!(budget.spent(), Some(0));
        assert!(budget.take(0, SHARED));
        assert_eq!(budget.spent(), Some(SHARED));
    }

    #[test]
    fn what_is_refused_costs_nothing() {
        let mut budget = Budget::default();
        assert!(!budget.take_shared(SHARED + 1));
        assert!(budget.take_shared(SHARED));
        assert!(!budget.take_shared(1));
    }
}
