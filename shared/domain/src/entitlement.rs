//! What one tenant may do: its plan, with what was agreed beyond it, and the words for what it does not allow.

use crate::channel::Channel;
use crate::plan::{Catalogue, Plan};
use crate::tenant::{Overrides, PlanClaim, TenantProfile};

/// Where a tenant's plan comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlanSource {
    /// From the callers' tokens.
    Claim,
    /// The operator has set it.
    Profile,
    /// Nobody has said anything.
    Default,
}

/// The plan that holds for a tenant now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectivePlan<'a> {
    catalogue: &'a Catalogue,
    /// Its key in the catalogue.
    pub key: &'a str,
    /// Who says so.
    pub source: PlanSource,
    /// Its limits, with the tenant's overrides.
    pub limits: Plan,
}

/// What a plan can lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// To connect this channel at all.
    Channel(Channel),
    /// One more connection.
    Connection,
    /// One more message this month.
    Message,
    /// Answers that a program writes.
    Automation,
    /// One more endpoint.
    Endpoint,
}

/// The plan does not allow it. Says what would.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the plan does not allow it")]
pub struct PlanRefusal {
    /// What is lacking.
    pub need: Need,
    /// The tenant's plan, as people read it.
    pub plan: String,
    /// The limit that is reached, where there is one.
    pub limit: Option<u32>,
    /// The least plan that would allow it, as people read it; `None` when none does.
    pub required: Option<String>,
}

impl Catalogue {
    /// The plan that holds for a tenant: a token's before the operator's before the default. A key that names no plan
    /// counts as absent. Overrides hold whatever the plan.
    ///
    /// `claim` is the newest that is known, where plans come by claim.
    #[must_use]
    pub fn effective<'a>(
        &'a self,
        profile: Option<&'a TenantProfile>,
        claim: Option<&'a PlanClaim>,
    ) -> EffectivePlan<'a> {
        let claimed = claim.map(|claim| (claim.key.as_str(), PlanSource::Claim));
        let stored = profile.and_then(|profile| Some((profile.plan.as_deref()?, PlanSource::Profile)));
        let known = [claimed, stored].into_iter().flatten().find(|(key, _)| self.plans.contains_key(*key));
        let (key, source) = known.unwrap_or((&self.default, PlanSource::Default));
        let mut limits = self.plan(Some(key)).clone();
        if let Some(profile) = profile {
            profile.overrides.put_over(&mut limits);
        }
        EffectivePlan { catalogue: self, key, source, limits }
    }

    /// The least plan beyond this one that fulfils a wish.
    fn least_beyond(&self, key: &str, fulfils: impl Fn(&Plan) -> bool) -> Option<&Plan> {
        let own = self.plan(Some(key));
        let beyond = |plan: &&Plan| plan.name != own.name && size(plan) >= size(own);
        self.plans.values().filter(beyond).filter(|plan| fulfils(plan)).min_by_key(|plan| size(plan))
    }
}

/// Orders plans: of two, the one with fewer connections and messages is less.
fn size(plan: &Plan) -> (u32, u32) {
    (plan.max_connections.unwrap_or(u32::MAX), plan.monthly_messages.unwrap_or(u32::MAX))
}

impl Overrides {
    fn put_over(&self, plan: &mut Plan) {
        if let Some(channels) = &self.channels {
            plan.channels.clone_from(channels);
        }
        plan.auto_reply = self.auto_reply.unwrap_or(plan.auto_reply);
        for (agreed, limit) in [
            (self.max_connections, &mut plan.max_connections),
            (self.monthly_messages, &mut plan.monthly_messages),
            (self.retention_days, &mut plan.retention_days),
            (self.endpoints, &mut plan.endpoints),
        ] {
            if let Some(agreed) = agreed {
                *limit = agreed.into();
            }
        }
    }
}

impl EffectivePlan<'_> {
    /// Accounts of all channels that a tenant who connects this one can have at once: none where the plan is without the channel.
    /// `None`: without limit.
    #[must_use]
    pub fn max_connections(&self, channel: Channel) -> Option<u32> {
        if self.includes(channel) { self.limits.max_connections } else { Some(0) }
    }

    /// How many more accounts of a channel can be connected beside so many of all; `None`: without limit.
    #[must_use]
    pub fn connections_left(&self, channel: Channel, connected: u32) -> Option<u32> {
        self.max_connections(channel).map(|most| most.saturating_sub(connected))
    }

    /// Whether a channel is part of the plan.
    #[must_use]
    pub fn includes(&self, channel: Channel) -> bool {
        self.limits.channels.contains(&channel)
    }

    /// Whether a channel is part of the plan.
    ///
    /// # Errors
    ///
    /// [`PlanRefusal`] where it is not.
    pub fn check_channel(&self, channel: Channel) -> Result<(), PlanRefusal> {
        if self.includes(channel) {
            return Ok(());
        }
        Err(self.refusal(Need::Channel(channel), None, |plan| plan.channels.contains(&channel)))
    }

    /// Whether one more account of a channel can be connected beside so many of all.
    ///
    /// # Errors
    ///
    /// [`PlanRefusal`] where not.
    pub fn check_connection(&self, channel: Channel, connected: u32) -> Result<(), PlanRefusal> {
        self.check_channel(channel)?;
        match self.limits.max_connections {
            Some(most) if connected >= most => Err(self.no_connection_left(channel, connected)),
            _ => Ok(()),
        }
    }

    /// The refusal of one more connection to a channel beside so many of all.
    #[must_use]
    pub fn no_connection_left(&self, channel: Channel, connected: u32) -> PlanRefusal {
        let allows_more = |plan: &Plan| {
            plan.channels.contains(&channel)
                && allows(plan.max_connections, self.limits.max_connections.unwrap_or(connected).max(connected))
        };
        self.refusal(Need::Connection, self.limits.max_connections, allows_more)
    }

    /// The refusal of one more message this month.
    #[must_use]
    pub fn no_message_left(&self) -> PlanRefusal {
        let used = self.limits.monthly_messages.unwrap_or_default();
        self.refusal(Need::Message, self.limits.monthly_messages, |plan| allows(plan.monthly_messages, used))
    }

    /// The refusal of one more endpoint.
    #[must_use]
    pub fn no_endpoint_left(&self) -> PlanRefusal {
        let used = self.limits.endpoints.unwrap_or_default();
        self.refusal(Need::Endpoint, self.limits.endpoints, |plan| allows(plan.endpoints, used))
    }

    /// Whether programs may answer.
    ///
    /// # Errors
    ///
    /// [`PlanRefusal`] where not.
    pub fn check_automation(&self) -> Result<(), PlanRefusal> {
        if self.limits.auto_reply {
            return Ok(());
        }
        Err(self.refusal(Need::Automation, None, |plan| plan.auto_reply))
    }

    fn refusal(&self, need: Need, limit: Option<u32>, fulfils: impl Fn(&Plan) -> bool) -> PlanRefusal {
        // An override may take away what the plan has: then neither it nor a lesser one is a way out.
        let required = self.catalogue.least_beyond(self.key, fulfils).map(|plan| plan.name.clone());
        PlanRefusal { need, plan: self.limits.name.clone(), limit, required }
    }
}

/// Whether a limit leaves room for one more than so many.
fn allows(limit: Option<u32>, used: u32) -> bool {
    limit.is_none_or(|limit| limit > used)
}

impl PlanRefusal {
    /// A stable word for programs: whether another plan is needed to begin with, or a limit is reached.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self.need {
            Need::Channel(_) | Need::Automation => "plan_required",
            Need::Connection | Need::Endpoint => "plan_limit",
            Need::Message => "quota_exceeded",
        }
    }

    /// One sentence for people.
    #[must_use]
    pub fn title(&self) -> String {
        let Self { plan, required, .. } = self;
        match (self.need, required) {
            (Need::Channel(_) | Need::Automation, Some(required)) => format!("{required} plan required"),
            (Need::Channel(channel), None) => format!("{plan} plan does not include {}", channel.name()),
            (Need::Automation, None) => format!("{plan} plan does not include automatic answers"),
            (Need::Connection, _) => match self.limit.unwrap_or_default() {
                0 => format!("{plan} plan allows no account"),
                1 => format!("{plan} plan allows only one account"),
                limit => format!("{plan} plan allows only {limit} accounts"),
            },
            (Need::Message, _) => "Your plan's messages are used up".to_owned(),
            (Need::Endpoint, _) => format!("{plan} plan allows no further endpoint"),
        }
    }

    /// What can be done about it.
    #[must_use]
    pub fn detail(&self) -> String {
        let Self { plan, required, .. } = self;
        let limit = self.limit.unwrap_or_default();
        let state = match self.need {
            Need::Channel(channel) => format!("{plan} does not include {}.", channel.name()),
            Need::Automation => format!("{plan} does not include answers that a program writes."),
            Need::Connection if limit == 1 => format!("{plan} allows one account."),
            Need::Connection => format!("{plan} allows {limit} accounts."),
            Need::Message => format!("{plan} allows {limit} messages a month."),
            Need::Endpoint if limit == 1 => format!("{plan} allows one endpoint."),
            Need::Endpoint => format!("{plan} allows {limit} endpoints."),
        };
        match (required, self.need) {
            (Some(required), Need::Connection | Need::Message | Need::Endpoint) => {
                format!("{state} {required} allows more.")
            }
            (Some(required), Need::Channel(_) | Need::Automation) => format!("{state} {required} does."),
            (None, _) => state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TenantId;
    use crate::tenant::Limit;
    use crate::time::UnixSeconds;

    fn catalogue() -> Catalogue {
        Catalogue::deployed().expect("the catalogue that is deployed")
    }

    fn without_any_channel() -> Catalogue {
        let mut catalogue = catalogue();
        catalogue.plans.get_mut("starter").expect("a plan").channels.clear();
        catalogue
    }

    fn profile(plan: Option<&str>) -> TenantProfile {
        let tenant = TenantId::try_from("acme").expect("a tenant");
        TenantProfile { plan: plan.map(str::to_owned), ..TenantProfile::new(tenant) }
    }

    fn claim(key: &str) -> PlanClaim {
        PlanClaim { key: key.to_owned(), issued_at: UnixSeconds::new(0) }
    }

    #[test]
    fn a_claim_goes_before_the_operators_word_before_the_default() {
        let catalogue = catalogue();
        let (pro, enterprise, odd) = (profile(Some("pro")), claim("enterprise"), claim("gold"));
        let cases = [
            (None, None, "starter", PlanSource::Default),
            (Some(&pro), None, "pro", PlanSource::Profile),
            (Some(&pro), Some(&enterprise), "enterprise", PlanSource::Claim),
            (Some(&pro), Some(&odd), "pro", PlanSource::Profile),
            (None, Some(&odd), "starter", PlanSource::Default),
        ];
        for (profile, claim, key, source) in cases {
            let plan = catalogue.effective(profile, claim);
            assert_eq!((plan.key, plan.source), (key, source), "{profile:?} {claim:?}");
        }
    }

    #[test]
    fn what_was_agreed_holds_over_any_plan() {
        let catalogue = catalogue();
        let overrides = Overrides {
            max_connections: Some(Limit::AtMost(2)),
            monthly_messages: Some(Limit::Unlimited),
            auto_reply: Some(true),
            ..Overrides::default()
        };
        let agreed = TenantProfile { overrides, ..profile(None) };
        let claimed = claim("starter");
        for claim in [None, Some(&claimed)] {
            let plan = catalogue.effective(Some(&agreed), claim);
            assert_eq!((plan.limits.max_connections, plan.limits.monthly_messages), (Some(2), None));
            assert_eq!((plan.limits.retention_days, plan.check_automation()), (Some(90), Ok(())));
        }
    }

    #[test]
    fn a_reached_limit_names_plan_and_limit_and_the_least_plan_that_allows_more() {
        let catalogue = catalogue();
        let starter = catalogue.effective(None, None);
        assert_eq!(starter.check_connection(Channel::Instagram, 0), Ok(()));
        let refusal = starter.check_connection(Channel::Instagram, 1).expect_err("one is all");
        assert_eq!(refusal.title(), "Starter plan allows only one account");
        assert_eq!(refusal.detail(), "Starter allows one account. Pro allows more.");
        assert_eq!((refusal.reason(), refusal.limit), ("plan_limit", Some(1)));
        let many = starter.check_connection(Channel::Instagram, 3).expect_err("more than Pro allows");
        assert_eq!(many.required.as_deref(), Some("Enterprise"));
    }

    #[test]
    fn a_plan_without_limit_has_no_limit_to_reach() {
        let catalogue = catalogue();
        let enterprise = claim("enterprise");
        let plan = catalogue.effective(None, Some(&enterprise));
        assert_eq!(plan.check_connection(Channel::Instagram, u32::MAX), Ok(()));
        assert_eq!(plan.connections_left(Channel::Instagram, 7), None);
    }

    #[test]
    fn a_feature_that_is_not_included_names_the_plan_that_has_it() {
        let catalogue = without_any_channel();
        let plan = catalogue.effective(None, None);
        let refusal = plan.check_connection(Channel::Instagram, 0).expect_err("not included");
        assert_eq!((refusal.reason(), refusal.title()), ("plan_required", "Pro plan required".to_owned()));
        assert_eq!(plan.max_connections(Channel::Instagram), Some(0));
        let refusal = plan.check_automation().expect_err("not included");
        assert_eq!(refusal.title(), "Pro plan required");
    }

    #[test]
    fn what_an_override_took_away_its_own_plan_does_not_give_back() {
        let catalogue = catalogue();
        let overrides = Overrides { auto_reply: Some(false), ..Overrides::default() };
        let limited = TenantProfile { overrides, ..profile(Some("pro")) };
        let refusal = catalogue.effective(Some(&limited), None).check_automation().expect_err("taken away");
        assert_eq!(refusal.title(), "Enterprise plan required");
    }

    #[test]
    fn where_no_plan_allows_it_none_is_named() {
        let mut catalogue = catalogue();
        catalogue.plans.retain(|key, _| key == "starter");
        let refusal = catalogue.effective(None, None).no_message_left();
        assert_eq!((refusal.required.clone(), refusal.limit), (None, Some(1000)));
        assert_eq!(refusal.detail(), "Starter allows 1000 messages a month.");
    }
}
