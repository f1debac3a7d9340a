//! Where a request comes from. Knows no proxy: a header that names another address is not believed.

use std::{
    convert::Infallible,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use axum::{
    extract::FromRequestParts,
    http::{Extensions, request::Parts},
};

/// The other end of the connection. The listener puts it into each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(pub(crate) SocketAddr);

impl Peer {
    /// The address of a request; without a listener (in tests of a router) the unspecified one.
    pub(crate) fn of(extensions: &Extensions) -> IpAddr {
        let peer = extensions.get::<Self>().map(|peer| peer.0.ip().to_canonical());
        peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    }
}

/// The address that a handler's request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct From(pub(crate) IpAddr);

impl<S: Send + Sync> FromRequestParts<S> for From {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Peer::of(&parts.extensions)))
    }
}
