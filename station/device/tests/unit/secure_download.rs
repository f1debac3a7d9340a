//! Chips in secure download mode: their ROM answers little, and refuses to be read. The virtual unit has no such mode,
//! so the ROM is played here. Source: Espressif, "Serial Protocol", and the notes on secure download mode there.

use std::io::{Read, Write};
use std::thread;

use firstpass_device::{Leases, Link, PortName};
use firstpass_domain::evidence::LinkFault;
use serialport::{SerialPort, TTYPort};
use tokio_util::sync::CancellationToken;

use crate::slot::{BAUD, DeafFixture};

const SYNC: u8 = 0x08;
const GET_SECURITY_INFO: u8 = 0x14;
const END: u8 = 0xc0;
/// A ROM answers a SYNC this often.
const SYNC_ANSWERS: usize = 8;
/// Flag of GET_SECURITY_INFO: secure download mode.
const SECURE_DOWNLOAD: u32 = 1 << 2;
/// Chip id of the ESP32-C3.
const ESP32C3: u32 = 5;

/// What the ROM tells of its security: nothing on an ESP32, no chip on an ESP32-S2.
fn security_info(flags: u32, chip: Option<u32>) -> Vec<u8> {
    let mut info = flags.to_le_bytes().to_vec();
    info.extend([0; 8]);
    info.extend(chip.into_iter().flat_map(|chip| [chip.to_le_bytes(), [0; 4]].concat()));
    info
}

/// The ROM's reply: `None` is a refusal ("invalid message").
fn reply(command: u8, data: Option<&[u8]>) -> Vec<u8> {
    let status = if data.is_some() { [0; 4] } else { [1, 5, 0, 0] };
    let data = [data.unwrap_or_default(), &status].concat();
    let len = u8::try_from(data.len()).unwrap();
    [&[END, 1, command, len, 0, 7, 7, 0x12, 0x20], data.as_slice(), &[END]].concat()
}

/// Answers as a ROM until the terminal is closed.
fn play_rom(mut port: TTYPort, info: Option<Vec<u8>>, over: &CancellationToken) {
    let (mut request, mut byte) = (Vec::new(), [0]);
    while !over.is_cancelled() {
        match port.read(&mut byte) {
            Ok(1) if byte != [END] => request.push(byte[0]),
            Ok(1) if request.len() > 1 => {
                let command = request[1];
                let data = match command {
                    SYNC => Some(&[][..]),
                    GET_SECURITY_INFO => info.as_deref(),
                    _ => None,
                };
                let repeats = if command == SYNC { SYNC_ANSWERS } else { 1 };
                port.write_all(&reply(command, data).repeat(repeats)).unwrap();
                request.clear();
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// How a connect to a ROM ends that tells `info` and lets nothing be read.
fn fault_of(info: Option<Vec<u8>>) -> (Option<LinkFault>, String) {
    let folder = tempfile::tempdir().unwrap();
    let fixture = DeafFixture::listen(folder.path());
    let (rom, port) = TTYPort::pair().unwrap();
    let name = PortName::new(port.name().unwrap());
    drop(port);
    let (lease, token, over) = (Leases::new().try_acquire(&name), CancellationToken::new(), CancellationToken::new());
    let err = thread::scope(|scope| {
        scope.spawn(|| play_rom(rom, info, &over));
        let connected = Link::connect(lease.unwrap(), fixture.fixture(), &[BAUD], &token);
        over.cancel();
        connected.unwrap_err()
    });
    (err.fault(), err.detail())
}

#[test]
fn secure_download_mode_is_told_whatever_the_rom_says_of_itself() {
    let told = [
        Some(security_info(SECURE_DOWNLOAD, Some(ESP32C3))),
        // An ESP32-S2 tells no chip, an ESP32 tells nothing.
        Some(security_info(SECURE_DOWNLOAD, None)),
        None,
    ];
    for info in told {
        let (fault, detail) = fault_of(info);
        assert_eq!(fault, Some(LinkFault::SecureDownload), "{detail}");
    }
}

#[test]
fn a_rom_that_refuses_for_another_reason_has_rejected_a_command() {
    let (fault, detail) = fault_of(Some(security_info(0, Some(ESP32C3))));
    assert_eq!(fault, Some(LinkFault::Rejected), "{detail}");
}
