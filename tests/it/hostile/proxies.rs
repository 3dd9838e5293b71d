//! Who sent a delivery that came through proxies: nobody gets in by what was written before the proxies' own words.

use kartwheel::run::State;

use super::{JSON, RULE};
use crate::world::{START, World};

const SETTINGS: &str = "sources:
  shop: { verify: none, allow_from: [203.0.113.0/24, \"2001:db8::/32\"], type: order }
trusted_proxies: [127.0.0.1, 172.16.0.0/12]
";

#[tokio::test]
async fn only_what_trusted_proxies_say_tells_who_sent() {
    let world = World::at(START, RULE, SETTINGS).await;
    // What stands in the headers, one after the other, and whether the sender is one who may.
    let cases: [(&[&str], bool); 15] = [
        (&[], false),
        (&["203.0.113.7"], true),
        (&["2001:db8::1"], true),
        (&["::ffff:203.0.113.7"], true),
        (&["203.0.113.7:443"], true),
        (&["[2001:db8::1]"], true),
        (&["[2001:db8::1]:443"], true),
        (&["203.0.113.7, 172.18.0.2"], true),
        (&["203.0.113.7", "172.18.0.2, ::ffff:127.0.0.1"], true),
        (&["198.51.100.1, 203.0.113.7"], true),
        (&["203.0.113.7, 198.51.100.1"], false),
        (&["203.0.113.7, 198.51.100.1:5678"], false),
        (&["203.0.113.7, unknown"], false),
        (&["203.0.113.7", "\u{fc}"], false),
        (&["203.0.113.7, "], false),
    ];
    for (at, (values, is_allowed)) in cases.into_iter().enumerate() {
        let mut headers = vec![JSON];
        headers.extend(values.iter().map(|value| ("x-forwarded-for", *value)));
        let body = format!("{{\"at\":{at}}}");
        let answer = world
            .request("POST", "/hooks/shop", &headers, body.as_bytes())
            .await;
        let status = if is_allowed { 200 } else { 401 };
        assert_eq!(answer.status, status, "{values:?}: {}", answer.body);
    }
    world.end(&[State::Done]).await;
}
