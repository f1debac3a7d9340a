//! Why a request was refused, and what its sender is told.

use std::time::Duration;

use firstpass_domain::Problem;
use firstpass_store::{IssueError, StoreError};
use http::StatusCode;

/// How soon a unit may try again when the station itself is at fault.
const STATION_RETRY: Duration = Duration::from_secs(30);

/// Why a request was refused. Nothing was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is served at this path.
    NoSuchPath,
    /// The path is served, but not with this method.
    WrongMethod,
    /// The body is not declared as JSON.
    WrongContentType,
    /// The body is larger than this many bytes.
    BodyTooLarge(usize),
    /// The body did not come in time, or was cut off.
    BodyIncomplete,
    /// The body is not the JSON that it should be; the words name the place.
    Malformed(String),
    /// A header or a field has no usable value; the words name it.
    Invalid(String),
    /// The request carries no auth code or token.
    Unauthenticated,
    /// Nobody was issued this code.
    UnknownCode,
    /// The code was used before.
    UsedCode,
    /// The code's run ended, or its time ran out.
    VoidCode,
    /// The code was issued for another unit.
    OtherUnit,
    /// The request is for another workspace than this station's.
    WrongWorkspace,
    /// The batch has issued as many sessions as its quota allows.
    QuotaReached,
    /// Nobody has this device token, or its session was revoked.
    UnknownToken,
    /// The unit was claimed before, with another code.
    AlreadyClaimed,
    /// The claim code was used for another unit.
    ClaimUsed,
    /// Nothing is offered under this token, or not any more.
    NoSuchFirmware,
    /// The range lies outside the image, which has this many bytes.
    RangeNotSatisfiable(u64),
    /// Too many requests; try again after this time.
    TooOften(Duration),
    /// The record cannot be written or read; nothing may be issued without it.
    RecordUnavailable,
    /// The certificate authority failed.
    AuthorityUnavailable,
    /// The service that this station relays to cannot be asked at the moment; try again after this time.
    UpstreamAway(Duration),
    /// That service refused the unit, with this status.
    UpstreamRefused(u16),
    /// That service granted what cannot be used; the words say why.
    UpstreamUnusable(String),
    /// That service sends the unit to this broker, which is not this station's.
    UpstreamForeignBroker(String),
    /// That service recognised the unit and granted the identity that it got in an earlier run.
    UpstreamKnownUnit,
    /// The answer was not ready in time.
    TooSlow,
    /// The answer would not fit the unit's buffers: a mistake in the station's configuration.
    DoesNotFit,
    /// A bug in the station.
    Internal,
}

impl Refusal {
    /// The HTTP status that is answered.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoSuchPath | Self::NoSuchFirmware => StatusCode::NOT_FOUND,
            Self::RangeNotSatisfiable(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::WrongContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyIncomplete => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed(_) | Self::Invalid(_) => StatusCode::BAD_REQUEST,
            Self::Unauthenticated | Self::UnknownCode | Self::UnknownToken => StatusCode::UNAUTHORIZED,
            Self::UsedCode | Self::AlreadyClaimed | Self::ClaimUsed => StatusCode::CONFLICT,
            Self::VoidCode => StatusCode::GONE,
            Self::OtherUnit | Self::WrongWorkspace | Self::QuotaReached => StatusCode::FORBIDDEN,
            Self::TooOften(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::RecordUnavailable | Self::AuthorityUnavailable | Self::TooSlow => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamAway(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpstreamRefused(_)
            | Self::UpstreamUnusable(_)
            | Self::UpstreamForeignBroker(_)
            | Self::UpstreamKnownUnit => StatusCode::BAD_GATEWAY,
            Self::DoesNotFit | Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Stable code: in the answer, in the evidence, in the log.
    pub fn code(&self) -> &'static str {
        self.words().0
    }

    /// When it is worth trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::TooOften(time) | Self::UpstreamAway(time) => Some(*time),
            Self::RecordUnavailable | Self::AuthorityUnavailable | Self::TooSlow => Some(STATION_RETRY),
            Self::NoSuchPath
            | Self::WrongMethod
            | Self::WrongContentType
            | Self::BodyTooLarge(_)
            | Self::BodyIncomplete
            | Self::Malformed(_)
            | Self::Invalid(_)
            | Self::Unauthenticated
            | Self::UnknownCode
            | Self::UsedCode
            | Self::VoidCode
            | Self::OtherUnit
            | Self::WrongWorkspace
            | Self::QuotaReached
            | Self::UnknownToken
            | Self::AlreadyClaimed
            | Self::ClaimUsed
            | Self::NoSuchFirmware
            | Self::RangeNotSatisfiable(_)
            | Self::UpstreamRefused(_)
            | Self::UpstreamUnusable(_)
            | Self::UpstreamForeignBroker(_)
            | Self::UpstreamKnownUnit
            | Self::DoesNotFit
            | Self::Internal => None,
        }
    }

    /// What a person is shown.
    pub fn problem(&self) -> Problem {
        let (code, what, why, remedy) = self.words();
        let why = if let Self::Malformed(detail)
        | Self::Invalid(detail)
        | Self::UpstreamUnusable(detail)
        | Self::UpstreamForeignBroker(detail) = self
        {
            format!("{why}: {detail}.")
        } else if let Self::UpstreamRefused(status) = self {
            format!("{why} {status}.")
        } else if let Self::BodyTooLarge(max) = self {
            format!("{why} {max} bytes.")
        } else {
            why.to_owned()
        };
        Problem { code: code.to_owned(), what: what.to_owned(), why, remedy: remedy.to_owned() }
    }

    /// Code, what, why, remedy.
    #[rustfmt::skip]
    fn words(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::NoSuchPath => ("no_such_path", "There is nothing at this address.",
                "The path of the URL is none of this station's.",
                "Check the base URL in the unit's configuration; it ends in /api/v1 and has no slash behind it."),
            Self::WrongMethod => ("wrong_method", "This address does not take this method.",
                "The request's method is not the one in the Allow header.",
                "Use firmware that follows the device contract."),
            Self::WrongContentType => ("wrong_content_type", "The request is not declared as JSON.",
                "Its Content-Type is missing or is not application/json.",
                "Send Content-Type: application/json."),
            Self::BodyTooLarge(_) => ("body_too_large", "The request is too large.",
                "The body is longer than", "Use firmware that follows the device contract."),
            Self::BodyIncomplete => ("body_incomplete", "The request did not arrive in time.",
                "The body came too slowly, or the connection broke.",
                "Check the unit's network; then let the unit try again."),
            Self::Malformed(_) => ("malformed_json", "The request cannot be read.",
                "The body is not the JSON object of the device contract", "Use firmware that follows the device contract."),
            Self::Invalid(_) => ("invalid_request", "The request holds a value that cannot be used.",
                "One value has the wrong form", "Correct the value that is named; then start the unit again."),
            Self::Unauthenticated => ("not_authenticated", "The request carries no credential.",
                "The iotmer-auth-code header, or the bearer token, is missing or empty.",
                "Flash the unit again, so that it gets a code."),
            Self::UnknownCode => ("unknown_code", "The auth code is unknown.",
                "This station's record does not hold it.",
                "Check that the unit was flashed by a line with this record; then flash it again."),
            Self::UsedCode => ("used_code", "The auth code was used before.",
                "Each code buys one session, once.",
                "Flash the unit again, so that it gets a new code."),
            Self::VoidCode => ("void_code", "The auth code is no longer valid.",
                "Its run has ended, or its time ran out.",
                "Flash the unit again, so that it gets a new code."),
            Self::OtherUnit => ("other_unit", "The auth code belongs to another unit.",
                "It was issued for a unit with another MAC than the one that sent it.",
                "Put the unit aside, and tell the line engineer: a flash image may have been copied."),
            Self::WrongWorkspace => ("wrong_workspace", "The unit belongs to another workspace.",
                "The workspace_id in its request is not this station's.",
                "Check workspace_id in the recipe and in the station's configuration."),
            Self::QuotaReached => ("quota_reached", "The batch's quota is used up.",
                "As many units have a place in the batch as it allows; a unit in quarantine keeps its place.",
                "Scrap units that will not be delivered, raise quantity or quota with `station batch change`, or close it."),
            Self::UnknownToken => ("unknown_token", "The device token is unknown.",
                "Nobody was issued it, or its session was revoked.",
                "Provision the unit again."),
            Self::AlreadyClaimed => ("already_claimed", "The unit has been claimed before.",
                "It is bound to another claim code.",
                "Ask its owner to release it."),
            Self::ClaimUsed => ("claim_used", "The claim code was used before.",
                "It is bound to another unit.", "Get a new claim code."),
            Self::NoSuchFirmware => ("no_such_firmware", "There is no firmware at this address.",
                "The download token is unknown, or its run has ended.",
                "Run the unit again; it is told a new address."),
            Self::RangeNotSatisfiable(_) => ("range_not_satisfiable", "The firmware does not have these bytes.",
                "The Range header begins behind the end of the image.",
                "Use firmware that asks for the size that it was told."),
            Self::TooOften(_) => ("rate_limited", "Too many requests.",
                "This unit or this address asks more often than it may.",
                "Wait for the time in Retry-After, then try again."),
            Self::RecordUnavailable => ("record_unavailable", "The station's record is not available.",
                "Nothing is issued that cannot be put on record.",
                "Check the station's disk or database with `station doctor`; the unit tries again."),
            Self::AuthorityUnavailable => ("authority_unavailable", "No certificate can be issued at the moment.",
                "The station's certificate authority failed.",
                "Check the station's clock and log; the unit tries again."),
            Self::UpstreamAway(_) => ("upstream_away", "The provisioning service is away.",
                "The service that this station relays to does not answer, fails, or asked for silence.",
                "Check the service and the way to it; the unit tries again, and the batch goes on by itself."),
            Self::UpstreamRefused(_) => ("upstream_refused", "The provisioning service refused the unit.",
                "The service that this station relays to answered with HTTP",
                "Check the station's [upstream] section: auth code, workspace and URL; then the service's own log."),
            Self::UpstreamUnusable(_) => ("upstream_unreadable", "The provisioning service's answer cannot be used.",
                "The unit could not store it, or this station not record it",
                "Correct what the service answers; delete the device that it made there; then run the unit again."),
            Self::UpstreamForeignBroker(_) => ("upstream_foreign_broker", "The service sends the unit to another broker.",
                "A connect there could not be witnessed by this station; the answer names",
                "Let the service name this station's broker, or put the name that it gives into alt_names in [gateway]                  and let the factory's DNS lead it here."),
            Self::UpstreamKnownUnit => ("upstream_known_unit", "The service returned this unit's earlier identity.",
                "It recognises the unit by its MAC; the identity is on record for an earlier run of the unit, and no identity is used twice.",
                "Delete the device at the service, or write forward_mac = false in [upstream]; then run the unit again."),
            Self::TooSlow => ("station_busy", "The station did not answer in time.",
                "It has more to do than it can.", "The unit tries again; if it stays, look at the station's log."),
            Self::DoesNotFit => ("answer_does_not_fit", "The answer would not fit the unit's memory.",
                "A value in the station's configuration is too long for the unit's buffers.",
                "Shorten the broker's host name, the workspace or the firmware URL in the configuration."),
            Self::Internal => ("internal_error", "The station failed.",
                "This is a mistake in the station.", "Report it with the station's log."),
        }
    }
}

impl From<&IssueError> for Refusal {
    fn from(error: &IssueError) -> Self {
        match error {
            IssueError::UnknownCode => Self::UnknownCode,
            IssueError::UsedCode => Self::UsedCode,
            IssueError::VoidCode => Self::VoidCode,
            IssueError::OtherUnit => Self::OtherUnit,
            IssueError::QuotaReached => Self::QuotaReached,
            IssueError::Store(error) => error.into(),
        }
    }
}

impl From<&StoreError> for Refusal {
    fn from(error: &StoreError) -> Self {
        match error {
            // The code's run ended between two looks at it.
            StoreError::Conflict { .. } | StoreError::BatchNotOpen { .. } => Self::VoidCode,
            StoreError::Unavailable { .. }
            | StoreError::Full { .. }
            | StoreError::ReadOnly { .. }
            | StoreError::Corrupt { .. } => Self::RecordUnavailable,
        }
    }
}
