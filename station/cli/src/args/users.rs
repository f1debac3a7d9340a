//! The command line of `station users`.

use clap::{Args, Subcommand};
use firstpass_domain::{Action, Language, Role};
use firstpass_store::Login;

/// Life of a token when nobody says otherwise, in days.
const TOKEN_DAYS: u32 = 90;
/// Longest life of a token, in days.
const TOKEN_DAYS_MAX: i64 = 731;

/// `station users …`
#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Add a user; reads the password from the terminal, or else one line from standard input.
    Add(UserAddArgs),
    /// List the users.
    List,
    /// Set a user's password, and end their logins; reads it from the terminal, or else from standard input.
    SetPassword {
        /// Login name.
        #[arg(value_parser = login)]
        login: Login,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Disable a user: ends their logins and API tokens at once.
    Disable {
        /// Login name.
        #[arg(value_parser = login)]
        login: Login,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Let a disabled user log in again.
    Enable {
        /// Login name.
        #[arg(value_parser = login)]
        login: Login,
        #[command(flatten)]
        by: ByArgs,
    },
    /// Issue an API token to a user, and print it this once.
    Token(TokenArgs),
}

/// Who does something, and why: both go on record.
#[derive(Debug, Clone, Args)]
pub(crate) struct ByArgs {
    /// Who [default: the user's name].
    #[arg(long, value_name = "NAME", env = "USER", default_value = "unknown")]
    pub(crate) by: String,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "on the command line")]
    pub(crate) reason: String,
}

/// Options of `station users add`.
#[derive(Debug, Clone, Args)]
pub(crate) struct UserAddArgs {
    /// Login name; it never changes.
    #[arg(value_parser = login)]
    pub(crate) login: Login,
    /// Name to show [default: the login name].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What they are to the station: operator, engineer, auditor or admin.
    #[arg(long, value_parser = role)]
    pub(crate) role: Role,
    /// In which language they read: en, de or zh-Hans [default: as their browser says].
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// Give no password: they log in with a badge, or own API tokens only.
    #[arg(long)]
    pub(crate) no_password: bool,
    #[command(flatten)]
    pub(crate) by: ByArgs,
}

/// Options of `station users token`.
#[derive(Debug, Clone, Args)]
pub(crate) struct TokenArgs {
    /// Login name of its owner.
    #[arg(value_parser = login)]
    pub(crate) login: Login,
    /// Name of the token, after the program that is to have it.
    #[arg(long)]
    pub(crate) name: String,
    /// What it is for, such as `see_units`; docs/access.md lists them. May be repeated.
    #[arg(long = "action", value_name = "ACTION", required = true, value_parser = action)]
    pub(crate) actions: Vec<Action>,
    /// After how many days it ends.
    #[arg(long, default_value_t = TOKEN_DAYS, value_parser = clap::value_parser!(u32).range(1..=TOKEN_DAYS_MAX))]
    pub(crate) days: u32,
    #[command(flatten)]
    pub(crate) by: ByArgs,
}

fn login(text: &str) -> Result<Login, String> {
    Login::new(text).map_err(|error| error.to_string())
}

fn role(text: &str) -> Result<Role, String> {
    let names = || Role::ALL.iter().map(|role| role.name()).collect::<Vec<_>>().join(", ");
    Role::named(text).ok_or_else(|| format!("no role: {}", names()))
}

fn action(text: &str) -> Result<Action, String> {
    let names = || Action::ALL.iter().map(|action| action.name()).collect::<Vec<_>>().join(", ");
    Action::named(text).ok_or_else(|| format!("no action: {}", names()))
}
