//! The memory that the filter shares with its host, and has for itself; it ends where `plugin/build.rs` says.

use std::alloc::{Layout, alloc, dealloc};
use std::hint::black_box;
use std::ptr::null_mut;

/// Stands before each block that was lent, and says how long it is.
const HEADER: usize = size_of::<Layout>();

/// Lies all of this in the memory?
pub(crate) fn holds(start: *const u8, len: usize) -> bool {
    let pages = core::arch::wasm32::memory_size::<0>() as u64;
    start as u64 + len as u64 <= pages << 16
}

/// A block of `size` bytes for the host; null if there is no room.
pub(crate) fn lend(size: usize) -> *mut u8 {
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
    if lent.is_null() {
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
