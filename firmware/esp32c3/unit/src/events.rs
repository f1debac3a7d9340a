//! What happens outside the driver, on its way to the agent: the network's changes, and what the application wants. An
//! application's own tasks call [`tell`] with `Event::Telemetry`, `Event::FactoryReset` or `Event::Close`.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use firstpass_agent::Event;

/// Events that wait for the driver; who has one more waits, too.
const EVENTS_MAX: usize = 4;

static EVENTS: Channel<CriticalSectionRawMutex, Event, EVENTS_MAX> = Channel::new();

/// Tells the agent.
pub(crate) async fn tell(event: Event) {
    EVENTS.send(event).await;
}

/// The next event. May be dropped and called again.
pub(crate) async fn next() -> Event {
    EVENTS.receive().await
}
