//! What the ROM does before anything of the flash runs: its banner, and loading the second stage from offset 0. The
//! words are those of the C3's ROM, as captured. Knows no partition.

use crate::console::Console;
use crate::faults::{Fault, Faults};
use crate::flash::{Flash, FlashError};
use crate::image::{self, ImageError, MAGIC, Segment};
use crate::partition::TABLE_OFFSET;
use crate::stop::StopToken;

use super::REBOOT_PAUSE;

/// What the ROM prints when the straps say "download".
pub(crate) fn download_banner(cause: Cause, faults: &Faults) -> String {
    let secured = faults.is_on(&Fault::SecureDownload);
    let waits = if secured { "wait uart download(secure mode)" } else { "wait uart0 download" };
    let reset = format!("rst:{},boot:0x2 (UART0_BOOT)", cause.text());
    format!("ESP-ROM:esp32c3-api1-20210207\r\nBuild:Feb  7 2021\r\n{reset}\r\n{waits}\r\n")
}

/// Why the chip has been reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Power, or the reset line.
    PowerOn,
    /// The second stage has given up, or the loader was told to reboot.
    System,
    /// The app has restarted, or panicked.
    Software,
    /// The watchdog of the boot process.
    Watchdog,
    /// The brown-out detector.
    BrownOut,
}

impl Cause {
    fn text(self) -> &'static str {
        match self {
            Self::PowerOn => "0x1 (POWERON)",
            Self::System => "0x3 (RTC_SW_SYS_RST)",
            Self::Software => "0xc (RTC_SW_CPU_RST)",
            Self::Watchdog => "0x7 (TG0WDT_SYS_RST)",
            Self::BrownOut => "0xf (BROWNOUT_RST)",
        }
    }
}

/// Prints the banner of a boot from flash.
pub(super) fn banner(console: &Console, cause: Cause) {
    console.print("ESP-ROM:esp32c3-api1-20210207");
    console.print("Build:Feb  7 2021");
    console.print(format_args!("rst:{},boot:0x8 (SPI_FAST_FLASH_BOOT)", cause.text()));
    if cause == Cause::Software {
        console.print("Saved PC:0x40381d2e");
    }
}

/// Loads the second stage; returns its header, or `None` when the ROM has given up or the unit is stopped.
pub(super) fn load(
    console: &Console,
    flash: &Flash,
    faults: &Faults,
    stop: &StopToken,
) -> Result<Option<Header>, FlashError> {
    let mut bytes = flash.read_vec(0, TABLE_OFFSET)?;
    if faults.is_on(&Fault::InvalidHeader) {
        // A bit of each byte is not heard right, as on a bad connection to the flash chip.
        bytes[..4].iter_mut().for_each(|byte| *byte ^= 0x10);
    }
    if bytes[0] != MAGIC {
        repeat_invalid_header(console, stop, u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        return Ok(None);
    }
    let header = Header { mode: bytes[2], size: bytes[3] >> 4, frequency: bytes[3] & 0xf };
    console.print(format_args!("SPIWP:{:#04x}", bytes[8]));
    console.print(format_args!("mode:{}, clock div:{}", header.mode_text(), header.divider()));
    let found = image::inspect(&bytes);
    if faults.is_on(&Fault::FlashReadErr) {
        found.segments.first().inspect(|segment| print_load(console, segment));
        console.print("flash read err, 1000");
        console.print("ets_main.c 331 ");
        return Ok(None);
    }
    found.segments.iter().for_each(|segment| print_load(console, segment));
    match found.outcome {
        // The ROM looks at the hash only with secure boot.
        Ok(_) | Err(ImageError::Hash) => {
            console.print(format_args!("entry {:#010x}", u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]])));
            return Ok(Some(header));
        }
        Err(ImageError::Checksum { calculated, read }) => {
            console.print(format_args!("csum err:{calculated:#04x}!={read:#04x}"));
        }
        Err(
            ImageError::Magic(_)
            | ImageError::Chip(_)
            | ImageError::SegmentCount(_)
            | ImageError::SegmentLength(_)
            | ImageError::Length { .. },
        ) => {}
    }
    console.print("ets_main.c 331 ");
    Ok(None)
}

fn print_load(console: &Console, segment: &Segment) {
    console.print(format_args!("load:{:#010x},len:{:#x}", segment.address, segment.length));
}

/// Blank flash: the ROM says so for ever.
fn repeat_invalid_header(console: &Console, stop: &StopToken, word: u32) {
    while !stop.wait(REBOOT_PAUSE) {
        console.print(format_args!("invalid header: {word:#010x}"));
    }
}

/// What the header of the second stage says about the flash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    mode: u8,
    size: u8,
    frequency: u8,
}

impl Header {
    fn mode_text(self) -> &'static str {
        ["QIO", "QOUT", "DIO", "DOUT"].get(usize::from(self.mode)).copied().unwrap_or("SLOW_RD")
    }

    fn divider(self) -> u8 {
        if self.frequency == 0xf { 1 } else { self.frequency + 2 }
    }

    /// The clock in MHz, as the second stage prints it.
    pub(super) fn megahertz(self) -> u8 {
        80 / self.divider()
    }

    /// The size of the flash in MB, as the second stage prints it.
    pub(super) fn megabytes(self) -> u32 {
        1 << self.size.min(7)
    }
}
