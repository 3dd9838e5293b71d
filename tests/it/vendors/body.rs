//! Bodies that nobody has seen before: JSON as senders write it, with all that a program on the way might want to tidy up.

use crate::random::Random;

/// Levels of lists and maps within each other.
const DEPTH_MAX: usize = 4;
/// Members of a list or a map, and pieces of a text.
const MEMBERS_MAX: usize = 6;

/// What texts are made of, as it stands between the quotes.
const PIECES: &[&str] = &[
    "Ada Lovelace",
    "ada+vip@example.com",
    "",
    " ",
    "é",
    "e\u{301}",
    "İstanbul",
    "漢字",
    "🎉",
    "👩\u{200d}💻",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "\u{7f}",
    "\u{fffd}",
    r#"\""#,
    r"\\",
    r"\/",
    "/",
    r"\r\n",
    r"\t\b\f",
    r"\u0000",
    r"\u00e9",
    r"\u00E9",
    r"\ud83c\udf89",
    r"cut\ud83c",
    r"\u003cb\u003e",
    "<b>&amp;</b>",
    "a=1&b=%41+c",
    "'{}[]:,",
    "${{ body.x }}",
    "t=1,v1=0.",
];
/// Numbers that lose something when a program reads and writes them.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1.0",
    "4900",
    "9007199254740993",
    "820982911946154508123456789",
    "-0.10",
    "1E+30",
    "1e-7",
    "0.1000000000000000055511151231257827",
];
const GAPS: &[&str] = &["", "", "", " ", "\n", "\r\n", "\t", "\r\n    "];

/// A map of chance with these members among its own; a value of them is JSON.
pub(super) fn json(random: &mut Random, members: &[(&str, String)]) -> Vec<u8> {
    let mut text = gap(random);
    let own = members
        .iter()
        .map(|(key, value)| member(key, value, random));
    let own: Vec<String> = own.collect();
    map(&mut text, own, 0, random);
    text.push_str(&gap(random));
    text.into_bytes()
}

/// The XML of a notification with elements of chance.
pub(super) fn xml(random: &mut Random, kind: &str) -> Vec<u8> {
    let mut subject = String::new();
    for number in 0..random.below(MEMBERS_MAX) {
        let text = string(random).replace('&', "&amp;").replace('<', "&lt;");
        subject.push_str(&format!("<e{number}>{text}</e{number}>{}", gap(random)));
    }
    let (before, after) = (gap(random), gap(random));
    format!("<notification>{before}<kind>{kind}</kind>{after}<subject>{subject}</subject></notification>\n")
        .into_bytes()
}

/// A map of these members and more.
fn map(text: &mut String, mut members: Vec<String>, depth: usize, random: &mut Random) {
    for number in 0..random.below(MEMBERS_MAX) {
        // With its number: equal keys are another matter.
        let key = format!("{number}{}", string(random));
        let mut of_chance = String::new();
        value(&mut of_chance, depth + 1, random);
        let at = random.below(members.len() + 1);
        members.insert(at, member(&key, &of_chance, random));
    }
    text.push_str(&format!("{{{}}}", members.join(",")));
}

fn member(key: &str, value: &str, random: &mut Random) -> String {
    let [before, after, then, end] = [(); 4].map(|()| gap(random));
    format!("{before}\"{key}\"{after}:{then}{value}{end}")
}

fn value(text: &mut String, depth: usize, random: &mut Random) {
    let deep = depth >= DEPTH_MAX;
    match random.below(if deep { 6 } else { 9 }) {
        0 => text.push_str("null"),
        1 => text.push_str(random.of(&["true", "false"])),
        2 => text.push_str(random.of(NUMBERS)),
        3 => text.push_str(&format!("{}", random.next())),
        4 | 5 => text.push_str(&format!("\"{}\"", string(random))),
        6 => {
            text.push('[');
            for number in 0..random.below(MEMBERS_MAX) {
                text.push_str(if number == 0 { "" } else { "," });
                text.push_str(&gap(random));
                value(text, depth + 1, random);
            }
            text.push(']');
        }
        _ => map(text, Vec::new(), depth, random),
    }
}

/// What stands between the quotes; often nothing.
fn string(random: &mut Random) -> String {
    let pieces = random.below(MEMBERS_MAX);
    (0..pieces).map(|_| random.of(PIECES)).collect()
}

fn gap(random: &mut Random) -> String {
    random.of(GAPS).to_owned()
}
