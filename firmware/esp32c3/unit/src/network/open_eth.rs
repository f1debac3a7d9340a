//! The OpenCores Ethernet device that Espressif's emulator puts in the place of a radio. Without interrupts: whoever waits
//! for a frame is woken at once and looks again.
//!
//! Registers and descriptors after the public "Ethernet IP Core Specification" of OpenCores, revision 1.19.
#![expect(unsafe_code, reason = "registers and buffers that a device writes to")]

use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use esp_hal::efuse;

const BASE: usize = 0x600c_d000;
const MODER: usize = 0x00;
const TX_BD_NUM: usize = 0x20;
const MAC_ADDR0: usize = 0x40;
const MAC_ADDR1: usize = 0x44;
const DESCRIPTORS: usize = 0x400;
const DESCRIPTOR_BYTES: usize = 8;

/// Mode: receive, transmit, full duplex, CRC, padding.
const MODE: u32 = 1 | 1 << 1 | 1 << 10 | 1 << 13 | 1 << 15;
/// The device owns the descriptor.
const OWNED: u32 = 1 << 15;
/// It is the last one.
const WRAP: u32 = 1 << 13;
/// Pad short frames, append the CRC.
const PAD_AND_CRC: u32 = 1 << 12 | 1 << 11;

const SENDING: usize = 1;
const RECEIVING: usize = 8;
const FRAME_MAX: usize = 1514;
const CRC_BYTES: usize = 4;
/// A frame with its CRC, rounded up.
const BUFFER_BYTES: usize = 1536;

static mut BUFFERS: [[u8; BUFFER_BYTES]; SENDING + RECEIVING] = [[0; BUFFER_BYTES]; SENDING + RECEIVING];

/// The device.
pub(super) struct OpenEth {
    mac: [u8; 6],
    /// The descriptor in which the next frame arrives.
    next: usize,
}

fn write(register: usize, value: u32) {
    // SAFETY: the device is there, and its registers take whole words.
    unsafe { ((BASE + register) as *mut u32).write_volatile(value) }
}

fn read(register: usize) -> u32 {
    // SAFETY: as above; reading changes nothing.
    unsafe { ((BASE + register) as *const u32).read_volatile() }
}

fn descriptor(number: usize) -> usize {
    DESCRIPTORS + number * DESCRIPTOR_BYTES
}

fn buffer(number: usize) -> *mut u8 {
    (&raw mut BUFFERS).cast::<u8>().wrapping_add(number * BUFFER_BYTES)
}

impl OpenEth {
    /// Starts the device. To be called once.
    pub(super) fn start() -> Self {
        let mac: [u8; 6] = efuse::base_mac_address().as_bytes().try_into().expect("a MAC has six bytes");
        write(MODER, 0);
        write(TX_BD_NUM, SENDING as u32);
        write(MAC_ADDR0, u32::from_be_bytes([mac[2], mac[3], mac[4], mac[5]]));
        write(MAC_ADDR1, u32::from_be_bytes([0, 0, mac[0], mac[1]]));
        for number in 0..SENDING + RECEIVING {
            write(descriptor(number) + 4, buffer(number) as u32);
        }
        for number in SENDING..SENDING + RECEIVING {
            release(number);
        }
        write(MODER, MODE);
        Self { mac, next: SENDING }
    }

    fn may_send(&self) -> bool {
        read(descriptor(0)) & OWNED == 0
    }
}

/// Gives a descriptor to the device, for the next frame.
fn release(number: usize) {
    let wrap = if number == SENDING + RECEIVING - 1 { WRAP } else { 0 };
    write(descriptor(number), OWNED | wrap);
}

impl Driver for OpenEth {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Sending;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Received<'_>, Sending)> {
        if read(descriptor(self.next)) & OWNED != 0 || !self.may_send() {
            context.waker().wake_by_ref();
            return None;
        }
        Some((Received(self), Sending))
    }

    fn transmit(&mut self, context: &mut Context<'_>) -> Option<Sending> {
        if self.may_send() {
            return Some(Sending);
        }
        context.waker().wake_by_ref();
        None
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME_MAX;
        capabilities.max_burst_size = Some(1);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.mac)
    }
}

/// A frame that has arrived.
pub(super) struct Received<'a>(&'a mut OpenEth);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, take: F) -> R {
        let number = self.0.next;
        let length = (read(descriptor(number)) >> 16) as usize;
        let length = length.saturating_sub(CRC_BYTES).min(BUFFER_BYTES);
        // SAFETY: the device has given the descriptor back, so nobody else uses its buffer until it is released.
        let taken = take(unsafe { core::slice::from_raw_parts_mut(buffer(number), length) });
        release(number);
        self.0.next = if number == SENDING + RECEIVING - 1 { SENDING } else { number + 1 };
        taken
    }
}

/// Room for a frame to send.
pub(super) struct Sending;

impl TxToken for Sending {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let length = length.min(BUFFER_BYTES);
        // SAFETY: a token is made only while the device does not own the descriptor.
        let filled = fill(unsafe { core::slice::from_raw_parts_mut(buffer(0), length) });
        write(descriptor(0), (length as u32) << 16 | OWNED | WRAP | PAD_AND_CRC);
        filled
    }
}
