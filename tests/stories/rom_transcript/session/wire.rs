//! Questions to the chip, and what can go wrong on the wire.

use super::{Session, Step, ask, burst, frame, raw, request, restart, words};

const MAGIC: u32 = 0x4000_1000;
const EFUSE: u32 = 0x6000_8800;
const SPI: u32 = 0x6000_2000;
/// A word of RAM that nobody uses.
const RAM: u32 = 0x3fca_0000;

pub(super) fn sessions() -> Vec<Session> {
    let secured = Session { secured: true, ..Session::new("secure download mode", secured()) };
    vec![
        Session::new("questions", [registers(), chip()].concat_steps()),
        Session::new("unknown commands", unknown()),
        Session::new("broken frames", [headers(), frames()].concat_steps()),
        Session::new("a read of nothing", vec![read("read_reg at 0", 0)]),
        Session::new("a write to nothing", vec![write("write_reg at 0", &[0, 1, u32::MAX, 0])]),
        secured,
    ]
}

trait Concat {
    fn concat_steps(self) -> Vec<Step>;
}

impl<const N: usize> Concat for [Vec<Step>; N] {
    fn concat_steps(self) -> Vec<Step> {
        self.into_iter().flatten().collect()
    }
}

fn sync() -> Step {
    ask("sync", 0x08, &[&[7, 7, 0x12, 0x20], &[0x55; 32][..]].concat())
}

fn read(name: &'static str, address: u32) -> Step {
    ask(name, 0x0a, &words(&[address]))
}

fn write(name: &'static str, groups: &[u32]) -> Step {
    ask(name, 0x09, &words(groups))
}

fn registers() -> Vec<Step> {
    vec![
        sync(),
        ask("sync with other data", 0x08, &words(&[0x1122_3344])),
        read("magic of the chip", MAGIC),
        read("first word of the MAC", EFUSE + 0x44),
        read("second word of the MAC", EFUSE + 0x48),
        read("revision", EFUSE + 0x50),
        ask("read_reg with more data", 0x0a, &words(&[MAGIC, 5])),
        write("write_reg", &[RAM, 0x1234_5678, u32::MAX, 0]),
        read("what was written", RAM),
        write("write_reg with a mask", &[RAM, 0xaabb_ccdd, 0xff00, 0]),
        read("what was changed", RAM),
        write("write_reg of two words", &[RAM, 1, u32::MAX, 0, RAM + 4, 2, u32::MAX, 0]),
        read("the first one", RAM),
        read("the second one", RAM + 4),
        write("write_reg without its last word", &[RAM, 3, u32::MAX]),
        read("unchanged", RAM),
    ]
}

/// Reads the id of the flash chip as tools do it without a stub.
fn flash_id() -> Step {
    let set = |offset, value| (0x09, words(&[SPI + offset, value, u32::MAX, 0]));
    let transaction = [set(0x18, 0x9000_0000), set(0x28, 23), set(0x20, 0x7000_009f), set(0x58, 0), set(0, 1 << 18)];
    burst("id of the flash", &[&transaction[..], &[(0x0a, words(&[SPI + 0x58]))]].concat())
}

fn chip() -> Vec<Step> {
    vec![
        ask("get_security_info", 0x14, &[]),
        ask("get_security_info with data", 0x14, &words(&[1])),
        ask("spi_attach", 0x0d, &words(&[0, 0])),
        ask("spi_attach of another tool", 0x0d, &words(&[0])),
        ask("spi_attach without data", 0x0d, &[]),
        flash_id(),
        ask("spi_set_params", 0x0b, &words(&[0, 0x40_0000, 0x1_0000, 0x1000, 0x100, 0xffff])),
        ask("spi_set_params too short", 0x0b, &words(&[0, 0x40_0000])),
        ask("change_baudrate to what it is", 0x0f, &words(&[115_200, 0])),
        ask("change_baudrate by a divider", 0x0f, &words(&[5555, 1])),
        ask("change_baudrate by no divider", 0x0f, &words(&[0, 1])),
    ]
}

fn unknown() -> Vec<Step> {
    let after_read = |name, command| burst(name, &[(0x0a, words(&[MAGIC])), (command, Vec::new())]);
    vec![
        ask("0x77 before anything", 0x77, &[]),
        sync(),
        ask("0x77 after a sync", 0x77, &[]),
        after_read("0x00", 0x00),
        after_read("0x01", 0x01),
        after_read("0x0c", 0x0c),
        after_read("0x15", 0x15),
        after_read("0xff", 0xff),
        after_read("erase_flash of the stub", 0xd0),
        ask("erase_region of the stub", 0xd1, &words(&[0, 0x1000])),
        ask("read_flash of the stub", 0xd2, &words(&[0, 0x1000, 0x1000, 1])),
        after_read("run_user_code of the stub", 0xd3),
        burst("a read after it", &[(0x77, Vec::new()), (0x0a, words(&[MAGIC]))]),
    ]
}

/// A read of the chip's magic whose header was tampered with.
fn tampered(name: &'static str, tamper: impl Fn(&mut Vec<u8>)) -> Step {
    let mut packet = request(0x0a, &words(&[MAGIC]));
    tamper(&mut packet);
    raw(name, frame(&packet))
}

fn headers() -> Vec<Step> {
    vec![
        tampered("direction of an answer", |packet| packet[0] = 1),
        tampered("direction 0xff", |packet| packet[0] = 0xff),
        tampered("length says more", |packet| packet[2] = 40),
        tampered("length says less", |packet| packet[2] = 2),
        tampered("length says nothing", |packet| packet[2] = 0),
        tampered("length says 65535", |packet| (packet[2], packet[3]) = (0xff, 0xff)),
        tampered("checksum is wrong", |packet| packet[4] = 0x11),
        tampered("too short for a header", |packet| packet.truncate(3)),
        tampered("header without data", |packet| packet.truncate(8)),
    ]
}

fn frames() -> Vec<Step> {
    let whole = frame(&request(0x0a, &words(&[MAGIC])));
    let other = frame(&request(0x0a, &words(&[EFUSE + 0x50])));
    let escape = |bytes: &[u8]| [&whole[..9], bytes, &whole[10..]].concat();
    vec![
        raw("an empty frame", [0xc0; 2]),
        raw("seven ends", [0xc0; 7]),
        raw("text", *b"AT+GMR\r\nhello"),
        raw("a frame between text", [b"noise", &whole[..], b"more noise"].concat()),
        raw("a frame that is cut off", &whole[..9]),
        raw("a frame that is cut off, then a sync", [&whole[..9], &sync().bytes].concat()),
        raw("an escape of zero", escape(&[0xdb, 0])),
        raw("an escape of the end", [&whole[..whole.len() - 1], &[0xdb, 0xc0, 0xc0][..]].concat()),
        raw("an escape without its end", [&whole[..whole.len() - 1], &[0xdb, 0xc0][..]].concat()),
        raw("a frame of 9000 bytes", frame(&request(0x0a, &[words(&[MAGIC]), vec![0x5a; 9000]].concat()))),
        raw("two commands at once", [&whole[..], &other].concat()),
        raw("eight commands at once", whole.repeat(8)),
        raw("two commands with one end between them", [&whole[..], &other[1..]].concat()),
        raw("escapes that are right", frame(&request(0x08, &words(&[0xc0db_dbc0])))),
    ]
}

fn secured() -> Vec<Step> {
    vec![
        sync(),
        read("magic of the chip", MAGIC),
        ask("get_security_info", 0x14, &[]),
        ask("mem_begin", 0x05, &words(&[16, 1, 16, RAM])),
        ask("flash_defl_begin", 0x10, &words(&[0x1000, 1, 0x400, 0x1000, 0])),
        ask("flash_md5", 0x13, &words(&[0, 16, 0, 0])),
        ask("read_flash_slow", 0x0e, &words(&[0, 16])),
        ask("spi_attach", 0x0d, &words(&[0, 0])),
        ask("spi_set_params", 0x0b, &words(&[0, 0x40_0000, 0x1_0000, 0x1000, 0x100, 0xffff])),
        ask("change_baudrate to what it is", 0x0f, &words(&[115_200, 0])),
        ask("flash_begin", 0x02, &words(&[0x400, 1, 0x400, 0x1000, 0])),
        ask("flash_data", 0x03, &super::block(0, &[0x12; 0x400])),
        restart("flash_end, stay", 0x04, &words(&[1])),
        sync(),
        restart("flash_end, reboot, without a begin", 0x04, &words(&[0])),
        sync(),
    ]
}
