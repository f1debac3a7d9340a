//! A byte stream to a server: name look-up, TCP, the time of day, and TLS if wanted, each with the failure that ESP-IDF
//! would report.

use alloc::boxed::Box;
use core::future::Future;

use embassy_time::{Duration, with_timeout};
use embedded_io_async::{Read, Write};
use firstpass_contract::logline::Level;
use mbedtls_rs::TlsReference;

use crate::tls::{NOT_YET_VALID, TlsStream};
use crate::{Firmware, LinkFailure, Platform, Trust, WallClock, http, sntp};

/// Time for opening a stream, and for one write (network time limit of the ESP-IDF clients).
pub(crate) const NETWORK_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for a time server's answer, name look-up included.
const SNTP_TIMEOUT: Duration = Duration::from_secs(3);

const TAG: &str = "clock";

/// An open stream.
pub enum Stream<'t, S: Read + Write> {
    /// Without TLS.
    Plain(S),
    /// With TLS.
    Tls(Box<TlsStream<'t, S>>),
}

/// Opens streams.
pub struct Connector<'t, P> {
    platform: &'t P,
    tls: TlsReference<'t>,
    firmware: &'t Firmware,
    /// Base URL of the provisioning service, whose servers tell the time where no time server does.
    service: alloc::string::String,
}

impl<P> Clone for Connector<'_, P> {
    fn clone(&self) -> Self {
        Self { service: self.service.clone(), ..*self }
    }
}

impl<'t, P: Platform> Connector<'t, P> {
    /// A connector for one boot.
    pub fn new(platform: &'t P, tls: TlsReference<'t>, firmware: &'t Firmware, service: &str) -> Self {
        Self { platform, tls, firmware, service: service.into() }
    }

    /// Opens a stream to `host`, which is also the name that the server's certificate must show. Each part has `limit`.
    pub async fn open(
        &self,
        host: &str,
        port: u16,
        trust: Option<&Trust>,
        limit: Duration,
    ) -> Result<Stream<'t, P::Stream>, LinkFailure> {
        let Some(trust) = trust else {
            return Ok(Stream::Plain(limited(limit, self.platform.connect(host, port)).await?));
        };
        if WallClock::now().is_none() {
            self.learn_time(trust, host, port).await?;
        }
        let tcp = limited(limit, self.platform.connect(host, port)).await?;
        if WallClock::now().is_none() {
            // As ESP-IDF says it, whose clock then stands at 1970.
            return Err(LinkFailure::unverified(NOT_YET_VALID));
        }
        let secured = with_timeout(limit, trust.secure(self.tls, tcp, host)).await;
        Ok(Stream::Tls(Box::new(secured.unwrap_or_else(|_| Err(LinkFailure::handshake_timeout()))?)))
    }

    /// Sets the clock by a time server, or else by the provisioning service. Without either the clock stays unknown, and
    /// no server is trusted. Fails when it is the server at `host` that would tell the time and cannot be trusted.
    async fn learn_time(&self, trust: &Trust, host: &str, port: u16) -> Result<(), LinkFailure> {
        let asked =
            self.firmware.time_server.map(|server| with_timeout(SNTP_TIMEOUT, sntp::ask(self.platform, server)));
        let by_server = match asked {
            Some(asked) => asked.await.ok().flatten(),
            None => None,
        };
        let (told, by) = match by_server {
            Some(time) => (Ok(Some(time)), "a time server"),
            None => (self.time_of_service(trust, host, port).await, "the provisioning service"),
        };
        let (time, distrust) = told.map_or_else(|failure| (None, failure), |time| (time, None));
        match time.filter(|time| *time >= self.firmware.built_at_s) {
            Some(time) => {
                WallClock::set(time);
                self.platform.log(Level::Info, TAG, format_args!("time set by {by}: {time}"));
            }
            None => {
                self.platform.log(Level::Error, TAG, format_args!("the time is not known: no server can be trusted"))
            }
        }
        distrust.map_or(Ok(()), Err)
    }

    /// What the service's server says in the `Date` of an answer, over TLS in which everything is verified but that the
    /// certificates have begun to be valid. The connection that follows is verified with that time.
    /// Fails when it does not; with the reason when that server is the one at `host`, and cannot be trusted.
    async fn time_of_service(&self, trust: &Trust, host: &str, port: u16) -> Result<Option<u64>, Option<LinkFailure>> {
        let target = http::Target::parse(&self.service).map_err(|_| None)?;
        let is_same = (target.host.as_str(), target.port) == (host, port);
        let ask = async {
            let tcp = self.platform.connect(&target.host, target.port).await.map_err(|_| None)?;
            WallClock::set(self.firmware.built_at_s);
            let secured = trust.secure_before_time(self.tls, tcp, &target.host).await;
            WallClock::forget();
            let secured = secured.map_err(|failure| Some(failure).filter(|_| is_same))?;
            Ok(http::date(Stream::<P::Stream>::Tls(Box::new(secured)), &target).await)
        };
        let asked = with_timeout(NETWORK_TIMEOUT, ask).await;
        if asked.is_err() {
            WallClock::forget();
        }
        asked.unwrap_or(Err(None))
    }
}

impl<S: Read + Write> Stream<'_, S> {
    /// Reads at least one byte; the end of the stream is a failure. May be dropped and called again.
    pub async fn read(&mut self, buffer: &mut [u8]) -> Result<usize, LinkFailure> {
        let read = match self {
            Self::Plain(tcp) => tcp.read(buffer).await.map_err(|_| LinkFailure::reset()),
            Self::Tls(tls) => tls.read(buffer).await.map_err(LinkFailure::of_open_stream),
        };
        match read? {
            0 => Err(LinkFailure::closed()),
            count => Ok(count),
        }
    }

    /// Writes all bytes through to the socket.
    pub async fn write_all(&mut self, bytes: &[u8]) -> Result<(), LinkFailure> {
        limited(NETWORK_TIMEOUT, async {
            match self {
                Self::Plain(tcp) => write_through(tcp, bytes).await.map_err(|_| LinkFailure::reset()),
                Self::Tls(tls) => write_through(&mut **tls, bytes).await.map_err(LinkFailure::of_open_stream),
            }
        })
        .await
    }
}

async fn write_through<W: Write>(writer: &mut W, bytes: &[u8]) -> Result<(), W::Error> {
    writer.write_all(bytes).await?;
    writer.flush().await
}

pub(crate) async fn limited<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, LinkFailure>>,
) -> Result<T, LinkFailure> {
    with_timeout(limit, work).await.unwrap_or_else(|_| Err(LinkFailure::timeout()))
}
