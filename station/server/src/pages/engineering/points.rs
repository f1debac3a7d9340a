//! What a policy demands, point by point, and which points changed between two. Pure.

use firstpass_domain::{KnownUnit, Policy, RegionPolicy, policy::AppPolicy};

use super::points_words as words;

/// One demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Point {
    /// What it is about.
    pub(super) name: String,
    /// What is demanded.
    pub(super) demand: String,
    /// The more, the stricter; `None` where one way is not stricter than the other.
    strictness: Option<u64>,
}

/// A demand that is not the same in two policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What it is about.
    pub(super) name: String,
    /// What was demanded; `None` when nothing was.
    pub(super) from: Option<String>,
    /// What is; `None` when nothing is.
    pub(super) to: Option<String>,
    /// Whether units have to prove more or less.
    pub(super) weight: Weight,
}

/// What a change means for what units must prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// They must prove more.
    Stricter,
    /// They must prove less.
    Looser,
    /// They must prove something else.
    Other,
}

/// All that a policy demands.
pub(super) fn of(policy: &Policy) -> Vec<Point> {
    let mut points = vec![
        plain("Identity", words::injection(policy.injection)),
        plain("Chip", policy.chip.to_string()),
        plain("Silicon revision", words::revision(policy.min_revision)),
        plain("Flash size", policy.flash_size.to_string()),
        limit("Attempts of a unit", policy.max_attempts),
        limit("Attempts of a unit in a batch", policy.max_batch_attempts),
        plain("Retries in place", words::retry(policy.retry.as_ref())),
        ranked("Unit that has passed before", words::known_unit(policy.known_unit), known_rank(policy.known_unit)),
        demanded("Unit with a session of elsewhere", policy.refuse_provisioned, "refused", "taken"),
        demanded("Client certificate", policy.client_certificate, "required", "not required"),
        demanded("Presence message", policy.presence, "required", "not required"),
        ranked("Connection must hold", words::hold(policy.hold_ms), u64::from(policy.hold_ms)),
        demanded("Auth code after provisioning", !policy.keep_auth_code, "must be gone", "may remain"),
        demanded("Every byte of the flash accounted for", policy.search_flash, "yes", "no"),
        app("App that answers the ping", policy.app.as_ref()),
    ];
    points.extend(policy.app_template.map(|hash| plain("App that each unit's is made from", hash.to_string())));
    points.extend(policy.regions.iter().map(|region| area(&region.name, region)));
    if let Some(field) = &policy.field {
        points.push(ranked("Second stage", "flashed after the session is proved".to_owned(), 1));
        points.push(app("App of the second stage", field.app.as_ref()));
        points.extend(field.regions.iter().map(|region| area(&region.name, region)));
    }
    if let Some(ota) = &policy.ota {
        points.push(ranked("Update", words::update(ota), 1));
    }
    if policy.golden {
        points.push(plain("Golden check", "tests the slot; says nothing of the unit".to_owned()));
    } else if policy.repair {
        points.push(plain("Repair", "credentials only; says nothing of the unit".to_owned()));
    }
    points
}

/// What changed from one policy to the other, in the order of the points.
pub(super) fn changes(from: &Policy, to: &Policy) -> Vec<Change> {
    let (old, new) = (of(from), of(to));
    let find = |points: &[Point], name: &str| points.iter().find(|point| point.name == name).cloned();
    let names = old.iter().chain(new.iter().filter(|point| find(&old, &point.name).is_none())).map(|point| &point.name);
    let change = |name: &String| {
        let (from, to) = (find(&old, name), find(&new, name));
        (from != to).then(|| Change {
            name: name.clone(),
            weight: weight(from.as_ref(), to.as_ref()),
            from: from.map(|point| point.demand),
            to: to.map(|point| point.demand),
        })
    };
    names.filter_map(change).collect()
}

fn weight(from: Option<&Point>, to: Option<&Point>) -> Weight {
    // What is not demanded at all is the least.
    let rank = |point: Option<&Point>| point.map_or(Some(0), |point| point.strictness);
    match (rank(from), rank(to)) {
        (Some(from), Some(to)) if to > from => Weight::Stricter,
        (Some(from), Some(to)) if to < from => Weight::Looser,
        (Some(_), Some(_)) | (None, _) | (_, None) => Weight::Other,
    }
}

fn plain(name: &str, demand: String) -> Point {
    Point { name: name.to_owned(), demand, strictness: None }
}

fn ranked(name: &str, demand: String, strictness: u64) -> Point {
    Point { name: name.to_owned(), demand, strictness: Some(strictness) }
}

fn demanded(name: &str, is_so: bool, yes: &str, no: &str) -> Point {
    ranked(name, if is_so { yes } else { no }.to_owned(), u64::from(is_so))
}

/// A number of attempts, of which 0 means no limit: the fewer, the stricter.
fn limit(name: &str, count: u32) -> Point {
    match count {
        0 => ranked(name, "no limit".to_owned(), 0),
        count => ranked(name, format!("{count} at most"), u64::from(u32::MAX - count) + 1),
    }
}

/// Each way of taking a unit again is another one, but to take it at all is less strict than not to.
const fn known_rank(known: KnownUnit) -> u64 {
    match known {
        KnownUnit::Refuse => 1,
        KnownUnit::Reissue | KnownUnit::Keep => 0,
    }
}

fn app(name: &str, app: Option<&AppPolicy>) -> Point {
    match app {
        None => ranked(name, "not asked".to_owned(), 0),
        Some(app) => ranked(name, format!("version {}, SHA-256 {}", app.version, app.sha256), 1),
    }
}

fn area(name: &str, region: &RegionPolicy) -> Point {
    // With a hash it must hold; without one nothing can be compared.
    let strictness = u64::from(region.sha256.is_some() && !region.written_by_unit);
    ranked(&format!("Region {name}"), words::region(region), strictness)
}

#[cfg(test)]
mod tests {
    use firstpass_domain::{Chip, FlashSize, Injection, Sha256Digest};

    use super::*;

    fn policy() -> Policy {
        Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20).unwrap())
    }

    fn region(name: &str, content: &str) -> RegionPolicy {
        let sha256 = Some(Sha256Digest::of(content.as_bytes()));
        RegionPolicy { name: name.to_owned(), offset: 0x1_0000, len: 4096, sha256, written_by_unit: false }
    }

    #[test]
    fn the_same_policy_has_no_changes() {
        assert_eq!(changes(&policy(), &policy()), []);
    }

    #[test]
    fn what_a_change_means_for_the_units_is_told() {
        let base = Policy { max_attempts: 3, regions: vec![region("app", "one")], ..policy() };
        let cases: [(Policy, &str, Weight); 8] = [
            (Policy { client_certificate: true, ..base.clone() }, "Client certificate", Weight::Stricter),
            (Policy { max_attempts: 0, ..base.clone() }, "Attempts of a unit", Weight::Looser),
            (Policy { max_attempts: 2, ..base.clone() }, "Attempts of a unit", Weight::Stricter),
            (Policy { keep_auth_code: true, ..base.clone() }, "Auth code after provisioning", Weight::Looser),
            (Policy { known_unit: KnownUnit::Keep, ..base.clone() }, "Unit that has passed before", Weight::Looser),
            (Policy { chip: Chip::Esp32, ..base.clone() }, "Chip", Weight::Other),
            (Policy { regions: vec![region("app", "two")], ..base.clone() }, "Region app", Weight::Other),
            (Policy { regions: Vec::new(), ..base.clone() }, "Region app", Weight::Looser),
        ];
        for (changed, name, weight) in cases {
            let told = changes(&base, &changed);
            assert_eq!(
                told.iter().map(|change| (change.name.as_str(), change.weight)).collect::<Vec<_>>(),
                [(name, weight)]
            );
        }
    }

    #[test]
    fn a_second_stage_is_a_demand_of_its_own() {
        let field = firstpass_domain::FieldPolicy { regions: vec![region("field/app", "field")], app: None };
        let told = changes(&policy(), &Policy { field: Some(field), ..policy() });
        let names: Vec<&str> = told.iter().map(|change| change.name.as_str()).collect();
        assert_eq!(names, ["Second stage", "App of the second stage", "Region field/app"]);
        assert_eq!(told[0].weight, Weight::Stricter);
    }
}
