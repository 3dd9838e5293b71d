//! The pace of a connection, as the engine meets it: slowing down, and rules that take turns.

use std::sync::{Arc, Mutex};

use kartwheel::action::{Actions, Class, Priority};
use kartwheel::clock::Clock;
use kartwheel::membrane::ConnectionSettings;
use serde_json::{Value, json};

use super::fake::{CONNECTION, Fake, Reply, healthy};

#[tokio::test]
async fn too_many_calls_slow_the_whole_connection_down_on_our_clock() {
    for (reply, seconds) in [
        (Reply::json(429, &Value::Null).with("retry-after", "7"), 7),
        (
            Reply::json(429, &Value::Null).with("retry-after", "Mon, 05 Oct 2026 12:00:09 GMT"),
            9,
        ),
        (Reply::json(429, &Value::Null), 1),
        (
            Reply::json(
                200,
                &json!({ "output": { "status": 429, "data": "Too many requests" } }),
            ),
            1,
        ),
    ] {
        let fake = Fake::acting(move |_| reply.clone()).await;
        let clock = super::clock();
        let client = super::client(super::settings(&fake.url()), &clock);
        let slot = client
            .slot("main", &super::turn("rule", Priority::Normal))
            .await;
        let call = super::call(&clock, "assign-tag", super::tag());
        assert_eq!(client.call(&call).await.class, Class::RateLimited);
        drop(slot);
        let began = clock.now();
        let urgent = super::turn("rule", Priority::High);
        let mut next = client.slot("main", &urgent);
        // The alarm on our clock is the only thing that the next call waits for.
        std::future::poll_fn(|context| {
            assert!(next.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        let alarm = clock.next_wake().expect("somebody waits");
        assert_eq!(alarm.duration_since(began).as_secs(), seconds);
        clock.set(alarm);
        next.await;
    }
}

/// Asks for so many slots of one rule; each is held for as long as a call takes that is answered at once.
fn crowd(
    all: &mut tokio::task::JoinSet<()>,
    client: &Arc<kartwheel::membrane::Client>,
    (rule, priority, calls): (&'static str, Priority, usize),
    served: &Arc<Mutex<Vec<&'static str>>>,
) {
    for _ in 0..calls {
        let (client, served) = (Arc::clone(client), Arc::clone(served));
        all.spawn(async move {
            let turn = super::turn(rule, priority);
            let _slot = client.slot("main", &turn).await;
            served.lock().expect("no panic").push(rule);
        });
    }
}

#[tokio::test]
async fn access_goes_before_everything_and_a_small_rule_between_the_calls_of_a_large_one() {
    let fake = Fake::start(healthy).await;
    let clock = super::clock();
    let settings = super::settings(&fake.url()).with_connection(
        "main",
        ConnectionSettings {
            id: Some(CONNECTION.to_owned()),
            per_second: 20.0,
            ..ConnectionSettings::default()
        },
    );
    let client = Arc::new(super::client(settings, &clock));
    let served: Arc<Mutex<Vec<&'static str>>> = Arc::default();
    let mut all = tokio::task::JoinSet::new();
    let newsletter = ("newsletter", Priority::Normal, 1_000);
    crowd(&mut all, &client, newsletter, &served);
    while clock.next_wake().is_none() {
        tokio::task::yield_now().await;
    }
    for more in [
        ("welcome", Priority::Normal, 3),
        ("access", Priority::High, 2),
        ("survey", Priority::Low, 1),
    ] {
        crowd(&mut all, &client, more, &served);
    }
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
    let began = clock.now();
    super::drive(&clock, all.join_all()).await;
    let served = served.lock().expect("no panic");
    // The burst of two was over before the others came.
    let start: Vec<_> = served.iter().skip(2).take(9).copied().collect();
    assert_eq!(
        start,
        [
            "access",
            "access",
            "newsletter",
            "welcome",
            "newsletter",
            "welcome",
            "newsletter",
            "welcome",
            "newsletter"
        ]
    );
    assert_eq!(served.last(), Some(&"survey"));
    assert_eq!(served.len(), 1_006);
    assert_eq!(clock.now().duration_since(began).as_millis(), 1_004 * 50);
}
