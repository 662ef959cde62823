//! The generic filter for stock Fluent Bit: thin exports around a [`Filter`]; knows nothing of rule languages.
//!
//! It is built once, without rules. `weir build --for fluent-bit` instantiates it, writes a compiled program to where
//! [`malloc`] says, calls [`load`], and keeps a snapshot of the memory: that is a module with rules. Fluent Bit drops the
//! record when a filter traps, and the instance lives on: so nothing here may trap, whatever the record.
#![expect(unsafe_code, reason = "exports that are called from outside, and the memory that they share")]

mod filter;
mod memory;

use std::ffi::CStr;
use std::ptr::slice_from_raw_parts_mut;
use std::sync::{Mutex, PoisonError};

use weir_engine::program::Program;

use filter::Filter;

static FILTER: Mutex<Option<Filter>> = Mutex::new(None);

/// Stands for a record that the host found no room for: by then it is lost, but not without a trace.
static LOST: &CStr = c"{\"weir\":{\"unjudged\":\"memory\"}}";

/// Judges the record, and answers the tagged one, or if there is nothing to add, the pointer that was given. What is answered
/// stays until the next call.
///
/// # Safety
/// Nothing writes to the record meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn weir_filter(
    _tag: *const u8,
    _tag_len: usize,
    _seconds: u32,
    _nanoseconds: u32,
    record: *const u8,
    record_len: usize,
) -> *const u8 {
    if record.is_null() {
        return LOST.as_ptr().cast();
    }
    if !memory::holds(record, record_len) {
        return record;
    }
    // SAFETY: it isn't null, lies within the memory, whose bytes all have values, and by the caller's promise stays.
    let json = unsafe { std::slice::from_raw_parts(record, record_len) };
    let mut filter = FILTER.lock().unwrap_or_else(PoisonError::into_inner);
    filter.as_mut().and_then(|filter| filter.answer(json)).map_or(record, <[u8]>::as_ptr)
}

/// Gives the host a block of memory, or null if there is no room.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    memory::lend(size)
}

/// Takes a block back.
///
/// # Safety
/// `block` is null, or what [`malloc`] gave, and isn't used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(block: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { memory::take_back(block) };
}

/// Takes the program at `start`, in `weir_engine`'s serialised form; traps if it isn't one. Called once, before the snapshot.
///
/// # Safety
/// `start` is what [`malloc`] gave for this `len`, and isn't used again.
#[unsafe(export_name = "weir-load")]
pub unsafe extern "C" fn load(start: *mut u8, len: usize) {
    // SAFETY: the caller's promise: this is a block of `len` bytes, which nobody else uses.
    let bytes = unsafe { &mut *slice_from_raw_parts_mut(start, len) };
    // No `expect`: the text of these errors would be a quarter of the module, and nobody could read it.
    let loaded = Program::from_bytes(bytes).ok().and_then(|program| Filter::new(program, len));
    assert!(loaded.is_some(), "`weir build` checks programs before it loads them");
    *FILTER.lock().unwrap_or_else(PoisonError::into_inner) = loaded;
    // What is freed stays in the snapshot, unless it is zero.
    bytes.fill(0);
    // SAFETY: the caller's promise.
    unsafe { memory::take_back(start) };
}
