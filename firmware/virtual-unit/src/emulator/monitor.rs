//! The emulator's own controls (QMP): what they show of the unit's UART and interrupts.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::gate::Seen;

/// How long the emulator may take to answer; at first it has its machine to build.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Longest answer, in bytes.
const ANSWER_MAX: u64 = 64 * 1024;
/// Answers and events before the one that is waited for.
const EVENTS_MAX: usize = 64;
/// What is read, in this order: once the FIFO has been seen empty, no handler begins. Registers of UART0 from
/// `UART_INT_RAW_REG` to `UART_CONF0_REG`, `INTERRUPT_CORE0_CPU_INT_THRESH_REG`, and the processor's registers.
const LOOK: [&str; 3] = ["xp /8wx 0x60000004", "xp /1wx 0x600c2194", "info registers"];
/// Where `UART_INT_ST_REG` and `UART_STATUS_REG` are among those of UART0.
const INT_ST: usize = 1;
const STATUS: usize = 6;
/// Low bits of the status, which count what is in the receiver's FIFO.
const FIFO_COUNT: u32 = 0x3ff;
/// Interrupts are enabled.
const MSTATUS_MIE: u32 = 1 << 3;

/// Tells the emulator to write its files and to end. It has been greeted, or is killed when it does not end.
pub(super) fn quit(mut controls: &UnixStream) -> io::Result<()> {
    controls.write_all(b"{\"execute\": \"quit\"}\n")
}

/// The connection to the controls.
#[derive(Debug)]
pub(super) struct Monitor(BufReader<UnixStream>);

impl Monitor {
    /// Waits until the emulator is there.
    pub(super) fn greet(stream: UnixStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
        let mut monitor = Self(BufReader::new(stream));
        monitor.line()?;
        monitor.send(&json!({ "execute": "qmp_capabilities" }))?;
        monitor.answer()?;
        Ok(monitor)
    }

    /// Looks at the unit.
    pub(super) fn look(&mut self) -> io::Result<Seen> {
        for command in LOOK {
            let arguments = json!({ "command-line": command });
            self.send(&json!({ "execute": "human-monitor-command", "arguments": arguments }))?;
        }
        let uart = self.words()?;
        let [threshold] = self.words()?.try_into().map_err(|_| unexpected())?;
        let [status, interrupts] = [STATUS, INT_ST].map(|at| uart.get(at).copied());
        let (status, interrupts) = (status.ok_or_else(unexpected)?, interrupts.ok_or_else(unexpected)?);
        let registers = self.text()?;
        let (_, mstatus) = registers.split_once("mstatus").ok_or_else(unexpected)?;
        let mstatus = mstatus.split_whitespace().next().and_then(hex).ok_or_else(unexpected)?;
        let waiting = usize::try_from(status & FIFO_COUNT).map_err(io::Error::other)?;
        Ok(Seen { waiting, is_up: interrupts != 0, threshold, takes_interrupts: mstatus & MSTATUS_MIE != 0 })
    }

    /// The words of a memory dump.
    fn words(&mut self) -> io::Result<Vec<u32>> {
        Ok(words(&self.text()?))
    }

    fn text(&mut self) -> io::Result<String> {
        self.answer()?.as_str().map(str::to_owned).ok_or_else(unexpected)
    }

    fn send(&mut self, command: &Value) -> io::Result<()> {
        let mut line = serde_json::to_vec(command)?;
        line.push(b'\n');
        self.0.get_mut().write_all(&line)
    }

    fn answer(&mut self) -> io::Result<Value> {
        for _ in 0..EVENTS_MAX {
            let mut answer = self.line()?;
            if let Some(answer) = answer.get_mut("return") {
                return Ok(answer.take());
            }
            if answer.get("event").is_none() {
                break;
            }
        }
        Err(unexpected())
    }

    fn line(&mut self) -> io::Result<Value> {
        let mut line = Vec::new();
        self.0.by_ref().take(ANSWER_MAX).read_until(b'\n', &mut line)?;
        Ok(serde_json::from_slice(&line)?)
    }
}

/// The words of lines such as `0000000060000004: 0x00004002 0x00000000`.
fn words(dump: &str) -> Vec<u32> {
    dump.split_whitespace().filter_map(|word| word.strip_prefix("0x")).filter_map(hex).collect()
}

fn hex(digits: &str) -> Option<u32> {
    u32::from_str_radix(digits, 16).ok()
}

fn unexpected() -> io::Error {
    io::Error::other("the emulator's answer is not understood")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_out_of_a_dump() {
        let dump = "0000000060000004: 0x00004002 0x00000100\r\n0000000060000014: 0x0060002b\r\n";
        assert_eq!(words(dump), [0x4002, 0x100, 0x60_002b]);
    }
}
