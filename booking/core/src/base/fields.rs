//! What people type about themselves, checked one field at a time, with what is wrong with it.

use texts::FieldError;

use super::limits;

/// Passwords that are long enough and yet the first to be tried.
const COMMON_PASSWORDS: [&str; 12] = [
    "1234567890",
    "0123456789",
    "123456789a",
    "12345678910",
    "qwertyuiop",
    "qwerty12345",
    "password12",
    "password123",
    "passord123",
    "passord1234",
    "iloveyou12",
    "velkommen1",
];

/// A checked e-mail address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// As typed, without surrounding space.
    pub text: String,
    /// By which accounts are found: lower case.
    pub norm: String,
}

/// Checks an address (RFC 5321 in broad strokes; the mail that is sent to it is the real test).
pub fn email(typed: &str) -> Result<Email, FieldError> {
    let text = typed.trim();
    if text.is_empty() {
        return Err(FieldError::EmailMissing);
    }
    let (local, domain) = text.rsplit_once('@').ok_or(FieldError::EmailMalformed)?;
    let plain = text.len() <= 254
        && !text
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || "<>,;:\"()[]\\".contains(c));
    let domain_fits =
        domain.contains('.') && !domain.starts_with('.') && !domain.ends_with('.') && !domain.contains("..");
    if local.is_empty() || local.contains('@') || !plain || !domain_fits {
        return Err(FieldError::EmailMalformed);
    }
    Ok(Email {
        text: text.to_owned(),
        norm: text.to_lowercase(),
    })
}

/// Checks a phone number: digits, spaces and a leading plus; eight digits are Norwegian.
pub fn phone(typed: &str) -> Result<String, FieldError> {
    let compact: String = typed.chars().filter(|c| !matches!(c, ' ' | '-' | '\u{a0}')).collect();
    if compact.is_empty() {
        return Err(FieldError::PhoneMissing);
    }
    let digits = compact.strip_prefix('+').or_else(|| compact.strip_prefix("00"));
    let number = digits.unwrap_or(&compact);
    let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, number.len()) {
        (None, 8) if all_digits => Ok(format!("+47{number}")),
        (Some(_), 8..=15) if all_digits => Ok(format!("+{number}")),
        _ => Err(FieldError::PhoneMalformed),
    }
}

/// Checks a one-line text that must be there.
pub fn line(typed: &str, missing: FieldError) -> Result<String, FieldError> {
    let text = typed.trim();
    if text.is_empty() {
        Err(missing)
    } else if text.chars().count() > limits::LINE_CHARS_MAX || text.chars().any(char::is_control) {
        Err(FieldError::TooLong)
    } else {
        Ok(text.to_owned())
    }
}

/// Checks a text of several lines that may be empty.
pub fn text(typed: &str) -> Result<String, FieldError> {
    let text = typed.replace("\r\n", "\n").trim().to_owned();
    let strange = text.chars().any(|c| c.is_control() && c != '\n' && c != '\t');
    if strange || text.chars().count() > limits::TEXT_CHARS_MAX {
        Err(FieldError::TooLong)
    } else {
        Ok(text)
    }
}

/// Checks a new password.
pub fn password(typed: &str, email: &str) -> Result<(), FieldError> {
    let length = typed.chars().count();
    let lower = typed.to_lowercase();
    if typed.is_empty() {
        Err(FieldError::PasswordMissing)
    } else if length < *limits::PASSWORD_CHARS.start() {
        Err(FieldError::PasswordShort)
    } else if length > *limits::PASSWORD_CHARS.end() {
        Err(FieldError::TooLong)
    } else if COMMON_PASSWORDS.contains(&lower.as_str())
        || lower == email.trim().to_lowercase()
        || is_one_character(typed)
    {
        Err(FieldError::PasswordCommon)
    } else {
        Ok(())
    }
}

fn is_one_character(text: &str) -> bool {
    let mut characters = text.chars();
    let first = characters.next();
    characters.all(|c| Some(c) == first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_folded() {
        fn check(typed: &str, expect: Result<&str, FieldError>) {
            assert_eq!(
                email(typed).map(|email| email.norm),
                expect.map(str::to_owned),
                "{typed}"
            );
        }
        check(" Ola@Example.NO ", Ok("ola@example.no"));
        check("", Err(FieldError::EmailMissing));
        check("ola", Err(FieldError::EmailMalformed));
        check("ola@", Err(FieldError::EmailMalformed));
        check("@example.no", Err(FieldError::EmailMalformed));
        check("a@b@example.no", Err(FieldError::EmailMalformed));
        check("ola@example", Err(FieldError::EmailMalformed));
        check("ola@example..no", Err(FieldError::EmailMalformed));
        check("ola@example.no\r\nBcc: x@y.no", Err(FieldError::EmailMalformed));
        check("Ola <ola@example.no>", Err(FieldError::EmailMalformed));
    }

    #[test]
    fn phone_numbers_become_international() {
        fn check(typed: &str, expect: Result<&str, FieldError>) {
            assert_eq!(phone(typed), expect.map(str::to_owned), "{typed}");
        }
        check("91 23 45 67", Ok("+4791234567"));
        check("+46 70 123 45 67", Ok("+46701234567"));
        check("0047 91234567", Ok("+4791234567"));
        check("", Err(FieldError::PhoneMissing));
        check("123", Err(FieldError::PhoneMalformed));
        check("9123456a", Err(FieldError::PhoneMalformed));
        check("+4712345678901234", Err(FieldError::PhoneMalformed));
    }

    #[test]
    fn passwords_are_long_and_not_the_first_guess() {
        fn check(typed: &str, expect: Result<(), FieldError>) {
            assert_eq!(password(typed, "ola.hansen@example.no"), expect, "{typed}");
        }
        check("", Err(FieldError::PasswordMissing));
        check("kort", Err(FieldError::PasswordShort));
        check("Passord123", Err(FieldError::PasswordCommon));
        check("aaaaaaaaaaaa", Err(FieldError::PasswordCommon));
        check("OLA.hansen@example.no", Err(FieldError::PasswordCommon));
        check(&"x1".repeat(101), Err(FieldError::TooLong));
        check(&"x1".repeat(100), Ok(()));
        check("blåbær og rømme", Ok(()));
    }
}
