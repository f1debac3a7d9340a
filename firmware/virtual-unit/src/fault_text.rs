//! Faults as they are written on the command line: `drop-ack=3`, or as JSON. Knows the words, not what they do.

use std::str::FromStr;

use serde_json::{Map, Value};

use crate::faults::{Fault, Form};

/// Fields whose number counts something from one.
const COUNTS: [&str; 4] = ["nth", "bytes", "times", "baud"];

/// A text that names no fault.
#[derive(Debug, thiserror::Error)]
#[error("`{text}` is no fault ({why}): write JSON, or one of {}", forms())]
pub struct FaultError {
    text: String,
    why: String,
}

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        parse(text).map_err(|why| FaultError { text: text.to_owned(), why })
    }
}

/// What `--fault` takes, for error messages and help.
#[must_use]
pub fn forms() -> String {
    let form = |form: &Form| match form.field {
        [(field, _), ..] => format!("{}={}", form.dashed(), field.to_uppercase()),
        [] => form.dashed(),
    };
    Fault::FORMS.iter().map(form).collect::<Vec<_>>().join(", ")
}

impl Form {
    /// The name on the command line.
    #[must_use]
    pub fn dashed(&self) -> String {
        self.name.replace('_', "-")
    }
}

fn parse(text: &str) -> Result<Fault, String> {
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| error.to_string());
    }
    let (name, value) = text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)));
    let form =
        Fault::FORMS.iter().find(|form| form.name == name.replace('-', "_")).ok_or("there is none of that name")?;
    match (form.field, value) {
        ([], None) => read(form, None),
        ([], Some(_)) => Err("it takes no value".to_owned()),
        ([(field, _), ..], Some("0")) if COUNTS.contains(field) => Err(format!("{field} counts from 1")),
        // A text field may hold a number.
        ([(field, _), ..], Some(value)) => match value.parse::<i64>() {
            Ok(number) => read(form, Some((field, number.into()))).or_else(|_| read(form, Some((field, value.into())))),
            Err(_) => read(form, Some((field, value.into()))),
        },
        ([(field, example), ..], None) => {
            read(form, None).map_err(|_| format!("{field} is missing, such as {example}"))
        }
    }
}

fn read(form: &Form, field: Option<(&str, Value)>) -> Result<Fault, String> {
    let mut object = Map::from_iter([("fault".to_owned(), form.name.into())]);
    object.extend(field.map(|(name, value)| (name.to_owned(), value)));
    serde_json::from_value(object.into()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FlashSize;
    use crate::faults::StaleKind;

    #[test]
    fn every_form_is_a_fault_on_the_command_line_and_in_json() {
        for form in Fault::FORMS {
            let text = form.field.iter().fold(form.dashed(), |text, (_, example)| format!("{text}={example}"));
            let fault: Fault = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            let json = serde_json::to_string(&fault).expect("faults become JSON");
            assert!(json.starts_with(&format!(r#"{{"fault":"{}""#, form.name)), "{json}");
            assert_eq!(json.parse::<Fault>().expect("JSON reads back"), fault);
        }
    }

    #[test]
    fn values_are_read_as_what_they_are() {
        let parse = |text: &str| text.parse::<Fault>().ok();
        assert_eq!(parse("wrong-flash-size=8MB"), Some(Fault::WrongFlashSize { size: FlashSize::Mb8 }));
        assert_eq!(parse("stale_presence=not_retained"), Some(Fault::StalePresence { kind: StaleKind::NotRetained }));
        assert_eq!(parse("log-line=42"), Some(Fault::LogLine { text: "42".into() }));
        assert_eq!(parse("clock=-1"), Some(Fault::Clock { unix_s: -1 }));
        assert_eq!(parse("flood"), Some(Fault::Flood { baud: 115_200 }));
    }

    #[test]
    fn what_is_no_fault_is_refused_with_the_reason() {
        for (text, why) in [
            ("explode", "there is none of that name"),
            ("drop-ack", "nth is missing, such as 3"),
            ("drop-ack=0", "nth counts from 1"),
            ("bad-md5=1", "it takes no value"),
            ("wrong-chip=esp8266", "unknown variant"),
            (r#"{"fault":"drop_ack","nth":1,"more":1}"#, "unknown field"),
        ] {
            let error = text.parse::<Fault>().expect_err(text).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
