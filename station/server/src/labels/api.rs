//! Labels over the API: which templates there are, a label as a file, and printing one.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use firstpass_domain::Action;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    desk::{self, Form as Shape, Label, NotPrinted},
    layout::Claim,
    pages::{first_usable, inline, parse, unknown_form},
    zpl::Copies,
};
use crate::{
    AppState,
    access::{Access, Principal},
    api::{
        command::{Undone, command},
        extract::reason,
    },
    extract::{Json, Path, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

#[derive(OpenApi)]
#[openapi(paths(templates, label, print))]
pub(crate) struct Doc;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/api/v1/label-templates", Access::May(Action::SeeUnits), templates)
        .get("/api/v1/units/{mac}/label", Access::May(Action::SeeUnits), label)
        .post("/api/v1/units/{mac}/label", Access::May(Action::PrintLabels), command(print))
}

/// A label template.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LabelTemplate)]
struct TemplateView {
    /// What it is asked for by.
    id: String,
    /// What people call it.
    name: String,
    /// SHA-256 of its text.
    sha256: String,
    /// Whether it can be used.
    usable: bool,
    /// What is wrong with it, when it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    problem: Option<firstpass_domain::Problem>,
    /// Placeholders that it fills.
    placeholders: Vec<&'static str>,
}

/// Which label, and in which form.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct Asked {
    /// Id of the template; the station's default without it.
    template: Option<String>,
    /// `svg` or `png`; `svg` without it.
    form: Option<String>,
}

/// A label to print.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PrintLabel)]
struct Order {
    /// Id of the template; the station's default without it.
    template: Option<String>,
    /// How many, 1 to 10.
    #[schema(minimum = 1, maximum = 10)]
    copies: Option<u8>,
    /// Whether it is known that the unit has not passed, and that the label will say so.
    #[serde(default)]
    not_passed: bool,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
}

/// A label that was sent to the printer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PrintedLabel)]
struct Printed {
    /// Id of the template.
    template: String,
    /// Where it was printed.
    printer: String,
    /// How many.
    copies: u8,
    /// `passed` or `not_passed`: what the label says.
    claim: &'static str,
}

/// Lists the label templates.
#[utoipa::path(get, path = "/api/v1/label-templates", operation_id = "list_label_templates", tag = "labels",
    responses((status = 200, description = "The templates.", body = Vec<TemplateView>)))]
async fn templates(State(app): State<AppState>) -> Answer<Json<Vec<TemplateView>>> {
    let view = |entry: desk::Entry| TemplateView {
        name: entry.name().to_owned(),
        sha256: entry.hash.to_string(),
        usable: entry.result.is_ok(),
        placeholders: entry.result.iter().flat_map(|template| template.placeholders()).map(|p| p.name()).collect(),
        problem: entry.result.err().map(|error| error.problem()),
        id: entry.id,
    };
    Ok(Json(desk::templates(&app)?.into_iter().map(view).collect()))
}

/// A picture of the label, as SVG unless PNG is asked for. Taking ZPL away is a label that was given out: `POST`.
#[utoipa::path(get, path = "/api/v1/units/{mac}/label", operation_id = "draw_label", tag = "labels",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01"), Asked),
    responses((status = 200, description = "The label.",
        content((String = "image/svg+xml"), (Vec<u8> = "image/png"))),
        (status = 409, description = "The template does not go with the unit."),
        (status = 422, description = "The label cannot be drawn from the template.")))]
async fn label(State(app): State<AppState>, Path(mac): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let shape = match asked.form.as_deref().unwrap_or("svg") {
        "svg" => Shape::Svg,
        "png" => Shape::Png,
        other => return Err(unknown_form(Some(other))),
    };
    let id = chosen(&app, asked.template)?;
    Ok(inline(shape, Label::draw(&app, parse(&mac)?, &id).await?.file(shape)))
}

/// Prints a label. A unit that has not passed gets one only when that is known, and the label says so.
#[utoipa::path(post, path = "/api/v1/units/{mac}/label", operation_id = "print_label", tag = "labels",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")), request_body = Order,
    responses((status = 200, description = "It was sent to the printer.", body = Printed),
        (status = 502, description = "The printer does not take it.")))]
async fn print(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Json(order): Json<Order>,
) -> Answer {
    let copies = Copies::new(order.copies.unwrap_or(1)).ok_or_else(|| {
        let why = format!("copies must be 1 to {}.", Copies::MAX);
        HttpProblem::bad_request("copies_invalid", why, "Print again for more.")
    })?;
    let id = chosen(&app, order.template)?;
    let label = Label::draw(&app, parse(&mac)?, &id).await?.checked(order.not_passed)?;
    let act = person.act(reason(Some(order.reason))?);
    if let Err(not) = label.print(&app, copies, &act).await {
        return Ok(not_printed(not));
    }
    let printer = app.labels.printer().map(ToString::to_string).unwrap_or_default();
    let claim = match label.unit.claim {
        Claim::Passed => "passed",
        Claim::NotPassed => "not_passed",
    };
    Ok((StatusCode::OK, Json(Printed { template: id, printer, copies: copies.count(), claim })).into_response())
}

/// What was not sent at all may be ordered again under the same key.
fn not_printed(not: NotPrinted) -> Response {
    let is_undone = !not.perhaps;
    let mut response = HttpProblem::from(not).into_response();
    if is_undone {
        response.extensions_mut().insert(Undone);
    }
    response
}

fn chosen(app: &AppState, template: Option<String>) -> Answer<String> {
    match template {
        Some(id) => Ok(id),
        None => first_usable(app, &desk::templates(app)?)
            .ok_or_else(|| HttpProblem::not_found("There is no label template that can be used.")),
    }
}
