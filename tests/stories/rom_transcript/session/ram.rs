//! Uploads to RAM.

use super::{Session, Step, ask, block, block_of, burst, unsound, words};

/// Where the uploads go.
const AT: u32 = 0x3fca_1000;
const BEGIN: u8 = 0x05;
const END: u8 = 0x06;
const DATA: u8 = 0x07;
const READ: u8 = 0x0a;

pub(super) fn sessions() -> Vec<Session> {
    vec![
        Session::new("upload to RAM", [begins(), blocks(), ends()].into_iter().flatten().collect()),
        Session::new("user code at nothing", vec![ask("mem_end at nothing", END, &words(&[0, 0]))]),
    ]
}

fn sixteen() -> Vec<u8> {
    (0x21..0x31).collect()
}

fn read(name: &'static str, address: u32) -> Step {
    ask(name, READ, &words(&[address]))
}

fn begins() -> Vec<Step> {
    vec![
        ask("mem_begin too short", BEGIN, &words(&[16, 1])),
        ask("mem_begin too long", BEGIN, &words(&[16, 1, 16, AT, 0])),
        ask("mem_begin with blocks too long", BEGIN, &words(&[0x2000, 1, 0x1801, AT])),
        ask("mem_begin with the longest blocks", BEGIN, &words(&[0x2000, 2, 0x1800, AT])),
        ask("mem_begin in the ROM", BEGIN, &words(&[16, 1, 16, 0x4000_0000])),
        ask("mem_begin of nothing", BEGIN, &words(&[0, 0, 0, AT])),
    ]
}

fn blocks() -> Vec<Step> {
    let begin = |name| ask(name, BEGIN, &words(&[32, 2, 16, AT]));
    vec![
        begin("mem_begin"),
        ask("mem_data", DATA, &block(0, &sixteen())),
        read("what was uploaded", AT + 4),
        read("the same on the instruction bus", AT + 4 + 0x70_0000),
        ask("mem_data, the same number", DATA, &block(0, &sixteen())),
        ask("mem_data, a number too far", DATA, &block(2, &sixteen())),
        unsound("mem_data, wrong checksum", DATA, &block(1, &sixteen())),
        ask("mem_data, again", DATA, &block(1, &sixteen())),
        ask("mem_data, one more than announced", DATA, &block(2, &sixteen())),
        begin("mem_begin anew"),
        ask("mem_data, longer than announced", DATA, &block(0, &[1; 24])),
        ask("mem_data, shorter than announced", DATA, &block(0, &[2, 3, 4])),
        read("what was uploaded then", AT),
        ask("mem_data, says less than it has", DATA, &block_of(8, 1, &sixteen())),
        ask("mem_data, says more than it has", DATA, &block_of(16, 2, &[9; 12])),
        ask("mem_data without its header", DATA, &words(&[16, 3])),
        ask("mem_data, beyond the longest", DATA, &block(3, &[0; 0x1804])),
        burst(
            "an error stays behind a success",
            &[(BEGIN, words(&[16, 1])), (BEGIN, words(&[32, 2, 16, AT])), (DATA, block(0, &sixteen()))],
        ),
        burst(
            "and is cleared by a read",
            &[(BEGIN, words(&[16, 1])), (READ, words(&[AT])), (DATA, block(1, &sixteen()))],
        ),
    ]
}

fn ends() -> Vec<Step> {
    vec![
        ask("mem_end, stay", END, &words(&[1, 0])),
        ask("mem_end, stay, too short", END, &words(&[1])),
        ask("mem_end, stay, too long", END, &words(&[1, 0, 0])),
        ask("mem_data after it", DATA, &block(2, &sixteen())),
        read("magic of the chip", 0x4000_1000),
    ]
}
