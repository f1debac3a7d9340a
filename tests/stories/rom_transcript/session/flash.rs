//! Reads of the flash, and uploads to it.

use super::{Session, Step, ask, block, block_of, burst, raw, restart, unsound, words};

const BEGIN: u8 = 0x02;
const DATA: u8 = 0x03;
const END: u8 = 0x04;
const SET_PARAMS: u8 = 0x0b;
const READ_SLOW: u8 = 0x0e;
const DEFL_BEGIN: u8 = 0x10;
const DEFL_DATA: u8 = 0x11;
const DEFL_END: u8 = 0x12;
const MD5: u8 = 0x13;
/// Where the uploads go: flash that holds a pattern.
const AT: u32 = 0x1_0000;
const FLASH_LEN: u32 = 0x40_0000;

pub(super) fn sessions() -> Vec<Session> {
    let stays = vec![begin(), ask("the block", DATA, &block(0, &some())), ask("flash_end, stay", END, &words(&[1]))];
    let trailing = [zipped(), vec![0; 4]].concat();
    vec![
        Session::new("reading", reading()),
        Session::new("writing", [begins(), blocks()].into_iter().flatten().collect()),
        Session::new("writing, then a reset", reboots()),
        Session::new("writing, then user code", stays),
        Session::new(
            "an incomplete upload, reboot",
            vec![begin(), ask("flash_end, incomplete, reboot", END, &words(&[0]))],
        ),
        Session::new("writing deflated", [deflated(), broken()].into_iter().flatten().collect()),
        Session::new(
            "bytes behind a deflated stream",
            vec![defl_begin("begin", 0x1000, 1), defl_data("the block, with four bytes more", 0, &trailing)],
        ),
        Session::new("without a begin", unbegun()),
    ]
}

fn some() -> Vec<u8> {
    (0..0x100_u32).map(|at| ((at * 7) ^ (at >> 4)) as u8).collect()
}

fn read(name: &'static str, at: u32, length: u32) -> Step {
    ask(name, READ_SLOW, &words(&[at, length]))
}

fn md5(name: &'static str, at: u32, length: u32) -> Step {
    ask(name, MD5, &words(&[at, length, 0, 0]))
}

fn set_params(name: &'static str, size: u32) -> Step {
    ask(name, SET_PARAMS, &words(&[0, size, 0x1_0000, 0x1000, 0x100, 0xffff]))
}

/// The begin of an upload of one block.
fn begin() -> Step {
    ask("flash_begin", BEGIN, &words(&[0x100, 1, 0x100, AT, 0]))
}

fn reading() -> Vec<Step> {
    vec![
        read("64 bytes, before spi_attach", 0x1234, 64),
        md5("MD5 of a sector, before spi_attach", 0x1000, 0x1000),
        ask("spi_attach", 0x0d, &words(&[0, 0])),
        read("64 bytes", 0x1234, 64),
        read("16 bytes", 0x2000, 16),
        read("5 bytes", 0x3000, 5),
        read("no byte", 0x4000, 0),
        read("65 bytes", 0x5000, 65),
        read("the last bytes that the ROM assumes", 0x1f_ffc0, 64),
        read("beyond what the ROM assumes", 0x1f_ffc4, 64),
        set_params("spi_set_params", FLASH_LEN),
        read("the last bytes", FLASH_LEN - 64, 64),
        read("beyond the end", FLASH_LEN - 60, 64),
        md5("MD5 of nothing", 0, 0),
        md5("MD5 of three bytes", 0x1235, 3),
        md5("MD5 of much", 0, 0x2_0000),
        md5("MD5 of the last byte", FLASH_LEN - 1, 1),
        md5("MD5 beyond the end", FLASH_LEN - 0x1000, 0x2000),
        md5("MD5 of less than nothing", 0, u32::MAX),
        ask("MD5, request too short", MD5, &words(&[0x1000, 0x1000])),
        set_params("spi_set_params of a smaller chip", 0x1_0000),
        read("beyond its end", 0x1_0000, 16),
        set_params("spi_set_params of a larger chip", 2 * FLASH_LEN),
        read("beyond the real end", FLASH_LEN + 0x1234, 16),
    ]
}

fn begins() -> Vec<Step> {
    vec![
        ask("flash_begin without its last word", BEGIN, &words(&[0x400, 1, 0x400, AT])),
        ask("flash_begin, more than the chip has", BEGIN, &words(&[FLASH_LEN + 0x1000, 1, 0x400, 0, 0])),
        ask("flash_begin, beyond the end", BEGIN, &words(&[0x1000, 1, 0x400, FLASH_LEN, 0])),
        ask("flash_begin, not at a sector", BEGIN, &words(&[0x400, 1, 0x400, AT + 0x10, 0])),
        ask("flash_begin, blocks too long", BEGIN, &words(&[0x400, 1, 0x1804, AT, 0])),
        ask("flash_begin", BEGIN, &words(&[0x1001, 5, 0x100, AT, 0])),
        read("erased", AT, 16),
        read("erased up to the end of the sector", AT + 0x1ff0, 16),
        read("not erased", AT + 0x2000, 16),
    ]
}

fn blocks() -> Vec<Step> {
    let some = some();
    vec![
        ask("a block", DATA, &block(0, &some)),
        md5("its MD5", AT, 0x100),
        ask("the same number", DATA, &block(0, &some)),
        ask("a number too far", DATA, &block(2, &some)),
        ask("longer than announced", DATA, &block(1, &[0; 0x104])),
        ask("no whole words", DATA, &block(1, &[0; 0xfe])),
        unsound("wrong checksum", DATA, &block(1, &some)),
        ask("again", DATA, &block(1, &some)),
        ask("the next one", DATA, &block(2, &some)),
        ask("says less than it has", DATA, &block_of(0x10, 3, &some)),
        ask("shorter than announced", DATA, &block(4, &some[..0x40])),
        ask("one more than announced", DATA, &block(5, &some)),
        md5("MD5 of all", AT, 0x1000),
        burst("two blocks at once", &[(DATA, block(6, &[1; 0x40])), (DATA, block(7, &[2; 0x40]))]),
        burst("the second one is wrong", &[(DATA, block(8, &[1; 0x40])), (DATA, block(8, &[2; 0x40]))]),
        burst("and an error stays", &[(DATA, block(8, &[1; 0x40])), (DATA, block(9, &[2; 0x40]))]),
        ask("flash_begin of nothing, not erased", BEGIN, &words(&[0, 2, 0x400, 0x3000, 0])),
        ask("a block over what stands there", DATA, &block(0, &[0x11, 0x22, 0x43, 0x84])),
        read("bits are cleared only", 0x3000, 8),
        ask("flash_end, incomplete, stay", END, &words(&[1])),
    ]
}

fn reboots() -> Vec<Step> {
    vec![
        begin(),
        ask("the block", DATA, &block(0, &some())),
        restart("flash_end, reboot", END, &words(&[0])),
        md5("it stands there", AT, 0x100),
        read("and the loader is as new", AT, 4),
    ]
}

/// A zlib stream of a sector, made once, so that it is the same with every compressor: the byte at `at` is
/// `(at * at >> 9 ^ at >> 3) & 15`.
fn zipped() -> Vec<u8> {
    include_bytes!("../page.zlib").to_vec()
}

fn defl_begin(name: &'static str, size: u32, blocks: u32) -> Step {
    ask(name, DEFL_BEGIN, &words(&[size, blocks, 0x1800, AT, 0]))
}

fn defl_data(name: &'static str, number: u32, bytes: &[u8]) -> Step {
    ask(name, DEFL_DATA, &block(number, bytes))
}

fn deflated() -> Vec<Step> {
    let stream = zipped();
    let (head, tail) = stream.split_at(stream.len() / 2);
    vec![
        ask("flash_defl_begin without its last word", DEFL_BEGIN, &words(&[0x1000, 1, 0x1800, AT])),
        ask("flash_defl_begin, blocks too long", DEFL_BEGIN, &words(&[0x1000, 1, 0x1801, AT, 0])),
        ask("flash_defl_begin, beyond the end", DEFL_BEGIN, &words(&[0x1000, 1, 0x1800, FLASH_LEN, 0])),
        defl_begin("flash_defl_begin", 0x1000, 1),
        defl_data("the whole stream", 0, &stream),
        md5("its MD5", AT, 0x1000),
        ask("flash_defl_end, stay", DEFL_END, &words(&[1])),
        defl_begin("flash_defl_begin of two blocks", 0x1000, 2),
        defl_data("the first half", 0, head),
        ask("flash_defl_end, incomplete", DEFL_END, &words(&[0])),
        md5("MD5 before the second half", AT, 0x1000),
        unsound("the second half, wrong checksum", DEFL_DATA, &block(1, tail)),
        defl_data("the second half, again", 1, tail),
        defl_begin("flash_defl_begin anew", 0x1000, 2),
        defl_data("the first half, once more", 0, head),
        defl_data("the first half, the same number", 0, head),
        defl_data("the second half", 1, tail),
        md5("MD5 of both", AT, 0x1000),
        defl_begin("flash_defl_begin of less than comes", 0x400, 1),
        defl_data("more than was announced", 0, &stream),
        md5("MD5 of what was announced", AT, 0x400),
        restart("flash_defl_end, reboot", DEFL_END, &words(&[0])),
    ]
}

/// Streams that are damaged.
fn broken() -> Vec<Step> {
    let stream = zipped();
    let mut adler = stream.clone();
    *adler.last_mut().unwrap() ^= 1;
    let mut middle = stream.clone();
    middle[0x20..0x24].copy_from_slice(&[0xff; 4]);
    vec![
        defl_begin("begin, for zeros", 0x1000, 1),
        defl_data("no zlib header", 0, &[0; 64]),
        defl_data("another block after it", 1, &[0; 64]),
        defl_begin("begin, for a bad sum", 0x1000, 1),
        defl_data("a stream with another Adler sum", 0, &adler),
        defl_begin("begin, for a bad block", 0x1000, 1),
        defl_data("a block of an unknown kind", 0, &[0x78, 0xda, 0x07, 0, 0, 0, 0, 0]),
        defl_begin("begin, for a stored block", 0x1000, 1),
        defl_data("a stored block whose lengths differ", 0, &[0x78, 0xda, 0x01, 4, 0, 4, 0, 0]),
        defl_begin("begin, for damage", 0x1000, 1),
        defl_data("a stream that is damaged in the middle", 0, &middle),
        defl_begin("begin, for a short one", 0x1000, 1),
        defl_data("a stream without its Adler sum", 0, &stream[..stream.len() - 4]),
        defl_begin("begin, for a shorter one", 0x1000, 1),
        defl_data("a stream without its last bytes", 0, &stream[..stream.len() - 20]),
        defl_begin("begin, for half a one", 0x1000, 1),
        defl_data("half a stream as the last block", 0, &stream[..stream.len() / 2]),
        raw("spi_attach", super::frame(&super::request(0x0d, &[]))),
    ]
}

fn unbegun() -> Vec<Step> {
    vec![
        ask("a block of 16 bytes", DATA, &block(0, &[0x5a; 16])),
        ask("a block of 8 bytes", DATA, &block(1, &[0x5a; 8])),
        ask("a block for RAM", 0x07, &block(2, &[0x5a; 16])),
        ask("mem_end, stay", 0x06, &words(&[1, 0])),
        ask("a deflated block", DEFL_DATA, &block(0, &[0x78, 0xda])),
        ask("the end of a deflated upload, stay", DEFL_END, &words(&[1])),
        ask("flash_end, stay, without a begin", END, &words(&[1])),
    ]
}
