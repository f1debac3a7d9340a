//! The emulator's Ethernet as the unit's network: always there, so that only an address is waited for.

use core::future::Future;

use embassy_futures::join::join3;
use embassy_net::Stack;
use embassy_time::{Duration, Timer};

use super::{JOIN, Network, get_address, open_eth, stack_over};
use crate::socket;

/// Pause before an address is asked for again.
const RETRY: Duration = Duration::from_millis(500);

/// Brings the stack up. What is returned beside it must run for as long as the unit does.
pub(crate) fn start() -> (Network, impl Future) {
    let (stack, mut runner) = stack_over(open_eth::OpenEth::start());
    let background = async move { join3(runner.run(), keep_address(stack), socket::say_goodbyes()).await };
    (Network { stack }, background)
}

async fn keep_address(stack: Stack<'static>) {
    JOIN.wait().await;
    loop {
        if get_address(stack).await {
            stack.wait_config_down().await;
        }
        Timer::after(RETRY).await;
    }
}
