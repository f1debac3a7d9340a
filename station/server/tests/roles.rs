//! Who may use which route: every route of the table is asked by everybody, and the table in `docs/access.md` says the same.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use std::{collections::BTreeMap, env, fmt::Write as _, fs, path::Path};

use firstpass_domain::{Action, Role};
use firstpass_server::{Access, RouteInfo, route_table};
use firstpass_store::UserChange;
use http::Method;
use support::{Ask, Bench, Session, act};

/// Set to write the document anew.
const WRITE: &str = "FIRSTPASS_WRITE_DOCS";
/// Changes that everybody may ask for: they are how somebody becomes known, and unknown again.
const DOORS: [&str; 4] = ["/login", "/login/badge", "/logout", "/setup"];

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Somebody without a login.
    Nobody,
    /// Somebody of this role, with their password.
    Role(Role),
    /// Somebody of this role, with badge and PIN.
    Badge(Role),
    /// A token of an administrator that is for nothing.
    EmptyToken,
    /// A token of an administrator that is for this.
    Token(Action),
}

impl Who {
    /// Whether they get through, by what the table says of the route; this is what the server is held to.
    fn may(self, access: Access) -> bool {
        match (self, access) {
            (_, Access::Public) => true,
            (Self::Nobody, Access::Person | Access::Session | Access::Own | Access::May(_)) => false,
            (Self::Role(_), Access::Person | Access::Session | Access::Own) => true,
            (Self::Badge(_), Access::Person | Access::Session) => true,
            (Self::Badge(_), Access::Own) => false,
            (Self::EmptyToken | Self::Token(_), Access::Person) => true,
            (Self::EmptyToken | Self::Token(_), Access::Session | Access::Own) => false,
            (Self::Role(role), Access::May(action)) => role.may(action),
            (Self::Badge(role), Access::May(action)) => role.may(action) && Role::Operator.may(action),
            (Self::EmptyToken, Access::May(_)) => false,
            (Self::Token(only), Access::May(action)) => only == action,
        }
    }
}

/// The path with something in the place of its parameters that is on no record.
fn filled(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "nothing-here" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// Everybody who asks, with what they show.
struct Everybody {
    bench: Bench,
    empty_token: String,
    tokens: BTreeMap<Action, String>,
}

impl Everybody {
    async fn gather() -> Self {
        let bench = Bench::start().await;
        let empty_token = bench.token(Role::Admin, &[]).await;
        let mut tokens = BTreeMap::new();
        for action in Action::ALL {
            tokens.insert(*action, bench.token(Role::Admin, &[*action]).await);
        }
        Self { bench, empty_token, tokens }
    }

    async fn badge(&self, role: Role) -> Session {
        let (bench, number) = (&self.bench, format!("badge-{}", role.name()));
        let place = format!("/people/users/{}", role.name());
        assert_eq!(bench.post(Role::Admin, &format!("{place}/badge"), &[("number", &number)]).await.status, 303);
        assert_eq!(bench.post(Role::Admin, &format!("{place}/pin"), &[("pin", "290417")]).await.status, 303);
        let answer = bench.ask("POST", "/login/badge").form(&[("badge", &number), ("pin", "290417")]).send().await;
        bench.enter(answer).await.unwrap()
    }

    /// A request without a body that makes sense: who gets through is told so.
    async fn ask(&self, who: Who, route: &RouteInfo, badge: Option<&Session>) -> u16 {
        let ask = self.bench.ask(route.method.as_str(), &filled(route.path));
        let ask = if route.method == Method::GET { ask } else { ask.form(&[]) };
        let with =
            |ask: Ask, session: &Session| ask.header("cookie", &session.cookie).header("x-csrf-token", &session.csrf);
        let ask = match who {
            Who::Nobody => ask,
            Who::Role(role) => with(ask, &self.bench.session(role).await),
            Who::Badge(_) => with(ask, badge.unwrap()),
            Who::EmptyToken => ask.header("authorization", &format!("Bearer {}", self.empty_token)),
            Who::Token(action) => ask.header("authorization", &format!("Bearer {}", self.tokens[&action])),
        };
        ask.status().await
    }

    /// What is wrong with how a route treats somebody.
    async fn fault(&self, who: Who, route: &RouteInfo, badge: Option<&Session>) -> Option<String> {
        let mut status = self.ask(who, route, badge).await;
        if status == 401 && matches!(who, Who::Role(_)) {
            // A route before this one has ended the login.
            self.bench.forget().await;
            status = self.ask(who, route, badge).await;
        }
        let expected = match (who.may(route.access), who) {
            (true, _) => !matches!(status, 401 | 403),
            (false, Who::Nobody) => status == 401,
            (false, Who::Role(_) | Who::Badge(_) | Who::EmptyToken | Who::Token(_)) => status == 403,
        };
        (!expected).then(|| format!("{} {} for {who:?}: {status}, {:?}", route.method, route.path, route.access))
    }
}

async fn faults(everybody: &Everybody, who: Who) -> Vec<String> {
    let mut faults = Vec::new();
    let badge = match who {
        Who::Badge(role) => Some(everybody.badge(role).await),
        Who::Nobody | Who::Role(_) | Who::EmptyToken | Who::Token(_) => None,
    };
    // Whoever logs out is somebody else for the routes after that.
    let routes = route_table().into_iter().filter(|route| badge.is_none() || !DOORS.contains(&route.path));
    for route in routes {
        faults.extend(everybody.fault(who, &route, badge.as_ref()).await);
    }
    faults
}

#[tokio::test]
async fn every_route_lets_exactly_those_roles_through_that_may() {
    let everybody = Everybody::gather().await;
    for who in [Who::Nobody].into_iter().chain(Role::ALL.iter().map(|role| Who::Role(*role))) {
        assert_eq!(faults(&everybody, who).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_badge_opens_no_route_that_an_operator_may_not_use() {
    let everybody = Everybody::gather().await;
    for role in [Role::Admin, Role::Auditor] {
        assert_eq!(faults(&everybody, Who::Badge(role)).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_token_opens_exactly_what_it_is_for_and_without_that_nothing() {
    let everybody = Everybody::gather().await;
    assert_eq!(faults(&everybody, Who::EmptyToken).await, Vec::<String>::new());
    for action in [Action::SeeUnits, Action::ManageBatches] {
        assert_eq!(faults(&everybody, Who::Token(action)).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_disabled_administrator_is_nobody() {
    let everybody = Everybody::gather().await;
    let bench = &everybody.bench;
    let session = bench.session(Role::Engineer).await;
    let change = UserChange { enabled: Some(false), ..UserChange::default() };
    bench.store.change_user(bench.user(Role::Engineer).await, &change, &act(), bench.now()).await.unwrap();
    for route in route_table() {
        let expected = if route.access == Access::Public { continue } else { 401 };
        let ask = bench.ask(route.method.as_str(), &filled(route.path)).header("cookie", &session.cookie);
        assert_eq!(ask.status().await, expected, "{} {}", route.method, route.path);
    }
}

#[test]
fn nobody_changes_anything_without_being_known() {
    let open = route_table().into_iter().filter(|route| route.method != Method::GET && route.access == Access::Public);
    assert_eq!(
        open.map(|route| route.path).filter(|path| !DOORS.contains(path)).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
}

#[test]
fn whoever_only_reads_is_let_through_to_no_change() {
    // An auditor's own account is theirs to change.
    let changes = route_table().into_iter().filter(|route| route.method != Method::GET);
    let read_only = changes.filter(|route| matches!(route.access, Access::May(action) if action.only_reads()));
    let allowed: Vec<&str> = read_only.map(|route| route.path).filter(|path| !reads_by_post(path)).collect();
    assert_eq!(allowed, Vec::<&str>::new());
}

/// Questions that are too long for an address, or too much work for whoever merely follows a link.
fn reads_by_post(path: &str) -> bool {
    ["/line/scan"].contains(&path) || path.starts_with("/export") || path.contains("/verify")
}

#[test]
fn the_document_says_what_the_table_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/access.md");
    let written = document(&fs::read_to_string(&path).unwrap_or_default());
    if env::var_os(WRITE).is_some() {
        fs::write(&path, &written).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert!(found == written, "docs/access.md is out of date: run this test with {WRITE}=1");
}

/// What stands before this in the document is written by hand.
const MARK: &str = "<!-- Written by a test from the program's tables; see above. -->\n";

fn document(before: &str) -> String {
    let by_hand = before.split(MARK).next().unwrap_or_default();
    format!("{by_hand}{MARK}{}{}", roles(), routes())
}

fn roles() -> String {
    let mut text =
        "\n## Roles and actions\n\n| action | operator | engineer | auditor | admin | with a badge |\n".to_owned();
    text.push_str("|---|:-:|:-:|:-:|:-:|:-:|\n");
    for action in Action::ALL {
        let cells = [Role::Operator, Role::Engineer, Role::Auditor, Role::Admin].map(|role| mark(role.may(*action)));
        let badge = mark(Role::Operator.may(*action));
        writeln!(text, "| `{}` | {} | {badge} |", action.name(), cells.join(" | ")).unwrap();
    }
    text
}

fn mark(may: bool) -> &'static str {
    if may { "✓" } else { "" }
}

fn routes() -> String {
    let mut by_access: BTreeMap<(u8, Option<Action>), Vec<RouteInfo>> = BTreeMap::new();
    for route in route_table() {
        let key = match route.access {
            Access::Public => (0, None),
            Access::Person => (1, None),
            Access::Session => (2, None),
            Access::Own => (3, None),
            Access::May(action) => (4, Some(action)),
        };
        by_access.entry(key).or_default().push(route);
    }
    let mut text = "\n## Routes\n\n| who | method | path |\n|---|---|---|\n".to_owned();
    for routes in by_access.values_mut() {
        routes.sort_by_key(|route| (route.path, route.method.to_string()));
        for RouteInfo { method, path, access } in routes.iter() {
            writeln!(text, "| {} | {method} | `{path}` |", who(*access)).unwrap();
        }
    }
    text
}

fn who(access: Access) -> String {
    match access {
        Access::Public => "everybody".to_owned(),
        Access::Person => "whoever is known".to_owned(),
        Access::Session => "whoever is logged in".to_owned(),
        Access::Own => "whoever is logged in with a password".to_owned(),
        Access::May(action) => format!("`{}`", action.name()),
    }
}
