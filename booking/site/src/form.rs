//! Forms that people type: the registration, and what keeps a typed text beside what is wrong with it.

use booking_core::accounts::register::Registration;
use booking_core::base::limits;
use web::pages::{Check, Field, FieldError};

pub(crate) use booking_core::base::fields::{email, line, org_number, password, phone, text};

/// Keeps what was typed beside what is wrong with it.
pub(crate) fn field<T>(typed: &str, checked: &Result<T, FieldError>) -> Field {
    Field {
        value: typed.chars().take(limits::TEXT_CHARS_MAX).collect(),
        error: checked.as_ref().err().copied(),
    }
}

/// The fields of a registration as they are typed.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct RegistrationForm {
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
    pub(crate) place: String,
    pub(crate) password: String,
    pub(crate) accept: String,
    pub(crate) return_to: String,
}

/// What is wrong with a registration, field by field, with what was typed.
#[derive(Debug, Clone, Default)]
pub(crate) struct RegistrationProblems {
    pub(crate) name: Field,
    pub(crate) email: Field,
    pub(crate) phone: Field,
    pub(crate) place: Field,
    pub(crate) password: Option<FieldError>,
    pub(crate) accept: Check,
}

impl RegistrationForm {
    /// Checks every field.
    pub(crate) fn check(&self) -> Result<Registration, Box<RegistrationProblems>> {
        let name = line(&self.name, FieldError::NameMissing);
        let email = email(&self.email);
        let phone = phone(&self.phone);
        let place = line(&self.place, FieldError::PlaceMissing);
        let password = password(&self.password, &self.email);
        let accepted = self.accept == "yes";
        let problems = RegistrationProblems {
            name: field(&self.name, &name),
            email: field(&self.email, &email),
            phone: field(&self.phone, &phone),
            place: field(&self.place, &place),
            password: password.err(),
            accept: Check {
                ticked: accepted,
                error: (!accepted).then_some(FieldError::AcceptMissing),
            },
        };
        match (name, email, phone, place, password, accepted) {
            (Ok(name), Ok(email), Ok(phone), Ok(place), Ok(()), true) => Ok(Registration {
                name,
                email,
                phone,
                place,
                password: self.password.clone(),
            }),
            _ => Err(Box::new(problems)),
        }
    }
}

/// A path of this site to go on to, or the given one: anything that a browser could read as another site is refused.
pub(crate) fn safe_path(typed: &str, otherwise: &str) -> String {
    let mut bytes = typed.bytes();
    let is_path = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    let plain = typed.len() <= 512 && typed.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if is_path && plain {
        typed.to_owned()
    } else {
        otherwise.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_gone_on_to() {
        fn check(typed: &str, expect: &str) {
            assert_eq!(safe_path(typed, "/"), expect, "{typed}");
        }
        check("/book/1?x=y", "/book/1?x=y");
        check("//evil.example", "/");
        check("/\\evil.example", "/");
        check("https://evil.example", "/");
        check("/a\nb", "/");
        check("/a\\b", "/");
        check("", "/");
    }
}
