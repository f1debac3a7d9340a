//! The description and the routes are one.

use std::collections::BTreeSet;

use super::*;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// Every operation with its path, method and description.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let all = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter().map(move |(method, operation)| (path.clone(), method.clone(), operation.clone()))
    });
    all.collect()
}

fn api() -> Vec<RouteInfo> {
    route_table().into_iter().filter(|route| route.path.starts_with(PREFIX)).collect()
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let described = operations(&document()).into_iter().map(|(path, method, _)| (path, method.to_ascii_uppercase()));
    let routed = api().into_iter().map(|route| (route.path.to_owned(), route.method.to_string()));
    assert_eq!(described.collect::<BTreeSet<_>>(), routed.collect::<BTreeSet<_>>());
}

#[test]
fn an_operation_says_its_parameters_its_answers_and_who_may() {
    let document = document();
    for route in api() {
        let method = route.method.as_str().to_ascii_lowercase();
        let operation = &document["paths"][route.path][&method];
        let name = format!("{method} {}", route.path);
        assert!(METHODS.contains(&method.as_str()), "{name}");
        let described: Vec<_> = operation["parameters"].as_array().into_iter().flatten().collect();
        let in_path: BTreeSet<_> = described
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let braces: BTreeSet<_> = route.path.split('{').skip(1).filter_map(|part| part.split('}').next()).collect();
        assert_eq!(in_path, braces, "{name}");
        for parameter in described {
            assert!(parameter["description"].as_str().is_some_and(|words| !words.is_empty()), "{name}: {parameter}");
        }
        let statuses = operation["responses"].as_object().unwrap();
        assert!(statuses.keys().any(|status| status.starts_with('2')), "{name}");
        assert!(operation["operationId"].is_string() && operation["tags"].is_array(), "{name}");
        assert!(operation["summary"].as_str().is_some_and(|words| !words.is_empty()), "{name}");
        match route.access {
            Access::Public => assert_eq!(operation["security"], json!([]), "{name}"),
            Access::Person | Access::Session | Access::Own => assert!(statuses.contains_key("401"), "{name}"),
            Access::May(action) => assert_eq!(operation["x-needs"], action.name(), "{name}"),
        }
    }
}

#[test]
fn operations_have_names_of_their_own_and_references_lead_somewhere() {
    let document = document();
    let names: Vec<_> =
        operations(&document).into_iter().map(|(_, _, operation)| operation["operationId"].clone()).collect();
    assert_eq!(names.iter().map(Value::to_string).collect::<BTreeSet<_>>().len(), names.len());
    let text = document.to_string();
    for part in text.split("\"$ref\":\"#/components/schemas/").skip(1) {
        let schema = part.split('"').next().unwrap();
        assert!(document["components"]["schemas"][schema].is_object(), "{schema}");
    }
}

#[test]
fn the_description_is_of_version_3_1_and_names_no_licence_or_server_that_is_not_ours() {
    let document = document();
    assert_eq!((&document["openapi"], &document["info"]["title"]), (&json!("3.1.0"), &json!("Firstpass station")));
    assert!(document["servers"].is_null() && document["info"]["license"].is_null());
}

#[test]
fn the_description_is_made_once_for_all_who_ask() {
    assert_eq!(served().as_ptr(), served().as_ptr());
    assert_eq!(served(), text());
}
