//! Mistakes in a `match`, all told at once, each with its place and its fix.

use super::read;

#[test]
fn every_mistake_is_told_at_once() {
    let text = "\
body.status: paid
$.body.total: { gte: '4900', foo: 1 }
$.data.id: 1
$.vars.email: a
$.body.x-y: 1
any: { $.body.a: 1 }
or: [ { $.body.a: 1 } ]
not: []
expr: body.a > 1
$.body.list: {}
$.body.sku: { regex: '(' }
$.body.to: { eq: '${{ body.x | lowr }}' }
$.body.n: { every: { gt: x } }
";
    let (_, problems) = read(text);
    let told: Vec<_> = problems
        .iter()
        .map(|problem| {
            (
                problem.code,
                problem.span.line,
                problem.span.column,
                &*problem.message,
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("K0101", 1, 1, "`body.status` is no path"),
            (
                "K0303",
                2,
                22,
                "a number or a time with a zone is needed, not text \"4900\""
            ),
            ("K0302", 2, 30, "there is no operator `foo`"),
            ("K0301", 3, 3, "`data` is no branch of the tree"),
            ("K0301", 4, 3, "`vars` is no branch of the tree"),
            ("K0301", 5, 9, "a name with a dash stands in brackets"),
            ("K0104", 6, 1, "`any` takes a list"),
            ("K0102", 7, 1, "`or` is not a word of `match`"),
            ("K0304", 8, 1, "`not` says nothing"),
            ("K0104", 9, 7, "`expr` takes one expression"),
            ("K0304", 10, 14, "nothing is asked of this path"),
            (
                "K0303",
                11,
                22,
                "`(` is not a regular expression: unclosed group"
            ),
            ("K0401", 12, 32, "there is no filter `lowr`"),
            (
                "K0303",
                13,
                26,
                "a number or a time with a zone is needed, not text \"x\""
            ),
        ]
    );
    assert!(
        problems
            .iter()
            .all(|problem| problem.help.is_some() || problem.message.contains("unclosed"))
    );
}

#[test]
fn a_match_that_is_no_map_says_what_to_write() {
    for (text, code, help) in [
        (
            "- $.body.a: 1",
            "K0104",
            "write the paths under each other without dashes; `any:` takes a list",
        ),
        ("${{ body.a }}", "K0104", "write `expr: ${{ body.a }}`"),
        (
            "{}",
            "K0304",
            "write a path and what must hold, such as `$.body.status: paid`",
        ),
        ("$.body.a: { equals: 1 }", "K0302", "write `eq`"),
        (
            "$.body.a: { startswith: x }",
            "K0302",
            "write `starts_with`",
        ),
        (
            "total: 1",
            "K0101",
            "a key is a path, such as `$.body.total`, or one of any, all, not, expr",
        ),
        ("vars.x: 1", "K0101", "write `expr: ${{ vars.x == … }}`"),
        (
            "expr: x ${{ body.a }}",
            "K0401",
            "text around an expression makes text, which is never true",
        ),
    ] {
        let (_, problems) = read(text);
        let told: Vec<_> = problems
            .iter()
            .map(|problem| (problem.code, problem.help.as_deref()))
            .collect();
        assert_eq!(told, [(code, Some(help))], "{text}");
    }
}

#[test]
fn conditions_nest_to_eight() {
    let nested = |depth: usize| {
        format!(
            "{}{{ $.body.a: 1 }}{}",
            "{ any: [".repeat(depth),
            "] }".repeat(depth)
        )
    };
    assert_eq!(read(&nested(8)).1, []);
    assert_eq!(
        read(&nested(9)).1.first().map(|problem| problem.code),
        Some("K0110")
    );
}
