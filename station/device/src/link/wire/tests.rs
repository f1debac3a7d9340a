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
