//! The accounts over the API: what is kept of them, and reading them anew.

use serde_json::json;

use super::house::{House, snapshot};

#[tokio::test]
async fn what_is_kept_of_each_account_is_shown_with_its_age() {
    let house = House::open().await;
    house
        .store
        .keep_snapshot(snapshot("main", &["buyer", "vip"]))
        .await
        .unwrap();
    let (status, kept) = house.get("/catalog").await;
    assert_eq!(status, 200, "{kept}");
    let [other, main] = &kept["connections"].as_array().unwrap()[..] else {
        panic!("{kept}");
    };
    assert_eq!(
        *other,
        json!({
            "connection": "client_b", "from": null, "synced_at": null, "age_seconds": null, "counts": null, "unread": null,
            "without_schema": null,
        })
    );
    assert_eq!(main["connection"], "main");
    assert_eq!(main["age_seconds"], 60);
    assert_eq!(main["counts"]["tags"], 2);
    assert_eq!(main["counts"]["lists"], json!(null), "not known");
    assert_eq!(
        main["unread"],
        json!(["actions", "lists", "sequences", "pages", "custom_fields"])
    );
}

#[tokio::test]
async fn one_account_is_read_when_it_is_named_and_all_when_none_is() {
    let house = House::open().await;
    let (status, done) = house
        .post("/catalog/sync", r#"{"connection": "main"}"#)
        .await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(house.asked(), ["sync main"]);
    let synced = &done["synced"][0];
    assert_eq!(synced["drift"]["tags"]["new"], json!(["buyer"]));
    assert_eq!(synced["unread"], json!(["pages"]));

    let (status, done) = house.post("/catalog/sync", "").await;
    assert_eq!(status, 200, "{done}");
    assert_eq!(house.asked(), ["sync client_b", "sync main"]);
    assert_eq!(done["synced"][0]["connection"], "main");
    assert_eq!(
        done["failed"],
        json!([{ "connection": "client_b", "error": "client_b has lapsed" }])
    );
}

#[tokio::test]
async fn an_account_that_cannot_be_read_or_is_not_there_is_refused() {
    let house = House::open().await;
    let (status, refusal) = house
        .post("/catalog/sync", r#"{"connection": "client_b"}"#)
        .await;
    assert_eq!(
        (status, &refusal["error"]["code"]),
        (502, &json!("account_unread"))
    );
    let (status, refusal) = house
        .post("/catalog/sync", r#"{"connection": "nobody"}"#)
        .await;
    assert_eq!(status, 404);
    assert!(
        refusal["error"]["help"]
            .as_str()
            .unwrap()
            .contains("client_b, main"),
        "{refusal}"
    );
    let (status, _) = house
        .post("/catalog/sync", r#"{"conection": "main"}"#)
        .await;
    assert_eq!(status, 400);
    assert_eq!(house.asked(), ["sync client_b"]);
}
