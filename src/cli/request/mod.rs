//! `kartwheel request`: a request to Kartra's own API, through Membrane's proxy.

mod letter;
#[cfg(test)]
mod tests;

use letter::{Header, Pair};

/// Send a request of your own to Kartra, through Membrane
///
/// Membrane puts the account's credentials in. PATH is what Kartra's API has (/api), or a whole URL; {name} in it is replaced by
/// --path-param, percent-encoded. It is sent once, and what Kartra answers is printed as it came. Membrane's own command calls
/// two of the options otherwise: its --json is --json-body here, for --json prints JSON; its --rawData is --raw-data.
/// Exit code 0 for a status of 2xx or 3xx, 1 for any other, and where Kartra says "Error" inside a 200.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  kartwheel request /api -F 'get_lead[email]=ada@example.com'\n  kartwheel request /api -F 'lead[email]=ada@example.com' -F 'actions[0][cmd]=search_lead'\n  \
                  kartwheel request '/leads/{id}' --path-param id=7 --query page=2\n  kartwheel request /api --json-body '{\"get_lead\": {\"id\": 7}}' --raw | jq .\n\n\
                  Next:\n  kartwheel actions list    what needs no request of your own"
)]
pub(super) struct Arguments {
    /// The path in the application's API, or a whole URL
    pub(super) path: String,
    /// The method [default: GET, with a body POST]
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub(super) method: Option<String>,
    /// A header; may be given more than once
    #[arg(short = 'H', long, value_name = "'NAME: VALUE'")]
    pub(super) header: Vec<Header>,
    /// The body as text, JSON or a form, already encoded; several are joined by &
    #[arg(short, long, value_name = "TEXT", conflicts_with_all = ["json_body", "raw_data", "form"])]
    pub(super) data: Vec<String>,
    /// A field of a form, encoded here; may be given more than once
    #[arg(short = 'F', long, value_name = "NAME=VALUE", conflicts_with_all = ["json_body", "raw_data"])]
    pub(super) form: Vec<Pair>,
    /// The body as JSON, checked and sent as such
    #[arg(long, value_name = "JSON", conflicts_with = "raw_data")]
    pub(super) json_body: Option<String>,
    /// The body as it is, without a content type
    #[arg(long, value_name = "TEXT")]
    pub(super) raw_data: Option<String>,
    /// A query parameter; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) query: Vec<Pair>,
    /// What stands for {name} in the path; may be given more than once
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) path_param: Vec<Pair>,
    /// The connection to send it on [default: the only one]
    #[arg(long, value_name = "NAME")]
    pub(super) connection: Option<String>,
    /// Print the body alone, byte by byte
    #[arg(long, conflicts_with = "json")]
    pub(super) raw: bool,
    /// Print status, headers and body as JSON
    #[arg(long)]
    pub(super) json: bool,
}
