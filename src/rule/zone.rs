//! Time zones by their IANA names.

use jiff::tz::{TimeZone, db};

use super::complaint::Complaint;
use crate::problem::nearest;

/// The zone of this name.
///
/// # Errors
/// There is none; with the name that was probably meant.
pub fn parse(text: &str) -> Result<TimeZone, Complaint> {
    if let Ok(zone) = TimeZone::get(text) {
        return Ok(zone);
    }
    let names: Vec<String> = db()
        .available()
        .map(|name| name.as_str().to_owned())
        .collect();
    let city = text.replace(' ', "_").to_lowercase();
    let of_city = names.iter().find(|name| {
        name.rsplit('/')
            .next()
            .is_some_and(|last| last.to_lowercase() == city)
    });
    let near = of_city
        .map(String::as_str)
        .or_else(|| nearest(text, names.iter().map(String::as_str)));
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write an IANA name, such as `Europe/Berlin` or `America/New_York`".to_owned(),
    };
    Err(Complaint::new(format!("`{text}` is no time zone")).help(help))
}
