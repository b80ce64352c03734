// SPDX-License-Identifier: Apache-2.0
//! Complaints of validation about single fields, and how the server gathers them.

use serde_json::{json, Value};

use super::go::quote;

/// What is wrong with a field, with the value as the message shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The field must be set.
    Required,
    /// The field's value is refused.
    Invalid(String),
    /// The field may not be set here.
    Forbidden,
    /// The field's value is too long; it is not shown.
    TooLong,
    /// The field's value is none of those known.
    NotSupported(String),
}

/// One complaint about a field, as the API words it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    kind: Kind,
    field: String,
    detail: String,
}

impl FieldError {
    /// A field that must be set.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        Self::new(Kind::Required, field, detail)
    }

    /// A value that is refused, shown as JSON.
    pub fn invalid(field: impl Into<String>, value: &Value, detail: &str) -> Self {
        let shown = match value {
            Value::String(text) => quote(text),
            other => other.to_string(),
        };
        Self::new(Kind::Invalid(shown), field, detail)
    }

    /// A field that may not be set.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self::new(Kind::Forbidden, field, detail)
    }

    /// A value with more bytes than are allowed.
    pub fn too_long(field: impl Into<String>, limit: usize) -> Self {
        Self::new(Kind::TooLong, field, &format!("may not be more than {limit} bytes"))
    }

    /// A value that is none of the known ones.
    pub fn not_supported(field: impl Into<String>, value: &str, known: &[&str]) -> Self {
        let known: Vec<String> = known.iter().map(|k| quote(k)).collect();
        let detail = format!("supported values: {}", known.join(", "));
        Self::new(Kind::NotSupported(quote(value)), field, &detail)
    }

    fn new(kind: Kind, field: impl Into<String>, detail: &str) -> Self {
        Self {
            kind,
            field: field.into(),
            detail: detail.to_owned(),
        }
    }

    /// The message without the field's name, as causes carry it.
    pub fn body(&self) -> String {
        let mut text = match &self.kind {
            Kind::Required => "Required value".to_owned(),
            Kind::Invalid(value) => format!("Invalid value: {value}"),
            Kind::Forbidden => "Forbidden".to_owned(),
            Kind::TooLong => "Too long".to_owned(),
            Kind::NotSupported(value) => format!("Unsupported value: {value}"),
        };
        if !self.detail.is_empty() {
            text.push_str(": ");
            text.push_str(&self.detail);
        }
        text
    }

    /// The message with the field's name.
    pub fn message(&self) -> String {
        format!("{}: {}", self.field, self.body())
    }

    /// The entry of `details.causes`.
    pub fn cause(&self) -> Value {
        let reason = match self.kind {
            Kind::Required => "FieldValueRequired",
            Kind::Invalid(_) => "FieldValueInvalid",
            Kind::Forbidden => "FieldValueForbidden",
            Kind::TooLong => "FieldValueTooLong",
            Kind::NotSupported(_) => "FieldValueNotSupported",
        };
        json!({"reason": reason, "message": self.body(), "field": self.field})
    }
}

/// One text for all complaints: a single one as it is, several in brackets, none twice.
pub fn aggregate(errors: &[FieldError]) -> String {
    let mut messages: Vec<String> = Vec::new();
    for error in errors {
        let message = error.message();
        if !messages.contains(&message) {
            messages.push(message);
        }
    }
    match messages.as_slice() {
        [single] => single.clone(),
        many => format!("[{}]", many.join(", ")),
    }
}
