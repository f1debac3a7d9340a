//! What is said to a loader: packets that tools send, and packets that no tool would. Knows no answer.

mod flash;
mod ram;
mod wire;

/// A session, from a reset on.
pub(super) struct Session {
    pub(super) name: &'static str,
    pub(super) straps: Straps,
    /// Whether secure download mode is burned.
    pub(super) secured: bool,
    pub(super) steps: Vec<Step>,
}

/// How the chip starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Straps {
    Download,
    Run,
}

/// Some bytes that are sent at once.
pub(super) struct Step {
    pub(super) name: &'static str,
    pub(super) bytes: Vec<u8>,
    pub(super) after: After,
}

/// What is waited for after a step, besides the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    /// That the chip has been reset, and waits again.
    Restart,
}

impl Session {
    fn new(name: &'static str, steps: Vec<Step>) -> Self {
        Self { name, straps: Straps::Download, secured: false, steps }
    }

    /// The names of its steps.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.steps.iter().map(|step| step.name).collect::<Vec<_>>().into_iter()
    }
}

/// All sessions.
pub(super) fn sessions() -> Vec<Session> {
    let boot = Session { straps: Straps::Run, ..Session::new("boot from erased flash", Vec::new()) };
    [vec![boot], wire::sessions(), ram::sessions(), flash::sessions()].into_iter().flatten().collect()
}

fn raw(name: &'static str, bytes: impl Into<Vec<u8>>) -> Step {
    Step { name, bytes: bytes.into(), after: After::Nothing }
}

/// One request.
fn ask(name: &'static str, command: u8, data: &[u8]) -> Step {
    raw(name, frame(&request(command, data)))
}

/// Several requests, of which no one waits for the answer to the one before.
fn burst(name: &'static str, requests: &[(u8, Vec<u8>)]) -> Step {
    raw(name, requests.iter().flat_map(|(command, data)| frame(&request(*command, data))).collect::<Vec<_>>())
}

/// A request that ends in a reset.
fn restart(name: &'static str, command: u8, data: &[u8]) -> Step {
    Step { after: After::Restart, ..ask(name, command, data) }
}

/// The packet of a request, with the checksum that a block needs.
pub(super) fn request(command: u8, data: &[u8]) -> Vec<u8> {
    let sum = data.get(16..).unwrap_or_default().iter().fold(0xef, |sum, byte| sum ^ byte);
    let mut packet = vec![0, command];
    packet.extend(u16::try_from(data.len()).expect("requests are short").to_le_bytes());
    packet.extend([sum, 0, 0, 0]);
    packet.extend(data);
    packet
}

/// A packet as a frame.
pub(super) fn frame(packet: &[u8]) -> Vec<u8> {
    let escaped = packet.iter().flat_map(|byte| match byte {
        0xc0 => vec![0xdb, 0xdc],
        0xdb => vec![0xdb, 0xdd],
        plain => vec![*plain],
    });
    [vec![0xc0], escaped.collect(), vec![0xc0]].concat()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The data of a block.
fn block(number: u32, bytes: &[u8]) -> Vec<u8> {
    block_of(u32::try_from(bytes.len()).expect("blocks are short"), number, bytes)
}

/// The data of a block that says another length than it has.
fn block_of(length: u32, number: u32, bytes: &[u8]) -> Vec<u8> {
    [words(&[length, number, 0, 0]), bytes.to_vec()].concat()
}

/// A block whose checksum is wrong.
fn unsound(name: &'static str, command: u8, data: &[u8]) -> Step {
    let mut packet = request(command, data);
    packet[4] ^= 0x55;
    raw(name, frame(&packet))
}
