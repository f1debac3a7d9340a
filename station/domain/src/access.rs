//! Who may do what: roles, actions, and the one table that ties them together. Knows no password and no page.

use serde::{Deserialize, Serialize};

/// Names of an enum's variants, as on record and in the API.
macro_rules! named {
    ($(#[$doc:meta])* $type:ident { $($(#[$variant_doc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $type { $($(#[$variant_doc])* #[serde(rename = $name)] $variant,)* }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name on record and in the API.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// By its name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }
    };
}

named! {
    /// What a person is to the station.
    Role {
        /// Stands at the line.
        Operator = "operator",
        /// Runs it: batches, recipes, fixtures.
        Engineer = "engineer",
        /// Reads everything and changes nothing.
        Auditor = "auditor",
        /// Does all of it, and says who may.
        Admin = "admin",
    }
}

named! {
    /// What can be done. API tokens are given some of these by name.
    Action {
        /// Look at the slots.
        SeeLine = "see_line",
        /// Look at work orders and their figures.
        SeeBatches = "see_batches",
        /// Look at units, their runs, logs and certificates.
        SeeUnits = "see_units",
        /// Read the audit log, and verify it.
        SeeAudit = "see_audit",
        /// Take copies of the record out of the station.
        ExportRecord = "export_record",
        /// Look at recipes, images, ports and golden-unit checks.
        SeeEngineering = "see_engineering",
        /// Look at users, tokens and webhooks; secrets are never shown.
        SeePeople = "see_people",
        /// Read the metrics.
        SeeMetrics = "see_metrics",
        /// Start and stop slots, and let a unit run again.
        RunLine = "run_line",
        /// Send a unit to quarantine.
        QuarantineUnits = "quarantine_units",
        /// Let a unit out of quarantine.
        ReleaseUnits = "release_units",
        /// Print labels.
        PrintLabels = "print_labels",
        /// Put a golden unit through its check.
        CheckGolden = "check_golden",
        /// Open, pause, resume, change and close work orders.
        ManageBatches = "manage_batches",
        /// Scrap a unit for ever.
        ScrapUnits = "scrap_units",
        /// Change which port a slot has, and ask what is on it.
        MapPorts = "map_ports",
        /// Issue and revoke certificates.
        ManageCertificates = "manage_certificates",
        /// Add users and tokens, and change what they may do.
        ManagePeople = "manage_people",
        /// Add, change and remove webhooks.
        ManageWebhooks = "manage_webhooks",
    }
}

impl Action {
    /// Whether it leaves the station and its record as they were.
    pub const fn only_reads(self) -> bool {
        match self {
            Self::SeeLine
            | Self::SeeBatches
            | Self::SeeUnits
            | Self::SeeAudit
            | Self::ExportRecord
            | Self::SeeEngineering
            | Self::SeePeople
            | Self::SeeMetrics => true,
            Self::RunLine
            | Self::QuarantineUnits
            | Self::ReleaseUnits
            | Self::PrintLabels
            | Self::CheckGolden
            | Self::ManageBatches
            | Self::ScrapUnits
            | Self::MapPorts
            | Self::ManageCertificates
            | Self::ManagePeople
            | Self::ManageWebhooks => false,
        }
    }
}

impl Role {
    /// Whether a person of this role may do it.
    pub const fn may(self, action: Action) -> bool {
        match self {
            Self::Admin => true,
            Self::Auditor => action.only_reads(),
            Self::Engineer => match action {
                Action::ManagePeople | Action::ManageWebhooks => false,
                Action::SeeLine
                | Action::SeeBatches
                | Action::SeeUnits
                | Action::SeeAudit
                | Action::ExportRecord
                | Action::SeeEngineering
                | Action::SeePeople
                | Action::SeeMetrics
                | Action::RunLine
                | Action::QuarantineUnits
                | Action::ReleaseUnits
                | Action::PrintLabels
                | Action::CheckGolden
                | Action::ManageBatches
                | Action::ScrapUnits
                | Action::MapPorts
                | Action::ManageCertificates => true,
            },
            Self::Operator => match action {
                Action::SeeLine
                | Action::SeeBatches
                | Action::SeeUnits
                | Action::RunLine
                | Action::QuarantineUnits
                | Action::ReleaseUnits
                | Action::PrintLabels
                | Action::CheckGolden => true,
                Action::SeeAudit
                | Action::ExportRecord
                | Action::SeeEngineering
                | Action::SeePeople
                | Action::SeeMetrics
                | Action::ManageBatches
                | Action::ScrapUnits
                | Action::MapPorts
                | Action::ManageCertificates
                | Action::ManagePeople
                | Action::ManageWebhooks => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_auditor_reads_everything_and_changes_nothing() {
        for action in Action::ALL {
            assert_eq!(Role::Auditor.may(*action), action.only_reads(), "{action:?}");
        }
    }

    #[test]
    fn only_an_admin_says_who_may() {
        for role in Role::ALL {
            assert_eq!(role.may(Action::ManagePeople), *role == Role::Admin, "{role:?}");
        }
    }

    #[test]
    fn names_lead_back_to_what_they_name() {
        assert!(Action::ALL.iter().all(|action| Action::named(action.name()) == Some(*action)));
        assert!(Role::ALL.iter().all(|role| Role::named(role.name()) == Some(*role)));
    }
}
