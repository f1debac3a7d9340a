use super::*;

fn why(text: &str) -> Option<String> {
    find(text, Kind::Recipe).map(|finding| finding.why)
}

#[test]
fn a_written_out_secret_is_found_wherever_its_name_or_form_tells_of_it() {
    for text in [
        "[nvs]\nwifi_pass = \"correct horse\"",
        "[nvs.extra]\napi_token = { type = \"str\", value = \"abc\" }",
        "[nvs.extra.cloudKey]\ntype = \"str\"\nvalue = \"abc\"",
        "[nvs.extra]\nblob = { type = \"str\", value = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c\" }",
        "[nvs.extra]\nblob = { type = \"str\", value = \"Qm9yZGVyLXNlY3JldDEyMzQ1Njc4OTA\" }",
        "# the old one was dht_0123456789abcdef\nname = \"x\"",
        "template_id = \"dht_0123456789abcdef\"",
        "pem = '''\n-----BEGIN EC PRIVATE KEY-----\nMHc\n'''",
        "url = \"https://user:hunter2@host/api\"",
        "[upstream]\nauth_code = \"factory\"",
        "not toml at all dht_0123456789abcdef",
        "wifi_pass = \"unfinished\n[nvs",
    ] {
        assert!(why(text).is_some(), "{text}");
    }
}

#[test]
fn what_is_no_secret_is_left_alone() {
    for text in [
        include_str!("../../../../../configs/recipes/demo-nvs.toml"),
        include_str!("../../../../../configs/station.toml"),
        "[nvs]\nwifi_pass = { env = \"WIFI_PASS\" }",
        "[nvs]\nwifi_pass = { file = \"secrets/wifi_key\" }",
        "[nvs.extra]\nkey_count = { type = \"u8\", value = 3 }",
        "[nvs.extra]\npublic_key = { type = \"str\", value = \"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\" }",
        "[nvs.extra]\nregion = { type = \"str\", value = \"europe-west-production-line-two\" }",
        "[nvs.extra]\ntoken_url = { type = \"str\", value = \"https://tokens.example/v1\" }",
        "[nvs.extra]\napi_token = { type = \"str\", value = { env = \"API_TOKEN\" } }",
        "[lwm2m]\nendpoint = { key = \"endpoint\", value = \"lamp-{mac}\" }",
        "[provision]\nkeep_auth_code = true\nworkspace_id = \"3b1f6c1e-6f0a-4f6e-9a53-0c0ffee0d001\"",
        "# tokens look like dht_… and keys like -----BEGIN CERTIFICATE-----",
        "url = \"https://host:8443/api/v1\"",
        "wifi_pass = \"\"",
    ] {
        assert_eq!(why(text), None, "{text}");
    }
}

#[test]
fn the_template_for_units_that_pass_is_no_secret_of_a_configuration_and_nothing_else_goes_by_its_name() {
    let found = |text: &str, kind| find(text, kind).is_some();
    let setting = "[server]\nlabel_on_pass = \"product\"";
    assert!(!found(setting, Kind::Configuration));
    assert!(found(setting, Kind::Recipe), "recipes have no such setting");
    for text in ["[gateway]\nlabel_on_pass = \"x\"", "label_on_pass = \"x\"", "[server]\nwifi_pass = \"x\""] {
        assert!(found(text, Kind::Configuration), "{text}");
    }
    assert!(found("[server]\nlabel_on_pass = \"dht_0123456789abcdef\"", Kind::Configuration));
}

#[test]
fn a_finding_names_the_place_and_never_the_secret() {
    let text = "[nvs]\nwifi_pass = \"correct horse\"\n";
    let found = find(text, Kind::Recipe).unwrap();
    assert_eq!(&text[found.span.clone()], "\"correct horse\"");
    assert!(found.why.contains("wifi_pass") && !found.why.contains("horse"), "{}", found.why);
}

#[test]
fn the_first_of_several_is_told() {
    let text = "a_key = \"one\"\nb_key = \"two\"\n# dht_0123456789\n";
    assert_eq!(find(text, Kind::Configuration).unwrap().span.start, 8);
}

#[test]
fn a_text_of_beginnings_is_read_once_and_not_once_for_each() {
    for beginning in ["-----BEGIN ", "dht_ ", "://a:", "[[", "a."] {
        assert_eq!(why(&beginning.repeat(90_000)), None, "{beginning}");
    }
}
