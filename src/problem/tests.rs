//! Tests of drawing, nearest names and places.

use super::*;

const TEXT: &str = "id: one\nname: Grüße 日本\nactoins: []\n";

fn problem() -> (Source, Problem) {
    let source = Source::new("rules/x.yaml", TEXT);
    let start = TEXT.find("actoins").expect("the key");
    let span = source.span(start..start + 7);
    let problem = Problem::error("K0101", &source, span, "unknown key `actoins` in a rule")
        .help("did you mean `actions`?");
    (source, problem)
}

#[test]
fn a_drawn_problem_shows_code_place_line_caret_and_fix() {
    let (source, problem) = problem();
    insta::assert_snapshot!(draw(&problem, &source.text, false), @r"
    error[K0101]: unknown key `actoins` in a rule
     --> rules/x.yaml:3:1
      |
    3 | actoins: []
      | ^^^^^^^
      |
      = help: did you mean `actions`?
    ");
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let (source, problem) = problem();
    let styled = draw(&problem, &source.text, true);
    assert!(styled.contains('\u{1b}'));
    assert!(styled.contains("actoins"));
}

#[test]
fn json_counts_characters_not_bytes() {
    let source = Source::new("x", TEXT);
    let start = TEXT.find("日本").expect("the text");
    let span = source.span(start..start + "日本".len());
    let json = Problem::warning("K0013", &source, span, "m").to_json(TEXT);
    assert_eq!(
        json.to_string(),
        r#"{"code":"K0013","severity":"warning","file":"x","line":2,"column":13,"end_line":2,"end_column":15,"message":"m","help":null}"#
    );
}

#[test]
fn places_outside_the_text_are_drawn_all_the_same() {
    let source = Source::new("x", "");
    let problem = Problem::error("K0001", &source, source.span(7..9), "gone");
    assert!(draw(&problem, "", false).contains("gone"));
    let inside = Span {
        start: 2,
        end: 900,
        line: 1,
        column: 1,
    };
    let problem = Problem::error("K0001", &source, inside, "gone");
    assert!(draw(&problem, "日本", false).contains("gone"));
}

#[test]
fn the_nearest_name_is_near() {
    let names = ["assign-tag", "unassign-tag", "get-lead"];
    assert_eq!(nearest("assign-tg", names), Some("assign-tag"));
    assert_eq!(nearest("assign_tag", names), Some("assign-tag"));
    assert_eq!(nearest("Get-Lead", names), Some("get-lead"));
    assert_eq!(nearest("refund", names), None);
    assert_eq!(nearest("a", ["b"]), None);
    assert_eq!(nearest("", names), None);
}

#[test]
fn codes_are_unique_and_sorted() {
    assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!(title("K0101"), Some("An unknown key"));
    assert_eq!(title("K9999"), None);
}
