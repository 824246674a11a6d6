//! What can be done, and which roles may: the one table of role and action. [`super::routes`] says which action each route is.
//!
//! What stands behind it: an installed artifact acts with what it is *granted*, so whoever may replace its component or its
//! parameters may do all that its grants allow, and no more. That is an operator's part. To widen grants, and to make tokens, is the admin's alone.

use crate::api::types::Role;

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Ask for health, readiness and the description of the API.
    Open,
    /// Read.
    Read,
    /// Send events.
    Send,
    /// Register, change, label and remove clients.
    Clients,
    /// Whatever makes artifacts run or not run, within what is granted.
    Artifacts,
    /// Dead letters, given again or dropped.
    DeadLetters,
    /// Grant an installation more than it is granted.
    Widen,
    /// Have the server write copies of its store.
    Backup,
    /// Change the key that seals secrets.
    Keys,
    /// Say who may do what.
    Tokens,
}

impl Action {
    /// All there are.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Read,
        Self::Send,
        Self::Clients,
        Self::Artifacts,
        Self::DeadLetters,
        Self::Widen,
        Self::Backup,
        Self::Keys,
        Self::Tokens,
    ];

    /// What it is, in full.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Open => "health, readiness, the description of the API",
            Self::Read => {
                "read events, rows, messages, clients, the monitoring table, artifacts, dead letters, the audit trail, metrics"
            }
            Self::Send => "send events",
            Self::Clients => "register, change, label and remove clients",
            Self::Artifacts => {
                "upload, install, upgrade, switch, roll back, approve, reject, shadow, replay and remove artifacts; set parameters and secrets; narrow grants"
            }
            Self::DeadLetters => "redrive and drop dead letters",
            Self::Widen => "grant more than is granted, at an install too",
            Self::Backup => "write backups",
            Self::Keys => "change the key that seals secrets",
            Self::Tokens => "list, make, rotate and revoke tokens",
        }
    }

    /// Whether `role` may do it. An analyst changes nothing, labels neither, for a label can set an artifact going.
    pub fn is_allowed_to(self, role: Role) -> bool {
        match self {
            Self::Open => true,
            Self::Read => matches!(role, Role::Admin | Role::Operator | Role::Analyst),
            Self::Send => matches!(role, Role::Admin | Role::Ingest),
            Self::Clients | Self::Artifacts | Self::DeadLetters => {
                matches!(role, Role::Admin | Role::Operator)
            }
            Self::Widen | Self::Backup | Self::Keys | Self::Tokens => role == Role::Admin,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table as Markdown.
    fn table() -> String {
        let roles = Role::ALL.map(Role::as_str).join(" | ");
        let mut table = format!("| action | {roles} |\n| --- |{}\n", " --- |".repeat(4));
        for action in Action::ALL {
            let cells = Role::ALL.map(|role| {
                if action.is_allowed_to(role) {
                    "yes"
                } else {
                    ""
                }
            });
            table.push_str(&format!(
                "| {} | {} |\n",
                action.meaning(),
                cells.join(" | ")
            ));
        }
        table
    }

    #[test]
    fn the_table_of_roles_and_actions_is_what_the_handbook_says() {
        insta::assert_snapshot!(table(), @r"
        | action | admin | operator | analyst | ingest |
        | --- | --- | --- | --- | --- |
        | health, readiness, the description of the API | yes | yes | yes | yes |
        | read events, rows, messages, clients, the monitoring table, artifacts, dead letters, the audit trail, metrics | yes | yes | yes |  |
        | send events | yes |  |  | yes |
        | register, change, label and remove clients | yes | yes |  |  |
        | upload, install, upgrade, switch, roll back, approve, reject, shadow, replay and remove artifacts; set parameters and secrets; narrow grants | yes | yes |  |  |
        | redrive and drop dead letters | yes | yes |  |  |
        | grant more than is granted, at an install too | yes |  |  |  |
        | write backups | yes |  |  |  |
        | change the key that seals secrets | yes |  |  |  |
        | list, make, rotate and revoke tokens | yes |  |  |  |
        ");
        assert!(include_str!("../../../../docs/operators.md").contains(&table()));
    }

    #[test]
    fn each_role_may_what_those_below_it_read_and_change() {
        for action in Action::ALL {
            let may = |role| action.is_allowed_to(role);
            assert!(may(Role::Admin), "{action:?}");
            assert!(may(Role::Operator) || !may(Role::Analyst), "{action:?}");
        }
    }
}
