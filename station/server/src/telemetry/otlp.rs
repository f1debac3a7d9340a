//! Spans as OTLP/JSON: the protobuf messages of OTLP 1.x in their JSON form, ids in hexadecimal, 64-bit numbers as text.
//! Source: opentelemetry-proto, and the specification of OTLP, "JSON Protobuf Encoding".

use serde_json::{Value as Json, json};

use super::span::{Span, Value};

/// Status of a span that went wrong.
const STATUS_ERROR: u8 = 2;

/// A request that hands spans over.
pub(super) fn request(station: &str, spans: &[Span]) -> Json {
    let resource = attributes(&[
        ("service.name", Value::Text("firstpass-station".to_owned())),
        ("service.version", Value::Text(env!("CARGO_PKG_VERSION").to_owned())),
        ("service.instance.id", Value::Text(station.to_owned())),
    ]);
    let scope = json!({ "name": "firstpass", "version": env!("CARGO_PKG_VERSION") });
    let spans: Vec<Json> = spans.iter().map(span).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": scope, "spans": spans }],
    }] })
}

fn span(span: &Span) -> Json {
    let nanos = |micros: i64| (i128::from(micros) * 1000).to_string();
    let mut json = json!({
        "traceId": hex::encode(span.trace.0),
        "spanId": hex::encode(span.id.0),
        "name": span.name,
        "kind": span.kind as u8,
        "startTimeUnixNano": nanos(span.began.as_micros()),
        "endTimeUnixNano": nanos(span.ended.as_micros()),
        "attributes": attributes(&span.attributes),
        "status": span.error.as_ref().map_or_else(|| json!({}), |said| json!({ "code": STATUS_ERROR, "message": said })),
    });
    if let Some(parent) = span.parent {
        json["parentSpanId"] = hex::encode(parent.0).into();
    }
    json
}

fn attributes(pairs: &[(&str, Value)]) -> Vec<Json> {
    let value = |value: &Value| match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Whole(number) => json!({ "intValue": number.to_string() }),
    };
    pairs.iter().map(|(key, of)| json!({ "key": key, "value": value(of) })).collect()
}

/// How many spans the collector did not take although it answered well, and why.
pub(super) fn rejected(answer: &[u8]) -> Option<(u64, String)> {
    let answer: Json = serde_json::from_slice(answer).ok()?;
    let partial = answer.get("partialSuccess")?;
    let count = partial.get("rejectedSpans")?;
    let count = count.as_u64().or_else(|| count.as_str()?.parse().ok()).filter(|count| *count > 0)?;
    let why = partial.get("errorMessage").and_then(Json::as_str).unwrap_or_default();
    Some((count, why.chars().take(200).collect()))
}

#[cfg(test)]
mod tests {
    use firstpass_domain::Timestamp;

    use super::*;
    use crate::telemetry::span::{Kind, SpanId, TraceId};

    #[test]
    fn the_bytes_on_the_wire_are_those_of_the_specification() {
        // Golden value: do not edit. Collectors in the field read it.
        let span = Span {
            trace: TraceId([0x5b; 16]),
            id: SpanId([0xee; 8]),
            parent: Some(SpanId([0x01; 8])),
            name: "flash".to_owned(),
            kind: Kind::Internal,
            began: Timestamp::from_micros(1_700_000_000_000_001),
            ended: Timestamp::from_micros(1_700_000_009_000_000),
            attributes: vec![("firstpass.slot", Value::Text("A1".into())), ("firstpass.attempt", Value::Whole(2))],
            error: Some("The unit did not start.".to_owned()),
        };
        let expected = r#"{"attributes":[{"key":"firstpass.slot","value":{"stringValue":"A1"}},{"key":"firstpass.attempt","value":{"intValue":"2"}}],"endTimeUnixNano":"1700000009000000000","kind":1,"name":"flash","parentSpanId":"0101010101010101","spanId":"eeeeeeeeeeeeeeee","startTimeUnixNano":"1700000000000001000","status":{"code":2,"message":"The unit did not start."},"traceId":"5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b"}"#;
        let request = request("s1", &[span]);
        let expected: Json = serde_json::from_str(expected).unwrap();
        assert_eq!(request["resourceSpans"][0]["scopeSpans"][0]["spans"][0], expected);
        assert_eq!(request["resourceSpans"][0]["resource"]["attributes"][2]["value"]["stringValue"], "s1");
    }

    #[test]
    fn what_a_collector_did_not_take_is_read_in_both_ways_of_writing_numbers() {
        let text = |count: &str| format!(r#"{{"partialSuccess":{{"rejectedSpans":{count},"errorMessage":"full"}}}}"#);
        for count in ["3", "\"3\""] {
            assert_eq!(rejected(text(count).as_bytes()), Some((3, "full".to_owned())));
        }
        for answer in ["", "{}", r#"{"partialSuccess":{}}"#, &text("0"), "no json"] {
            assert_eq!(rejected(answer.as_bytes()), None, "{answer}");
        }
    }
}
