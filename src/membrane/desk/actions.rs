//! Questions about actions: which a connection offers, what one wants, and one run of it.

use serde_json::Value;

use super::{Desk, Failed, Manner, by_hand, unreadable};
use crate::action::{Call, Outcome};
use crate::membrane::listing::{Listed, MAX_PAGES, next_cursor};
use crate::membrane::probe_call;
use crate::membrane::wire::Request;

/// How many actions are asked for at once; Membrane's own limit.
const PAGE_SIZE: u32 = 1_000;

impl Desk {
    /// The actions of a connection: with an intent the nearest first; all of them where there is no limit.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn actions(
        &self,
        connection: &str,
        intent: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Vec<Listed>, Failed> {
        let what = "the list of actions";
        let size = limit.map_or(PAGE_SIZE, |limit| limit.clamp(1, PAGE_SIZE));
        let size = size.to_string();
        let most = limit.map_or(usize::MAX, |limit| limit as usize);
        let mut all = Vec::new();
        // The SDK begins with cursor 0 where it reads all, and without one where it asks for some.
        let mut cursor = (intent.is_none() && limit.is_none()).then(|| "0".to_owned());
        for _ in 0..MAX_PAGES {
            let mut query = vec![("connectionId", connection)];
            query.extend(intent.map(|intent| ("intent", intent)));
            query.push(("limit", &size));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let request = Request::get(&["actions"], &query);
            let answer = self.fetch(what, &request, &Manner::default()).await?;
            let page = answer.body.ok_or_else(|| unreadable(what))?;
            let items = page.get("items").and_then(Value::as_array);
            let items = items.ok_or_else(|| unreadable(what))?;
            all.extend(
                items
                    .iter()
                    .filter_map(|item| Listed::read(item, &self.catalog)),
            );
            match next_cursor(&page) {
                Some(next) if all.len() < most && cursor.as_ref() != Some(&next) => {
                    cursor = Some(next);
                }
                _ => break,
            }
        }
        all.truncate(most);
        Ok(all)
    }

    /// The action with this key, verb or id; `None` where the connection does not offer it.
    ///
    /// # Errors
    /// If Membrane refuses or does not answer.
    pub async fn action(&self, connection: &str, key: &str) -> Result<Option<Listed>, Failed> {
        let path = ["actions", key];
        let query = [("connectionId", connection)];
        let request = Request::get(&path, &query);
        match self.fetch(key, &request, &Manner::default()).await {
            Ok(answer) => {
                let read = answer.body.as_ref();
                let read = read.and_then(|item| Listed::read(item, &self.catalog));
                read.map(Some).ok_or_else(|| unreadable("the action"))
            }
            // Catalogue actions may have no key: then only the list knows them, by their name.
            Err(failed) if failed.status == Some(404) => {
                let all = self.actions(connection, None, None).await?;
                Ok(all.into_iter().find(|one| one.is_called(key)))
            }
            Err(failed) => Err(failed),
        }
    }

    /// One run of an action, as the daemon makes it.
    pub async fn act(&self, call: &Call) -> Outcome {
        by_hand(self.line.act(call).await)
    }

    /// The cheap read by which a connection shows that it works.
    pub async fn probe(&self) -> Outcome {
        self.act(&probe_call(&self.line.name, &self.clock)).await
    }
}
