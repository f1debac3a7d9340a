//! `docs/virtual-unit.md` has every fault and every order. With `FIRSTPASS_WRITE_DOCS` set, this test writes its table
//! anew instead of comparing.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write;
use std::path::Path;

use virtual_unit::Fault;
use virtual_unit::control::Order;

const BEGIN: &str = "<!-- faults: written by a test -->\n";
const END: &str = "<!-- end of faults -->\n";

fn table() -> String {
    let mut text = String::from("\n| where | JSON | `--fault` | what |\n|---|---|---|---|\n");
    for form in Fault::FORMS {
        let option = form.field.iter().fold(form.dashed(), |text, (_, example)| format!("{text}={example}"));
        let json = serde_json::to_string(&option.parse::<Fault>().unwrap()).unwrap();
        let place = format!("{:?}", form.place).to_lowercase();
        writeln!(text, "| {place} | `{json}` | `{option}` | {} |", form.what).unwrap();
    }
    text.push('\n');
    text
}

#[test]
fn the_document_lists_every_fault_as_it_is_written() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/virtual-unit.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("the beginning of the table");
    let (listed, after) = rest.split_once(END).expect("the end of the table");
    if std::env::var_os("FIRSTPASS_WRITE_DOCS").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert_eq!(listed, table(), "run this test with FIRSTPASS_WRITE_DOCS=1");
}

#[test]
fn every_order_of_the_document_is_one_that_a_unit_takes() {
    let text = include_str!("../../../docs/virtual-unit.md");
    let orders: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("| `{\"op\"")?.split('`').next()).collect();
    for order in &orders {
        let order = format!("{{\"op\"{order}");
        serde_json::from_str::<Order>(&order).unwrap_or_else(|error| panic!("{order}: {error}"));
    }
    for name in ["download", "run", "power", "fault", "route", "status", "quit"] {
        assert!(orders.iter().any(|order| order.contains(&format!("\"{name}\""))), "{name} is missing");
    }
}
