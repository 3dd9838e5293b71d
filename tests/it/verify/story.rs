//! A story that leaves runs in many states, and copies of its database that are changed by hand.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kartwheel::clock::SettableClock;
use kartwheel::sandbox::{Fault, FaultKind};
use kartwheel::store::{self, Checked, Reader};
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection, Row};
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::World;
use crate::world::sound::{look_deep, verify};

const RULES: &str = "
id: buy
trigger: { webhook: shop, events: order }
once: ${{ body.order }}
limits: { assign-tag: { per_day: 100 } }
actions:
  - ensure-lead: { email: '${{ person.email }}' }
  - assign-tag: { email: '${{ person.email }}', tag_name: buyer }
---
id: money
trigger: { webhook: shop, events: money }
actions:
  - refund-transaction: { transaction_id: '${{ body.transaction }}', refund_amount: 5 }
---
id: nap
trigger: { webhook: shop, events: nap }
actions:
  - wait: 1d
  - assign-tag: { email: '${{ person.email }}', tag_name: rested }
---
id: refund
trigger: { webhook: shop, events: refund }
actions:
  - refund-transaction: { transaction_id: '${{ body.transaction }}', refund_amount: 5 }
    approve: true
---
id: slow
trigger: { webhook: shop, events: slow }
actions:
  - subscribe-lead-to-list: { email: '${{ person.email }}', list_name: Buyers }
---
id: vip
trigger: { webhook: shop, events: order }
match: { $.body.vip: true }
actions:
  - assign-tag: { email: '${{ person.email }}', tag_name: vip }
";

/// The database as the story left it: o1 done, o2 declined, m1 done, n1 asleep, n2 cancelled, r1 held for an approval, s1 to be
/// tried again, s2 behind it.
pub(super) struct Story {
    pub(super) world: World,
    names: HashMap<Uuid, String>,
}

impl Story {
    pub(super) async fn told() -> Self {
        let mut world = World::with(RULES).await;
        let busy = Fault::on_verb("subscribe-lead-to-list", FaultKind::LockTimeout);
        world.sandbox.world().add_fault(busy.times(1_000));
        let sale = world.sandbox.world().add_sale("ada@example.com", 29_700);
        for (id, kind) in [
            ("o1", "order"),
            ("o2", "order"),
            ("m1", "money"),
            ("n1", "nap"),
            ("n2", "nap"),
            ("r1", "refund"),
            ("s1", "slow"),
            ("s2", "slow"),
        ] {
            let body = json!({
                "id": id, "type": kind, "email": format!("{kind}@example.com"), "order": 7, "transaction": sale, "vip": false,
            });
            world.send("shop", &body).await.event();
            world.settle().await;
        }
        world.advance(Duration::from_secs(10)).await;
        let runs = world.runs().await;
        let engine = world.app().engine();
        engine
            .cancel(runs[4].id, "no more")
            .await
            .expect("cancelled");
        world.settle().await;
        world.stop().await;
        let mut names = HashMap::from([(NEW, "new".to_owned())]);
        let mut db = open(&database(world.dir.path())).await;
        let sql = "SELECT e.id AS event, e.sender_id, r.id AS run FROM events e JOIN runs r ON r.event_seq = e.seq";
        for row in sqlx::query(sql).fetch_all(&mut db).await.unwrap() {
            let name: &str = row.get("sender_id");
            names.insert(row.get("event"), format!("event {name}"));
            names.insert(row.get("run"), name.to_owned());
        }
        db.close().await.unwrap();
        Self { world, names }
    }

    /// A copy of the database, changed so. `{o1}` stands for the number of that run, `{event o1}` for that of its event.
    pub(super) async fn with(&self, sql: &str) -> Copy<'_> {
        let dir = tempfile::tempdir().unwrap();
        let path = database(dir.path());
        std::fs::copy(database(self.world.dir.path()), &path).unwrap();
        let mut sql = sql.replace("{new}", "x'00000000000070008000000000000001'");
        for name in ["o1", "o2", "m1", "n1", "n2", "r1", "s1", "s2"] {
            let of = |what: &str| {
                format!(
                    "(SELECT {what} FROM runs WHERE event_seq = (SELECT min(seq) FROM events WHERE id = x'{}'))",
                    self.id(&format!("event {name}")).simple()
                )
            };
            sql = sql.replace(&format!("{{{name}}}"), &of("min(seq)"));
            sql = sql.replace(&format!("{{event {name}}}"), &of("min(event_seq)"));
        }
        let mut db = open(&path).await;
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone()))
            .execute(&mut db)
            .await
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
        db.close().await.unwrap();
        Copy { story: self, dir }
    }

    fn id(&self, name: &str) -> Uuid {
        let mut names = self.names.iter();
        names
            .find(|(_, known)| *known == name)
            .map(|(id, _)| *id)
            .unwrap()
    }

    /// `check: run or event, what else it is known by`.
    fn named(&self, checked: &[Checked]) -> Vec<String> {
        let found = checked.iter().flat_map(|checked| {
            let name = checked.check.name;
            let unread = checked
                .unread
                .iter()
                .map(move |_| format!("{name}: unread"));
            let found = checked.found.iter().map(move |broken| {
                let id = broken.run.or(broken.event);
                let id = id.map(|id| {
                    self.names
                        .get(&id)
                        .cloned()
                        .unwrap_or_else(|| id.to_string())
                });
                // A run's rule says nothing that its name does not.
                let more = broken
                    .name
                    .clone()
                    .filter(|more| id.is_none() || more.contains(' '));
                let all: Vec<String> = id.into_iter().chain(more).collect();
                format!("{name}: {}", without_hash(&all.join(" ")))
            });
            unread.chain(found)
        });
        found.collect()
    }
}

/// Hashes change with every word of a rule.
fn without_hash(name: &str) -> &str {
    let is_hash =
        |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    match name.rsplit_once(' ') {
        Some((name, last)) if is_hash(last) => name,
        _ => name,
    }
}

/// The id of a run that is stored by hand.
const NEW: Uuid = Uuid::from_u128(0x7000_8000_0000_0000_0001);

/// A changed copy.
pub(super) struct Copy<'s> {
    story: &'s Story,
    pub(super) dir: TempDir,
}

impl Copy<'_> {
    pub(super) fn database(&self) -> PathBuf {
        database(self.dir.path())
    }

    pub(super) async fn reader(&self) -> Arc<dyn Reader> {
        let url = format!("sqlite://{}", self.database().display());
        let clock = SettableClock::starting_at(self.story.world.clock_start());
        store::open_read_only(&url, clock).await.unwrap()
    }

    /// What is found, in the order of the checks.
    pub(super) async fn found(&self, deep: bool) -> Vec<String> {
        let reader = self.reader().await;
        let mut checked = verify(&*reader, deep).await;
        if deep {
            checked.extend(look_deep(reader).await);
        }
        self.story.named(&checked)
    }
}

fn database(dir: &Path) -> PathBuf {
    dir.join("kartwheel.db")
}

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(false);
    options.connect().await.unwrap()
}
