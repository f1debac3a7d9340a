//! Certificates: listed, issued for a request, revoked, and the list of those that no longer count.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{
        StatusCode, Uri,
        header::{CONTENT_TYPE, LOCATION},
    },
    response::{AppendHeaders, IntoResponse},
};
use firstpass_authority::{Authority, AuthorityError, normal_serial};
use firstpass_domain::{Action, DeviceId};
use firstpass_gateway::certificates::{RevocationError, record_of, revocation_list};
use firstpass_store::CertificateRecord;
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    batches::PageQuery,
    command::command,
    extract::{Named, parsed, reason, unfit},
    page::{Asked, Page},
    wire::{Reason, Time},
};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Json, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Longest serial number that is looked up, in digits.
const SERIAL_MAX: usize = 64;

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeeUnits);
    let manage = Access::May(Action::ManageCertificates);
    Routes::default()
        .get("/api/v1/certificates", see, list)
        .post("/api/v1/certificates", manage, command(issue))
        .get("/api/v1/certificates/{serial}", see, show)
        .post("/api/v1/certificates/{serial}/revoke", manage, command(revoke))
        .get("/api/v1/crl", see, crl)
}

#[derive(OpenApi)]
#[openapi(paths(list, issue, show, revoke, crl))]
pub(super) struct Doc;

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Certificate {
    /// Serial number, lower-case hexadecimal.
    serial: String,
    /// SHA-256 of its DER form.
    fingerprint: String,
    /// The subject's common name.
    subject: String,
    /// Unit that it was issued to.
    mac: Option<String>,
    /// Run that it was issued in.
    #[schema(format = "uuid")]
    run: Option<String>,
    /// Start of validity.
    not_before: Time,
    /// End of validity.
    not_after: Time,
    /// When it was issued.
    issued: Time,
    /// When it was revoked.
    revoked: Option<Time>,
    /// Why it was revoked.
    revoked_reason: Option<String>,
}

impl From<CertificateRecord> for Certificate {
    fn from(record: CertificateRecord) -> Self {
        let CertificateRecord { certificate, run, issued, revoked } = record;
        let (revoked, revoked_reason) = revoked.map(|(at, reason)| (at.into(), reason)).unzip();
        Self {
            serial: certificate.serial,
            fingerprint: certificate.fingerprint.to_string(),
            subject: certificate.subject,
            mac: certificate.mac.map(|mac| mac.to_string()),
            run: run.map(|run| run.to_string()),
            not_before: certificate.not_before.into(),
            not_after: certificate.not_after.into(),
            issued: issued.into(),
            revoked,
            revoked_reason,
        }
    }
}

/// A certificate with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CertificateShown {
    /// What a list shows of it.
    #[serde(flatten)]
    certificate: Certificate,
    /// The certificate, PEM.
    pem: String,
    /// The station's authorities above it, PEM: the intermediate, then the root; null on a station without an authority.
    issuers_pem: Option<String>,
}

/// Lists certificates, newest first.
#[utoipa::path(get, path = "/api/v1/certificates", operation_id = "list_certificates", tag = "certificates",
    params(PageQuery), responses((status = 200, description = "A page of certificates.", body = Page<Certificate>)))]
async fn list(
    State(app): State<AppState>,
    uri: Uri,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Certificate>>> {
    let asked = Asked::<String>::read(query.limit, query.cursor.as_deref())?;
    let certificates = app.services.store.certificate_page(asked.after.as_deref(), asked.one_more()).await?;
    Ok(Json(asked.page(&uri, certificates, |record| record.certificate.serial.clone(), Certificate::from)))
}

async fn found(app: &AppState, serial: &str) -> Result<CertificateRecord, HttpProblem> {
    let serial = normal_serial(serial);
    if serial.is_empty() || serial.len() > SERIAL_MAX || !serial.chars().all(|digit| digit.is_ascii_hexdigit()) {
        let why = "A certificate's serial number is hexadecimal.";
        return Err(HttpProblem::bad_request("name_malformed", why, "Write it as the station shows it."));
    }
    let certificate = app.services.store.certificate(&serial).await?;
    certificate.ok_or_else(|| HttpProblem::not_found(format!("There is no certificate {serial}.")))
}

fn shown(app: &AppState, record: CertificateRecord) -> CertificateShown {
    let authority = app.services.authority.as_ref();
    let issuers_pem = authority.map(|authority| format!("{}{}", authority.intermediate_pem(), authority.root_pem()));
    CertificateShown { pem: record.certificate.pem.clone(), certificate: record.into(), issuers_pem }
}

/// Shows a certificate.
#[utoipa::path(get, path = "/api/v1/certificates/{serial}", operation_id = "show_certificate", tag = "certificates",
    params(("serial" = String, Path, description = "Its serial number, hexadecimal.")),
    responses((status = 200, description = "The certificate.", body = CertificateShown)))]
async fn show(State(app): State<AppState>, Named(serial): Named<String>) -> Answer<Json<CertificateShown>> {
    Ok(Json(shown(&app, found(&app, &serial).await?)))
}

/// A certificate to issue to a person or a tool.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueCertificate {
    /// Its name, which stands in the certificate.
    #[schema(min_length = 1, max_length = 63, pattern = "^[A-Za-z0-9._-]+$", examples("mes-gateway"))]
    name: String,
    /// A certificate signing request (PKCS #10, PEM). Only its key is used; the private key never leaves its owner.
    #[schema(max_length = 4096)]
    csr: String,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Issues a client certificate for a certificate signing request.
#[utoipa::path(post, path = "/api/v1/certificates", operation_id = "issue_certificate", tag = "certificates",
    request_body = IssueCertificate,
    responses((status = 201, description = "It is issued; `Location` says where it is.", body = CertificateShown)))]
async fn issue(State(app): State<AppState>, person: Principal, Json(body): Json<IssueCertificate>) -> Answer {
    let name: DeviceId = parsed(&body.name)?;
    let act = person.act(reason(body.reason)?);
    let now = (app.services.clock)();
    let issued = authority(&app)?.issue_for_csr(&name, &body.csr, now).map_err(|error| refused(&error))?;
    app.services.store.add_certificate(&record_of(&issued, None), &act, now).await?;
    let place = format!("/api/v1/certificates/{}", issued.serial);
    let shown = shown(&app, found(&app, &issued.serial).await?);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, place)]), Json(shown)).into_response())
}

fn authority(app: &AppState) -> Result<&Arc<Authority>, HttpProblem> {
    app.services.authority.as_ref().ok_or_else(|| {
        let (what, why) = ("No certificate can be made here.", "This station has no certificate authority.");
        let remedy = "Ask a station that has one.";
        HttpProblem::new(StatusCode::CONFLICT, "no_authority", what, why, remedy)
    })
}

fn refused(error: &AuthorityError) -> HttpProblem {
    let problem = error.problem();
    match error {
        AuthorityError::Unusable { .. } => unfit(&problem.code, problem.why, problem.remedy),
        AuthorityError::Io { .. }
        | AuthorityError::Make { .. }
        | AuthorityError::KeyReadableByOthers { .. }
        | AuthorityError::FolderWritableByOthers { .. }
        | AuthorityError::Damaged { .. }
        | AuthorityError::RootKeyAbsent { .. }
        | AuthorityError::ClockBeforeCertificate { .. }
        | AuthorityError::Expired { .. }
        | AuthorityError::Randomness => HttpProblem { status: StatusCode::SERVICE_UNAVAILABLE, problem },
    }
}

/// Revokes a certificate, and publishes the list of revoked ones anew. One that was revoked before stays so.
#[utoipa::path(post, path = "/api/v1/certificates/{serial}/revoke", operation_id = "revoke_certificate",
    tag = "certificates", params(("serial" = String, Path, description = "Its serial number, hexadecimal.")),
    request_body = Reason, responses((status = 200, description = "It is revoked.", body = CertificateShown)))]
async fn revoke(
    State(app): State<AppState>,
    person: Principal,
    Named(serial): Named<String>,
    Json(body): Json<Reason>,
) -> Answer<Json<CertificateShown>> {
    let serial = found(&app, &serial).await?.certificate.serial;
    let act = person.act(reason(body.reason)?);
    app.services.store.revoke_certificate(&serial, &act, (app.services.clock)()).await?;
    if let Some(authority) = &app.services.authority {
        publish(&app, authority).await?;
    }
    Ok(Json(shown(&app, found(&app, &serial).await?)))
}

async fn publish(app: &AppState, authority: &Arc<Authority>) -> Result<(), HttpProblem> {
    let list = list_of(app, authority).await?;
    let authority = Arc::clone(authority);
    let written = tokio::task::spawn_blocking(move || authority.publish(&list).map(drop)).await;
    written.unwrap_or(Ok(())).map_err(|error| refused(&error))
}

async fn list_of(app: &AppState, authority: &Authority) -> Result<firstpass_authority::Crl, HttpProblem> {
    let list = revocation_list(app.services.store.as_ref(), authority, (app.services.clock)()).await;
    list.map_err(|error| match error {
        RevocationError::Store(error) => error.into(),
        RevocationError::Authority(error) => refused(&error),
    })
}

/// Downloads the signed list of revoked certificates, good for seven days.
#[utoipa::path(get, path = "/api/v1/crl", operation_id = "download_crl", tag = "certificates",
    responses((status = 200, description = "The list, DER.", body = Vec<u8>, content_type = "application/pkix-crl"),
        (status = 409, description = "This station has no authority.")))]
async fn crl(State(app): State<AppState>) -> Answer {
    let list = list_of(&app, authority(&app)?).await?;
    Ok(([(CONTENT_TYPE, "application/pkix-crl")], list.der).into_response())
}
