//! A unit's flash with an NVS, and the app on a thread.

use std::thread::JoinHandle;

use esp_nvs::mem_flash::MemFlash;
use esp_nvs::{Key, Nvs};
use tempfile::TempDir;
use virtual_unit::app::transcript::Transcript;
use virtual_unit::image::CompiledCode;
use virtual_unit::partition::{Partition, PartitionTable, Region};
use virtual_unit::{
    App, AppContext, AppExit, BootClock, DeviceApp, Fault, Faults, Flash, FlashSize, Mac, RunningImage, StopToken,
    Surroundings,
};

use super::SOON;

pub(crate) const NVS: Region = Region { offset: 0x9000, size: 0x6000 };
pub(crate) const OTADATA: Region = Region { offset: 0xf000, size: 0x2000 };
pub(crate) const SLOTS: [Region; 2] =
    [Region { offset: 0x11_0000, size: 0x8_0000 }, Region { offset: 0x19_0000, size: 0x8_0000 }];

const NAMESPACE: Key = Key::from_str("iotmer_creds");
const PAGE: u32 = 0x1000;

/// A value in NVS.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Text(String),
    I32(i32),
    I8(i8),
    U32(u32),
}

/// A unit that is switched off.
pub(crate) struct Unit {
    pub(crate) flash: Flash,
    pub(crate) partitions: PartitionTable,
    pub(crate) faults: Vec<Fault>,
    pub(crate) surroundings: Surroundings,
    pub(crate) compiled_code: Option<CompiledCode>,
    folder: TempDir,
}

/// A unit whose app runs.
pub(crate) struct Running {
    pub(crate) uart: Transcript,
    pub(crate) flash: Flash,
    partitions: PartitionTable,
    stop: StopToken,
    thread: JoinHandle<AppExit>,
    folder: TempDir,
}

impl Unit {
    /// A unit with these values in its NVS, and no OTA slots.
    pub(crate) fn new(values: &[(&'static str, Value)]) -> Self {
        Self::with_nvs_image(&nvs_image(values))
    }

    pub(crate) fn with_nvs_image(image: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let flash = Flash::open(&folder.path().join("flash.bin"), FlashSize::Mb4).expect("a flash file");
        flash.write(NVS.offset, image).expect("the image fits");
        let rows = vec![row("nvs", Partition::DATA, Partition::NVS, NVS), factory_app()];
        Self {
            flash,
            partitions: PartitionTable(rows),
            faults: Vec::new(),
            surroundings: Surroundings::default(),
            compiled_code: None,
            folder,
        }
    }

    pub(crate) fn with_ota_slots(mut self) -> Self {
        self.partitions.0.push(row("otadata", Partition::DATA, Partition::OTADATA, OTADATA));
        for (number, slot) in (0..).zip(SLOTS) {
            self.partitions.0.push(row("ota", Partition::APP, Partition::OTA_0 + number, slot));
        }
        self
    }

    /// Starts the app.
    pub(crate) fn run(self) -> Running {
        let (stop, clock, uart) = (StopToken::new(), BootClock::start(), Transcript::default());
        let context = AppContext {
            mac: Mac([2, 0, 0, 0, 0, 0x1f]),
            flash: self.flash.until(stop.clone()),
            nvs: self.partitions.find(Partition::DATA, Partition::NVS).map(|row| row.region),
            partitions: self.partitions.clone(),
            image: RunningImage {
                partition: factory_app(),
                sha256: [0xab; 32],
                version: "1.4.0".into(),
                project: "factory".into(),
                compiled_code: self.compiled_code,
            },
            console: uart.console(clock, stop.clone()),
            clock,
            stop: stop.clone(),
            faults: Faults::new(self.faults),
            surroundings: self.surroundings,
        };
        let thread = std::thread::spawn(move || DeviceApp.run(context));
        Running { uart, flash: self.flash, partitions: self.partitions, stop, thread, folder: self.folder }
    }
}

impl Running {
    /// Waits until the unit says `text`.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) {
        assert!(self.uart.wait_for(text, SOON), "`{text}` is missing in:\n{}", self.uart.text());
    }

    /// Waits until the app ends by itself, and returns the unit switched off.
    pub(crate) fn ended(self) -> (AppExit, Unit) {
        let exit = self.thread.join().expect("the app does not panic");
        let unit = Unit {
            flash: self.flash,
            partitions: self.partitions,
            faults: vec![],
            surroundings: Surroundings::default(),
            compiled_code: None,
            folder: self.folder,
        };
        (exit, unit)
    }

    /// Resets the unit and waits until its app has ended.
    pub(crate) fn reset(self) -> Unit {
        self.stop.stop();
        let (exit, unit) = self.ended();
        assert_eq!(exit, AppExit::Stopped);
        unit
    }
}

impl Unit {
    /// The bytes of the NVS partition.
    pub(crate) fn nvs_bytes(&self) -> Vec<u8> {
        self.flash.read_vec(NVS.offset, NVS.size).expect("the partition lies in the flash")
    }

    /// A text in NVS, as another reader of the format sees it.
    pub(crate) fn nvs_text(&self, key: &str) -> Option<String> {
        let flash = MemFlash::from_bytes(self.nvs_bytes());
        let mut nvs = Nvs::new(0, NVS.size as usize, flash).expect("a valid NVS");
        nvs.get(&NAMESPACE, &Key::from_str(key)).ok()
    }
}

/// An NVS partition with these values.
pub(crate) fn nvs_image(values: &[(&'static str, Value)]) -> Vec<u8> {
    let mut nvs = Nvs::new(0, NVS.size as usize, MemFlash::new((NVS.size / PAGE) as usize)).expect("an erased NVS");
    for (key, value) in values {
        let key = Key::from_str(key);
        match value {
            Value::Text(text) => nvs.set(&NAMESPACE, &key, text.as_str()),
            Value::I32(number) => nvs.set(&NAMESPACE, &key, *number),
            Value::I8(number) => nvs.set(&NAMESPACE, &key, *number),
            Value::U32(number) => nvs.set(&NAMESPACE, &key, *number),
        }
        .expect("the values fit");
    }
    nvs.into_inner().into_inner()
}

fn factory_app() -> Partition {
    row("factory", Partition::APP, Partition::FACTORY, Region { offset: 0x2_0000, size: 0xf_0000 })
}

fn row(label: &str, kind: u8, subtype: u8, region: Region) -> Partition {
    Partition { label: label.into(), kind, subtype, region, flags: 0 }
}
