//! Special characters of HTML in a secret: WordPress stores some secrets escaped and signs with what they stand for.

/// The text with `&amp;`, `&lt;`, `&gt;` and both quotes decoded once, by name or number; whatever else begins with `&` stays.
pub(super) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let entity = after.split_once(';');
        match entity.and_then(|(name, after)| Some((special(name)?, after))) {
            Some((character, after)) => {
                decoded.push(character);
                rest = after;
            }
            None => {
                decoded.push('&');
                rest = after;
            }
        }
    }
    decoded.push_str(rest);
    decoded
}

/// The character that stands between `&` and `;` under this name.
fn special(name: &str) -> Option<char> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Some('&'),
            "gt" => Some('>'),
            "lt" => Some('<'),
            "quot" => Some('"'),
            _ => None,
        };
    };
    if let Some(hex) = number.strip_prefix(['x', 'X']) {
        return match hex.trim_start_matches('0') {
            "22" => Some('"'),
            "26" => Some('&'),
            "27" => Some('\''),
            _ => None,
        };
    }
    match number.trim_start_matches('0') {
        "34" => Some('"'),
        "38" => Some('&'),
        "39" => Some('\''),
        "60" => Some('<'),
        "62" => Some('>'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_characters_are_decoded_once_and_nothing_else_is() {
        for (written, meant) in [
            ("plain", "plain"),
            ("fake&woo<secret>'1", "fake&woo<secret>'1"),
            ("a&amp;b", "a&b"),
            ("&lt;&gt;&quot;&#039;&#39;&#x27;", "<>\"'''"),
            ("&#38;&#x0026;&#X26;&#0060;&#62;&#34;&#x22;", "&&&<>\"\""),
            ("&amp;amp;", "&amp;"),
            ("&&amp;", "&&"),
            (
                "&AMP;&eacute;&#65;&#x3c;&;&#;&#x;&",
                "&AMP;&eacute;&#65;&#x3c;&;&#;&#x;&",
            ),
            ("&amp é &quot;", "&amp é \""),
        ] {
            assert_eq!(decode(written), meant, "{written}");
        }
    }
}
