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

/// A tick box of a form.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Check {
    pub ticked: bool,
    pub error: Option<FieldError>,
}
