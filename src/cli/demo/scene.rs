//! What the demo plays: two of the examples, embedded, with what they say must come of them.

use anyhow::{Context, anyhow};

use crate::problem::Source as Text;
use crate::yaml;

/// A delivery, the rule that answers it, and what must come of it.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    /// What is told at its head.
    pub(super) title: &'static str,
    /// The source that it is posted to.
    pub(super) source: &'static str,
    /// The body, as the sender writes it.
    pub(super) body: &'static str,
    /// The file of its rule.
    pub(super) file: &'static str,
    /// The rule.
    pub(super) rules: &'static str,
}

/// The scenes, in order.
pub(super) const SCENES: [Scene; 2] = [
    Scene {
        title: "Stripe tells of a purchase",
        source: "stripe",
        body: include_str!("../../../examples/stripe-purchase/payload.json"),
        file: "rules/stripe-purchase.yaml",
        rules: include_str!("../../../examples/stripe-purchase/rules.yaml"),
    },
    Scene {
        title: "Typeform tells of a sign-up",
        source: "signup",
        body: include_str!("../../../examples/typeform-signup/payload.json"),
        file: "rules/typeform-signup.yaml",
        rules: include_str!("../../../examples/typeform-signup/rules.yaml"),
    },
];

/// What an example says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// The rule that must match.
    pub(super) rule: String,
    /// The verbs of its steps, in order, that must be done.
    pub(super) calls: Vec<String>,
}

impl Scene {
    /// What the first of the rule's own tests expects.
    pub(super) fn expected(&self) -> anyhow::Result<Expected> {
        let text = Text::new(self.file, self.rules);
        let documents = yaml::parse(&text, &mut Vec::new());
        let rule = documents.first().context("the example holds a rule")?;
        let id = rule.get("id").and_then(yaml::Node::text);
        let calls = rule
            .get("tests")
            .and_then(yaml::Node::as_list)
            .and_then(|tests| tests.first())
            .and_then(|test| test.get("expect"))
            .and_then(|expect| expect.get("calls"))
            .and_then(yaml::Node::as_list)
            .ok_or_else(|| anyhow!("the example {} says no calls", self.file))?;
        Ok(Expected {
            rule: id.context("the example's rule has an id")?.to_owned(),
            calls: calls
                .iter()
                .filter_map(|call| {
                    let with_input = || Some(&*call.as_map()?.first()?.key);
                    call.text().or_else(with_input).map(str::to_owned)
                })
                .collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_example_says_what_must_come_of_it() {
        let calls: Vec<_> = SCENES
            .iter()
            .map(|scene| scene.expected().expect("it says so").calls.len())
            .collect();
        assert_eq!(calls, [4, 4]);
    }
}
