//! Every bound of the broker, by name.

use std::time::Duration;

/// Bounds of a broker. The defaults suit 32 slots and a field's worth of curious clients on one station.
#[derive(Debug, Clone)]
pub struct Limits {
    /// TCP connections at once, whatever their state; one more is closed at once.
    pub connections_max: usize,
    /// From accept to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// From the end of the handshake to the decision on the login.
    pub connect_timeout: Duration,
    /// For one packet to the client to leave; a client that reads slower is disconnected.
    pub write_timeout: Duration,
    /// How long a closed connection is read to its end, so that the last packet is not lost to a TCP reset.
    pub close_linger: Duration,
    /// Longest silence of a client that turned keep-alive off.
    pub idle_max: Duration,
    /// Size of a CONNECT: what a stranger may make us hold.
    pub connect_bytes_max: usize,
    /// Size of every other packet of a client.
    pub packet_bytes_max: usize,
    /// Length of a client identifier.
    pub client_id_bytes_max: usize,
    /// Topic filters per connection.
    pub subscriptions_max: usize,
    /// Unacknowledged messages per connection, in each direction.
    pub inflight_max: usize,
    /// Messages that wait for one client; when one more comes, the client is disconnected as slow.
    pub outgoing_max: usize,
    /// Events that wait for their reader.
    pub events_max: usize,
    /// Events that a client may make at once: messages that it publishes, filters that it asks for or gives up.
    pub event_burst: u32,
    /// Time after which a client that made its burst may make one more event; one that does not wait is disconnected.
    pub event_interval: Duration,
    /// Payload of a retained message.
    pub retained_payload_bytes_max: usize,
    /// Retained messages; the oldest goes first. A device has at most five, one for each topic it may publish to.
    pub retained_messages_max: usize,
    /// Failed logins for one user name within [`Limits::failure_window`].
    pub failures_per_username_max: u32,
    /// Failed logins from one address within [`Limits::failure_window`].
    pub failures_per_address_max: u32,
    /// Window of the two bounds above.
    pub failure_window: Duration,
    /// User names and addresses whose failures are remembered; the oldest goes first.
    pub failure_records_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            handshake_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(10),
            close_linger: Duration::from_secs(1),
            idle_max: Duration::from_secs(3600),
            connect_bytes_max: 4 * 1024,
            packet_bytes_max: 64 * 1024,
            client_id_bytes_max: 128,
            subscriptions_max: 16,
            inflight_max: 32,
            outgoing_max: 128,
            events_max: 1024,
            event_burst: 200,
            event_interval: Duration::from_millis(20),
            retained_payload_bytes_max: 1024,
            retained_messages_max: 16 * 1024,
            failures_per_username_max: 10,
            failures_per_address_max: 300,
            failure_window: Duration::from_secs(60),
            failure_records_max: 8 * 1024,
        }
    }
}
