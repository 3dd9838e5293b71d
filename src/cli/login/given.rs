//! Which credentials are meant: those on the command line and its pipe, those of the project, or those of the environment.

use std::io::{IsTerminal, Read};
use std::path::Path;

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Arguments;
use crate::cli::{Desk, Failure};
use crate::config::{self, Env};
use crate::membrane::{Auth, DEFAULT_URL};
use crate::problem::Source;
use crate::project::{self, Strictness};

/// The longest text that is read from the pipe.
const PIPE_BYTES_MAX: u64 = 64 * 1024;

/// Where credentials come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// They were given with the command.
    Command,
    /// Variables that the project does not name.
    Environment,
    /// The project has them.
    Project,
}

/// Credentials, and where they are to be shown.
pub(super) struct Given {
    pub(super) auth: Auth,
    pub(super) url: String,
    pub(super) origin: Origin,
    pub(super) env: Env,
}

/// Finds them.
///
/// # Errors
/// Something is missing; the error says what.
pub(super) fn find(arguments: &Arguments, desk: &Desk) -> anyhow::Result<Given> {
    let env = environment(&desk.project);
    let prefix = arguments.connection.as_deref().map(prefix);
    let prefix = prefix.unwrap_or_default();
    // A workspace is shared by all connections unless one says otherwise; a tenant and a token never are.
    let of_env = |names: &[&str]| {
        let own = names.iter().map(|name| format!("{prefix}{name}"));
        let is_shared = |name: &&&str| !name.contains("TENANT") && !name.contains("TOKEN");
        let shared = names
            .iter()
            .filter(is_shared)
            .map(|name| (*name).to_owned());
        let mut names = own.chain(shared);
        names.find_map(|name| env.get(&name).map(str::to_owned))
    };
    let project = of_project(arguments, &desk.project);
    let place = arguments
        .url
        .clone()
        .or_else(|| of_env(&["MEMBRANE_API_URI", "MEMBRANE_API_URL"]));
    let given = if arguments.token_stdin {
        (token(&piped("the token")?)?, None)
    } else if arguments.credentials_stdin {
        let credentials = piped("the credentials")?;
        of_credentials(&credentials, arguments, &of_env)?
    } else if arguments.secret_stdin || arguments.workspace_key.is_some() {
        (signed(arguments, &of_env)?, None)
    } else {
        if let Some((auth, url)) = project {
            return Ok(Given {
                auth,
                url: arguments.url.clone().unwrap_or(url),
                origin: Origin::Project,
                env,
            });
        }
        let auth = of_environment(arguments, &of_env)?;
        return Ok(Given {
            auth,
            url: place.unwrap_or_else(|| DEFAULT_URL.to_owned()),
            origin: Origin::Environment,
            env,
        });
    };
    let (auth, told) = given;
    let url = arguments.url.clone().or(told).or(place);
    let url = url.or(project_url(&desk.project));
    Ok(Given {
        auth,
        url: url.unwrap_or_else(|| DEFAULT_URL.to_owned()),
        origin: Origin::Command,
        env,
    })
}

/// `CLIENT_B_` for the connection `client_b`; `_1X_` for `1x`, for no variable begins with a digit.
pub(super) fn prefix(connection: &str) -> String {
    let name = connection.to_uppercase().replace('-', "_");
    let before = if name.starts_with(|first: char| first.is_ascii_digit()) {
        "_"
    } else {
        ""
    };
    format!("{before}{name}_")
}

/// The environment over the project's .env.
fn environment(dir: &Path) -> Env {
    let text = std::fs::read_to_string(dir.join(".env")).unwrap_or_default();
    let text = text.trim_start_matches('\u{feff}');
    let below = config::read_dotenv(&Source::new(".env", text), &mut Vec::new());
    Env::of_process().over(below)
}

/// What the project's settings say, when they say all of it.
fn of_project(arguments: &Arguments, dir: &Path) -> Option<(Auth, String)> {
    if arguments.tenant.is_some() {
        return None;
    }
    let config = project::load(dir, &Env::of_process(), Strictness::Check).config?;
    let own = match &arguments.connection {
        Some(name) => config.membrane.connections.get(name.as_str())?.auth.clone(),
        None => None,
    };
    let auth = own.unwrap_or(config.membrane.auth);
    let is_whole = match &auth {
        Auth::Token(token) => !token.expose_secret().is_empty(),
        Auth::Signed {
            workspace_secret, ..
        } => !workspace_secret.expose_secret().is_empty(),
    };
    is_whole.then_some((auth, config.membrane.url))
}

pub(super) fn project_url(dir: &Path) -> Option<String> {
    if !dir.join("kartwheel.yaml").is_file() {
        return None;
    }
    let config = project::load(dir, &Env::of_process(), Strictness::Check).config?;
    Some(config.membrane.url)
}

fn signed(
    arguments: &Arguments,
    of_env: &dyn Fn(&[&str]) -> Option<String>,
) -> Result<Auth, Failure> {
    let key = arguments.workspace_key.clone();
    let key = key.or_else(|| of_env(&["MEMBRANE_WORKSPACE_KEY"]));
    let tenant = arguments.tenant.clone();
    let tenant = tenant.or_else(|| of_env(&["MEMBRANE_TENANT_KEY"]));
    let secret = if arguments.secret_stdin {
        Some(piped("the workspace's secret")?)
    } else {
        of_env(&["MEMBRANE_WORKSPACE_SECRET"]).map(SecretString::from)
    };
    whole(key, secret, tenant)
}

fn whole(
    key: Option<String>,
    secret: Option<SecretString>,
    tenant: Option<String>,
) -> Result<Auth, Failure> {
    let lacks = |what: &str, how: &str| {
        Failure::new(format!("{what} is missing"))
            .means(
                "A token is signed with three things: workspace key, workspace secret, tenant key.",
            )
            .remedy(how)
    };
    Ok(Auth::Signed {
        workspace_key: key.ok_or_else(|| lacks("the workspace's key", "Give it: --workspace-key KEY"))?,
        workspace_secret: secret.ok_or_else(|| {
            lacks(
                "the workspace's secret",
                "Pipe it in with --secret-stdin, or set MEMBRANE_WORKSPACE_SECRET. It is never taken as an argument: those can be seen by others.",
            )
        })?,
        tenant_key: tenant.ok_or_else(|| {
            lacks(
                "the tenant's key",
                "Give it: --tenant KEY. It is the tenant under which Kartra is, or will be, connected; for one's own account any name will do, and stays.",
            )
        })?,
    })
}

fn token(text: &SecretString) -> Result<Auth, Failure> {
    let given = text.expose_secret();
    // What `membrane token --json` prints is an object around it.
    let inside = serde_json::from_str::<Value>(given)
        .ok()
        .and_then(|object| object.get("token")?.as_str().map(str::to_owned));
    let token = inside.unwrap_or_else(|| given.to_owned());
    if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(Failure::new("what came through the pipe is no token")
            .means("A token is one word without spaces.")
            .remedy("Pipe in the token alone: kartwheel login --token-stdin < token.txt"));
    }
    Ok(Auth::Token(token.into()))
}

/// `apiUri`, `workspaceKey`, `workspaceSecret?`, `tenantKey?`, `notes?`
fn of_credentials(
    text: &SecretString,
    arguments: &Arguments,
    of_env: &dyn Fn(&[&str]) -> Option<String>,
) -> Result<(Auth, Option<String>), Failure> {
    let read: Option<Value> = serde_json::from_str(text.expose_secret()).ok();
    let read = read.filter(Value::is_object).ok_or_else(|| {
        Failure::new("what came through the pipe is not what `membrane credentials --json` prints")
            .means("It should be an object with workspaceKey, workspaceSecret and perhaps tenantKey and apiUri.")
            .remedy("membrane credentials --json | kartwheel login --credentials-stdin")
    })?;
    let field = |name: &str| {
        let text = read.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let secret = field("workspaceSecret").or_else(|| of_env(&["MEMBRANE_WORKSPACE_SECRET"]));
    let tenant = arguments.tenant.clone().or_else(|| field("tenantKey"));
    let tenant = tenant.or_else(|| of_env(&["MEMBRANE_TENANT_KEY"]));
    let key = field("workspaceKey").ok_or_else(|| {
        Failure::new("what came through the pipe has no workspaceKey")
            .means("`membrane credentials --json` prints one where a workspace is chosen.")
            .remedy("Log in there with the workspace, or give key and secret: kartwheel login --workspace-key KEY --secret-stdin < secret.txt")
    })?;
    let auth = whole(Some(key), secret.map(SecretString::from), tenant)?;
    Ok((auth, field("apiUri")))
}

fn of_environment(
    arguments: &Arguments,
    of_env: &dyn Fn(&[&str]) -> Option<String>,
) -> Result<Auth, Failure> {
    if of_env(&["MEMBRANE_WORKSPACE_SECRET"]).is_some() {
        return signed(arguments, of_env);
    }
    match of_env(&["MEMBRANE_ACCESS_TOKEN", "MEMBRANE_TOKEN"]) {
        Some(text) => token(&text.into()),
        None => Err(Failure::new("there are no credentials of Membrane to try")
            .means("None were given, neither the project nor the environment has any.")
            .remedy(
                "One of:\n\
                 kartwheel login --workspace-key KEY --tenant TENANT --secret-stdin < secret.txt\n\
                 membrane credentials --json | kartwheel login --credentials-stdin\n\
                 kartwheel login --token-stdin < token.txt\n\
                 The key and the secret are in Membrane's console, in the settings of the workspace.",
            )),
    }
}

/// What comes through the pipe, without white space around it. A terminal would show what is typed.
fn piped(what: &str) -> Result<SecretString, Failure> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::new(format!("{what} must come through a pipe or from a file"))
            .means("Typed here it would be seen on the screen.")
            .remedy("kartwheel login … < secret.txt, or from a password store: pass show membrane | kartwheel login …"));
    }
    let mut text = String::new();
    input
        .take(PIPE_BYTES_MAX)
        .read_to_string(&mut text)
        .context("standard input cannot be read")
        .map_err(|error| Failure::new(format!("{error:#}")))?;
    let text = text.trim();
    let trimmed = text.trim_start_matches('\u{feff}').trim();
    if trimmed.len() < text.len() {
        eprintln!(
            "{what} came with a byte order mark before it, as some editors write; it was left out."
        );
    }
    if trimmed.is_empty() {
        return Err(Failure::new(format!(
            "{what} should come through the pipe, and nothing came"
        )));
    }
    Ok(trimmed.into())
}
