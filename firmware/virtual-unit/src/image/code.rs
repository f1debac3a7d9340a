//! Made-up RV32IMC code: functions with prologue, idioms and epilogue, in which registers, offsets and call targets are
//! as unevenly spread as a compiler's. It is never run; it has the look and the entropy of code. Knows no image.

use crate::random::Random;

/// Argument and saved registers, the most used first.
const REGISTERS: [u32; 15] = [10, 15, 14, 8, 11, 9, 13, 12, 18, 19, 20, 21, 5, 6, 7];
/// Registers that the short instructions reach (x8 to x15), by their three-bit number.
const SHORT: [u32; 8] = [2, 7, 6, 0, 3, 1, 5, 4];
/// How often, in per cent, an idiom has been written before in the same words, and how far back.
const REPEATED: u32 = 6;
const REPEAT_REACH: usize = 24_000;

/// `length` bytes of code; `length` is a multiple of four.
pub(super) fn code(random: &mut Random, length: usize) -> Vec<u8> {
    let mut writer = Writer { bytes: Vec::with_capacity(length + 64), random, callees: Vec::new() };
    while writer.bytes.len() < length {
        writer.function();
    }
    writer.bytes.truncate(length);
    writer.bytes
}

struct Writer<'a> {
    bytes: Vec<u8>,
    random: &'a mut Random,
    /// Functions that are called again and again.
    callees: Vec<usize>,
}

impl Writer<'_> {
    fn function(&mut self) {
        self.callees.push(self.bytes.len());
        let frame = 1 + self.random.zipf(8);
        let saved = self.random.zipf(6).min(frame * 4 - 1);
        self.stack(frame, true);
        self.save(frame, saved, true);
        for _ in 0..6 + self.random.below(60) {
            self.idiom();
        }
        self.save(frame, saved, false);
        self.stack(frame, false);
        self.short(0x8082);
    }

    /// `c.addi16sp`, down or up by `frame` times 16.
    fn stack(&mut self, frame: u32, down: bool) {
        let amount = if down { 64 - frame } else { frame };
        let bit = |from: u32, to: u32| (amount >> from & 1) << to;
        self.short(0x6101 | bit(5, 12) | bit(0, 6) | bit(2, 5) | bit(3, 3) | bit(4, 4) | bit(1, 2));
    }

    /// `c.swsp` or `c.lwsp` of ra and the saved registers.
    fn save(&mut self, frame: u32, saved: u32, store: bool) {
        for index in 0..=saved {
            let register = [1, 8, 9, 18, 19, 20, 21][index as usize];
            let slot = frame * 4 - 1 - index;
            let half = if store {
                0xc002 | (slot & 0xf) << 9 | (slot >> 4) << 7 | register << 2
            } else {
                0x4002 | (slot >> 3 & 1) << 12 | register << 7 | (slot & 7) << 4 | (slot >> 4) << 2
            };
            self.short(half);
        }
    }

    fn idiom(&mut self) {
        if self.random.chance(REPEATED) {
            return self.again();
        }
        match self.random.below(100) {
            0..14 => self.call(),
            14..30 => self.short_memory(),
            30..42 => self.short_immediate(),
            42..50 => self.short_move(),
            50..62 => self.branch(),
            62..72 => self.arithmetic(),
            72..80 => self.address(),
            80..92 => self.memory(),
            92..97 => self.short_arithmetic(),
            _ => self.field(),
        }
    }

    /// What was written before, once more: a compiler expands the same macro at many places.
    fn again(&mut self) {
        let reach = u32::try_from(self.bytes.len().min(REPEAT_REACH)).expect("a window is small");
        let back = (self.random.below(reach / 2) + 1) as usize * 2;
        let from = self.bytes.len() - back;
        let length = (8 + 2 * self.random.below(16) as usize).min(back);
        self.bytes.extend_from_within(from..from + length);
    }

    /// `auipc` and `jalr`, or `jal` for what is near; often with an argument made just before.
    fn call(&mut self) {
        if self.random.chance(60) {
            self.short_immediate();
        }
        let recent =
            self.callees.len() - 1 - self.random.zipf(u32::try_from(self.callees.len()).expect("few")) as usize;
        let fixed = self.random.zipf(40) as usize * 3 % self.callees.len();
        let target = self.callees[if self.random.chance(50) { fixed } else { recent }];
        let distance = u32::try_from(self.bytes.len() - target).expect("an image is small").wrapping_neg();
        if distance > u32::MAX - (1 << 20) {
            let bit = |from: u32, count: u32, to: u32| (distance >> from & ((1 << count) - 1)) << to;
            self.long(0x6f | 1 << 7 | bit(12, 8, 12) | bit(11, 1, 20) | bit(1, 10, 21) | bit(20, 1, 31));
        } else {
            self.long(0x17 | 1 << 7 | distance.wrapping_add(0x800) & 0xffff_f000);
            self.long(0x67 | 1 << 7 | 1 << 15 | (distance & 0xfff) << 20);
        }
    }

    /// `c.lw` or `c.sw`.
    fn short_memory(&mut self) {
        let (data, base, word) = (self.random.choose(&SHORT), self.random.choose(&SHORT), self.random.zipf(32));
        let operation = if self.random.chance(65) { 0x4000 } else { 0xc000 };
        self.short(operation | (word >> 1 & 7) << 10 | base << 7 | (word & 1) << 6 | (word >> 4) << 5 | data << 2);
    }

    /// `c.li` or `c.addi`.
    fn short_immediate(&mut self) {
        let (register, value) = (self.register(), self.random.zipf(64));
        let operation = if self.random.chance(70) { 0x4001 } else { 0x0001 };
        self.short(operation | (value >> 5) << 12 | register << 7 | (value & 31) << 2);
    }

    /// `c.mv`.
    fn short_move(&mut self) {
        let (to, from) = (self.register(), self.register());
        self.short(0x8002 | to << 7 | from << 2);
    }

    /// `c.beqz`, `c.bnez`, or a long branch.
    fn branch(&mut self) {
        let offset = self.random.zipf(120);
        if self.random.chance(60) {
            let operation = if self.random.chance(50) { 0xc001 } else { 0xe001 };
            let bit = |from: u32, count: u32, to: u32| (offset >> from & ((1 << count) - 1)) << to;
            let register = self.random.choose(&SHORT);
            self.short(operation | register << 7 | bit(2, 2, 10) | bit(0, 2, 3) | bit(4, 1, 2) | bit(5, 2, 5));
        } else {
            let (one, two) = (self.register(), self.register());
            let condition = self.random.choose(&[0, 1, 6, 7, 4, 5]);
            let bit = |from: u32, count: u32, to: u32| (offset >> from & ((1 << count) - 1)) << to;
            self.long(0x63 | bit(0, 4, 8) | condition << 12 | one << 15 | two << 20 | bit(4, 6, 25));
        }
    }

    /// An operation of two registers, multiplication and division included.
    fn arithmetic(&mut self) {
        let (to, one, two) = (self.register(), self.register(), self.register());
        let operation =
            self.random.choose(&[0, 7 << 12, 6 << 12, 1 << 30, 1 << 12, 3 << 12, 5 << 12, 1 << 25, 5 << 12 | 1 << 25]);
        self.long(0x33 | operation | to << 7 | one << 15 | two << 20);
    }

    /// `lui` and `addi`: the address of a string, a variable or a peripheral.
    fn address(&mut self) {
        let register = self.register();
        let page = match self.random.below(10) {
            0..5 => 0x3c000 + self.random.below(64),
            5..8 => 0x3fc8c + self.random.zipf(16),
            _ => 0x60000 + self.random.zipf(48),
        };
        self.long(0x37 | register << 7 | page << 12);
        let low = self.random.below(1024) << 2;
        self.long(0x13 | register << 7 | register << 15 | low << 20);
    }

    /// A long load or store, of a byte, a half or a word.
    fn memory(&mut self) {
        let (data, base, offset) = (self.register(), self.register(), self.random.zipf(256) << 1);
        let width = self.random.choose(&[2, 4, 0, 1, 5]);
        if self.random.chance(65) {
            self.long(0x03 | data << 7 | width << 12 | base << 15 | offset << 20);
        } else {
            self.long(0x23 | (offset & 31) << 7 | (width & 3) << 12 | base << 15 | data << 20 | (offset >> 5) << 25);
        }
    }

    /// `c.and`, `c.or`, `c.xor`, `c.sub`.
    fn short_arithmetic(&mut self) {
        let (to, from) = (self.random.choose(&SHORT), self.random.choose(&SHORT));
        let operation = self.random.choose(&[3, 2, 0, 1]);
        self.short(0x8c01 | to << 7 | operation << 5 | from << 2);
    }

    /// A bit field: shift left, shift right, mask.
    fn field(&mut self) {
        let register = self.register();
        let (up, down) = (self.random.below(32), self.random.below(32));
        self.long(0x13 | register << 7 | 1 << 12 | register << 15 | up << 20);
        self.long(0x13 | register << 7 | 5 << 12 | register << 15 | down << 20);
    }

    fn register(&mut self) -> u32 {
        self.random.choose(&REGISTERS)
    }

    fn short(&mut self, half: u32) {
        self.bytes.extend(&half.to_le_bytes()[..2]);
    }

    fn long(&mut self, word: u32) {
        self.bytes.extend(word.to_le_bytes());
    }
}
