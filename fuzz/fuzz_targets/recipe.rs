//! Recipe files: any text is read as TOML and told where it is wrong.
#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| firstpass_line::recipe::fuzz(text));
