//! The API under `/api/v1`.

use axum::{Json, extract::State};
use firstpass_domain::Action;
use firstpass_line::board::Board;

use crate::{AppState, access::Access, routes::Routes};

pub(crate) fn routes() -> Routes {
    Routes::default().get("/api/v1/slots", Access::May(Action::SeeLine), slots)
}

async fn slots(State(app): State<AppState>) -> Json<Board> {
    Json(app.feed.board())
}
