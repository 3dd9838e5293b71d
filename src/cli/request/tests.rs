//! What a command line is sent as.

use clap::Parser;

use super::letter::{self, Letter};

#[derive(Debug, Parser)]
struct Line {
    #[command(flatten)]
    request: super::Arguments,
}

fn letter(words: &[&str]) -> Result<Letter, String> {
    let words = std::iter::once("request").chain(words.iter().copied());
    let line = Line::try_parse_from(words).map_err(|error| error.to_string())?;
    letter::write(&line.request).map_err(|failure| failure.to_string())
}

fn text(letter: &Letter) -> String {
    let mut text = format!("{} {}", letter.method, letter.path);
    for (name, value) in &letter.query {
        text.push_str(&format!(" ?{name}={value}"));
    }
    for (name, value) in &letter.headers {
        text.push_str(&format!(" [{name}: {value}]"));
    }
    if let Some(body) = &letter.body {
        text.push_str(&format!(" {}", String::from_utf8_lossy(body)));
    }
    text
}

#[test]
fn a_command_line_becomes_one_request() {
    let form = "[content-type: application/x-www-form-urlencoded]";
    let cases: &[(&[&str], &str)] = &[
        (&["/api"], "GET /api"),
        (
            &["https://app.kartra.com/api"],
            "GET https://app.kartra.com/api",
        ),
        (&["/api", "-X", "delete"], "DELETE /api"),
        (
            &[
                "/leads/{email}/tags/{tag}",
                "--path-param",
                "email=ada+x@example.com",
                "--path-param",
                "tag=a/b ü",
            ],
            "GET /leads/ada%2Bx%40example.com/tags/a%2Fb%20%C3%BC",
        ),
        (
            &["/api?a=1+2&b", "--query", "c=x=y"],
            "GET /api ?a=1 2 ?b= ?c=x=y",
        ),
        (
            &[
                "/api",
                "-F",
                "lead[email]=ada@example.com",
                "-F",
                "actions[0][cmd]=assign_tag",
            ],
            &format!(
                "POST /api {form} lead%5Bemail%5D=ada%40example.com&actions%5B0%5D%5Bcmd%5D=assign_tag"
            ),
        ),
        (
            &["/api", "-d", "a=1", "-d", "b=2"],
            &format!("POST /api {form} a=1&b=2"),
        ),
        (
            &["/api", "-d", "{\"a\":1}"],
            "POST /api [content-type: application/json] {\"a\":1}",
        ),
        (
            &[
                "/api",
                "-X",
                "put",
                "--json-body",
                "{\"a\": 1}",
                "-H",
                "X-One: 1",
            ],
            "PUT /api [X-One: 1] [content-type: application/json] {\"a\": 1}",
        ),
        (
            &["/api", "-d", "<a/>", "-H", "Content-Type: text/xml"],
            "POST /api [Content-Type: text/xml] <a/>",
        ),
        (&["/api", "--raw-data", "{\"a\":1}"], "POST /api {\"a\":1}"),
    ];
    for (words, expected) in cases {
        let letter = letter(words).unwrap_or_else(|error| panic!("{words:?}: {error}"));
        assert_eq!(text(&letter), *expected, "{words:?}");
    }
}

#[test]
fn what_cannot_be_sent_is_refused_with_its_reason() {
    let cases: &[(&[&str], &str)] = &[
        (&["/a/{id}"], "nothing is given for {id}"),
        (&["/a", "--path-param", "id=1"], "no {id}"),
        (
            &["/a/{id}", "--path-param", "id=.."],
            "cannot stand in a path",
        ),
        (&["/a/{id}", "--path-param", "id"], "name=value"),
        (
            &["/a", "-H", "Authorization: Bearer x"],
            "Membrane puts its own",
        ),
        (&["/a", "-H", "no colon"], "Name: value"),
        (&["/a", "--json-body", "{a}"], "not JSON"),
        (&["/a", "-X", "GET /b"], "not a method"),
        (&["/a", "-d", "x", "--raw-data", "y"], "cannot be used with"),
        (&["/a", "--raw", "--json"], "cannot be used with"),
    ];
    for (words, reason) in cases {
        let error = letter(words).expect_err(reason);
        assert!(error.contains(reason), "{words:?}: {error}");
    }
}
