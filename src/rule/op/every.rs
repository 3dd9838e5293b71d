//! `every`: all selected nodes hold, and there is one.

use jiff::Timestamp;
use serde_json::Value;

use super::{Example, Operator, Over, Test, find};
use crate::rule::complaint::Complaint;
use crate::rule::reason::typed;

pub(super) struct Every;

impl Operator for Every {
    fn name(&self) -> &'static str {
        "every"
    }

    fn doc(&self) -> &'static str {
        "all selected nodes hold, and there is one; its value is a map of operators"
    }

    fn examples(&self) -> &'static [Example] {
        &[
            ("{\"gte\": 1, \"lt\": 5}", Some("4"), true),
            ("{\"gte\": 1, \"lt\": 5}", Some("5"), false),
            ("{\"ne\": \"a\"}", Some("\"b\""), true),
            ("{\"exists\": true}", None, false),
        ]
    }

    fn compile(&self, operand: Value) -> Result<Box<dyn Test>, Complaint> {
        let Value::Object(map) = operand else {
            return Err(Complaint::new(format!(
                "a map of operators is needed, not {}",
                typed(&operand)
            ))
            .help("write one such as `every: { gte: 1 }`"));
        };
        if map.is_empty() {
            return Err(Complaint::new("nothing is asked of the values")
                .help("write one such as `every: { gte: 1 }`"));
        }
        let test = |(name, operand): (String, Value)| {
            let operator = find(&name)
                .ok_or_else(|| Complaint::new(format!("there is no operator `{name}`")))?;
            operator.compile(operand)
        };
        Ok(all(map.into_iter().map(test).collect::<Result<_, _>>()?))
    }
}

/// All of these tests of all nodes.
pub(crate) fn all(tests: Vec<Box<dyn Test>>) -> Box<dyn Test> {
    Box::new(Each(tests))
}

#[derive(Debug)]
struct Each(Vec<Box<dyn Test>>);

impl Each {
    /// The first test that fails. The arrival is not known here, so an age is only blamed when nothing else is.
    fn culprit(&self, value: Option<&Value>) -> Option<&dyn Test> {
        let fails =
            |test: &dyn Test| value.is_none_or(|value| !test.holds(value, Timestamp::UNIX_EPOCH));
        let mut tests = self.0.iter().map(AsRef::as_ref);
        tests
            .find(|test| fails(*test))
            .or_else(|| self.0.last().map(AsRef::as_ref))
    }
}

impl Test for Each {
    fn holds(&self, value: &Value, arrived: Timestamp) -> bool {
        self.0.iter().all(|test| test.holds(value, arrived))
    }

    fn over(&self) -> Over {
        Over::All
    }

    fn expected(&self, value: Option<&Value>) -> String {
        let each = self
            .culprit(value)
            .map_or_else(|| "anything".to_owned(), |test| test.expected(value));
        format!("in every place {each}")
    }

    fn actual(&self, value: &Value) -> String {
        self.culprit(Some(value))
            .map_or_else(|| typed(value), |test| test.actual(value))
    }
}
