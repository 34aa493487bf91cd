//! Every key of every table. The tenant is in each one that belongs to a tenant.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::outbox::{EndpointKey, EventId};
use domain::{
    Account, AppScopedId, Channel, ConversationId, ErasureCode, Login, MessageId, PageId, TenantId, UnixMillis,
};
use sha2::{Digest, Sha256};

/// Sort keys of a tenant's connections, and of nothing else, begin so.
pub(crate) const ACCOUNT: &str = "ACCOUNT#";
/// Sort keys of what a person has connected begin so.
pub(crate) const CONNECTED: &str = "CONNECTED#";
/// Sort keys of a tenant's conversations begin so.
pub(crate) const CONVERSATION: &str = "CONVERSATION#";
/// Sort keys of a conversation's messages begin so.
pub(crate) const MESSAGE: &str = "MESSAGE#";
/// Sort keys of a tenant's audit log begin so.
pub(crate) const EVENT: &str = "EVENT#";

/// Sort keys of a tenant's open browsers begin so.
pub(crate) const SOCKET: &str = "SOCKET#";
/// Sort keys of a tenant's endpoints, and of the operator's, begin so.
pub(crate) const ENDPOINT: &str = "ENDPOINT#";
/// The partition of what is the operator's.
pub(crate) const OPERATOR: &str = "OPERATOR";

/// Partition and sort key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) pk: String,
    pub(crate) sk: String,
}

impl Key {
    /// The key of an item that was read.
    pub(crate) fn of(item: &HashMap<String, AttributeValue>) -> Option<Self> {
        let part = |name| item.get(name)?.as_s().ok().cloned();
        Some(Self { pk: part("pk")?, sk: part("sk")? })
    }

    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    pub(crate) fn connection(tenant: &TenantId, account: &Account) -> Self {
        Self::new(tenant_partition(tenant), format!("{ACCOUNT}{account}"))
    }

    /// One for an account in the whole system: whoever holds it owns the account.
    pub(crate) fn route(account: &Account) -> Self {
        Self::new(format!("ROUTE#{account}"), "ROUTE")
    }

    /// One for a Page under accounts of a channel, in the whole system. Where the Page is an account itself it has that route
    /// too, which may be another tenant's.
    pub(crate) fn page_route(channel: Channel, page: &PageId) -> Self {
        Self::new(format!("ROUTE#{}#PAGE#{page}", channel.provider()), "ROUTE")
    }

    /// Where a deauthorize callback finds what a person has connected.
    /// One for each tenant that has ever had the account: all of them keep its history.
    pub(crate) fn app_user(login: Login, person: &AppScopedId, tenant: &TenantId, account: &Account) -> Self {
        Self::new(app_user_partition(login, person), format!("{CONNECTED}{account}#{tenant}"))
    }

    pub(crate) fn authorization(state_hash: &str) -> Self {
        Self::new(format!("STATE#{state_hash}"), "STATE")
    }

    pub(crate) fn conversation(tenant: &TenantId, conversation: &ConversationId) -> Self {
        Self::new(tenant_partition(tenant), format!("{CONVERSATION}{conversation}"))
    }

    pub(crate) fn message(tenant: &TenantId, conversation: &ConversationId, message: &MessageId) -> Self {
        Self::new(messages_partition(tenant, conversation), message_sort(message))
    }

    /// A change that waits for its message: the digest of the mid, then what makes the change itself one item.
    pub(crate) fn waiting(tenant: &TenantId, conversation: &ConversationId, digest: &str, change: &[u8]) -> Self {
        let unique = &hex::encode(Sha256::digest(change))[..16];
        Self::new(messages_partition(tenant, conversation), format!("{}{unique}", waiting_prefix(digest)))
    }

    /// When an event without a time of its own was first delivered, by what identifies the event.
    pub(crate) fn first_delivery(tenant: &TenantId, conversation: &ConversationId, message: &MessageId) -> Self {
        Self::new(messages_partition(tenant, conversation), format!("FIRST#{}", message.identity()))
    }

    pub(crate) fn profile(tenant: &TenantId) -> Self {
        Self::new(tenant_partition(tenant), "PROFILE")
    }

    /// `month` as `2026-11`.
    pub(crate) fn usage(tenant: &TenantId, month: &str) -> Self {
        Self::new(tenant_partition(tenant), format!("USAGE#{month}"))
    }

    pub(crate) fn idempotency(tenant: &TenantId, conversation: &ConversationId, key: &str) -> Self {
        let digest = Sha256::new().chain_update(conversation.as_str()).chain_update("#").chain_update(key).finalize();
        Self::new(tenant_partition(tenant), format!("IDEMPOTENCY#{}", hex::encode(digest)))
    }

    /// Sorts by time, then by what tells apart the lines of one millisecond.
    pub(crate) fn event(tenant: &TenantId, at: UnixMillis, distinction: &[u8]) -> Self {
        let unique = &hex::encode(Sha256::digest(distinction))[..16];
        Self::new(tenant_partition(tenant), format!("{EVENT}{:013}-{unique}", at.get().max(0)))
    }

    /// When a notice without a time of its own was first delivered, by what identifies the event.
    pub(crate) fn first_notice(tenant: &TenantId, event: &MessageId) -> Self {
        Self::new(tenant_partition(tenant), format!("FIRST#{}", event.identity()))
    }

    /// That everything of an account until some time was deleted. Nothing in it says whose account it was.
    pub(crate) fn erased_account(tenant: &TenantId, account: &Account) -> Self {
        let digest = Sha256::new().chain_update(tenant.as_str()).chain_update("#").chain_update(account.to_string());
        Self::new(tenant_partition(tenant), format!("ERASED#{}", hex::encode(digest.finalize())))
    }

    /// Whether a Meta app as a whole is refused; one for each login.
    pub(crate) fn breaker(login: Login) -> Self {
        Self::new(format!("APP#{}", login.as_str()), "BREAKER")
    }

    /// An open browser, beside the others of its tenant.
    pub(crate) fn socket(tenant: &TenantId, connection_id: &str) -> Self {
        Self::new(tenant_partition(tenant), format!("{SOCKET}{connection_id}"))
    }

    /// Whose an open browser is: all that API Gateway names when it has gone is the connection.
    pub(crate) fn socket_owner(connection_id: &str) -> Self {
        Self::new(format!("{SOCKET}{connection_id}"), "OWNER")
    }

    /// A ticket that opens a socket, by its digest.
    pub(crate) fn ticket(digest: &str) -> Self {
        Self::new(format!("TICKET#{digest}"), "TICKET")
    }

    /// An endpoint, beside the others of its owner.
    pub(crate) fn endpoint(endpoint: &EndpointKey) -> Self {
        Self::new(listeners_partition(endpoint.tenant.as_ref()), format!("{ENDPOINT}{}", endpoint.id))
    }

    /// How many endpoints somebody has.
    pub(crate) fn endpoint_count(owner: Option<&TenantId>) -> Self {
        Self::new(listeners_partition(owner), "ENDPOINTS")
    }

    /// What an endpoint was told, beside all that others were told about the same conversation.
    pub(crate) fn delivery(
        endpoint: &str,
        tenant: &TenantId,
        conversation: Option<&ConversationId>,
        event: &EventId,
    ) -> Self {
        Self::new(deliveries_partition(tenant, conversation), format!("DELIVERY#{endpoint}#{event}"))
    }

    pub(crate) fn erasure(code: &ErasureCode) -> Self {
        Self::new(format!("ERASURE#{code}"), "JOB")
    }

    /// As the SDK wants it.
    pub(crate) fn attributes(&self) -> HashMap<String, AttributeValue> {
        HashMap::from([
            ("pk".to_owned(), AttributeValue::S(self.pk.clone())),
            ("sk".to_owned(), AttributeValue::S(self.sk.clone())),
        ])
    }
}

/// The first and the last sort key that begins so.
pub(crate) fn all_with(prefix: &str) -> (String, String) {
    (prefix.to_owned(), format!("{prefix}{}", char::MAX))
}

/// The text of every account of a channel, and of no other, begins so.
pub(crate) fn accounts_of(channel: Channel) -> String {
    format!("{}#", channel.provider())
}

pub(crate) fn tenant_partition(tenant: &TenantId) -> String {
    format!("TENANT#{tenant}")
}

/// Who listens: to a tenant, or to all (`None`), which is the operator's.
pub(crate) fn listeners_partition(owner: Option<&TenantId>) -> String {
    owner.map_or_else(|| OPERATOR.to_owned(), tenant_partition)
}

/// What was told of a conversation, or of what is in none.
pub(crate) fn deliveries_partition(tenant: &TenantId, conversation: Option<&ConversationId>) -> String {
    format!("DELIVERIES#{tenant}#{}", conversation.map_or("-", ConversationId::as_str))
}

/// Which endpoint this is; the inverse of [`Key::endpoint`].
pub(crate) fn endpoint_of(key: &Key) -> Option<EndpointKey> {
    let id = key.sk.strip_prefix(ENDPOINT)?.to_owned();
    let tenant = match key.pk.strip_prefix("TENANT#") {
        Some(tenant) => Some(TenantId::try_from(tenant).ok()?),
        None => None,
    };
    Some(EndpointKey { tenant, id })
}

pub(crate) fn app_user_partition(login: Login, person: &AppScopedId) -> String {
    format!("APP_USER#{}#{person}", login.as_str())
}

pub(crate) fn messages_partition(tenant: &TenantId, conversation: &ConversationId) -> String {
    format!("CONVERSATION#{tenant}#{conversation}")
}

pub(crate) fn message_sort(message: &MessageId) -> String {
    format!("{MESSAGE}{message}")
}

/// The sort keys of all changes that wait for one mid begin so.
pub(crate) fn waiting_prefix(digest: &str) -> String {
    format!("WAITING#{digest}#")
}

/// The digest of the mid that a change waits for; the inverse of [`Key::waiting`].
pub(crate) fn waiting_digest(key: &Key) -> Option<&str> {
    Some(key.sk.strip_prefix("WAITING#")?.split_once('#')?.0)
}

/// After every line of the audit log that is of this time or earlier.
pub(crate) fn event_end(at: UnixMillis) -> String {
    // '-' follows the time in a key and is less than '.'.
    format!("{EVENT}{:013}.", at.get().max(0))
}

/// Whose connection this is; the inverse of [`Key::connection`].
pub(crate) fn connection_of(key: &Key) -> Option<(TenantId, Account)> {
    let tenant = key.pk.strip_prefix("TENANT#")?;
    let account = key.sk.strip_prefix(ACCOUNT)?;
    Some((TenantId::try_from(tenant).ok()?, Account::try_from(account).ok()?))
}

/// Which conversation this is; the inverse of [`Key::conversation`].
pub(crate) fn conversation_of(key: &Key) -> Option<ConversationId> {
    ConversationId::try_from(key.sk.strip_prefix(CONVERSATION)?).ok()
}

/// The calendar month (UTC) that usage at this time counts for, as `2026-11`.
pub(crate) fn month(now: UnixMillis) -> String {
    now.rfc3339()[..7].to_owned()
}

/// Of which conversation a partition of messages is; the inverse of [`messages_partition`].
pub(crate) fn place_of_messages(partition: &str) -> Option<(TenantId, ConversationId)> {
    let (tenant, conversation) = partition.strip_prefix("CONVERSATION#")?.split_once('#')?;
    Some((TenantId::try_from(tenant).ok()?, ConversationId::try_from(conversation).ok()?))
}

#[cfg(test)]
mod tests {
    use domain::AccountId;
    use domain::outbox::EventType;

    use super::*;

    #[test]
    fn every_key_of_a_tenants_item_names_the_tenant() {
        let tenant = TenantId::try_from("acme").expect("a tenant");
        let account = Account::try_from("meta_instagram#17841").expect("an account");
        let conversation = ConversationId::try_from("0".repeat(32)).expect("a conversation");
        let message = MessageId::new(UnixMillis::new(1), [0; 8]);
        let keys = [
            Key::connection(&tenant, &account),
            Key::conversation(&tenant, &conversation),
            Key::message(&tenant, &conversation, &message),
            Key::waiting(&tenant, &conversation, "00", b"change"),
            Key::first_delivery(&tenant, &conversation, &message),
            Key::profile(&tenant),
            Key::usage(&tenant, "2026-11"),
            Key::idempotency(&tenant, &conversation, "key"),
            Key::event(&tenant, UnixMillis::new(1), b"event"),
            Key::first_notice(&tenant, &message),
            Key::erased_account(&tenant, &account),
            Key::endpoint(&EndpointKey { tenant: Some(tenant.clone()), id: "ep_1".to_owned() }),
            Key::endpoint_count(Some(&tenant)),
            Key::delivery("ep_1", &tenant, Some(&conversation), &EventId::derive(EventType::Test, &[])),
            Key::delivery("ep_1", &tenant, None, &EventId::derive(EventType::Test, &[])),
        ];
        for key in keys {
            assert!(key.pk.split('#').any(|part| part == "acme"), "{key:?}");
        }
    }

    #[test]
    fn equal_ids_of_two_channels_have_keys_of_their_own() {
        let tenant = TenantId::try_from("acme").expect("a tenant");
        let page = PageId::try_from("17841").expect("a Page");
        let keys: Vec<Key> = Channel::ALL
            .into_iter()
            .flat_map(|channel| {
                let account = Account::new(channel, AccountId::from(&page));
                let own = Key::connection(&tenant, &account);
                assert_eq!(connection_of(&own), Some((tenant.clone(), account.clone())));
                let erased = Key::erased_account(&tenant, &account);
                [own, erased, Key::route(&account), Key::page_route(channel, &page)]
            })
            .collect();
        assert!(keys.iter().all(|key| keys.iter().filter(|other| *other == key).count() == 1), "{keys:?}");
    }

    #[test]
    fn a_connection_of_a_newer_versions_channel_is_nobodys() {
        let key = Key { pk: "TENANT#acme".to_owned(), sk: "ACCOUNT#meta_whatsapp#17841".to_owned() };
        assert_eq!(connection_of(&key), None);
    }

    #[test]
    fn the_tenant_of_a_partition_of_messages_is_read_back() {
        let tenant = TenantId::try_from("acme").expect("a tenant");
        let conversation = ConversationId::try_from("0".repeat(32)).expect("a conversation");
        let partition = messages_partition(&tenant, &conversation);
        assert_eq!(place_of_messages(&partition), Some((tenant, conversation)));
        assert_eq!(place_of_messages("TENANT#acme"), None);
    }

    #[test]
    fn whose_an_endpoint_is_is_read_back() {
        for tenant in [None, Some(TenantId::try_from("acme").expect("a tenant"))] {
            let endpoint = EndpointKey { tenant, id: "ep_1".to_owned() };
            assert_eq!(endpoint_of(&Key::endpoint(&endpoint)), Some(endpoint));
        }
        assert_eq!(endpoint_of(&Key::endpoint_count(None)), None);
    }

    #[test]
    fn usage_is_counted_by_calendar_month() {
        assert_eq!(month(UnixMillis::new(1_795_676_245_000)), "2026-11");
    }
}
