//! What is kept of the accounts, by the commands: several connections, of which some cannot be read.

use kartwheel::sandbox::CONNECTION_ID;
use serde_json::Value;

use crate::setup::{TOKEN, house, piped};

const BY_TOKEN: [(&str, &str); 1] = [("MEMBRANE_TOKEN", TOKEN)];

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_cannot_be_compared_does_not_hide_the_others() {
    let settings = format!(
        "timezone: UTC\nmembrane: {{ url: URL, token: env:MEMBRANE_TOKEN }}\nconnections:\n  \
         a_new_one: {{ id: {CONNECTION_ID} }}\n  b: {{ id: {CONNECTION_ID} }}\n  c: {{ id: {CONNECTION_ID} }}\n"
    );
    let (dir, sandbox, _) = house(&settings).await;
    let say = |arguments: &[&str]| piped(dir.path(), arguments, &BY_TOKEN, "");
    let said = say(&["catalog", "diff"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert!(
        said.out.contains("`kartwheel catalog sync`") && !said.err.contains("database"),
        "{}{}",
        said.out,
        said.err
    );
    for name in ["b", "c"] {
        let said = say(&["catalog", "sync", "--connection", name]);
        assert_eq!(said.code, 0, "{}{}", said.out, said.err);
    }
    let said = say(&["catalog", "diff"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    assert_eq!(said.out.matches("no difference").count(), 2, "{}", said.out);
    assert!(said.out.contains("a_new_one: not compared"), "{}", said.out);
    assert!(
        said.out.contains("`kartwheel catalog sync`"),
        "{}",
        said.out
    );
    assert!(said.err.contains("1 of 3 accounts"), "{}", said.err);

    // What differs is worth less than what is not known, and both are told.
    sandbox
        .world()
        .account(|account| account.add_tag("black friday"));
    let said = say(&["catalog", "diff", "--json"]);
    assert_eq!(said.code, 2, "{}{}", said.out, said.err);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    let [new, b, c] = &told["connections"].as_array().unwrap()[..] else {
        panic!("{told}");
    };
    assert!(
        new["error"].as_str().unwrap().contains("nothing is kept"),
        "{new}"
    );
    for one in [b, c] {
        assert_eq!(one["drift"]["tags"]["new"][0], "black friday", "{one}");
    }
    let said = say(&["catalog", "diff", "--connection", "b"]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    let said = say(&["catalog", "diff", "--connection", "a_new_one"]);
    assert_eq!((said.code, &*said.out), (2, ""), "{}", said.err);
    assert!(
        said.err
            .contains("nothing is kept of the account of a_new_one"),
        "{}",
        said.err
    );
}
