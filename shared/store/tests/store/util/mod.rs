//! The world around the store: a database, a wire that counts and cuts calls, and valid examples.

pub(crate) mod examples;
pub(crate) mod wire;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection, ProjectionType,
    ScalarAttributeType,
};
use aws_smithy_async::time::TimeSource;
use domain::{Conversation, ConversationId, Event, Message, TenantId};
use store::{
    ConnectionStore, EraseStore, Filter, InboxStore, OutboundStore, Received, StoreError, Tables, TenantStore,
};

use self::examples::{ANY, NOW, connection};
use self::wire::Wire;

/// A day.
pub(crate) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Attributes of the conversations' index beside its keys: what a list shows.
pub(crate) const LISTED: [&str; 11] = [
    "id",
    "account",
    "contact",
    "state",
    "last_message",
    "unread",
    "window_opened_at",
    "window_closed",
    "handled_elsewhere",
    "kept_until",
    "created_at",
];

/// An emulated database with empty tables; gone when dropped.
pub(crate) struct World {
    pub(crate) client: Client,
    pub(crate) wire: Wire,
    pub(crate) tables: Tables,
    pub(crate) inbox: InboxStore,
    pub(crate) outbound: OutboundStore,
    pub(crate) connections: ConnectionStore,
    pub(crate) tenants: TenantStore,
    pub(crate) eraser: EraseStore,
    pub(crate) clock: Clock,
    endpoint: String,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    stopped: mpsc::Receiver<()>,
}

impl World {
    /// With tables, and with one tenant's account connected.
    pub(crate) async fn connected() -> Self {
        let world = Self::empty().await;
        world.connections.activate(&connection("acme", "17841"), None, &ANY).await.expect("a first connection");
        world.wire.forget();
        world
    }

    /// With tables and nothing in them.
    pub(crate) async fn empty() -> Self {
        let database = dynoxide::Database::memory().expect("a database");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket for tokio");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let (stop, stopping) = tokio::sync::oneshot::channel::<()>();
        let (done, stopped) = mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            runtime.expect("a runtime").block_on(async move {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let stopping = async {
                    let _ = stopping.await;
                };
                let _ = dynoxide::server::serve_with_shutdown(listener, database, stopping).await;
            });
            let _ = done.send(());
        });
        let wire = Wire::default();
        let clock = Clock::default();
        let client = client(&endpoint, &wire, &clock);
        let tables = Tables {
            connections: "buzon-connections".to_owned(),
            oauth_states: "buzon-oauth-states".to_owned(),
            conversations: "buzon-conversations".to_owned(),
            messages: "buzon-messages".to_owned(),
            tenants: "buzon-tenants".to_owned(),
            events: "buzon-integration-events".to_owned(),
            listeners: "buzon-listeners".to_owned(),
            deliveries: "buzon-deliveries".to_owned(),
        };
        create(&client, &tables).await;
        wire.forget();
        Self {
            inbox: InboxStore::new(client.clone(), &tables),
            outbound: OutboundStore::new(client.clone(), &tables),
            connections: ConnectionStore::new(client.clone(), &tables),
            tenants: TenantStore::new(client.clone(), &tables),
            eraser: EraseStore::new(client.clone(), &tables),
            client,
            wire,
            tables,
            clock,
            endpoint,
            stop: Some(stop),
            stopped,
        }
    }

    /// Another process on the same tables: cold, with a wire of its own.
    pub(crate) fn another_process(&self) -> (InboxStore, OutboundStore, Wire) {
        let wire = Wire::default();
        let client = client(&self.endpoint, &wire, &self.clock);
        (InboxStore::new(client.clone(), &self.tables), OutboundStore::new(client, &self.tables), wire)
    }

    /// Receives one event as a batch of one.
    pub(crate) async fn receive(&self, event: &Event) -> Result<Received, StoreError> {
        receive(&self.inbox, event).await
    }

    /// Receives an event that arrives so many days after [`NOW`], by when the clock was moved.
    pub(crate) async fn receive_days_later(&self, event: &Event, days: i64) -> Result<Received, StoreError> {
        let contact = examples::contact_of(event);
        let mut prefetched = self.inbox.prefetch(&[(event.account.clone(), contact)]).await?;
        let now = NOW.plus(days * DAY_MS);
        self.inbox.receive(&mut prefetched, &Event { received_at: now, ..event.clone() }, now).await
    }

    /// Everything that a tenant sees of a conversation.
    pub(crate) async fn seen(&self, tenant: &TenantId, id: &ConversationId) -> Seen {
        let conversation = self.inbox.conversation(tenant, id).await.expect("a read");
        let messages = self.inbox.messages(tenant, id, None, 1000).await.expect("a read").items;
        let listed = self.inbox.conversations(tenant, None, 100, Filter::default()).await.expect("a read").items;
        Seen { conversation, messages, listed }
    }

    /// The message that the provider knows by this name.
    pub(crate) async fn find(&self, name: &str) -> Option<Message> {
        let messages = self.seen(&examples::tenant("acme"), &examples::conversation()).await.messages;
        messages.into_iter().find(|message| message.provider_message_id == Some(examples::mid(name)))
    }

    /// Every attribute of every item of a table.
    pub(crate) async fn dump(
        &self,
        table: &str,
    ) -> Vec<std::collections::HashMap<String, aws_sdk_dynamodb::types::AttributeValue>> {
        self.client.scan().table_name(table).send().await.expect("a scan").items.unwrap_or_default()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        let _ = self.stopped.recv_timeout(Duration::from_secs(1));
    }
}

/// Receives one event as a batch of one.
pub(crate) async fn receive(inbox: &InboxStore, event: &Event) -> Result<Received, StoreError> {
    let contact = examples::contact_of(event);
    let mut prefetched = inbox.prefetch(&[(event.account.clone(), contact)]).await?;
    inbox.receive(&mut prefetched, event, NOW).await
}

/// What a tenant sees.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) conversation: Option<Conversation>,
    pub(crate) messages: Vec<Message>,
    pub(crate) listed: Vec<Conversation>,
}

impl Seen {
    /// What has to be the same whatever the deliveries were: not how often something was written, nor in which order
    /// messages were counted.
    pub(crate) fn essence(&self) -> (Vec<Message>, Option<Conversation>, Vec<Conversation>) {
        let messages = self.messages.iter().map(|message| Message { version: 0, ..message.clone() }).collect();
        let plain = |conversation: &Conversation| Conversation {
            version: 0,
            counted: domain::conversation::Counted::default(),
            ..conversation.clone()
        };
        (messages, self.conversation.as_ref().map(plain), self.listed.iter().map(plain).collect())
    }
}

/// The clients' time: [`NOW`] until it is moved.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(crate) fn advance_days(&self, days: u64) {
        self.0.fetch_add(days * 24 * 60 * 60, Ordering::SeqCst);
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        let start = Duration::from_secs(u64::try_from(NOW.seconds().get()).expect("after 1970"));
        SystemTime::UNIX_EPOCH + start + Duration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

fn client(endpoint: &str, wire: &Wire, clock: &Clock) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .time_source(clock.clone())
        .interceptor(wire.clone());
    store::client(config)
}

async fn create(client: &Client, tables: &Tables) {
    let index = |name: &str, keys: [(&str, KeyType); 2], projection: Projection| {
        let keys = keys.into_iter().map(|(name, kind)| key(name, kind)).collect();
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .set_key_schema(Some(keys))
            .projection(projection)
            .build()
            .expect("an index")
    };
    let keys_only = || Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let listed = Projection::builder()
        .projection_type(ProjectionType::Include)
        .set_non_key_attributes(Some(LISTED.map(str::to_owned).into()))
        .build();
    let by_last = index("by-last-message", [("pk", KeyType::Hash), ("last_message_at", KeyType::Range)], listed);
    let by_refresh =
        index("by-refresh", [("refresh_shard", KeyType::Hash), ("refresh_at", KeyType::Range)], keys_only());
    let by_outbound =
        index("by-outbound", [("outbound_shard", KeyType::Hash), ("outbound_at", KeyType::Range)], keys_only());
    create_table(client, &tables.conversations, &[("last_message_at", ScalarAttributeType::N)], [by_last]).await;
    let refresh = [("refresh_shard", ScalarAttributeType::S), ("refresh_at", ScalarAttributeType::N)];
    create_table(client, &tables.connections, &refresh, [by_refresh]).await;
    let outbound = [("outbound_shard", ScalarAttributeType::S), ("outbound_at", ScalarAttributeType::N)];
    create_table(client, &tables.messages, &outbound, [by_outbound]).await;
    let by_tenant = index("by-tenant", [("tenants_shard", KeyType::Hash), ("pk", KeyType::Range)], keys_only());
    create_table(client, &tables.tenants, &[("tenants_shard", ScalarAttributeType::S)], [by_tenant]).await;
    let by_next = index("by-next", [("next_shard", KeyType::Hash), ("next_at", KeyType::Range)], keys_only());
    let next = [("next_shard", ScalarAttributeType::S), ("next_at", ScalarAttributeType::N)];
    create_table(client, &tables.listeners, &next, [by_next]).await;
    let logged = Projection::builder().projection_type(ProjectionType::All).build();
    let by_endpoint = index("by-endpoint", [("endpoint", KeyType::Hash), ("logged_at", KeyType::Range)], logged);
    let by_due = index("by-due", [("due_endpoint", KeyType::Hash), ("due_at", KeyType::Range)], keys_only());
    let due = [
        ("endpoint", ScalarAttributeType::S),
        ("logged_at", ScalarAttributeType::N),
        ("due_endpoint", ScalarAttributeType::S),
        ("due_at", ScalarAttributeType::N),
    ];
    create_table(client, &tables.deliveries, &due, [by_endpoint, by_due]).await;
    for plain in [&tables.oauth_states, &tables.events] {
        create_table(client, plain, &[], []).await;
    }
}

async fn create_table(
    client: &Client,
    name: &str,
    more: &[(&str, ScalarAttributeType)],
    indexes: impl IntoIterator<Item = GlobalSecondaryIndex>,
) {
    let indexes: Vec<_> = indexes.into_iter().collect();
    let attributes = [("pk", ScalarAttributeType::S), ("sk", ScalarAttributeType::S)];
    let attributes = attributes.iter().chain(more).map(|(name, kind)| {
        AttributeDefinition::builder().attribute_name(*name).attribute_type(kind.clone()).build().expect("an attribute")
    });
    client
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes.collect()))
        .key_schema(key("pk", KeyType::Hash))
        .key_schema(key("sk", KeyType::Range))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .send()
        .await
        .expect("a table");
}

fn key(name: &str, kind: KeyType) -> KeySchemaElement {
    KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key")
}
