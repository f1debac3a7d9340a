//! What the ROM prints before anything of the flash runs. The words are those of the C3's ROM, as captured.

/// What the ROM prints when the straps say "download".
pub(crate) const DOWNLOAD_BANNER: &str = "ESP-ROM:esp32c3-api1-20210207\r\n\
    Build:Feb  7 2021\r\n\
    rst:0x1 (POWERON),boot:0x2 (UART0_BOOT)\r\n\
    wait uart0 download\r\n";
