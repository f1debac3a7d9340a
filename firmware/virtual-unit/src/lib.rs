//! An ESP32-C3 on a pseudo-terminal: ROM loader, flash, boot, agent.
