//! How well a write uses the wire: the time of a paced write against what its compressed bytes take at that baud rate.

use std::thread;
use std::time::Instant;

use firstpass_device::Region;

use crate::session::firmware;
use crate::slot::{BAUD, Slot, quiet};

/// The most that a write may take, in times of the bare wire (issue: "How good").
const RATIO_MAX: f64 = 1.25;
/// Bits on the wire for a byte: start, data, stop.
const BITS_PER_BYTE: f64 = 10.0;

/// Writes `app` in a slot of its own; the time as a multiple of what its compressed bytes take.
fn ratio_of_a_write(app: &Region) -> f64 {
    let slot = Slot::paced();
    let mut link = slot.connect().unwrap();
    let began = Instant::now();
    let digests = link.write(std::slice::from_ref(app), &mut quiet).unwrap();
    let took = began.elapsed().as_secs_f64();
    assert!(digests[0].md5_matches);
    took / (app.image.compressed_len() as f64 * BITS_PER_BYTE / f64::from(BAUD))
}

#[test]
fn eight_units_in_parallel_are_written_at_the_speed_of_their_wires() {
    let app = firmware(1024 * 1024).pop().unwrap();
    let ratios: Vec<f64> = thread::scope(|scope| {
        let writers: Vec<_> = (0..8).map(|_| scope.spawn(|| ratio_of_a_write(&app))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    println!("{} bytes compressed; ratios {ratios:.3?}", app.image.compressed_len());
    assert!(ratios.iter().all(|ratio| *ratio <= RATIO_MAX), "{ratios:.3?}");
}
