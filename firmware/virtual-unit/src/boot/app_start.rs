//! The first lines of an ESP-IDF app, before its own code, and its panic. Knows no app.

use crate::console::{Console, Level};
use crate::image::AppDescription;

/// Prints what ESP-IDF prints before `app_main`.
pub(super) fn introduce(console: &Console, app: &AppDescription, (major, minor): (u32, u32)) {
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
    info("efuse_init", &format!("Chip rev:         v{major}.{minor}"));
    info("main_task", "Started on CPU0");
    info("main_task", "Calling app_main()");
}

/// What each register holds in the panic, in the order in which ESP-IDF prints them.
const REGISTERS: [(&str, u32); 37] = [
    ("MEPC", 0x4200_a5c4),
    ("RA", 0x4200_a5b2),
    ("SP", STACK),
    ("GP", 0x3fc8_b000),
    ("TP", 0x3fc9_1fa0),
    ("T0", 0x4005_890e),
    ("T1", 0x0000_000f),
    ("T2", 0),
    ("S0/FP", 0x3fc9_1f80),
    ("S1", 0x3fc8_f1a0),
    ("A0", 0),
    ("A1", 0x3c02_2a3c),
    ("A2", 0x0000_0001),
    ("A3", 0x0000_0000),
    ("A4", 0x3fc8_f1a0),
    ("A5", 0x3fc8_f000),
    ("A6", 0xa000_0000),
    ("A7", 0x0000_000a),
    ("S2", 0),
    ("S3", 0),
    ("S4", 0),
    ("S5", 0),
    ("S6", 0),
    ("S7", 0),
    ("S8", 0),
    ("S9", 0),
    ("S10", 0),
    ("S11", 0),
    ("T3", 0),
    ("T4", 0),
    ("T5", 0),
    ("T6", 0),
    ("MSTATUS", 0x0000_1881),
    ("MTVEC", 0x4038_0001),
    ("MCAUSE", 0x0000_0005),
    ("MTVAL", 0x0000_0000),
    ("MHARTID", 0x0000_0000),
];
/// The stack pointer in the panic.
const STACK: u32 = 0x3fc9_1f50;
/// Lines of stack memory that ESP-IDF prints, of eight words each.
const STACK_LINES: u32 = 32;

/// Prints a panic as ESP-IDF does on RISC-V: registers and raw stack memory, from which its monitor makes a backtrace.
pub(super) fn panic(console: &Console, app: Option<&AppDescription>) {
    console.print("Guru Meditation Error: Core  0 panic'ed (Load access fault). Exception was unhandled.");
    console.print("");
    console.print("Core  0 register dump:");
    for line in REGISTERS.chunks(4) {
        console.print(line.iter().map(|(name, value)| format!("{name:<8}: {value:#010x}  ")).collect::<String>());
    }
    console.print("");
    console.print("Stack memory:");
    for line in 0..STACK_LINES {
        console.print(stack_line(line));
    }
    for _ in 0..3 {
        console.print("");
    }
    console.print(format_args!("ELF file SHA256: {}", app.map(elf_id).unwrap_or_default()));
    console.print("");
    console.print("Rebooting...");
}

/// A frame of the failed function, then its callers' return addresses, then stack that was never used.
fn stack_line(line: u32) -> String {
    let words: [u32; 8] = match line {
        0 => [0x4200_a5b2, 0, 0x3fc9_1f80, 0x4201_8c3e, 1, 0x3fc8_f1a0, 0, 0],
        1 => [0, 0x4201_9020, 0, 0, 0x3fc9_1fa0, 0x4038_7b1c, 0, 0],
        _ => [0xa5a5_a5a5; 8],
    };
    let words: String = words.iter().map(|word| format!(" {word:#010x}")).collect();
    format!("{:08x}:{words}", STACK + line * 32)
}

/// Prints the last words of an app whose supply sinks.
pub(super) fn brown_out(console: &Console) {
    console.print("E BOD: Brownout detector was triggered");
    console.print("");
}

/// The first nine digits of the ELF file's SHA-256, as ESP-IDF prints them.
fn elf_id(app: &AppDescription) -> String {
    let mut digits: String = app.elf_sha256[..5].iter().map(|byte| format!("{byte:02x}")).collect();
    digits.truncate(9);
    digits
}
