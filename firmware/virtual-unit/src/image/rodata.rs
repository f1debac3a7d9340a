//! Made-up read-only data: messages, tables of numbers, tables of pointers, and constants that look like noise (curves,
//! keys, S-boxes). Knows no image.

use crate::random::Random;

const WORDS: [&str; 64] = [
    "failed",
    "to",
    "the",
    "%s",
    "%d",
    "invalid",
    "not",
    "error",
    "in",
    "state",
    "is",
    "buffer",
    "0x%x",
    "timeout",
    "memory",
    "for",
    "task",
    "size",
    "wifi",
    "init",
    "no",
    "event",
    "length",
    "handle",
    "of",
    "set",
    "start",
    "stop",
    "config",
    "connect",
    "tls",
    "certificate",
    "mqtt",
    "client",
    "nvs",
    "partition",
    "flash",
    "read",
    "write",
    "queue",
    "packet",
    "header",
    "key",
    "value",
    "callback",
    "register",
    "interrupt",
    "driver",
    "socket",
    "address",
    "dhcp",
    "channel",
    "scan",
    "station",
    "received",
    "expected",
    "unsupported",
    "alloc",
    "free",
    "session",
    "handshake",
    "verify",
    "signature",
    "%u",
];
/// Parts of names in tables of symbols and file names.
const STEMS: [&str; 16] = [
    "esp", "wifi", "phy", "nvs", "tls", "mbed", "lwip", "tcp", "http", "mqtt", "rtc", "spi", "uart", "gpio", "ble",
    "ota",
];

/// `length` bytes of data; `length` is a multiple of four.
pub(super) fn rodata(random: &mut Random, length: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length + 512);
    while bytes.len() < length {
        match random.below(100) {
            0..52 => message(random, &mut bytes),
            52..64 => name(random, &mut bytes),
            64..76 => pointers(random, &mut bytes),
            76..88 => numbers(random, &mut bytes),
            _ => noise(random, &mut bytes),
        }
    }
    bytes.truncate(length);
    bytes
}

fn message(random: &mut Random, bytes: &mut Vec<u8>) {
    for index in 0..3 + random.below(8) {
        if index > 0 {
            bytes.push(b' ');
        }
        bytes.extend(random.choose(&WORDS).as_bytes());
    }
    end(bytes);
}

fn name(random: &mut Random, bytes: &mut Vec<u8>) {
    bytes.extend(random.choose(&STEMS).as_bytes());
    for _ in 0..1 + random.below(3) {
        bytes.push(b'_');
        bytes.extend(random.choose(&WORDS).bytes().filter(u8::is_ascii_alphanumeric));
    }
    end(bytes);
}

fn end(bytes: &mut Vec<u8>) {
    let whole = (bytes.len() + 1).next_multiple_of(4);
    bytes.resize(whole, 0);
}

fn pointers(random: &mut Random, bytes: &mut Vec<u8>) {
    let mut target = 0x4200_0000 + (random.below(0x8_0000) << 1);
    for _ in 0..4 + random.below(24) {
        target += random.zipf(0x200) << 1;
        bytes.extend(target.to_le_bytes());
    }
}

fn numbers(random: &mut Random, bytes: &mut Vec<u8>) {
    let (mut value, step) = (random.below(1000), 1 + random.below(40));
    for _ in 0..16 + random.below(48) {
        value += step + random.zipf(16);
        bytes.extend(&value.to_le_bytes()[..2]);
    }
    end(bytes);
}

fn noise(random: &mut Random, bytes: &mut Vec<u8>) {
    for _ in 0..4 + random.below(28) {
        bytes.extend(random.bits().to_le_bytes());
    }
}
