//! The first lines of an ESP-IDF app, before its own code, and its panic. Knows no app.

use crate::console::{Console, Level};
use crate::image::AppDescription;

/// Prints what ESP-IDF prints before `app_main`.
pub(super) fn introduce(console: &Console, app: &AppDescription) {
    let info = |tag: &str, text: &str| console.log(Level::Info, tag, text);
    info("cpu_start", "Unicore app");
    info("cpu_start", "Pro cpu start user code");
    info("cpu_start", "cpu freq: 160000000 Hz");
    info("app_init", "Application information:");
    info("app_init", &format!("Project name:     {}", app.project));
    info("app_init", &format!("App version:      {}", app.version));
    info("app_init", &format!("Compile time:     {} {}", app.date, app.time));
    info("app_init", &format!("ELF file SHA256:  {}...", elf_id(app)));
    info("app_init", &format!("ESP-IDF:          {}", app.idf_version));
    info("efuse_init", "Min chip rev:     v0.3");
    info("efuse_init", "Max chip rev:     v1.99 ");
    info("efuse_init", "Chip rev:         v0.3");
    info("main_task", "Started on CPU0");
    info("main_task", "Calling app_main()");
}

/// Prints a panic as ESP-IDF does on RISC-V.
pub(super) fn panic(console: &Console, app: Option<&AppDescription>) {
    console.print("Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was unhandled.");
    console.print("");
    console.print("Core  0 register dump:");
    console.print("MEPC    : 0x4200a5c4  RA      : 0x4200a5b2  SP      : 0x3fc91f50  GP      : 0x3fc8b000  ");
    console.print("TP      : 0x3fc91fa0  T0      : 0x4005890e  T1      : 0x0000000f  T2      : 0x00000000  ");
    console.print("MSTATUS : 0x00001881  MTVEC   : 0x40380001  MCAUSE  : 0x00000005  MTVAL   : 0x00000000  ");
    console.print("");
    console.print("Stack memory:");
    for line in 0..4_u32 {
        let address = 0x3fc9_1f50 + line * 32;
        console.print(format_args!(
            "{address:08x}: 0x4200a5b2 0x00000000 0x3fc91f80 0x42018c3e 0x00000001 0x3fc8f1a0 0x0 0xa5a5a5a5"
        ));
    }
    console.print("");
    console.print(format_args!("ELF file SHA256: {}", app.map(elf_id).unwrap_or_default()));
    console.print("");
    console.print("Rebooting...");
}

/// The first nine digits of the ELF file's SHA-256, as ESP-IDF prints them.
fn elf_id(app: &AppDescription) -> String {
    let mut digits: String = app.elf_sha256[..5].iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(9);
    digits
}
