//! SLIP and the answers of ROM loader and stub: any bytes on the wire, in any pieces.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| firstpass_device::fuzzing::loader(bytes));
