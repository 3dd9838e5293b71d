//! Who we are at Membrane: whether it answers, whether the clocks agree, whom our token speaks for.

use std::sync::Arc;
use std::time::Duration;

use super::finding::{Finding, Sheet};
use crate::action::Class;
use crate::clock::{SharedClock, between};
use crate::config::Config;
use crate::kartra;
use crate::membrane::{Desk, Facts};

/// A clock that is off by more than this is worth a warning.
const OFF_SOME: Duration = Duration::from_secs(30);
/// A clock that is off by more than this makes tokens that are expired, or not good yet.
const OFF_MUCH: Duration = Duration::from_secs(300);

/// Looks at every identity that these connections use. Whether Membrane answers to one of them at all.
pub(super) async fn look(
    config: &Config,
    connections: &[Arc<str>],
    clock: &SharedClock,
    found: &mut Vec<Finding>,
) -> bool {
    let own = |name: &Arc<str>| {
        let settings = config.membrane.connections.get(name);
        settings.is_some_and(|connection| connection.auth.is_some())
    };
    let mut known = false;
    let mut told_time = false;
    if connections.iter().any(|name| !own(name)) {
        let mut sheet = Sheet::new("membrane", found);
        known |= one(config, None, clock, &mut told_time, &mut sheet).await;
    }
    for name in connections.iter().filter(|name| own(name)) {
        let mut sheet = Sheet::new(&format!("membrane, as {name}"), found);
        known |= one(config, Some(name), clock, &mut told_time, &mut sheet).await;
    }
    known
}

async fn one(
    config: &Config,
    name: Option<&str>,
    clock: &SharedClock,
    told_time: &mut bool,
    sheet: &mut Sheet<'_>,
) -> bool {
    let desk = Desk::new(&config.membrane, name, Arc::clone(clock), kartra::catalog());
    let desk = match desk {
        Ok(desk) => desk,
        Err(error) => {
            sheet.problem(
                "credentials",
                format!("{error:#}"),
                "`kartwheel login` puts them into .env; for a try-out `kartwheel serve --sandbox` needs none",
            );
            return false;
        }
    };
    let asked = desk.whoami().await;
    if let Some(facts) = desk.facts()
        && !*told_time
    {
        *told_time = true;
        time(&facts, sheet);
    }
    let tenant = match asked {
        Ok(tenant) => tenant,
        Err(failed) if failed.class == Class::OurToken => {
            sheet.problem(
                "token",
                failed.message.clone(),
                "`kartwheel login` takes new credentials; look at the clock above first",
            );
            return false;
        }
        Err(failed) => {
            let url = &config.membrane.url;
            sheet.problem(
                "membrane",
                format!("{url} does not answer as it should: {}", failed.message),
                "look at `membrane.url`, at the network and at the firewall",
            );
            return false;
        }
    };
    sheet.ok(
        "token",
        format!(
            "speaks for the tenant {} (key {})",
            tenant.name, tenant.internal_id
        ),
    );
    match desk.connections().await {
        Ok(all) if all.is_empty() => sheet.warning(
            "tenant",
            "has no connection: it is new, or its key is mistyped, for Membrane makes a tenant of any key",
            "compare the tenant key with the one that the connection was made under, or make one: `kartwheel connect`",
        ),
        Ok(all) => {
            let plural = if all.len() == 1 { "" } else { "s" };
            sheet.ok("tenant", format!("has {} connection{plural}", all.len()));
        }
        Err(failed) => sheet.warning("tenant", failed.message.clone(), ""),
    }
    true
}

/// Whether our clock and Membrane's agree: tokens are signed with a time.
fn time(facts: &Facts, sheet: &mut Sheet<'_>) {
    let Some(theirs) = facts.date else {
        return sheet.note(
            "clock",
            "Membrane's answer names no time to compare with",
            "",
        );
    };
    let (off, which) = if theirs > facts.received {
        (between(facts.received, theirs), "behind")
    } else {
        (between(theirs, facts.received), "ahead of")
    };
    // Half of the way there and back, and the second that `Date` rounds to.
    let off = off.saturating_sub(facts.took / 2 + Duration::from_secs(1));
    let seen = format!("ours is {} s {which} Membrane's", off.as_secs());
    let to_do = "set it by NTP (timedatectl set-ntp true): tokens are signed with its time";
    if off > OFF_MUCH {
        sheet.problem("clock", format!("{seen}: tokens are refused"), to_do);
    } else if off > OFF_SOME {
        sheet.warning("clock", seen, to_do);
    } else {
        sheet.ok("clock", "agrees with Membrane's");
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_clock_that_is_off_is_told_by_how_much() {
        let received = jiff::Timestamp::from_second(1_790_000_000).expect("an instant");
        let cases = [
            (0, Level::Ok),
            (-25, Level::Ok),
            (60, Level::Warning),
            (-60, Level::Warning),
            (600, Level::Problem),
            (-600, Level::Problem),
        ];
        for (seconds, level) in cases {
            let facts = Facts {
                status: 200,
                received,
                took: Duration::ZERO,
                date: Some(received + jiff::SignedDuration::from_secs(seconds)),
                request_id: None,
                rate_limits: Vec::new(),
            };
            let mut found = Vec::new();
            time(&facts, &mut Sheet::new("x", &mut found));
            assert_eq!(found[0].level, level, "{seconds}");
        }
    }
}
