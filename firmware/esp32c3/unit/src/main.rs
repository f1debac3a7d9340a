//! The device agent on an ESP32-C3: one source for the factory image, which provisions, and for the field image, which
//! only uses the session that is there.
#![no_std]
#![no_main]

extern crate alloc;

mod board;
mod brown_out;
mod compiled_code;
mod console;
mod events;
mod firmware;
mod last_words;
#[cfg(feature = "marks")]
mod marks;
mod network;
#[cfg(feature = "qemu")]
mod polled;
mod random;
mod socket;
mod unit;

// What ESP-IDF's boot loader and its tools read of an image.
esp_bootloader_esp_idf::esp_app_desc!(
    firmware::VERSION,
    firmware::PROJECT,
    esp_bootloader_esp_idf::BUILD_TIME,
    esp_bootloader_esp_idf::BUILD_DATE,
    esp_bootloader_esp_idf::ESP_IDF_COMPATIBLE_VERSION,
    esp_bootloader_esp_idf::MMU_PAGE_SIZE,
    0,
    u16::MAX,
    esp_bootloader_esp_idf::SECURE_VERSION
);

/// Heap in the memory that the boot loader has left, in bytes.
const RECLAIMED_BYTES: usize = 64 * 1024;
/// Heap beside the program's own data, in bytes.
const HEAP_BYTES: usize = 120 * 1024;

/// Fills the heap, first of all.
fn prepare_heap() {
    #[cfg(feature = "marks")]
    marks::paint();
    esp_alloc::heap_allocator!(#[esp_hal::ram(reclaimed)] size: RECLAIMED_BYTES);
    esp_alloc::heap_allocator!(size: HEAP_BYTES);
}

fn clocks() -> esp_hal::Config {
    esp_hal::Config::default().with_cpu_clock(esp_hal::clock::CpuClock::max())
}

#[cfg(feature = "wifi")]
#[esp_rtos::main]
async fn main(spawner: embassy_executor::Spawner) -> ! {
    let peripherals = esp_hal::init(clocks());
    prepare_heap();
    let timers = esp_hal::timer::timg::TimerGroup::new(peripherals.TIMG0);
    esp_rtos::start(timers.timer0, peripherals.FROM_CPU_INTR0);
    let parts = unit::Parts {
        adc: peripherals.ADC1,
        flash: peripherals.FLASH,
        rng: peripherals.RNG,
        watchdog: peripherals.TIMG1,
    };
    let network = network::start(peripherals.WIFI, spawner);
    unit::run(parts, network).await
}

#[cfg(feature = "qemu")]
#[esp_hal::main]
fn main() -> ! {
    let peripherals = esp_hal::init(clocks());
    prepare_heap();
    polled::start_clock();
    let parts = unit::Parts {
        adc: peripherals.ADC1,
        flash: peripherals.FLASH,
        rng: peripherals.RNG,
        watchdog: peripherals.TIMG1,
    };
    let (network, background) = network::start();
    embassy_futures::block_on(async { embassy_futures::join::join(unit::run(parts, network), background).await.0 })
}
