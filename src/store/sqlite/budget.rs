//! Budgets: how much of them is used, read and written for all begins of a batch together.

use sqlx::Row;

use crate::store::decide::budget::{Spent, Used, spans};
use crate::store::sqlite::sql::Rows;
use crate::store::sqlite::{Sqlite, statements};
use crate::store::{Begin, StoreError};

/// What is stored about the budgets of these begins.
pub(super) async fn spent<'a>(
    store: &mut Sqlite,
    begins: impl Iterator<Item = (usize, &'a Begin)>,
) -> Result<Spent<'a>, StoreError> {
    let mut spent = Spent::default();
    let mut look_up = Rows::of(&statements::SPENT);
    let mut places = Vec::new();
    for (place, begin) in begins {
        let (hour, day) = spans(begin.now);
        for (index, budget) in begin.budgets.iter().enumerate() {
            // Nothing is later than nothing: what has no limit is not counted up.
            look_up
                .row()
                .put(i64::try_from(places.len()).unwrap_or(i64::MAX))
                .put(budget.scope.as_str())
                .put(begin.lease.run_seq)
                .put(&*budget.step)
                .maybe_time(budget.per_hour.map(|_| hour))
                .maybe_time(budget.per_day.map(|_| day))
                .put(budget.per_hour.max(budget.per_day).unwrap_or(0));
            places.push((place, index));
        }
    }
    if look_up.is_empty() {
        return Ok(spent);
    }
    let number = |number: i64| u64::try_from(number).unwrap_or(u64::MAX);
    for row in look_up.fetch(&mut store.db).await? {
        let place = usize::try_from(row.get::<i64, _>("i")).ok();
        if let Some(place) = place.and_then(|index| places.get(index)) {
            let used = Used {
                counted: row.get("counted"),
                hour: number(row.get("hour")),
                day: number(row.get("day")),
            };
            spent.stored.insert(*place, used);
        }
    }
    Ok(spent)
}

/// Writes what the batch counts.
pub(super) async fn write(store: &mut Sqlite, spent: &Spent<'_>) -> Result<(), StoreError> {
    let mut rows = Rows::of(&statements::INSERT_SPENT);
    for (counted, at) in &spent.new {
        rows.row()
            .put(counted.scope)
            .put(counted.run_seq)
            .put(counted.step)
            .time(*at);
    }
    if rows.is_empty() {
        return Ok(());
    }
    rows.execute(&mut store.db).await.map(drop)
}
