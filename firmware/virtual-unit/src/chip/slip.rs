//! SLIP, as Espressif's loaders use it (RFC 1055 with an END on both sides). Knows no packet.

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// The longest frame a loader takes: a 16 KiB block, its headers, and room to spare.
pub const FRAME_MAX: usize = 0x8000;

/// Wraps `packet` into one frame.
#[must_use]
pub fn encode(packet: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(packet.len() + packet.len() / 64 + 2);
    frame.push(END);
    for &byte in packet {
        match byte {
            END => frame.extend([ESC, ESC_END]),
            ESC => frame.extend([ESC, ESC_ESC]),
            plain => frame.push(plain),
        }
    }
    frame.push(END);
    frame
}

/// Collects bytes until a frame is complete. Noise between frames is dropped.
#[derive(Debug, Default)]
pub struct Decoder {
    packet: Vec<u8>,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// No END has been seen: what comes belongs to no frame.
    #[default]
    Outside,
    Inside,
    Escaped,
}

impl Decoder {
    /// Takes one byte; returns the packet that it completes. A frame that is empty, too long or wrongly escaped is
    /// dropped.
    pub fn push(&mut self, byte: u8) -> Option<Vec<u8>> {
        match (self.state, byte) {
            (State::Outside, END) => self.open(),
            (State::Outside, _) => {}
            (State::Inside | State::Escaped, END) => return self.close(),
            (State::Inside, ESC) => self.state = State::Escaped,
            (State::Inside, plain) => self.add(plain),
            (State::Escaped, ESC_END) => self.add(END),
            (State::Escaped, ESC_ESC) => self.add(ESC),
            (State::Escaped, _) => self.state = State::Outside,
        }
        None
    }

    /// Forgets what has come so far, as a reset does.
    pub fn clear(&mut self) {
        self.packet.clear();
        self.state = State::Outside;
    }

    fn open(&mut self) {
        self.packet.clear();
        self.state = State::Inside;
    }

    fn add(&mut self, byte: u8) {
        self.state = State::Inside;
        self.packet.push(byte);
        if self.packet.len() > FRAME_MAX {
            self.clear();
        }
    }

    fn close(&mut self) -> Option<Vec<u8>> {
        // Two ENDs in a row are the end of one frame and the start of the next.
        if self.packet.is_empty() {
            self.open();
            return None;
        }
        let whole = self.state == State::Inside;
        self.state = State::Outside;
        let packet = std::mem::take(&mut self.packet);
        whole.then_some(packet)
    }
}
