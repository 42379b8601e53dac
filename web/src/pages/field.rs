//! Form fields: what was typed, and what is wrong with it.

pub use texts::FieldError;

/// A text field of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    /// What was typed, unchanged; never a password.
    pub value: String,
    pub error: Option<FieldError>,
}

impl Field {
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: None,
        }
    }

    #[must_use]
    pub fn wrong(value: impl Into<String>, error: FieldError) -> Self {
        Self {
            value: value.into(),
            error: Some(error),
        }
    }
}

/// How a field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// One line.
    Line,
    /// Several lines.
    Text,
    Number,
    /// One of some words; each has the key of its name.
    Choice(&'static [(&'static str, &'static str)]),
}

/// A field that a page shows in the order of a list, so that one more takes no change of the page.
#[derive(Debug, Clone)]
pub struct ListedField {
    /// In the form.
    pub name: &'static str,
    /// Keys of the texts; no hint where it is empty.
    pub label: &'static str,
    pub hint: &'static str,
    pub kind: FieldKind,
    pub field: Field,
}

/// A tick box of a form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Check {
    pub ticked: bool,
    pub error: Option<FieldError>,
}
