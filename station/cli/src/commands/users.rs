//! `station users`: the people of the dashboard, also beside a running station, and when nobody can log in any more.

mod typed;

use firstpass_domain::{Language, Role};
use firstpass_server::people::{hash_password, new_token};
use firstpass_store::{Act, Login, NewUser, People as _, PeopleError, SecretHash, SqliteStore, UserChange, UserRecord};
use serde::Serialize;

use crate::{
    args::{ByArgs, Global, TokenArgs, UserAddArgs, UsersCommand},
    data::DataFolder,
    exit::{Exit, Failure},
    output::{Output, utc},
    station::now,
};

/// Does one of the subcommands on the record of the data folder. Only the first user may come before the first batch.
pub(crate) async fn run(global: &Global, command: &UsersCommand, output: Output) -> Result<Exit, Failure> {
    let data = DataFolder::find(global)?;
    match command {
        UsersCommand::Add(args) => add(&data.make_record().await?, args, output).await,
        UsersCommand::List => list(&data.read_record().await?, output).await,
        UsersCommand::SetPassword { login, by } => set_password(&data.open_record().await?, login, by, output).await,
        UsersCommand::Disable { login, by } => enable(&data.open_record().await?, login, false, by, output).await,
        UsersCommand::Enable { login, by } => enable(&data.open_record().await?, login, true, by, output).await,
        UsersCommand::Token(args) => token(&data.open_record().await?, args, output).await,
    }
}

/// What is said of a user that something was done to.
#[derive(Debug, Serialize)]
struct Done<'a> {
    event: &'static str,
    login: &'a str,
}

async fn add(store: &SqliteStore, args: &UserAddArgs, output: Output) -> Result<Exit, Failure> {
    let login = &args.login;
    if store.user_by_login(login.as_str()).await?.is_some() {
        return Err(refused(PeopleError::LoginTaken, login));
    }
    let password = if args.no_password { None } else { Some(password(login)?) };
    let name = args.name.clone().unwrap_or_else(|| login.to_string());
    let user = NewUser { login: login.clone(), name, role: args.role, language: args.language, password };
    store.add_user(&user, &act(&args.by), now()).await.map_err(|error| refused(error, login))?;
    output.say(&Done { event: "user_added", login: login.as_str() }, || {
        format!("{login} is added as {}", args.role.name())
    });
    Ok(Exit::Done)
}

async fn list(store: &SqliteStore, output: Output) -> Result<Exit, Failure> {
    let heading = || format!("{:<24} {:<9} {:<9} {:<25} {}", "LOGIN", "ROLE", "STATUS", "LAST LOGIN", "NAME");
    if !output.is_json() && !output.row(&(), heading)? {
        return Ok(Exit::Done);
    }
    for user in store.users().await? {
        let row = Row::of(&user);
        if !output.row(&row, || row.text())? {
            break;
        }
    }
    Ok(Exit::Done)
}

/// What a list shows of a user.
#[derive(Debug, Serialize)]
struct Row<'a> {
    login: &'a str,
    name: &'a str,
    role: Role,
    language: Option<&'static str>,
    enabled: bool,
    has_password: bool,
    has_badge: bool,
    last_login: Option<String>,
}

impl<'a> Row<'a> {
    fn of(user: &'a UserRecord) -> Self {
        Self {
            login: user.login.as_str(),
            name: &user.name,
            role: user.role,
            language: user.language.map(Language::tag),
            enabled: user.disabled.is_none(),
            has_password: user.has_password,
            has_badge: user.badge.is_some(),
            last_login: user.last_login.map(utc),
        }
    }

    fn text(&self) -> String {
        let status = if self.enabled { "enabled" } else { "disabled" };
        let last = self.last_login.as_deref().unwrap_or("-");
        format!("{:<24} {:<9} {status:<9} {last:<25} {}", self.login, self.role.name(), self.name)
    }
}

async fn set_password(store: &SqliteStore, login: &Login, by: &ByArgs, output: Output) -> Result<Exit, Failure> {
    let user = find(store, login).await?;
    let password = password(login)?;
    store.set_password(user.id, &password, &act(by), now()).await.map_err(|error| refused(error, login))?;
    output.say(&Done { event: "password_set", login: login.as_str() }, || {
        format!("The password of {login} is set; all logins of {login} have ended")
    });
    Ok(Exit::Done)
}

async fn enable(
    store: &SqliteStore,
    login: &Login,
    enabled: bool,
    by: &ByArgs,
    output: Output,
) -> Result<Exit, Failure> {
    let user = find(store, login).await?;
    let change = UserChange { enabled: Some(enabled), ..UserChange::default() };
    store.change_user(user.id, &change, &act(by), now()).await.map_err(|error| refused(error, login))?;
    let (event, words) = if enabled { ("user_enabled", "enabled") } else { ("user_disabled", "disabled") };
    output.say(&Done { event, login: login.as_str() }, || format!("{login} is {words}"));
    Ok(Exit::Done)
}

async fn token(store: &SqliteStore, args: &TokenArgs, output: Output) -> Result<Exit, Failure> {
    #[derive(Serialize)]
    struct Issued<'a> {
        event: &'static str,
        login: &'a str,
        name: &'a str,
        expires: String,
        token: &'a str,
    }
    let TokenArgs { login, name, actions, days, by } = args;
    let user = find(store, login).await?;
    if let Some(action) = actions.iter().find(|action| !user.role.may(**action)) {
        let why = format!("{login} is {} and may not {}.", user.role.name(), action.name());
        return Err(Failure::usage("token_actions", "A token never does more than its owner.", why, "Leave it out."));
    }
    let made = new_token(name, user.id, actions.clone(), *days, now());
    let (text, token) = made.ok_or_else(|| {
        let why = "A name is 1 to 40 of A-Z a-z 0-9 . _ -.";
        Failure::usage("token_name", "This cannot be the name of a token.", why, "Choose another name.")
    })?;
    store.issue_token(&token, &act(by), now()).await.map_err(|error| refused(error, login))?;
    let expires = utc(token.expires);
    let issued = Issued { event: "token_issued", login: login.as_str(), name, expires, token: &text };
    output.say(&issued, || text.clone());
    output.note("It is shown this once. Send it as `Authorization: Bearer …`.");
    Ok(Exit::Done)
}

async fn find(store: &SqliteStore, login: &Login) -> Result<UserRecord, Failure> {
    let found = store.user_by_login(login.as_str()).await?;
    found.ok_or_else(|| refused(PeopleError::UnknownUser, login))
}

fn act(by: &ByArgs) -> Act {
    Act { actor: by.by.clone(), reason: by.reason.clone() }
}

/// The password that is typed, as the record keeps it.
fn password(login: &Login) -> Result<SecretHash, Failure> {
    let typed = typed::read(&format!("Password for {login}: "))?;
    hash_password(&typed, login.as_str()).map_err(|weak| {
        let remedy = "Choose another one: a few words that can be remembered are best.";
        Failure::usage("password_weak", "This cannot be the password.", format!("{weak}."), remedy)
    })
}

fn refused(error: PeopleError, login: &Login) -> Failure {
    let (code, remedy) = match error {
        PeopleError::Store(error) => return error.into(),
        PeopleError::UnknownUser => ("no_user", "See `station users list`."),
        PeopleError::LoginTaken => ("login_taken", "Choose another login name."),
        PeopleError::BadgeTaken => ("badge_taken", "Take the badge from its present owner first."),
        PeopleError::LastAdmin => ("last_admin", "Add another administrator first."),
        PeopleError::NotFirst => ("set_up_already", "Add the user with `station users add`."),
        PeopleError::Disabled => ("user_disabled", "Enable the user first."),
        PeopleError::CredentialChanged => ("credential_changed", "Do it again."),
        PeopleError::TokenNameTaken => ("token_name_taken", "Choose another name, or revoke the other token."),
        PeopleError::TooMany(_) => ("too_many", "Revoke what is not needed."),
    };
    Failure::usage(code, format!("Nothing was done with {login}."), format!("{error}."), remedy)
}
