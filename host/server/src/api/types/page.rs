//! A part of a listing.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Some of what there is, and where to go on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where there are more: what to give as `after` (or, in listings that go from new to old, as `before`) for the next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// All there is.
    pub fn all(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}
