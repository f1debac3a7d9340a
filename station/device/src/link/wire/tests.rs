use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use super::*;

/// Long enough for many reads, short enough for a test.
const PATIENCE: Duration = Duration::from_millis(150);

/// What `wait` comes to on a wire on which `bytes` are sent again and again.
fn flooded<T>(bytes: &[u8], wait: impl FnOnce(&mut Wire) -> Result<T, WireError>) -> Result<T, WireError> {
    let (mut unit, port) = TTYPort::pair().unwrap();
    let mut wire = Wire::new(port, CancellationToken::new()).unwrap();
    let heard = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !heard.load(Ordering::Relaxed) {
                // A full terminal takes nothing for a while.
                let _ = unit.write(bytes);
            }
        });
        let result = wait(&mut wire);
        heard.store(true, Ordering::Relaxed);
        // The writer may be waiting for room.
        wire.clear().unwrap();
        result
    })
}

/// The answer to a command, as a stub sends it.
fn answer_to(command: CommandType) -> Vec<u8> {
    slip::encode(&[RESPONSE, command as u8, 2, 0, 0, 0, 0, 0, 0, 0])
}

#[test]
fn text_without_end_does_not_prolong_the_wait_for_a_packet() {
    let packet = flooded(b"invalid header: 0xffffffff\r\n", |wire| wire.packet(PATIENCE));
    assert!(matches!(packet, Err(WireError::Garbled { .. })));
}

#[test]
fn answers_to_other_commands_do_not_prolong_the_wait_for_an_answer() {
    let answer = flooded(&answer_to(CommandType::Sync), |wire| wire.answer(CommandType::ReadReg, PATIENCE).map(drop));
    assert!(matches!(answer, Err(WireError::Garbled { .. })), "{answer:?}");
}

#[test]
fn a_packet_that_had_arrived_when_the_time_was_over_counts() {
    let (mut unit, port) = TTYPort::pair().unwrap();
    let mut wire = Wire::new(port, CancellationToken::new()).unwrap();
    unit.write_all(&answer_to(CommandType::Sync)).unwrap();
    while wire.port.bytes_to_read().unwrap() < 12 {
        thread::yield_now();
    }
    assert!(wire.answer(CommandType::Sync, Duration::ZERO).is_ok());
}

/// Reads one request, whatever it is.
fn take_request(unit: &mut TTYPort) {
    let (mut ends, mut byte) = (0, [0]);
    while ends < 2 {
        if unit.read(&mut byte).is_ok_and(|len| len == 1) && byte[0] == 0xc0 {
            ends += 1;
        }
    }
}

#[test]
fn a_rom_that_refuses_a_command_in_another_ones_name_is_asked_what_it_is_by_its_register() {
    let (mut unit, port) = TTYPort::pair().unwrap();
    let mut wire = Wire::new(port, CancellationToken::new()).unwrap();
    let (refusal, magic) = ([RESPONSE, CommandType::Sync as u8, 4, 0, 0, 0, 0, 0, 1, 5, 0, 0], 0x00f0_1d83_u32);
    let value = magic.to_le_bytes();
    let head = [RESPONSE, CommandType::ReadReg as u8, 4, 0, value[0], value[1], value[2], value[3], 0, 0, 0, 0];
    let chip = thread::scope(|scope| {
        scope.spawn(|| {
            take_request(&mut unit);
            // After a SYNC, as often as that is answered.
            (0..8).for_each(|_| unit.write_all(&slip::encode(&refusal)).unwrap());
            take_request(&mut unit);
            unit.write_all(&slip::encode(&head)).unwrap();
        });
        crate::link::chip::detect(&mut wire)
    });
    assert_eq!(chip.unwrap(), espflash::target::Chip::Esp32);
}
