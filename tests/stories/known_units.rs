//! Units that come back: refused, with a new identity, or with the one that they have, as the recipe says.

use tests::{Gateway, Injection, Process, Product, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:92:01";

#[test]
fn a_unit_that_comes_back_keeps_its_session_where_the_recipe_says_so() {
    let (station, product) = (Station::new(), Product::new());
    let recipe =
        product.recipe(Injection::Nvs, &[("flash_size = \"4MB\"", "flash_size = \"4MB\"\nknown_unit = \"keep\"")]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    // The session that is kept names the broker, which must therefore stay where it is.
    let gateway = Gateway::of(&station);
    for _ in 0..2 {
        let mut flash = station.flash_command_at(&gateway, &recipe, &[&unit], &[]);
        Process::start(&mut flash).finish().expect_code(0).expect_counts(1, 0);
    }
    let known = station.unit(MAC);
    assert_eq!(known.states(), ["passed", "passed"]);
    assert_eq!(known.sessions().len(), 1, "nothing was issued the second time");
    assert!(known.sessions()[0]["revoked"].is_null());
    station.audit();
}

#[test]
fn a_unit_that_comes_back_gets_a_new_identity_where_the_recipe_says_so() {
    let (station, product) = (Station::new(), Product::new());
    let edit = ("flash_size = \"4MB\"", "flash_size = \"4MB\"\nknown_unit = \"reissue\"");
    let recipe = product.recipe(Injection::Nvs, &[edit]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    let known = station.unit(MAC);
    assert_eq!(known.sessions().len(), 2);
    assert!(known.sessions()[0]["revoked"].is_string() && known.sessions()[1]["revoked"].is_null());
}

#[test]
fn a_unit_that_another_station_has_provisioned_is_not_touched() {
    let (elsewhere, here, product) = (Station::new(), Station::new(), Product::new());
    let edit = ("flash_size = \"4MB\"", "flash_size = \"4MB\"\nrefuse_provisioned = true");
    let recipe = product.recipe(Injection::Nvs, &[edit]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    elsewhere.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    let before = unit.flash();
    let refused = Process::start(&mut here.flash_command(&recipe, &[&unit], &[])).finish();
    let refused = refused.expect_code(1).expect_counts(0, 1);
    assert_eq!(refused.events("failed")[0]["problem"]["code"], "already_provisioned");
    assert_eq!(unit.flash(), before, "not a byte of it was written");
    assert!(here.audit().of_kind("code.issued").is_empty());
}
