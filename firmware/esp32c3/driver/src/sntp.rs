//! The question to a time server and its answer (RFC 4330, client part).

use crate::Platform;

/// `ntp`
const PORT: u16 = 123;
const LENGTH: usize = 48;
/// No leap warning, version 4, client.
const CLIENT: u8 = 0b00_100_011;
/// Seconds between 1900 and 1970.
const EPOCH_S: u64 = 2_208_988_800;

/// Asks a time server. The answer must carry back the number that was sent, so that nobody off the path can forge it.
pub(crate) async fn ask<P: Platform>(platform: &P, server: &str) -> Option<u64> {
    let nonce = platform.random().to_be_bytes();
    let mut question = [0; LENGTH];
    question[0] = CLIENT;
    question[40..].copy_from_slice(&nonce);
    let mut answer = [0; LENGTH];
    let length = platform.exchange(server, PORT, &question, &mut answer).await.ok()?;
    read(answer.get(..length)?, nonce)
}

/// Seconds since 1970 out of an answer of a synchronised server.
fn read(answer: &[u8], nonce: [u8; 8]) -> Option<u64> {
    let [first, stratum, ..] = *answer.first_chunk::<LENGTH>()?;
    let (leap, mode) = (first >> 6, first & 0b111);
    let sound = leap != 0b11 && mode == 4 && (1..=15).contains(&stratum) && answer[24..32] == nonce;
    let seconds = u64::from(u32::from_be_bytes(answer[40..44].try_into().ok()?));
    // Past February 2036 the count has begun anew.
    let seconds = if seconds < 1 << 31 { seconds + (1 << 32) } else { seconds };
    (sound && seconds != 1 << 32).then(|| seconds - EPOCH_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(change: impl FnOnce(&mut [u8; LENGTH])) -> [u8; LENGTH] {
        let mut answer = [0; LENGTH];
        answer[..2].copy_from_slice(&[0b00_100_100, 2]);
        answer[24..32].copy_from_slice(&[7; 8]);
        answer[40..44].copy_from_slice(&(3_976_000_000_u32).to_be_bytes());
        change(&mut answer);
        answer
    }

    #[test]
    fn only_a_synchronised_server_that_was_asked_tells_the_time() {
        assert_eq!(read(&answer(|_| {}), [7; 8]), Some(1_767_011_200));
        assert_eq!(read(&answer(|_| {}), [8; 8]), None, "another question's answer");
        assert_eq!(read(&answer(|answer| answer[1] = 0), [7; 8]), None, "kiss of death");
        assert_eq!(read(&answer(|answer| answer[0] |= 0b11 << 6), [7; 8]), None, "not synchronised");
        assert_eq!(read(&answer(|answer| answer[0] -= 1), [7; 8]), None, "no server");
        assert_eq!(read(&answer(|_| {})[..47], [7; 8]), None, "cut short");
    }

    #[test]
    fn the_count_that_begins_anew_in_2036_is_read() {
        let late = answer(|answer| answer[40..44].copy_from_slice(&100_u32.to_be_bytes()));
        assert_eq!(read(&late, [7; 8]), Some((1 << 32) + 100 - EPOCH_S));
    }
}
