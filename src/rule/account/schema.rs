//! The input schema of an action that the account offers: which inputs it takes. Keywords that are not known here are passed over.

use serde_json::{Map, Value};

use super::Look;
use super::judge::{Misfit, Part, What, instead, misfits, others, told};
use super::written::Written;
use crate::account::{Account, OfferedAction};
use crate::action::Catalog;
use crate::problem::{Problem, Span};
use crate::rule::fields::Given;
use crate::yaml::Node;

/// The account's actions that say nothing of their inputs, though they have some: the built-in table judges those.
#[must_use]
pub fn without_schema<'a>(account: &'a Account, catalog: &Catalog) -> Vec<&'a str> {
    let takes_something = |key: &str| {
        let spec = catalog.get(key);
        spec.is_some_and(|spec| !spec.fields.is_empty())
    };
    let offered = account.actions.iter().flatten();
    let mute = offered.filter(|action| Schema::of(action).is_none());
    mute.map(|action| &*action.key)
        .filter(|key| takes_something(key))
        .collect()
}

/// What an account's own action says of its input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schema<'a> {
    whole: &'a Value,
    properties: &'a Map<String, Value>,
}

impl<'a> Schema<'a> {
    /// The schema of this action; `None` when it says nothing of its inputs.
    pub(crate) fn of(action: &'a OfferedAction) -> Option<Self> {
        let whole = &action.input_schema;
        let properties = whole.get("properties")?.as_object()?;
        (!properties.is_empty()).then_some(Self { whole, properties })
    }

    /// What it says of this input; of one that it leaves to the caller, nothing in particular.
    pub(crate) fn property(&self, name: &str) -> Option<&'a Value> {
        self.properties.get(name).or_else(|| others(self.whole))
    }

    /// The inputs it names.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.properties.keys().map(String::as_str)
    }

    /// What of an input of these names it does not take, whatever their values are.
    pub(super) fn misfits_of(&self, names: &[&str]) -> Vec<Misfit> {
        let names = names
            .iter()
            .map(|name| ((*name).to_owned(), Written::Later));
        misfits(&Written::Map(names.collect()), self.whole)
    }
}

impl Look<'_> {
    /// The step's input, where the account's own action says what it takes.
    pub(super) fn inputs(&mut self) {
        let step = self.step;
        let account = self.account;
        let (Some(fields), Some(verb)) = (step.kind.fields(), step.kind.calls().last().copied())
        else {
            return;
        };
        let Some(schema) = account.action(verb).and_then(Schema::of) else {
            return;
        };
        let given = fields.given.iter();
        let input = given.map(|given| (given.name.to_string(), given.written()));
        let mut lacking = Vec::new();
        for misfit in misfits(&Written::Map(input.collect()), schema.whole) {
            match (&misfit.place[..], &misfit.what) {
                ([], What::Missing(_)) => lacking.push(misfit),
                ([], What::Either(one, other)) => self.no_one(verb, one, other),
                ([], _) => {}
                ([Part::Name(name), inside @ ..], what) => {
                    let given = fields.given.iter().find(|given| *given.name == **name);
                    let Some(given) = given else { continue };
                    if inside.is_empty() && *what == What::Unknown {
                        self.no_input(verb, schema, given.key_span, name);
                    } else {
                        let property = schema.property(name);
                        self.misfit(verb, (given, property), inside, &misfit);
                    }
                }
                ([Part::At(_), ..], _) => {}
            }
        }
        self.lacking(verb, &lacking);
    }

    /// Something in the value of an input.
    fn misfit(
        &mut self,
        verb: &str,
        (given, property): (&Given, Option<&Value>),
        inside: &[Part],
        misfit: &Misfit,
    ) {
        let help = match (&misfit.help, property.and_then(told)) {
            (Some(help), _) => help.clone(),
            (None, Some(told)) => format!("`{}`: {told}", given.name),
            (None, None) => {
                format!("the action's schema says so: `kartwheel actions show {verb}`")
            }
        };
        let code = match misfit.what {
            What::Unknown => "K0501",
            _ => "K0503",
        };
        let span = place_in(&given.node, inside);
        self.note(code, span, misfit.message(), help);
    }

    pub(super) fn no_input(&mut self, verb: &str, schema: Schema<'_>, span: Span, name: &str) {
        let message = format!(
            "`{verb}` of connection `{}` has no input `{name}`, and it would be dropped without a word",
            self.connection
        );
        self.note("K0501", span, message, instead(name, schema.properties));
    }

    /// The lead or the transaction is not named.
    fn no_one(&mut self, verb: &str, one: &str, other: &str) {
        let message = format!(
            "`{verb}` of connection `{}` needs `{one}` (or `{other}`)",
            self.connection
        );
        let problem = Problem::error("K0502", self.source, self.step.verb_span, message);
        // No account can do without: nobody would be meant.
        self.problems
            .push(problem.help(format!("add `{one}:` under `{verb}`")));
    }

    /// What the action demands.
    fn lacking(&mut self, verb: &str, lacking: &[Misfit]) {
        let names = lacking.iter().filter_map(|misfit| match &misfit.what {
            What::Missing(name) => Some(name),
            _ => None,
        });
        let names: Vec<&str> = names.map(String::as_str).collect();
        let Some(first) = names.first() else {
            return;
        };
        let help = match &lacking[0].help {
            Some(help) => help.clone(),
            None => format!("add `{first}:` under `{verb}`"),
        };
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let message = format!(
            "`{verb}` of connection `{}` needs {}",
            self.connection,
            names.join(" and ")
        );
        self.note("K0502", self.step.verb_span, message, help);
    }
}

/// Where a part of a value stands in the file; the nearest around it, where it does not stand there by itself.
fn place_in(node: &Node, inside: &[Part]) -> Span {
    let mut at = node;
    for part in inside {
        let next = match part {
            Part::Name(name) => at.get(name),
            Part::At(number) => at.as_list().and_then(|members| members.get(*number)),
        };
        let Some(next) = next else { break };
        at = next;
    }
    at.span
}
