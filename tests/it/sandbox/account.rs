//! What a person changes in Kartra behind our back: things come, go, and get other names.

use kartwheel::sandbox::Kind;
use serde_json::{Value, json};

use super::{ADA, World, number, tag_input};

async fn names(world: &World, verb: &str) -> Vec<String> {
    let output = world.output(verb, json!({})).await;
    let lists = output.as_object().expect("an object").values();
    let list = lists.filter_map(Value::as_array).next().expect("a list");
    let name = |one: &Value| match one.as_str() {
        Some(name) => name.to_owned(),
        None => one["field_identifier"].as_str().expect("a name").to_owned(),
    };
    list.iter().map(name).collect()
}

#[tokio::test]
async fn things_are_added_removed_and_renamed() {
    let world = World::start().await;
    let plan = json!({ "kind": "radio_button", "options": ["Small", "Large"] });
    let changes = json!({
        "remove": { "tags": ["churned", "no such tag"], "lists": ["Webinar"], "sequences": ["Nudge"],
            "custom_fields": ["company"], "pages": ["Home"], "memberships": ["Academy"] },
        "rename": { "tags": { "vip": "VIP", "buyer": "refunded" }, "lists": { "Buyers": "Customers" },
            "sequences": { "Welcome": "Hello" }, "custom_fields": { "plan": "tier" } },
        "tags": ["churned "], "custom_fields": { "size": plan },
    });
    let (status, done) = world.post("/_sandbox/account", changes).await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(
        done["missed"],
        json!(["no such tag", "buyer"]),
        "not there; already taken"
    );
    let tags = names(&world, "retrieve-account-tags").await;
    let has = |name: &str| tags.iter().any(|tag| tag == name);
    assert!(has("VIP") && has("churned ") && has("buyer") && has("refunded"));
    assert!(!has("vip") && !has("churned"));
    let lists = names(&world, "retrieve-account-lists").await;
    assert_eq!(lists, ["Newsletter", "Customers", "Applicants"]);
    let sequences = names(&world, "retrieve-account-sequences").await;
    assert_eq!(sequences, ["Hello", "Applicants"]);
    let fields = names(&world, "retrieve-account-custom-fields").await;
    assert_eq!(fields, ["tier", "tracks", "size"]);
    assert_eq!(names(&world, "retrieve-account-pages").await, ["Checkout"]);
    let wrong = json!({ "remove": { "hats": ["x"] } });
    assert_eq!(world.post("/_sandbox/account", wrong).await.0, 400);
    let elsewhere = "/_sandbox/account?connection=nobody";
    assert_eq!(world.post(elsewhere, json!({})).await.0, 404);
}

#[tokio::test]
async fn a_lead_follows_the_names_and_commands_by_the_former_are_refused() {
    let world = World::start().await;
    world.add_ada();
    world.output("assign-tag", tag_input()).await;
    let welcome = json!({ "email": ADA, "sequence_name": "Welcome", "step": 1 });
    world.output("subscribe-lead-to-sequence", welcome).await;
    let list = json!({ "email": ADA, "list_name": "Newsletter" });
    world.output("subscribe-lead-to-list", list.clone()).await;
    world.state().account(|account| {
        assert!(account.rename(Kind::Tags, "vip", "VIP"));
        assert!(account.rename(Kind::Sequences, "Welcome", "Hello"));
        assert!(account.remove(Kind::Lists, "Newsletter"));
        assert!(!account.remove(Kind::Lists, "Newsletter"));
    });
    assert!(world.ada().has_tag("VIP") && !world.ada().has_tag("vip"));
    assert_eq!(world.ada().step_in("Hello"), Some(1));
    assert!(!world.ada().is_on_list("Newsletter"));
    let tagged = world.output("assign-tag", tag_input()).await;
    assert_eq!(number(&tagged), "212");
    let listed = world.output("subscribe-lead-to-list", list).await;
    assert_eq!(number(&listed), "231");
}
