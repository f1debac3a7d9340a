//! Ports, fixtures, flashing, NVS images and UART logs.
