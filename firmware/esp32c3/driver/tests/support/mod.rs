//! A host as the driver's platform, servers with good and bad certificates, and one TLS stack for the whole test.
#![expect(dead_code, reason = "each test crate uses a part")]

pub(crate) mod flash;
pub(crate) mod host;
pub(crate) mod pki;
pub(crate) mod server;
