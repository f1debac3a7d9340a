//! Issues a certificate to a person, a tool or a server, for a key of its own or for one that is made here. Such a key is
//! in the answer and nowhere else: it is not on record, not in the log, and goes over TLS only.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use firstpass_authority::{AuthorityError, IssuedCertificate, ServerName, UnitKey, csr_key};
use firstpass_domain::DeviceId;
use firstpass_gateway::certificates::record_of;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Tab, authority_files::authority, csrf, page, reason, reason_field};
use crate::{
    App, AppState,
    access::Principal,
    extract::Form,
    problem::{Answer, HttpProblem},
};

/// What is to be issued.
#[derive(Debug, Deserialize)]
pub(super) struct Wish {
    kind: String,
    name: String,
    key: String,
    #[serde(default)]
    csr: String,
    reason: String,
}

/// For whom.
enum Owner {
    /// A person or a tool, which shows it as a client.
    Client(DeviceId),
    /// A server with these names.
    Server(Vec<ServerName>),
}

pub(super) async fn form(State(app): State<AppState>, person: Principal) -> Answer {
    authority(&app)?;
    Ok(page(&person, Tab::Certificates, "Issue a certificate", true, &fields(&person, app.settings.tls)))
}

pub(super) async fn issue(State(app): State<AppState>, person: Principal, Form(wish): Form<Wish>) -> Answer {
    let owner = wish.owner()?;
    let act = person.act(reason(&wish.reason)?);
    let key = wish.public_key()?;
    if key.is_none() && !app.settings.tls {
        return Err(in_the_open());
    }
    let issued = sign(&app, &owner, key.as_deref()).map_err(|error| unusable(&error))?;
    let now = (app.services.clock)();
    app.services.store.add_certificate(&record_of(&issued, None), &act, now).await?;
    Ok(answer(&issued))
}

impl Wish {
    fn owner(&self) -> Answer<Owner> {
        let wrong = |why: String, remedy: &str| HttpProblem::bad_request("certificate_name", why, remedy);
        match self.kind.as_str() {
            "client" => DeviceId::new(self.name.trim()).map(Owner::Client).map_err(|error| {
                wrong(format!("{error}."), "Choose a name of 1 to 63 letters, digits, '-', '_' and '.'.")
            }),
            "server" => {
                let names = self.name.split([',', ' ', '\n', '\r']).filter(|name| !name.is_empty());
                let names = names.map(str::parse).collect::<Result<Vec<ServerName>, _>>();
                names.map(Owner::Server).map_err(|error| {
                    wrong(format!("{error}."), "Write the server's host names and addresses with commas between them.")
                })
            }
            other => Err(wrong(format!("{other:?} is no kind of certificate."), "Choose client or server.")),
        }
    }

    /// The public half of the owner's own key; `None` when one is to be made here.
    fn public_key(&self) -> Answer<Option<Vec<u8>>> {
        match self.key.as_str() {
            "here" => Ok(None),
            "own" => csr_key(self.csr.trim()).map(Some).map_err(|error| unusable(&error)),
            other => {
                let why = format!("{other:?} is no kind of key.");
                Err(HttpProblem::bad_request("certificate_key", why, "Choose a key of its own, or one made here."))
            }
        }
    }
}

fn sign(app: &App, owner: &Owner, key: Option<&[u8]>) -> Result<IssuedCertificate, AuthorityError> {
    let Some(authority) = &app.services.authority else {
        let reason = "this station has none".to_owned();
        return Err(AuthorityError::Unusable { what: "authority", reason });
    };
    let (key, now) = (key.map_or(UnitKey::Fresh, UnitKey::Public), (app.services.clock)());
    match owner {
        Owner::Client(name) => authority.issue_unit(name, key, now),
        Owner::Server(names) => authority.issue_server(names, key, now),
    }
}

/// With a key that was made here, the one file that holds it; else the certificate's page.
fn answer(issued: &IssuedCertificate) -> Response {
    let at = format!("{}/{}", Tab::Certificates.path(), issued.serial);
    let Some(key) = &issued.private_key_pem else { return Redirect::to(&at).into_response() };
    let bundle = format!("{}{}", key.expose(), issued.chain_pem);
    let name: String =
        issued.subject.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/x-pem-file".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.pem\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        // Where a script leads the person after the file is saved.
        (header::CONTENT_LOCATION, at),
    ];
    (headers, bundle).into_response()
}

fn unusable(error: &AuthorityError) -> HttpProblem {
    let status = match error {
        AuthorityError::Unusable { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        AuthorityError::Io { .. }
        | AuthorityError::KeyReadableByOthers { .. }
        | AuthorityError::FolderWritableByOthers { .. }
        | AuthorityError::Damaged { .. }
        | AuthorityError::RootKeyAbsent { .. }
        | AuthorityError::ClockBeforeCertificate { .. }
        | AuthorityError::Expired { .. }
        | AuthorityError::Randomness
        | AuthorityError::Make { .. } => StatusCode::SERVICE_UNAVAILABLE,
    };
    HttpProblem::told(status, error.problem())
}

fn in_the_open() -> HttpProblem {
    HttpProblem::new(
        StatusCode::CONFLICT,
        "key_in_the_open",
        "A private key is not sent without TLS.",
        "This page was served without TLS, so others could read the key on its way.",
        "Open the page with https, or send a certificate signing request for a key of your own.",
    )
}

fn fields(person: &Principal, secure: bool) -> Markup {
    html! {
        section.card {
            form.stack method="post" action="/engineering/certificates/new" data-saves {
                (csrf(person))
                fieldset {
                    legend { "For whom" }
                    label { input type="radio" name="kind" value="client" checked required; "A person or a tool (client certificate)" }
                    label { input type="radio" name="kind" value="server"; "A server of the site, such as a broker or a database" }
                }
                div.field {
                    label for="name" { "Name" }
                    input #name name="name" required maxlength="600" autocomplete="off" spellcheck="false";
                    span.hint { "A person or tool: letters, digits, '-', '_' and '.'. A server: its host names and addresses, with commas between them." }
                }
                fieldset {
                    legend { "Key" }
                    label { input type="radio" name="key" value="own" checked required; "Its own: it sends a certificate signing request" }
                    label { input type="radio" name="key" value="here" disabled[!secure]; "Made here, given out once with the certificate, kept nowhere" }
                    @if !secure { p.muted.small { "Keys are made here only over TLS." } }
                }
                div.field {
                    label for="csr" { "Certificate signing request (PEM)" }
                    textarea #csr.mono name="csr" rows="8" maxlength="4096" spellcheck="false" placeholder="-----BEGIN CERTIFICATE REQUEST-----" {}
                    span.hint { "Only its key is used, whatever names it asks for. ECDSA on P-256 or P-384, or Ed25519." }
                }
                (reason_field("reason", "new broker for hall 2"))
                div.toolbar { button.primary type="submit" { "Issue" } a.button href=(Tab::Certificates.path()) { "Cancel" } }
            }
        }
    }
}
