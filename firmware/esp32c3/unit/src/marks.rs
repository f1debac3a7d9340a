//! High-water marks of heap and stack, as log lines; only with the feature `marks`, for measuring.
#![expect(unsafe_code, reason = "the stack is looked at from outside")]

use firstpass_contract::logline::Level;

use crate::console;

/// What a word of the stack holds until it is used.
const UNUSED: u32 = 0x5afe_57ac;
/// Bytes at the stack's end that are left alone: the guard word stands there.
const GUARD_BYTES: usize = 256;
/// Bytes below the caller that its own frames use while they paint.
const FRAME_BYTES: usize = 1024;

unsafe extern "C" {
    static _stack_start_cpu0: u32;
    static _stack_end_cpu0: u32;
}

fn bottom() -> usize {
    (&raw const _stack_end_cpu0).addr() + GUARD_BYTES
}

/// Fills the unused part of the stack. To be called first of all.
pub(crate) fn paint() {
    let here = 0_u32;
    let top = (&raw const here).addr() - FRAME_BYTES;
    for at in (bottom()..top).step_by(4) {
        // SAFETY: the linker's symbols delimit the stack, and nothing below the frames of this function is in use.
        unsafe {
            (at as *mut u32).write_volatile(UNUSED);
        }
    }
}

/// Prints how much of heap and stack was in use at most.
pub(crate) fn print() {
    let heap = esp_alloc::HEAP.stats();
    let start = (&raw const _stack_start_cpu0).addr();
    // SAFETY: as above; reading changes nothing.
    let is_unused = |at: &usize| unsafe { (*at as *const u32).read_volatile() } == UNUSED;
    let free = (bottom()..start).step_by(4).take_while(is_unused).count() * 4;
    let (deep, whole) = (start - bottom() - free, start - bottom());
    let text = format_args!(
        "heap {} of {} bytes at most, {} now; stack {deep} of {whole} bytes at most",
        heap.max_usage, heap.size, heap.current_usage
    );
    console::log(Level::Info, "marks", text);
}
