//! A delivery: the request as it arrived, whose body is read at most once.

use std::cell::OnceCell;
use std::net::IpAddr;

use super::body::{self, Body};

/// The headers of a request. Names are asked for in lower case.
pub trait Headers: Sync {
    /// The first header of this name whose value is text.
    fn get(&self, name: &str) -> Option<&str>;

    /// Shows every header whose value is text, in the order they came.
    fn each<'h>(&'h self, visit: &mut dyn FnMut(&'h str, &'h str));
}

impl<N: AsRef<str> + Sync, V: AsRef<str> + Sync> Headers for Vec<(N, V)> {
    fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| known.as_ref().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_ref())
    }

    fn each<'h>(&'h self, visit: &mut dyn FnMut(&'h str, &'h str)) {
        for (name, value) in self {
            visit(name.as_ref(), value.as_ref());
        }
    }
}

/// A request to the path of a source, as it arrived.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// `POST`, `GET`, …
    pub method: &'a str,
    /// What follows the source's name in the path (`/hooks/SOURCE/SECRET`), percent-decoded.
    pub path_secret: Option<&'a str>,
    /// The query string, raw, without `?`.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a dyn Headers,
    /// The body, raw.
    pub body: &'a [u8],
    /// Who sent it, as far as the listener and the trusted proxies tell: what `allow_from` looks at.
    pub peer: Option<IpAddr>,
}

impl<'a> Request<'a> {
    /// A POST to the source's own path, without a query, by nobody in particular.
    #[must_use]
    pub fn post(headers: &'a dyn Headers, body: &'a [u8]) -> Self {
        Self {
            method: "POST",
            path_secret: None,
            query: "",
            headers,
            body,
            peer: None,
        }
    }
}

/// A request on its way through verification.
pub struct Delivery<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// The field of a form that names its character set; empty if there is none.
    charset_field: &'static str,
    body: OnceCell<Result<Body, String>>,
}

impl<'a> Delivery<'a> {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(request: &'a Request<'a>, charset_field: &'static str) -> Self {
        Self {
            request,
            charset_field,
            body: OnceCell::new(),
        }
    }

    /// The body, read now if it was not.
    pub(super) fn body(&self) -> Result<&Body, &str> {
        self.body
            .get_or_init(|| self.read())
            .as_ref()
            .map_err(String::as_str)
    }

    /// The body, for good.
    pub(super) fn into_body(mut self) -> Result<Body, String> {
        match self.body.take() {
            Some(read) => read,
            None => self.read(),
        }
    }

    fn read(&self) -> Result<Body, String> {
        let content_type = self.request.headers.get("content-type");
        body::read(content_type, self.request.body, self.charset_field)
    }
}
