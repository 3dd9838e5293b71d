//! Kartra's commands about leads, and those that list what the account holds.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::Answer;
use super::command::Fields;
use super::lead::TEXT_FIELDS;
use super::{Access, Account, InSequence, Lead, Named, OnList};

pub(super) fn list_tags(account: &mut Account, _: &Fields<'_>, _: Timestamp) -> Answer {
    Answer::success(json!({ "account_tags": names(&account.tags) }))
}

pub(super) fn list_lists(account: &mut Account, _: &Fields<'_>, _: Timestamp) -> Answer {
    Answer::success(json!({ "account_lists": names(&account.lists) }))
}

pub(super) fn list_sequences(account: &mut Account, _: &Fields<'_>, _: Timestamp) -> Answer {
    let sequences: Vec<_> = account.sequences.iter().map(|one| &one.name).collect();
    Answer::success(json!({ "account_sequences": sequences }))
}

pub(super) fn list_pages(account: &mut Account, _: &Fields<'_>, _: Timestamp) -> Answer {
    Answer::success(json!({ "account_pages": account.pages }))
}

pub(super) fn list_custom_fields(account: &mut Account, _: &Fields<'_>, _: Timestamp) -> Answer {
    let fields = account.custom_fields.iter().map(|field| field.listed());
    Answer::success(json!({ "custom_fields": fields.collect::<Vec<_>>() }))
}

pub(super) fn get(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    match account.find(fields, 234).map(|lead| lead.clone()) {
        Ok(lead) => Answer::success(json!({ "lead_details": account.show_lead(&lead) })),
        Err(number) => Answer::error(number),
    }
}

pub(super) fn create(account: &mut Account, fields: &Fields<'_>, now: Timestamp) -> Answer {
    let Some(email) = fields.filled("email") else {
        return Answer::error(206);
    };
    match account.lead(&email) {
        Some(lead) if lead.deleted => return Answer::error(245),
        Some(_) => return Answer::error(244),
        None => {}
    }
    let Some(custom) = account.read_custom_fields(fields.0.get("custom_fields")) else {
        return Answer::error(271);
    };
    let lead = account.insert_lead(&email, now);
    write_fields(lead, fields, custom);
    let details = json!({ "lead_details": { "id": lead.id.to_string() } });
    Answer::success(details).with_change(true)
}

pub(super) fn edit(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let id = match account.find(fields, 243) {
        Ok(lead) => lead.id,
        Err(number) => return Answer::error(number),
    };
    let Some(custom) = account.read_custom_fields(fields.0.get("custom_fields")) else {
        return Answer::error(271);
    };
    let address = fields.filled("new_email");
    if let Some(email) = &address
        && !account.move_lead(id, email)
    {
        return Answer::error(244);
    }
    let Some(lead) = account.lead_mut(id) else {
        return Answer::error(243);
    };
    let changed = write_fields(lead, fields, custom) || address.is_some();
    let details = json!({ "lead_details": { "id": id.to_string() } });
    Answer::success(details).with_change(changed)
}

pub(super) fn assign_tag(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let known = exists(&account.tags, fields, "tag_name");
    on_lead(account, fields, known, [211, 212], |lead, tag| {
        let changed = !lead.has_tag(tag);
        if changed {
            lead.tags.push(tag.to_owned());
        }
        Answer::done(103, "Tag added to lead").with_change(changed)
    })
}

pub(super) fn unassign_tag(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let known = exists(&account.tags, fields, "tag_name");
    on_lead(account, fields, known, [213, 214], |lead, tag| {
        let before = lead.tags.len();
        lead.tags.retain(|name| name != tag);
        Answer::done(104, "Tag removed from lead").with_change(lead.tags.len() != before)
    })
}

pub(super) fn subscribe_list(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let known = exists(&account.lists, fields, "list_name");
    on_lead(account, fields, known, [207, 231], |lead, list| {
        let changed = !lead.is_on_list(list);
        match lead.lists.iter_mut().find(|row| row.list == list) {
            Some(row) => row.active = true,
            None => lead.lists.push(OnList {
                list: list.to_owned(),
                active: true,
            }),
        }
        Answer::done(101, "Lead subscribed to list").with_change(changed)
    })
}

pub(super) fn unsubscribe_list(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let known = exists(&account.lists, fields, "list_name");
    on_lead(account, fields, known, [208, 209], |lead, list| {
        let changed = lead.is_on_list(list);
        let row = lead.lists.iter_mut().find(|row| row.list == list);
        if let Some(row) = row {
            row.active = false;
        }
        Answer::done(101, "Lead unsubscribed from list").with_change(changed)
    })
}

pub(super) fn subscribe_sequence(
    account: &mut Account,
    fields: &Fields<'_>,
    _: Timestamp,
) -> Answer {
    let name = fields.filled("sequence_name");
    let sequence = account
        .sequences
        .iter()
        .find(|one| Some(one.name.as_str()) == name.as_deref());
    let steps = sequence.map(|one| one.steps);
    let known = name.map(|name| (name.into_owned(), steps.is_some()));
    let wanted = fields.filled("step");
    on_lead(account, fields, known, [226, 219], |lead, sequence| {
        let step = match read_step(wanted.as_deref(), steps.unwrap_or(0)) {
            Ok(step) => step,
            Err(number) => return Answer::error(number),
        };
        match lead
            .sequences
            .iter_mut()
            .find(|row| row.sequence == sequence)
        {
            Some(row) => {
                row.step = step;
                row.active = true;
                row.starts += 1;
            }
            None => lead.sequences.push(InSequence {
                sequence: sequence.to_owned(),
                step,
                active: true,
                starts: 1,
            }),
        }
        Answer::done(107, "Lead added to sequence").with_change(true)
    })
}

pub(super) fn unsubscribe_sequence(
    account: &mut Account,
    fields: &Fields<'_>,
    _: Timestamp,
) -> Answer {
    let name = fields.filled("sequence_name").map(|name| name.into_owned());
    let known = name.map(|name| {
        let exists = account.sequences.iter().any(|one| one.name == name);
        (name, exists)
    });
    on_lead(account, fields, known, [226, 220], |lead, sequence| {
        let changed = lead.step_in(sequence).is_some();
        let mut rows = lead.sequences.iter_mut();
        if let Some(row) = rows.find(|row| row.sequence == sequence) {
            row.active = false;
        }
        Answer::done(108, "Lead removed from sequence").with_change(changed)
    })
}

pub(super) fn grant(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let (membership, levels) = match access_of(account, fields) {
        Ok(access) => access,
        Err(number) => return Answer::error(number),
    };
    let Some(level) = fields.filled("level_name") else {
        return Answer::error(287);
    };
    let known = Some((level.to_string(), levels.contains(&level.to_string())));
    on_lead(account, fields, known, [287, 287], |lead, level| {
        let changed = !lead.has_access(&membership, level);
        let same = |row: &&mut Access| row.membership == membership && row.level == level;
        match lead.memberships.iter_mut().find(same) {
            Some(row) => row.active = true,
            None => lead.memberships.push(Access {
                membership: membership.clone(),
                level: level.to_owned(),
                active: true,
            }),
        }
        Answer::success(json!({})).with_change(changed)
    })
}

/// Without a level, all levels of the membership.
pub(super) fn revoke(account: &mut Account, fields: &Fields<'_>, _: Timestamp) -> Answer {
    let (membership, levels) = match access_of(account, fields) {
        Ok(access) => access,
        Err(number) => return Answer::error(number),
    };
    let level = fields.filled("level_name");
    if let Some(level) = &level
        && !levels.iter().any(|name| name == level)
    {
        return Answer::error(287);
    }
    let lead = match account.find(fields, 243) {
        Ok(lead) => lead,
        Err(number) => return Answer::error(number),
    };
    let mut changed = false;
    for row in &mut lead.memberships {
        let meant = level.as_ref().is_none_or(|level| row.level == *level);
        if row.membership == membership && meant && row.active {
            row.active = false;
            changed = true;
        }
    }
    Answer::success(json!({})).with_change(changed)
}

/// The membership a call names, with the names of its levels.
fn access_of(account: &mut Account, fields: &Fields<'_>) -> Result<(String, Vec<String>), u16> {
    account.find(fields, 243)?;
    let name = fields.filled("membership_name");
    let mut memberships = account.memberships.iter();
    let membership = memberships.find(|one| Some(one.name.as_str()) == name.as_deref());
    let membership = membership.ok_or(286_u16)?;
    let levels = membership.levels.iter().map(|level| level.name.clone());
    Ok((membership.name.clone(), levels.collect()))
}

/// The name in a field, and whether the account has it.
fn exists(named: &[Named], fields: &Fields<'_>, field: &str) -> Option<(String, bool)> {
    let name = fields.filled(field)?;
    let known = named.iter().any(|one| one.name == name);
    Some((name.into_owned(), known))
}

/// Finds the lead, then refuses an absent and an unknown name with these two numbers, and then acts.
fn on_lead(
    account: &mut Account,
    fields: &Fields<'_>,
    name: Option<(String, bool)>,
    [absent, unknown]: [u16; 2],
    act: impl FnOnce(&mut Lead, &str) -> Answer,
) -> Answer {
    let lead = match account.find(fields, 243) {
        Ok(lead) => lead,
        Err(number) => return Answer::error(number),
    };
    match name {
        None => Answer::error(absent),
        Some((_, false)) => Answer::error(unknown),
        Some((name, true)) => act(lead, &name),
    }
}

fn read_step(wanted: Option<&str>, steps: u32) -> Result<u32, u16> {
    let wanted = wanted.ok_or(225_u16)?.trim();
    if !wanted.chars().all(char::is_alphanumeric) {
        return Err(229);
    }
    match wanted.parse() {
        Ok(step) if (1..=steps).contains(&step) => Ok(step),
        _ => Err(230),
    }
}

/// Writes the fields that were sent; true when any of them is another than before.
fn write_fields(lead: &mut Lead, fields: &Fields<'_>, custom: Vec<(String, Value)>) -> bool {
    let mut changed = false;
    for name in TEXT_FIELDS {
        if let Some(value) = fields.text(name) {
            changed |= lead.field(name) != value;
            lead.fields.insert(name, value.into_owned());
        }
    }
    for (identifier, value) in custom {
        changed |= lead.custom_fields.get(&identifier) != Some(&value);
        lead.custom_fields.insert(identifier, value);
    }
    changed
}

fn names(named: &[Named]) -> Vec<&str> {
    named.iter().map(|one| one.name.as_str()).collect()
}
