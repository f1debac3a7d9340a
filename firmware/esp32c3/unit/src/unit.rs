//! One boot: from the chip's parts to a running agent, and to the restart that it asks for.

use core::cell::RefCell;

use esp_hal::delay::Delay;
use esp_hal::peripherals::{ADC1, FLASH, RNG, TIMG1};
use esp_hal::timer::timg::{MwdtStage, TimerGroup};
use esp_storage::FlashStorage;
use firstpass_contract::logline::Level;
use firstpass_unit_driver::{Driver, Exit, PartitionTable, WallClock};
use mbedtls_rs::Tls;
use static_cell::StaticCell;

use crate::board::Board;
use crate::network::Network;
use crate::{brown_out, console, firmware, random};

/// How long the driver may be busy with one thing: a handshake with RSA, or an erased NVS.
const WATCHDOG: esp_hal::time::Duration = esp_hal::time::Duration::from_secs(30);
/// How long the UART may take for the last lines before a restart, in milliseconds.
const LAST_LINES_MS: u32 = 50;

/// The parts of the chip that this module takes.
pub(crate) struct Parts {
    pub(crate) adc: ADC1<'static>,
    pub(crate) flash: FLASH<'static>,
    pub(crate) rng: RNG<'static>,
    pub(crate) watchdog: TIMG1<'static>,
}

static TLS: StaticCell<Tls<'static>> = StaticCell::new();

/// Runs the agent until it restarts the chip.
pub(crate) async fn run(parts: Parts, network: Network) -> ! {
    brown_out::watch();
    let mut watchdog = TimerGroup::new(parts.watchdog).wdt;
    #[cfg(feature = "qemu")]
    crate::polled::wake_watchdog(&mut watchdog);
    watchdog.set_timeout(MwdtStage::Stage0, WATCHDOG);
    watchdog.enable();
    let (for_tls, trng) = random::start(parts.rng, parts.adc);
    WallClock::install();
    let tls = TLS.init(Tls::new(for_tls).expect("the only one is made here"));
    let firmware = firmware::describe();
    let flash = RefCell::new(FlashStorage::new(parts.flash));
    let table = PartitionTable::read(&mut *flash.borrow_mut()).unwrap_or_else(|error| {
        console::log(Level::Error, "flash_parts", format_args!("partition table not read: {error}"));
        PartitionTable::default()
    });
    let board = Board::new(flash, network, trng, watchdog);
    board.join(&table);
    #[cfg(feature = "marks")]
    crate::marks::print();
    let exit = Driver::new(&board, &firmware, &table, tls.reference()).run().await;
    match exit {
        Exit::Restart => {
            Delay::new().delay_millis(LAST_LINES_MS);
            esp_hal::system::software_reset()
        }
    }
}
