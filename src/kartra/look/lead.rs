//! What a lead shows of the calls about it: that it exists, its address, its memberships and sequences.

use serde_json::{Value, json};

use super::wanted::{LEVEL, MEMBERSHIP, SEQUENCE, Wanted, is_active};
use super::{Evidence, Found, Read, Reads, done, not_done, part, stop, unclear};
use crate::action::{Class, Outcome};
use crate::kartra::input;

/// What the number of a lead is called where a lead is shown.
const NUMBER: &[&str] = &["id", "lead_id"];

/// `create-lead`: the lead is there, made by this call or before it, which is as good.
pub(super) fn created(input: &Value, reads: &Reads<'_>) -> Found<Evidence> {
    let Some(email) = input::email(input) else {
        return stop("the input of create-lead names no e-mail address to look for");
    };
    let name = email.shown();
    let asked = input::asking_by_email(input, email.value);
    let lead = existing(reads, asked, &name)?;
    Ok(Evidence::Outcome(Outcome {
        output: Some(json!({ "lead_details": lead })),
        ..Outcome::new(
            Class::Already,
            format!(
                "the lead exists: get-lead shows {name}{}, which is what create-lead wanted",
                numbered(lead)
            ),
        )
    }))
}

/// `edit-lead` with `new_email`: the lead is found under the new address. Any other edit is safe to repeat.
pub(super) fn moved(input: &Value, reads: &Reads<'_>) -> Found<Evidence> {
    let Some(new) = input::filled(input, &["new_email"]) else {
        return stop(
            "what edit-lead writes may have stood there before, so the lead does not show whether it was carried out; without new_email it can be repeated",
        );
    };
    let asked = input::asking_by_email(input, new.value);
    let lead = existing(reads, asked, &new.shown())?;
    let has = format!("get-lead shows the lead {}{}", new.shown(), numbered(lead));
    let Some(old) = input::lead(input) else {
        return stop(format!(
            "{has}, but the input of edit-lead does not say which lead was to move there"
        ));
    };
    let was = old.given.shown();
    if old.by_id {
        let wanted = input::text(old.given.value);
        return match input::text_of(lead, NUMBER) {
            Some(id) if Some(&id) == wanted.as_ref() => Ok(address_changed(&has, lead)),
            Some(_) => not_done(format!(
                "{has}, so the address belongs to another lead than number {was}"
            )),
            None => stop(format!(
                "{has}, but not whether it is the lead number {was}"
            )),
        };
    }
    let lower = |value| input::text(value).map(|text| text.to_lowercase());
    let is_same = lower(old.given.value) == lower(new.value);
    if !is_same && matches!(reads.read("get-lead", old.asking())?, Read::There(_)) {
        return not_done(format!(
            "{has}, but {was} has a lead too, so that one did not move"
        ));
    }
    Ok(address_changed(&has, lead))
}

fn address_changed(has: &str, lead: &Value) -> Evidence {
    let id = input::text_of(lead, NUMBER);
    done(
        format!("{has}: the address was changed"),
        json!({ "lead_details": { "id": id } }),
    )
}

/// `grant-membership-access`: the lead has active access to the level, or to any when none was named.
pub(super) fn granted(input: &Value, reads: &Reads<'_>) -> Found<Evidence> {
    let (Some(who), Some(membership)) = (input::lead(input), Wanted::of(input, &MEMBERSHIP)) else {
        return stop(
            "the input of grant-membership-access does not name a lead and a membership in a way that can be looked up",
        );
    };
    let level = Wanted::of(input, &LEVEL);
    let what = match &level {
        Some(level) => format!("{}, level {}", membership.shown, level.shown),
        None => membership.shown.clone(),
    };
    let name = who.given.shown();
    let lead = existing(reads, who.asking(), &name)?;
    let mut hidden = false;
    for row in rows(lead, "memberships", &name)? {
        let fits = [
            membership.fits(row),
            level.as_ref().map_or(Some(true), |level| level.fits(row)),
            is_active(row),
        ];
        if fits == [Some(true); 3] {
            return Ok(done(
                format!("get-lead shows the lead {name} with active access to {what}"),
                Value::Null,
            ));
        }
        hidden |= !fits.contains(&Some(false));
    }
    if hidden {
        return stop(format!(
            "get-lead shows a membership of the lead {name} that may be {what}, but not which it is or whether it is active"
        ));
    }
    not_done(format!(
        "get-lead shows the lead {name} without active access to {what}"
    ))
}

/// `subscribe-lead-to-sequence`: the lead is active in the sequence.
pub(super) fn in_sequence(input: &Value, reads: &Reads<'_>) -> Found<Evidence> {
    let (Some(who), Some(sequence)) = (input::lead(input), Wanted::of(input, &SEQUENCE)) else {
        return stop(
            "the input of subscribe-lead-to-sequence does not name a lead and a sequence in a way that can be looked up",
        );
    };
    let (name, what) = (who.given.shown(), &sequence.shown);
    let lead = existing(reads, who.asking(), &name)?;
    let mut hidden = false;
    for row in rows(lead, "sequences", &name)? {
        let fits = [sequence.fits(row), is_active(row)];
        if fits == [Some(true); 2] {
            return Ok(at_step(input, row, &name, what));
        }
        hidden |= !fits.contains(&Some(false));
    }
    if hidden {
        return stop(format!(
            "get-lead shows a sequence of the lead {name} that may be {what}, but not which it is or whether it is active"
        ));
    }
    not_done(format!(
        "get-lead does not show the lead {name} as active in the sequence {what}"
    ))
}

/// The lead is active. At another step than the one that was asked for it may have been put there by something else.
fn at_step(input: &Value, row: &Value, lead: &str, sequence: &str) -> Evidence {
    let step = |of| input::text_of(of, &["step", "step_number", "sequence_step"]);
    let (asked, at) = (step(input), step(row));
    let shown = at.as_deref().unwrap_or("that is not shown");
    let has = format!(
        "get-lead shows the lead {lead} as active in the sequence {sequence}, at step {shown}"
    );
    let number = |text: &Option<String>| text.as_deref()?.parse::<u64>().ok();
    match (number(&asked), number(&at)) {
        (Some(asked), Some(at)) if at != asked => unclear(format!(
            "{has}; this call was to put it at step {asked}, so it may have been there before and the call not carried out"
        )),
        _ => done(has, Value::Null),
    }
}

/// The lead that `get-lead` shows. Without one nothing was done to it.
fn existing<'s>(reads: &Reads<'s>, asked: Vec<Value>, name: &str) -> Found<&'s Value> {
    let output = match reads.read("get-lead", asked)? {
        Read::There(output) => output,
        Read::NotThere(number) => {
            return not_done(format!("get-lead finds no lead {name}{number}"));
        }
    };
    let lead = part(
        output,
        &["lead_details", "lead", "data"],
        &["id", "email", "lead_id"],
    );
    match lead {
        Some(lead) => Ok(lead),
        None => stop(format!(
            "get-lead was answered, but the answer does not show whether there is a lead {name}"
        )),
    }
}

/// What a lead has of a kind.
fn rows<'v>(lead: &'v Value, kind: &str, name: &str) -> Found<&'v Vec<Value>> {
    match input::field(lead, &[kind]).and_then(|given| given.value.as_array()) {
        Some(rows) => Ok(rows),
        None => stop(format!("get-lead shows the lead {name} without its {kind}")),
    }
}

/// `, number 1234` of a lead that shows it.
fn numbered(lead: &Value) -> String {
    let id = input::text_of(lead, NUMBER);
    id.map_or_else(String::new, |id| format!(", number {id}"))
}
