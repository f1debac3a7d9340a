//! Every bound of the endpoint, by name.

use std::time::Duration;

use crate::rate::Rate;

/// Bounds of the endpoint. The defaults suit 32 slots that may all reach us from one address.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once; one more is closed at once.
    pub connections_max: usize,
    /// From accept to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// For the head of a request, the wait for it on an idle connection included.
    pub header_timeout: Duration,
    /// For the body of a request.
    pub body_timeout: Duration,
    /// For a whole request; a unit itself gives up after 10 s.
    pub request_timeout: Duration,
    /// For a connection, however busy. A download that takes longer goes on with a range on the next one.
    pub connection_life_max: Duration,
    /// For open requests when the station stops.
    pub drain_timeout: Duration,
    /// Size of a request's head.
    pub head_bytes_max: usize,
    /// Size of a request's body; a certificate request of 4 KiB fits.
    pub body_bytes_max: usize,
    /// Requests from one address.
    pub per_peer: Rate,
    /// Requests with one code.
    pub per_code: Rate,
    /// Requests for one offered image: it may be fetched in many small ranges.
    pub per_download: Rate,
    /// Addresses, codes and downloads whose rate is remembered; the one that was quiet for longest goes first.
    pub rate_records_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1024,
            handshake_timeout: Duration::from_secs(5),
            header_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(9),
            connection_life_max: Duration::from_secs(300),
            drain_timeout: Duration::from_secs(5),
            head_bytes_max: 16 * 1024,
            body_bytes_max: 16 * 1024,
            per_peer: Rate { burst: 200, interval: Duration::from_millis(50) },
            per_code: Rate { burst: 10, interval: Duration::from_secs(6) },
            per_download: Rate { burst: 512, interval: Duration::from_millis(10) },
            rate_records_max: 8 * 1024,
        }
    }
}
