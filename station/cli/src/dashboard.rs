//! The floor of a station with the pages for people on top of it, from a start in good order to such an end.

use std::{io::IsTerminal as _, path::Path, sync::Arc, time::Duration};

use firstpass_domain::Language;
use firstpass_line::{
    Slot,
    floor::{FloorReport, LineFloor},
    recipe::Shelf,
};
use firstpass_server::{FirstUser, Server, ServerError, Services, Settings};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::{
    config::Config,
    exit::Failure,
    output::Output,
    progress,
    station::{Station, now},
};

/// How long people's requests may take to end; live pages end at once.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// Slots at work and the pages about them.
pub(crate) struct Dashboard {
    pub(crate) floor: LineFloor,
    url: String,
    token: CancellationToken,
    serving: JoinHandle<Result<(), ServerError>>,
    shown: JoinHandle<()>,
}

/// What a dashboard is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) station: &'a Station,
    pub(crate) config: &'a Config,
    /// Folder of the record.
    pub(crate) data: &'a Path,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) slots: Vec<Slot>,
}

impl Dashboard {
    /// Serves the pages until `token` is cancelled. No slot works yet.
    pub(crate) async fn open(opening: Opening<'_>, output: Output, token: &CancellationToken) -> Result<Self, Failure> {
        let Opening { station, config, data, shelf, slots } = opening;
        let floor = LineFloor::open(Arc::clone(station.line()), Arc::clone(&shelf), slots, config.shift()).await?;
        let services = Services {
            store: station.store(),
            floor: Arc::new(floor.clone()),
            authority: Some(station.authority()),
            clock: Arc::new(now),
            uart_dir: Some(station.uart_dir().to_owned()),
            shelf,
            station: config.station.name.clone(),
        };
        let telemetry = config.telemetry.clone();
        let settings = Settings { data_dir: Some(data.to_owned()), telemetry, ..config.server.clone() };
        let server = Server::bind(settings, services).await?;
        let url = server.url();
        output.say(&serde_json::json!({"event": "serving", "http": server.local_addr(), "url": url}), || {
            format!("{url} is the dashboard; Ctrl-C ends the station")
        });
        if let Some(first) = server.first_user() {
            tell_first_user(output, &url, &first);
        }
        let shown = progress::show(output, Language::English, station.line().events());
        let serving = tokio::spawn(server.run(token.clone()));
        Ok(Self { floor, url, token: token.clone(), serving, shown })
    }

    /// Ends the pages and the slots; the station is to be stopped next, and [`Ending::finish`] awaited after that.
    pub(crate) async fn close(mut self) -> (FloorReport, Ending) {
        self.token.cancel();
        let report = self.floor.close().await;
        match timeout(STOP_TIMEOUT, &mut self.serving).await {
            Ok(Ok(Err(error))) => {
                error!(error = &error as &dyn std::error::Error, url = self.url, "the pages for people ended early");
            }
            Ok(Ok(Ok(())) | Err(_)) => {}
            Err(_) => {
                error!(url = self.url, "people's requests did not end in time; leaving them");
                self.serving.abort();
            }
        }
        (report, Ending(self.shown))
    }
}

/// What is shown of the slots until the very end.
pub(crate) struct Ending(JoinHandle<()>);

impl Ending {
    /// Waits until the last events are shown.
    pub(crate) async fn finish(self) {
        let _ = timeout(STOP_TIMEOUT, self.0).await;
    }
}

/// There is no default password. The code is shown to whoever sits at this console, and to no log: elsewhere the file
/// for its owner has it.
fn tell_first_user(output: Output, url: &str, first: &FirstUser) {
    let file = first.file.as_ref().map(|file| file.display().to_string());
    output.object(&serde_json::json!({"event": "first_user", "url": url, "code_file": file}));
    let code = match file {
        _ if std::io::stderr().is_terminal() => format!("this code: {}", first.code),
        Some(file) => format!("the code in {file}"),
        None => return,
    };
    output.note(&format!("Nobody can log in yet. Open {url} and make the first administrator with {code}"));
}
