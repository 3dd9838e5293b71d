//! After a lost answer: which reads of the account show whether a call was carried out, and what they mean.
//!
//! Each verb that is not safe to repeat has a function that reads as if every answer were there already: [`Reads`] gives it
//! those that were seen, and stops it at the first that was not. So the function is run again after every read, and says the
//! next one or what they all come to. Every text is for a person who must decide: what was looked at, and what was seen.
//!
//! To add a verb: a function in `lead` or `money`, and an arm in [`back`].

mod lead;
pub(super) mod money;
#[cfg(test)]
mod tests;
pub(super) mod wanted;

use serde_json::Value;

use super::input;
use crate::action::{Class, Evidence, Look, Outcome, Seen};

/// Kartra's numbers for what is not there: a lead, a deleted lead, a transaction, a subscription.
pub(super) const NOT_THERE: &[u16] = &[234, 243, 245, 247, 248];

/// What was made out, or why it cannot go on yet: the next read, or the end.
type Found<T> = Result<T, Box<Look>>;

/// The next read, or what the reads so far have shown.
pub(super) fn back(verb: &str, input: &Value, seen: &[Seen]) -> Look {
    let reads = Reads { seen };
    let found = match verb {
        "create-lead" => lead::created(input, &reads),
        "edit-lead" => lead::moved(input, &reads),
        "grant-membership-access" => lead::granted(input, &reads),
        "subscribe-lead-to-sequence" => lead::in_sequence(input, &reads),
        "cancel-subscription" => money::cancelled(input, &reads),
        "refund-transaction" => money::refunded(input, &reads),
        _ => Ok(unclear(format!(
            "nothing that can be read in the account shows whether this very {verb} was carried out"
        ))),
    };
    match found {
        Ok(evidence) => Look::Found(evidence),
        Err(look) => *look,
    }
}

/// What was read so far.
struct Reads<'s> {
    seen: &'s [Seen],
}

/// What a read came to.
enum Read<'s> {
    /// It is there, and this is it.
    There(&'s Value),
    /// It is not there; Kartra's number in brackets, to follow a name.
    NotThere(String),
}

impl<'s> Reads<'s> {
    /// What this read came to. Of several inputs, the next is tried when the connection does not take the one before.
    fn read(&self, verb: &'static str, inputs: Vec<Value>) -> Found<Read<'s>> {
        let mut last = None;
        for input in inputs {
            let outcome = self.outcome(verb, input)?;
            if outcome.app_type.is_some_and(|it| NOT_THERE.contains(&it))
                || outcome.class == Class::TargetMissing
            {
                let number = outcome.app_type.map(|number| format!(" ({number})"));
                return Ok(Read::NotThere(number.unwrap_or_default()));
            }
            match outcome.class {
                Class::Done | Class::Already => {
                    return Ok(Read::There(outcome.output.as_ref().unwrap_or(&Value::Null)));
                }
                Class::RuleWrong | Class::Refused | Class::NotOffered => last = Some(outcome),
                _ => return Err(Box::new(Look::Found(Evidence::Failed(outcome.clone())))),
            }
        }
        let why = last.map_or("", |outcome| outcome.message.as_str());
        stop(format!(
            "it could not be looked up: {verb} was not possible: {why}"
        ))
    }

    /// The outcome of this very read, or that it is the next one to make.
    fn outcome(&self, verb: &'static str, input: Value) -> Found<&'s Outcome> {
        let mut seen = self.seen.iter();
        match seen.find(|seen| &*seen.verb == verb && seen.input == input) {
            Some(seen) => Ok(&seen.outcome),
            None => Err(Box::new(Look::Read { verb, input })),
        }
    }
}

/// Nothing more can be made out.
fn stop<T>(text: impl Into<String>) -> Found<T> {
    Err(Box::new(Look::Found(unclear(text.into()))))
}

/// Nothing of it is to be seen.
fn not_done<T>(text: String) -> Found<T> {
    Err(Box::new(Look::Found(Evidence::NotDone(text))))
}

fn unclear(text: String) -> Evidence {
    Evidence::Unclear(text)
}

/// It was done; the output is what the lost answer would have held, as far as it is known.
fn done(text: String, output: Value) -> Evidence {
    Evidence::Outcome(Outcome {
        message: text,
        ..Outcome::done(output)
    })
}

/// The object of this name in an answer; the answer itself where a connection gives it bare, which one of these fields shows.
pub(super) fn part<'v>(output: &'v Value, names: &[&str], bare: &[&str]) -> Option<&'v Value> {
    let inner = input::field(output, names).map(|given| given.value);
    inner
        .filter(|inner| inner.is_object())
        .or_else(|| input::filled(output, bare).map(|_| output))
}
