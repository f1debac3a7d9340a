//! Carries what the gateway saw to the router. Its channels are bounded: while this is behind, units wait.

use std::sync::Arc;

use firstpass_gateway::{https::GatewayEvent, mqtt::BrokerEvent};
use tokio::sync::mpsc;

use crate::route::{Router, Witnessed};

pub(crate) async fn pump_broker(mut events: mpsc::Receiver<BrokerEvent>, router: Arc<Router>) {
    while let Some(event) = events.recv().await {
        if let Some(evidence) = event.handshake_failed() {
            router.deliver_address(event.origin.peer.ip(), evidence);
        }
        router.deliver_broker(&event).await;
    }
}

pub(crate) async fn pump_gateway(mut events: mpsc::Receiver<GatewayEvent>, router: Arc<Router>) {
    while let Some(event) = events.recv().await {
        match event {
            GatewayEvent::Provisioned { run, evidence }
            | GatewayEvent::ProvisionRefused { run: Some(run), evidence, .. }
            | GatewayEvent::UpstreamFailed { run, evidence } => {
                router.deliver(run, Witnessed { evidence, recorded: true });
            }
            GatewayEvent::FirmwareServed { run, evidence } => {
                router.deliver(run, Witnessed { evidence, recorded: false });
            }
            GatewayEvent::HandshakeFailed { peer, evidence } => router.deliver_address(peer.ip(), evidence),
            GatewayEvent::ProvisionRefused { run: None, .. } => {}
        }
    }
}
