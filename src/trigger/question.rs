//! Question: what a form's question asks for, told by its words, so that its answer says who filled the form in.
//!
//! A wrong guess would act on somebody else: only questions that are plainly for one thing count. "Your e-mail?" asks for the
//! address, "E-mail of a friend" asks for nothing that is known here.

use crate::event::Person;
use crate::trigger::mapping::part;

/// Words of a question for a whole name and nothing else.
const WHOLE_NAME: &[&str] = &["your", "full", "name", "fullname"];
/// Words of a question for an e-mail address and nothing else.
const ADDRESS: &[&str] = &[
    "your",
    "what",
    "is",
    "s",
    "contact",
    "best",
    "e",
    "mail",
    "email",
    "address",
    "emailaddress",
];
/// Words of a question for a phone number and nothing else.
const PHONE: &[&str] = &[
    "your",
    "what",
    "is",
    "s",
    "contact",
    "phone",
    "mobile",
    "telephone",
    "number",
    "phonenumber",
];

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// The e-mail address.
    Email,
    /// The phone number.
    Phone,
    /// The given name.
    First,
    /// The family name.
    Last,
    /// The whole name.
    Whole,
    /// Something else.
    Other,
}

impl Asks {
    /// By the question's title. `first` and `last` must stand before `name`.
    pub(super) fn by_title(title: &str) -> Self {
        Self::by_words(&words(title), false)
    }

    /// By its ref or key, in any of the usual spellings. It is enough to end in `first` or `last`; numbers at its end say nothing.
    pub(super) fn by_key(key: &str) -> Self {
        Self::by_words(&words(&spaced(key)), true)
    }

    fn by_words(words: &[String], is_key: bool) -> Self {
        let names = |joined: &str, first: &str| {
            words.iter().any(|word| word == joined)
                || words.windows(2).any(|two| two == [first, "name"])
                || is_key && words.last().is_some_and(|word| word == first)
        };
        let only = |known: &[&str]| words.iter().all(|word| known.contains(&&**word));
        let holds = |end: &str| words.iter().any(|word| word.ends_with(end));
        let begins = |start: &str| words.iter().any(|word| word.starts_with(start));
        if names("firstname", "first") || names("givenname", "given") {
            Self::First
        } else if names("lastname", "last") || names("surname", "family") {
            Self::Last
        } else if only(WHOLE_NAME) && holds("name") {
            Self::Whole
        } else if only(ADDRESS) && (holds("mail") || begins("email")) {
            Self::Email
        } else if only(PHONE) && (begins("phone") || begins("mobile") || begins("telephone")) {
            Self::Phone
        } else {
            Self::Other
        }
    }
}

/// A person as one answer after the other tells: of each part the first that says something counts.
#[derive(Debug, Default)]
pub(super) struct Told {
    person: Person,
    whole: Option<String>,
}

impl Told {
    /// The answer to a question.
    pub(super) fn hear(&mut self, asks: Asks, answer: Option<&str>) {
        let part = match asks {
            Asks::Email => &mut self.person.email,
            Asks::Phone => &mut self.person.phone,
            Asks::First => &mut self.person.first_name,
            Asks::Last => &mut self.person.last_name,
            Asks::Whole => &mut self.whole,
            Asks::Other => return,
        };
        let answer = answer.filter(|text| !text.trim().is_empty());
        if part.is_none() {
            *part = answer.map(Into::into);
        }
    }

    /// The person. A whole name is parted if no other question asked for a name.
    pub(super) fn person(mut self) -> Person {
        let person = &mut self.person;
        if let (Some(whole), None, None) = (self.whole, &person.first_name, &person.last_name) {
            (person.first_name, person.last_name) = part(&whole);
        }
        self.person
    }
}

/// The words of a text in lower case.
fn words(text: &str) -> Vec<String> {
    text.split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// `emailAddress4` as `email Address`: with a space before each capital that follows a small letter, and no number at the end.
fn spaced(key: &str) -> String {
    let key = key.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let mut spaced = String::with_capacity(key.len() + 4);
    let mut follows_small = false;
    for letter in key.chars() {
        if follows_small && letter.is_uppercase() {
            spaced.push(' ');
        }
        follows_small = letter.is_lowercase();
        spaced.push(letter);
    }
    spaced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_that_plainly_asks_for_one_thing_is_known() {
        for (title, asks) in [
            ("E-mail", Asks::Email),
            ("Email", Asks::Email),
            ("What's your email address?", Asks::Email),
            ("Phone number", Asks::Phone),
            ("Your mobile", Asks::Phone),
            ("First name", Asks::First),
            ("What's your first name?", Asks::First),
            ("Surname", Asks::Last),
            ("Your name?", Asks::Whole),
        ] {
            assert_eq!(Asks::by_title(title), asks, "{title}");
        }
        for title in [
            "E-mail of a friend",
            "May we email you?",
            "Your address",
            "Your number",
            "Phone or tablet?",
            "Company name",
            "Which was your first",
            "At last",
            "",
        ] {
            assert_eq!(Asks::by_title(title), Asks::Other, "{title}");
        }
    }

    #[test]
    fn a_key_is_known_however_it_is_spelt() {
        for (key, asks) in [
            ("email", Asks::Email),
            ("email4", Asks::Email),
            ("emailAddress", Asks::Email),
            ("phoneNumber12", Asks::Phone),
            ("fullName", Asks::Whole),
            ("contact_first", Asks::First),
            ("lastName3", Asks::Last),
            ("tier", Asks::Other),
            ("friendsEmail", Asks::Other),
            ("7", Asks::Other),
        ] {
            assert_eq!(Asks::by_key(key), asks, "{key}");
        }
    }

    #[test]
    fn the_first_answer_that_says_something_counts_and_parts_of_a_name_before_the_whole() {
        let mut told = Told::default();
        told.hear(Asks::Email, Some(" "));
        told.hear(Asks::Email, Some("ada@example.com"));
        told.hear(Asks::Email, Some("other@example.com"));
        told.hear(Asks::Whole, Some("Ada King Lovelace"));
        told.hear(Asks::Other, Some("Gold"));
        let person = told.person();
        assert_eq!(person.email.as_deref(), Some("ada@example.com"));
        assert_eq!(person.first_name.as_deref(), Some("Ada"));
        assert_eq!(person.last_name.as_deref(), Some("King Lovelace"));

        let mut told = Told::default();
        told.hear(Asks::Whole, Some("Ada King Lovelace"));
        told.hear(Asks::Last, Some("Lovelace"));
        let person = told.person();
        assert_eq!(person.first_name, None);
        assert_eq!(person.last_name.as_deref(), Some("Lovelace"));
    }
}
