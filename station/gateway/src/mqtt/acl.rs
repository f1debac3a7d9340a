//! What a login may publish and subscribe to, exactly. Source: device contract, section 3.

use firstpass_contract::{
    Topics,
    mqtt::{TopicFilter, topic::is_topic_name},
};

use super::event::Role;

/// The topics of one login.
#[derive(Debug)]
pub(super) enum Acl {
    /// Publish to the first, subscribe to the second or to what is narrower.
    Device { publish: Vec<String>, subscribe: Vec<TopicFilter> },
    /// Subscribe to anything.
    Observer,
}

impl Acl {
    /// The ACL of a unit. A prefix with a wildcard in it would open other units' topics, so it opens nothing.
    pub(super) fn of_device(topics: &Topics) -> Self {
        if !is_topic_name(topics.prefix()) {
            return Self::Device { publish: Vec::new(), subscribe: Vec::new() };
        }
        let filters = [topics.cmd_filter(), topics.config_filter()];
        let subscribe = filters.iter().filter_map(|filter| TopicFilter::new(filter).ok()).collect();
        Self::Device { publish: topics.publishable().to_vec(), subscribe }
    }

    pub(super) fn may_publish(&self, topic: &str) -> bool {
        match self {
            Self::Device { publish, .. } => publish.iter().any(|allowed| allowed == topic),
            Self::Observer => false,
        }
    }

    pub(super) fn may_subscribe(&self, filter: &TopicFilter) -> bool {
        match self {
            Self::Device { subscribe, .. } => subscribe.iter().any(|allowed| allowed.covers(filter)),
            Self::Observer => true,
        }
    }

    pub(super) fn role(&self) -> Role {
        match self {
            Self::Device { .. } => Role::Device,
            Self::Observer => Role::Observer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_has_its_own_topics_and_no_others() {
        let acl = Acl::of_device(&Topics::new("acme", "key1"));
        for topic in ["telemetry", "state", "presence/", "config/get", "config/status"] {
            assert!(acl.may_publish(&format!("acme/key1/{topic}")), "{topic}");
            assert!(!acl.may_publish(&format!("acme/key2/{topic}")), "{topic}");
        }
        for topic in ["acme/key1/presence", "acme/key1/cmd/ping", "acme/key1/state/", "acme/key1/", "state"] {
            assert!(!acl.may_publish(topic), "{topic}");
        }
    }

    #[test]
    fn a_unit_subscribes_to_commands_and_config_or_narrower() {
        let acl = Acl::of_device(&Topics::new("acme", "key1"));
        for (filter, allowed) in [
            ("acme/key1/cmd/#", true),
            ("acme/key1/cmd/ping", true),
            ("acme/key1/config/+", true),
            ("acme/key1/commands", false),
            ("acme/key1/#", false),
            ("acme/+/cmd/#", false),
            ("acme/key2/cmd/#", false),
            ("#", false),
            ("acme/key1/presence/", false),
        ] {
            assert_eq!(acl.may_subscribe(&TopicFilter::new(filter).unwrap()), allowed, "{filter}");
        }
    }

    #[test]
    fn a_prefix_with_a_wildcard_opens_nothing() {
        let acl = Acl::of_device(&Topics::new("acme", "+"));
        assert!(!acl.may_subscribe(&TopicFilter::new("acme/key1/cmd/#").unwrap()));
        assert!(!acl.may_publish("acme/+/state"));
    }
}
