//! What an ESP32 unit does after boot, without I/O.
