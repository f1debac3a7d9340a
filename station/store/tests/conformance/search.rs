//! How units are found.

use firstpass_domain::Mac;
use firstpass_store::{MatchedBy, UnitSearch};

use super::{
    fixture::{Place, act, certificate, mac, now, pattern, policy},
    line::Line,
};

async fn find(line: &Line, text: &str, after: Option<Mac>, limit: u32) -> Vec<(Mac, MatchedBy, String)> {
    let search = UnitSearch { text: text.to_owned(), after, limit };
    let found = line.store.search_units(&search).await.unwrap();
    found.into_iter().map(|hit| (hit.summary.mac, hit.matched, hit.matched_text)).collect()
}

async fn macs(line: &Line, text: &str, after: Option<Mac>, limit: u32) -> Vec<Mac> {
    find(line, text, after, limit).await.into_iter().map(|(mac, ..)| mac).collect()
}

/// What of a text is looked for: a part from the middle, in the other case.
fn part(text: &str) -> String {
    text[1..text.len() - 1].to_uppercase()
}

pub(crate) async fn a_unit_is_found_by_each_of_its_names_and_by_parts_of_them(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let serial = line.store.allocate_serial(run, &pattern("SRCH"), now()).await.unwrap().to_string();
    let (session, certificate) = line.provision(run).await;
    // Another unit, with names of its own.
    let other = line.admitted_run("A2").await;
    line.provision(other).await;
    let print = certificate.fingerprint.to_string();
    let names = [
        (MatchedBy::Mac, unit.to_string()),
        (MatchedBy::Serial, serial),
        (MatchedBy::DeviceId, session.device_id.to_string()),
        (MatchedBy::CertificateSerial, certificate.serial),
        (MatchedBy::Fingerprint, print),
    ];
    for (by, name) in names {
        let whole = [(unit, by, name.clone())];
        assert_eq!(find(&line, &name, None, 9).await, whole);
        assert_eq!(find(&line, &format!(" {} ", name.to_uppercase()), None, 9).await, whole);
        assert!(macs(&line, &part(&name), None, 9).await.contains(&unit), "{name}");
        if by == MatchedBy::Fingerprint {
            assert_eq!(find(&line, &part(&name), None, 9).await, whole);
        }
    }
    let octets = unit.to_string();
    for text in
        [octets.replace(':', "-"), octets.replace(':', ""), octets[9..].to_owned(), octets[10..].replace(':', "")]
    {
        assert_eq!(macs(&line, &text, None, 9).await, [unit], "{text}");
    }
}

pub(crate) async fn exact_names_come_first_and_parts_newest_first_page_by_page(place: &dyn Place) {
    let line = Line::start(place).await;
    let mut units = Vec::new();
    for _ in 0..12 {
        units.push(mac());
        let run = line.run_with("A1", units[units.len() - 1], &policy()).await;
        line.store.allocate_serial(run, &"PG{number:01}".parse().unwrap(), now()).await.unwrap();
        // A second name that holds the text is no second hit.
        line.store.allocate_serial(run, &"XPG1{number:01}".parse().unwrap(), now()).await.unwrap();
        line.fail(run).await;
    }
    // PG1 is the first unit's serial number, a part of PG10 to PG12, and of XPG1… all.
    let newest: Vec<_> = units[1..].iter().rev().copied().collect();
    let all = [&units[..1], &newest[..]].concat();
    assert_eq!(macs(&line, "pg1", None, 50).await, all);
    let mut paged: Vec<Mac> = Vec::new();
    loop {
        let page = macs(&line, "PG1", paged.last().copied(), 5).await;
        if page.is_empty() {
            break;
        }
        paged.extend(page);
    }
    assert_eq!(paged, all);
    assert_eq!(macs(&line, "PG1", Some(mac()), 5).await, [], "a unit that is not on record has none behind it");
    assert_eq!(macs(&line, "PG1", None, 0).await, []);
}

pub(crate) async fn a_text_that_is_in_no_name_finds_nothing(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    line.store.allocate_serial(run, &pattern("A_B-C."), now()).await.unwrap();
    for text in ["", " ", "%%%", "___", "\"\"\"", "A%B", "AXB-C", "' OR 1=1 --", "mac:*", "A_B-C.000000012", "größe"]
    {
        assert_eq!(find(&line, text, None, 9).await, [], "{text}");
    }
    // Shorter than a part, so only a whole name would do.
    assert_eq!(find(&line, "A_", None, 9).await, []);
    for text in ["a_b", "B-C", "-C.0", "_B-C.00000001"] {
        assert_eq!(find(&line, text, None, 9).await.len(), 1, "{text}");
    }
}

pub(crate) async fn a_certificate_that_is_older_than_its_units_first_run_is_found_with_it(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let certificates = [certificate(Some(unit)), certificate(Some(unit)), certificate(None)];
    for certificate in &certificates {
        line.store.add_certificate(certificate, &act(), now()).await.unwrap();
    }
    let print = |index: usize| certificates[index].fingerprint.to_string();
    assert_eq!(macs(&line, &print(0), None, 9).await, [], "the unit is not on record yet");
    line.run_with("A1", unit, &policy()).await;
    for index in [0, 1] {
        assert_eq!(macs(&line, &print(index)[20..40], None, 9).await, [unit]);
        assert_eq!(macs(&line, &print(index), None, 9).await, [unit]);
    }
    assert_eq!(macs(&line, &print(2), None, 9).await, []);
}
