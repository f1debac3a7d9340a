use super::{uri::Part, *};

fn part(uri: &str) -> Option<Part> {
    uri::account(uri, NAME_LEN_MAX).err().map(|(part, _)| part)
}

#[test]
fn each_part_of_a_wrong_uri_is_named() {
    let long = format!("coaps://h:5684?aid={}", "a".repeat(65));
    for (uri, expected) in [
        ("coap://host:5684?aid=a", Part::Scheme),
        ("COAPS://host:5684?aid=a", Part::Scheme),
        ("host:5684?aid=a", Part::Scheme),
        ("coaps://:5684?aid=a", Part::Host),
        ("coaps://?aid=a", Part::Host),
        ("coaps://a_b:5684?aid=a", Part::Host),
        ("coaps://a..b:5684?aid=a", Part::Host),
        ("coaps://256.1.1.1:5684?aid=a", Part::Host),
        ("coaps://[::g]:5684?aid=a", Part::Host),
        ("coaps://[::1:5684?aid=a", Part::Host),
        ("coaps://user@host:5684?aid=a", Part::Host),
        ("coaps://host?aid=a", Part::Port),
        ("coaps://host:?aid=a", Part::Port),
        ("coaps://host:0?aid=a", Part::Port),
        ("coaps://host:65536?aid=a", Part::Port),
        ("coaps://host:+80?aid=a", Part::Port),
        ("coaps://[::1]?aid=a", Part::Port),
        ("coaps://host:5684/?aid=a", Part::Path),
        ("coaps://host:5684/rd?aid=a", Part::Path),
        ("coaps://host:5684", Part::Query),
        ("coaps://host:5684#aid=a", Part::Query),
        ("coaps://host:5684?id=a", Part::Query),
        ("coaps://host:5684?aid=a&b=c", Part::Query),
        ("coaps://host:5684?aid=", Part::Aid),
        ("coaps://host:5684?aid=a b", Part::Aid),
        (&long, Part::Aid),
    ] {
        assert_eq!(part(uri), Some(expected), "{uri}");
    }
}

#[test]
fn a_right_uri_yields_its_account() {
    for uri in [
        "coaps://bootstrap.example.com:5684?aid=0168b2",
        "coaps://192.0.2.7:5684?aid=0168b2",
        "coaps://[2001:db8::7]:5684?aid=0168b2",
    ] {
        assert_eq!(uri::account(uri, NAME_LEN_MAX), Ok("0168b2"), "{uri}");
    }
}

#[test]
fn an_endpoint_names_the_unit_it_is_written_to() {
    let text = UnitText { namespace: "n".to_owned(), key: "ep".to_owned(), text: "lamp-{mac}-{serial}".to_owned() };
    let entry = text.entry(firstpass_domain::Mac::new([0x60, 0x55, 0xf9, 0, 0, 1]), "FP01");
    let NvsValue::Str(value) = entry.value else { panic!("an endpoint is a text") };
    assert_eq!(value.expose(), "lamp-6055f9000001-FP01");
}
