//! A fixed hash table from (group, bytes) to a number: the same for field names under a node and for literals of a field.

/// Built once, only read afterwards.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// A power of two of them, at least half empty.
    entries: Vec<Option<Entry>>,
    /// What is left of a hash when its first bits, the best ones, have chosen the entry.
    shift: u32,
    /// All keys, one after the other.
    keys: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    hash: u64,
    group: u16,
    start: u32,
    end: u32,
    number: u32,
}

impl Lookup {
    /// Indexes keys that are all different.
    pub(crate) fn new<'k>(items: impl ExactSizeIterator<Item = (u16, &'k [u8], u32)>) -> Self {
        let capacity = (items.len() * 2).next_power_of_two().max(2);
        let mut table = Self { entries: vec![None; capacity], shift: u64::BITS - capacity.ilog2(), keys: Vec::new() };
        for (group, key, number) in items {
            let hash = hash(group, key);
            let start = table.keys.len() as u32;
            table.keys.extend_from_slice(key);
            let mut slot = table.first_slot(hash);
            while table.entries[slot].is_some() {
                slot = (slot + 1) & (capacity - 1);
            }
            table.entries[slot] = Some(Entry { hash, group, start, end: table.keys.len() as u32, number });
        }
        table
    }

    /// The number that `key` has in `group`, if it has one.
    pub(crate) fn find(&self, group: u16, key: &[u8]) -> Option<u32> {
        let hash = hash(group, key);
        let mut slot = self.first_slot(hash);
        while let Some(entry) = self.entries[slot] {
            let same = entry.hash == hash && entry.group == group;
            if same && self.keys[entry.start as usize..entry.end as usize] == *key {
                return Some(entry.number);
            }
            slot = (slot + 1) & (self.entries.len() - 1);
        }
        None
    }

    fn first_slot(&self, hash: u64) -> usize {
        (hash >> self.shift) as usize
    }
}

/// Enough of the key to tell rule literals apart: its length, its first and its last eight bytes. An attacker who
/// chooses event values can't make chains longer, since only rules put keys in.
pub(crate) fn hash(group: u16, key: &[u8]) -> u64 {
    let (first, last) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (key.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    let length_and_group = (key.len() as u64) << 16 | u64::from(group);
    (first ^ last.rotate_left(23) ^ length_and_group.rotate_left(40)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_put_in_and_nothing_else() {
        let names: Vec<String> = (0..500).map(|n| format!("some.field.name.{n}")).collect();
        let table = Lookup::new(names.iter().enumerate().map(|(n, name)| (n as u16 % 3, name.as_bytes(), n as u32)));
        for (n, name) in names.iter().enumerate() {
            assert_eq!(table.find(n as u16 % 3, name.as_bytes()), Some(n as u32));
            assert_eq!(table.find(n as u16 % 3 + 1, name.as_bytes()), None, "{name} in another group");
        }
        assert_eq!(table.find(0, b""), None);
        assert_eq!(table.find(0, b"some.field.name.500"), None);
    }

    #[test]
    fn an_empty_table_finds_nothing() {
        assert_eq!(Lookup::new(std::iter::empty()).find(0, b"a"), None);
    }
}
