//! Makes the files that the line flashes out of a linked program: second-stage boot loader, partition table, app image.
//! Says how large they are and what their hashes are, and fails when the app has grown past its bound.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use espflash::flasher::{FlashData, FlashFrequency, FlashMode, FlashSettings, FlashSize};
use espflash::image_format::idf::IdfBootloaderFormat;
use espflash::target::{Chip, XtalFrequency};
use sha2::{Digest, Sha256};

/// Largest app image, in bytes: an image of this size still leaves a fifth of its slot free.
const APP_BYTES_MAX: usize = 1_200_000;
/// Where the partition table stands.
const TABLE_OFFSET: u32 = 0x8000;

fn main() -> Result<()> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, partitions, folder, app] = arguments.as_slice() else {
        bail!("usage: pack PROGRAM PARTITIONS.CSV FOLDER APP.BIN");
    };
    std::fs::create_dir_all(folder)?;
    let elf = std::fs::read(program).with_context(|| format!("could not read {}", program.display()))?;
    let settings = FlashSettings::new(Some(FlashMode::Dio), Some(FlashSize::_4Mb), Some(FlashFrequency::_80Mhz));
    let data = FlashData::new(settings, 0, None, Chip::Esp32c3, XtalFrequency::_40Mhz);
    let format = || IdfBootloaderFormat::new(&elf, &data, Some(partitions), None, None, None);
    for segment in format()?.flash_segments() {
        match segment.addr {
            0 => write(&folder.join("bootloader.bin"), segment.data())?,
            TABLE_OFFSET => write(&folder.join("partition-table.bin"), segment.data())?,
            _ => {}
        }
    }
    let apps: Vec<_> = format()?.ota_segments().collect();
    let [image] = apps.as_slice() else { bail!("the program has {} app images", apps.len()) };
    let size = image.data().len();
    write(&folder.join(app), image.data())?;
    ensure!(size <= APP_BYTES_MAX, "the app has {size} bytes, more than {APP_BYTES_MAX}");
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("could not write {}", path.display()))?;
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    println!("{hash}  {:>8} bytes  {}", bytes.len(), path.display());
    Ok(())
}
