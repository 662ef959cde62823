//! The memory that the filter shares with its host, and has for itself; how far it grows, `plugin/build.rs` says.

use std::alloc::{Layout, alloc, dealloc};
use std::cell::{Cell, UnsafeCell};
use std::hint::black_box;
use std::ptr::null_mut;

/// Stands before each block that was allocated for the host, and says how.
const HEADER: usize = size_of::<Layout>();

/// Size of the desk, in bytes.
const DESK: usize = 1 << 16;

/// Where blocks for the host usually lie: it takes two for each record, and gives both back. To allocate and free them would
/// cost an interpreter as much as to search the record.
struct Desk {
    bytes: UnsafeCell<[u64; DESK / 8]>,
    used: Cell<usize>,
    blocks: Cell<usize>,
}

static HOSTS: Desk = Desk { bytes: UnsafeCell::new([0; DESK / 8]), used: Cell::new(0), blocks: Cell::new(0) };

// SAFETY: there are no threads.
unsafe impl Sync for Desk {}

impl Desk {
    /// A block behind all others, if there is room.
    fn lend(&self, size: usize) -> Option<*mut u8> {
        let start = self.used.get();
        let end = start.checked_add(size.checked_next_multiple_of(8)?).filter(|end| *end <= DESK)?;
        self.used.set(end);
        self.blocks.set(self.blocks.get() + 1);
        Some(self.bytes.get().cast::<u8>().wrapping_add(start))
    }

    /// Takes a block back, if it is one; the desk is cleared with the last of them.
    fn take_back(&self, block: *mut u8) -> bool {
        let is_here = (block as usize).wrapping_sub(self.bytes.get() as usize) < DESK;
        if is_here {
            self.blocks.set(self.blocks.get().saturating_sub(1));
            if self.blocks.get() == 0 {
                self.used.set(0);
            }
        }
        is_here
    }
}

/// Lies all of this in the memory?
pub(crate) fn holds(start: *const u8, len: usize) -> bool {
    let pages = core::arch::wasm32::memory_size::<0>() as u64;
    start as u64 + len as u64 <= pages << 16
}

/// A block of `size` bytes for the host; null if there is no room.
pub(crate) fn lend(size: usize) -> *mut u8 {
    if let Some(block) = HOSTS.lend(size) {
        return block;
    }
    let Some(layout) = size.checked_add(HEADER).and_then(layout) else { return null_mut() };
    // SAFETY: with the header, the size isn't zero.
    let block = unsafe { alloc(layout) };
    if block.is_null() {
        return block;
    }
    // SAFETY: the block begins with room for a header, and is aligned as one.
    unsafe {
        block.cast::<Layout>().write(layout);
        block.add(HEADER)
    }
}

/// Takes back what [`lend`] gave.
///
/// # Safety
/// `lent` is null, or what [`lend`] gave, and isn't used again.
pub(crate) unsafe fn take_back(lent: *mut u8) {
    if lent.is_null() || HOSTS.take_back(lent) {
        return;
    }
    // SAFETY: by the caller's promise a header stands before it, and says with which layout the block was made.
    unsafe {
        let block = lent.sub(HEADER);
        dealloc(block, block.cast::<Layout>().read());
    }
}

/// Are `bytes` free, in one piece? An allocation that fails later would be a trap, so room is made sure of beforehand.
pub(crate) fn has_room(bytes: usize) -> bool {
    let Some(layout) = layout(bytes.max(1)) else { return false };
    // SAFETY: the size isn't zero.
    let block = unsafe { alloc(layout) };
    if block.is_null() {
        return false;
    }
    // Unless the block seems to be used, the compiler leaves it out, and supposes that there was one.
    // SAFETY: just made, with this layout.
    unsafe { dealloc(black_box(block), layout) };
    true
}

fn layout(size: usize) -> Option<Layout> {
    Layout::from_size_align(size, align_of::<Layout>()).ok()
}
