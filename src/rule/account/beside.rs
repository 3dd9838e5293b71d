//! The calls of a step that do not take its own input as it stands: the look of `ensure-lead`, and the tag of a fallback.

use super::judge::{Part, What};
use super::{Look, Schema};
use crate::problem::Span;

impl Look<'_> {
    /// Whether the account's actions take what these calls send.
    pub(super) fn beside(&mut self) {
        let step = self.step;
        if let [look, _] = step.kind.calls()[..] {
            self.sent(look, &["email"], step.verb_span);
        }
        let (Some(fallback), Some(fields)) = (step.kind.fallback(), step.kind.fields()) else {
            return;
        };
        let lead = ["email", "id"].into_iter();
        let mut names: Vec<&str> = lead.filter(|name| fields.has(name)).collect();
        names.push("tag_name");
        self.sent(&fallback.verb, &names, fallback.span);
    }

    fn sent(&mut self, verb: &str, names: &[&str], span: Span) {
        let Some(schema) = self.account.action(verb).and_then(Schema::of) else {
            return;
        };
        let misfits = schema.misfits_of(names);
        for misfit in &misfits {
            if let (What::Unknown, [Part::Name(name), ..]) = (&misfit.what, &misfit.place[..]) {
                self.no_input(verb, schema, span, name);
            }
        }
        let lacking = misfits.iter().find_map(|misfit| match &misfit.what {
            What::Missing(name) => Some(name),
            _ => None,
        });
        if let Some(name) = lacking {
            let message = format!(
                "`{verb}` of connection `{}` needs `{name}`, which is not sent here",
                self.connection
            );
            let help = format!(
                "`kartwheel actions show {verb}` shows what it takes; write the step with the account's own actions"
            );
            self.note("K0502", span, message, help);
        }
    }
}
