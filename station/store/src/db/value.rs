//! Values as both databases keep them, and their way from and to the types of the domain.

use std::str::FromStr;

use firstpass_domain::{
    CodeHash, DeviceId, DiagnosisCode, Language, Mac, PasswordVerifier, Role, RunId, SerialNumber, Sha256Digest,
    SlotId, StationId, Step, Timestamp,
};
use uuid::Uuid;

use crate::{BatchId, HoldKind, Login, LoginVia, StoreError, TokenId, UserId, WebhookId};

/// A cell of a row, or a parameter of a statement. `None` is NULL; PostgreSQL wants its type even so.
#[derive(Debug, Clone)]
pub enum Value {
    /// BIGINT.
    Int(Option<i64>),
    /// TEXT.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// Parameters of a statement, in the order of their placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Value::from($value)),*] };
}
pub(crate) use values;

/// A row, read from left to right.
#[derive(Debug)]
pub(crate) struct Row {
    cells: std::vec::IntoIter<Value>,
    operation: &'static str,
}

impl Row {
    pub(crate) fn new(cells: Vec<Value>, operation: &'static str) -> Self {
        Self { cells: cells.into_iter(), operation }
    }

    /// The next cell; an error says that the record holds what this version cannot read.
    pub(crate) fn next<T: FromValue>(&mut self) -> Result<T, StoreError> {
        let value = self.cells.next().and_then(T::from_value);
        value.ok_or_else(|| self.damaged(format!("a cell is no {}", std::any::type_name::<T>())))
    }

    /// The next cell, a JSON text.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        let text: String = self.next()?;
        serde_json::from_str(&text).map_err(|error| self.damaged(error))
    }

    /// The next cell, a JSON text or NULL.
    pub(crate) fn optional_json<T: serde::de::DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self.next()?;
        text.map(|text| serde_json::from_str(&text)).transpose().map_err(|error| self.damaged(error))
    }

    pub(crate) fn damaged(&self, source: impl Into<crate::error::Cause>) -> StoreError {
        StoreError::Corrupt { operation: self.operation, source: source.into() }
    }
}

/// What can be read from a cell.
pub(crate) trait FromValue: Sized {
    /// `None` when the cell holds something else.
    fn from_value(value: Value) -> Option<Self>;
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Int(None) | Value::Text(None) | Value::Bytes(None) => Some(None),
            Value::Int(Some(_)) | Value::Text(Some(_)) | Value::Bytes(Some(_)) => T::from_value(value).map(Some),
        }
    }
}

/// Ties a type to one kind of cell, both ways.
macro_rules! stored_as {
    ($kind:ident: $($type:ty, $to:expr, $from:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let to: fn($type) -> _ = $to;
                Self::$kind(Some(to(value)))
            }
        }

        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                let to: fn($type) -> _ = $to;
                Self::$kind(value.map(to))
            }
        }

        impl FromValue for $type {
            fn from_value(value: Value) -> Option<Self> {
                if let Value::$kind(Some(value)) = value { ($from)(value) } else { None }
            }
        }
    )*};
}

stored_as! { Int:
    i64, |int| int, Some;
    u32, i64::from, |int: i64| u32::try_from(int).ok();
    u16, i64::from, |int: i64| u16::try_from(int).ok();
    bool, i64::from, |int| match int { 0 => Some(false), 1 => Some(true), _ => None };
    Timestamp, Timestamp::as_micros, |int| Some(Timestamp::from_micros(int));
}

stored_as! { Text:
    String, |text| text, Some;
    Login, |name| name.to_string(), |text: String| Login::new(&text).ok();
    LoginVia, |via| via.name().to_owned(), |text: String| LoginVia::ALL.into_iter().find(|via| via.name() == text);
    Role, |role| role.name().to_owned(), |text: String| Role::named(&text);
    Language, |language| language.tag().to_owned(), |text: String| Language::from_str(&text).ok();
    StationId, |name| name.to_string(), |text: String| StationId::new(text).ok();
    SlotId, |name| name.to_string(), |text: String| SlotId::new(text).ok();
    DeviceId, |name| name.to_string(), |text: String| DeviceId::new(text).ok();
    SerialNumber, |name| name.to_string(), |text: String| SerialNumber::new(text).ok();
    Step, |step| step.name().to_owned(), |text: String| Step::from_str(&text).ok();
    HoldKind, |kind| kind.name().to_owned(), |text: String| HoldKind::ALL.into_iter().find(|kind| kind.name() == text);
    DiagnosisCode, |code| code.name().to_owned(), |text: String| {
        DiagnosisCode::ALL.iter().copied().find(|code| code.name() == text)
    };
}

stored_as! { Bytes:
    Vec<u8>, |bytes| bytes, Some;
    Mac, |mac| mac.octets().to_vec(), |bytes: Vec<u8>| bytes.try_into().ok().map(Mac::new);
    Sha256Digest, |hash| hash.bytes().to_vec(), |bytes: Vec<u8>| bytes.try_into().ok().map(Sha256Digest::new);
    CodeHash, |hash| hash.0.bytes().to_vec(), |bytes: Vec<u8>| bytes.try_into().ok().map(Sha256Digest::new).map(CodeHash);
    RunId, |id| id.0.as_bytes().to_vec(), |bytes: Vec<u8>| Uuid::from_slice(&bytes).ok().map(RunId);
    UserId, |id| id.0.as_bytes().to_vec(), |bytes: Vec<u8>| Uuid::from_slice(&bytes).ok().map(UserId);
    TokenId, |id| id.0.as_bytes().to_vec(), |bytes: Vec<u8>| Uuid::from_slice(&bytes).ok().map(TokenId);
    WebhookId, |id| id.0.as_bytes().to_vec(), |bytes: Vec<u8>| Uuid::from_slice(&bytes).ok().map(WebhookId);
    BatchId, |id| id.0.as_bytes().to_vec(), |bytes: Vec<u8>| Uuid::from_slice(&bytes).ok().map(BatchId);
    PasswordVerifier, |verifier| verifier.to_bytes().to_vec(), |bytes: Vec<u8>| PasswordVerifier::from_bytes(&bytes);
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(Some(text.clone()))
    }
}
