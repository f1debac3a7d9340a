//! The product of emulated units: the firmware of `firmware/esp32c3`, which somebody has built.

use std::{
    io,
    path::{Path, PathBuf},
};

use virtual_unit::emulator::{self, EmulatorError};

use super::no_space;
use crate::{
    args::{DemoArgs, DemoInjection},
    exit::Failure,
};

const RECIPE: &str = include_str!("../../../../../configs/recipes/demo-qemu.toml");

/// The images by the names that the build gives them, and those that the recipe has for them.
const IMAGES: [(&str, &str); 3] =
    [("bootloader.bin", "bootloader.bin"), ("partition-table.bin", "partition-table.bin"), ("emulator.bin", "app.bin")];

/// Writes recipe and images into `home/demo` and returns the recipe's path. Without an emulator that can run them nothing
/// is begun.
pub(super) fn write_product(home: &Path, args: &DemoArgs) -> Result<PathBuf, Failure> {
    match args.injection {
        DemoInjection::Nvs => {}
        DemoInjection::Session => return Err(no_time()),
    }
    emulator::check(Path::new(emulator::PROGRAM)).map_err(|error| no_emulator(&error))?;
    let folder = home.join("demo");
    std::fs::create_dir_all(&folder).map_err(|error| no_space(&error))?;
    for (from, to) in IMAGES {
        let from = args.images.join(from);
        let image = std::fs::read(&from).map_err(|error| no_image(&from, &error))?;
        std::fs::write(folder.join(to), image).map_err(|error| no_space(&error))?;
    }
    let recipe = folder.join("demo-qemu.toml");
    std::fs::write(&recipe, RECIPE).map_err(|error| no_space(&error))?;
    Ok(recipe)
}

fn no_time() -> Failure {
    let why = "A unit with a session asks only a time server for the time, and on this machine there is none.";
    let remedy = "Leave --injection away: an emulated unit that provisions asks the provisioning service.";
    Failure::usage("no_time_server", "The demo gives emulated units no session.", why, remedy)
}

fn no_emulator(error: &EmulatorError) -> Failure {
    let remedy = "Install Espressif's emulator as docs/emulator.md tells, and start this again with qemu-system-riscv32 \
                  on the PATH.";
    let why = match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}."),
        None => format!("{error}."),
    };
    Failure::usage("no_emulator", "There is no emulator for ESP32-C3 units.", why, remedy)
}

fn no_image(path: &Path, error: &io::Error) -> Failure {
    let why = format!("{}: {error}.", path.display());
    let remedy = "Build the images with `firmware/esp32c3/build --emulator`, or name their folder with --images; \
                  docs/emulator.md tells more.";
    Failure::usage("no_emulator_image", "The firmware for emulated units is not there.", why, remedy)
}
