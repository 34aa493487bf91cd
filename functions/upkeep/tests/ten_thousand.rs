//! Ten thousand connections, a thousand of them due, one in a hundred of those failing: what it does, and what it costs.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_config::SdkConfig;
use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, PutRequest, ScalarAttributeType, WriteRequest,
};
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName};
use domain::{AccessToken, Account, Connection, TenantId, UnixSeconds, samples};
use edge::{Clock, Environment, Setup};
use futures::stream::{self, StreamExt as _};
use lambda_runtime::{Context, LambdaEvent};
use local_aws::{Filter, LocalAws, Service};
use meta_sim::MetaSim;
use serde_json::{Value, json};
use store::{Allowance, ConnectionStore, Tables};
use upkeep::{App, Task, Trigger, handle};
use vault::{TokenContext, Vault};

const EXISTING: usize = 10_000;
const DUE: usize = 1_000;
const FAILING: usize = 10;

/// Everything that the connections' permissions cover: nothing is left to ask for.
const FIELDS: &str =
    "messages,message_reactions,messaging_seen,messaging_postbacks,messaging_referral,message_edit,message_echoes";

const DAY: i64 = 24 * 60 * 60;
const APP_ID: &str = "5501000000000001";
const APP_SECRET: &str = "10ca1000000000000000000000000001";

/// An emulated AWS, a simulated Meta, and the function.
struct World {
    aws: LocalAws,
    meta: MetaSim,
    sdk: SdkConfig,
    http: reqwest::Client,
    offset_ms: Arc<AtomicI64>,
    app: App,
    queue_url: String,
    _data: tempfile::TempDir,
}

type Item = HashMap<String, AttributeValue>;

fn clock(offset_ms: &Arc<AtomicI64>) -> Clock {
    Clock::Shared(Arc::clone(offset_ms))
}

fn account(number: usize) -> Account {
    Account::instagram(format!("178410000{number:08}").try_into().expect("digits"))
}

fn tenant(number: usize) -> TenantId {
    TenantId::try_from(format!("tenant-{number}")).expect("a tenant")
}

fn username(number: usize) -> String {
    format!("shop.{number}")
}

impl World {
    async fn start() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let offset_ms = Arc::new(AtomicI64::new(0));
        let aws = LocalAws::start(local_aws::Settings {
            port: 0,
            data_dir: data.path().to_owned(),
            clock: local_aws::Clock::with_offset(Arc::clone(&offset_ms)),
            transcript: None,
        });
        let aws = aws.await.expect("the emulated AWS starts");
        let registered = meta_sim::App {
            login: meta_sim::Login::Instagram,
            app_id: APP_ID.to_owned(),
            app_secret: APP_SECRET.to_owned(),
            redirect_uris: Vec::new(),
            webhook_url: None,
            verify_token: None,
            deauthorize_url: None,
            data_deletion_url: None,
        };
        let meta = MetaSim::start(meta_sim::Settings {
            apps: vec![registered],
            clock: meta_sim::Clock::shared(Arc::clone(&offset_ms)),
            ..meta_sim::Settings::default()
        });
        let meta = meta.await.expect("the simulated Meta starts");
        let sdk = sdk(aws.url(), "upkeep").await;
        let queue_url = resources(&sdk).await;
        let kms_key = aws_sdk_kms::Client::new(&sdk).create_key().send().await.expect("a key");
        let variables = [
            ("CONNECTIONS_TABLE", "buzon-connections".to_owned()),
            ("EVENTS_TABLE", "buzon-integration-events".to_owned()),
            ("TENANTS_TABLE", "buzon-tenants".to_owned()),
            ("META_APPS_SECRET_ID", "buzon/meta-apps".to_owned()),
            ("META_URL_PREFIX", format!("{}/", meta.url())),
            ("KMS_KEY_ID", kms_key.key_metadata.expect("a description").key_id),
            ("UPKEEP_QUEUE_URL", queue_url.clone()),
            // Every page of a scan is a part of its own.
            ("SCAN_SECONDS", "0".to_owned()),
        ];
        let variables: BTreeMap<_, _> = variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let setup = Setup { env: Environment::from_map(variables), clock: clock(&offset_ms), aws: sdk.clone() };
        let app = App::new(&setup).expect("a complete environment");
        let world = Self { aws, meta, sdk, http: reqwest::Client::new(), offset_ms, app, queue_url, _data: data };
        world.connect_everybody(&setup).await;
        world
    }

    /// Stores all connections; those that are due have a token that Meta knows, and are subscribed.
    async fn connect_everybody(&self, setup: &Setup) {
        let now = clock(&self.offset_ms).now();
        let accounts: Vec<Value> = (0..DUE)
            .map(|number| {
                json!({"id": account(number).id, "username": username(number), "name": "Shop", "kind": "business"})
            })
            .collect();
        self.control("POST", "/accounts", &Value::Array(accounts)).await;
        let orders: Vec<Value> = (0..DUE)
            .map(|number| {
                json!({"app_id": APP_ID, "user": username(number), "kind": "instagram_long",
                       "scopes": ["instagram_business_basic", "instagram_business_manage_messages"],
                       "issued_at_ms": now.plus(-31 * DAY).millis(), "expires_at_ms": now.plus(29 * DAY).millis()})
            })
            .collect();
        let tokens = self.control("POST", "/tokens", &Value::Array(orders)).await;
        let tokens = tokens["tokens"].as_array().expect("a list").clone();
        let tokens: Vec<&str> = tokens.iter().map(|token| token.as_str().expect("a token")).collect();
        let calls = tokens.iter().enumerate().map(|(number, token)| self.subscribe(number, token));
        stream::iter(calls).buffer_unordered(16).collect::<Vec<()>>().await;

        let pattern = self.pattern(setup, now).await;
        let key = setup.env.required("KMS_KEY_ID").expect("a key");
        let vault = Vault::new(aws_sdk_kms::Client::new(&self.sdk), key);
        let mut items = Vec::new();
        for number in 0..EXISTING {
            let mut item = pattern.clone();
            let text = |text: String| AttributeValue::S(text);
            item.insert("pk".to_owned(), text(format!("TENANT#{}", tenant(number))));
            item.insert("sk".to_owned(), text(format!("ACCOUNT#{}", account(number))));
            item.insert("tenant".to_owned(), text(tenant(number).to_string()));
            item.insert("account".to_owned(), text(account(number).to_string()));
            item.insert("name".to_owned(), text(username(number)));
            if let Some(token) = tokens.get(number) {
                let context = TokenContext::access_token(tenant(number), account(number));
                let token = AccessToken::new((*token).to_owned());
                let sealed = vault.seal(&context, &token, now).await.expect("seals");
                item.insert("token".to_owned(), text(sealed.as_str().to_owned()));
                item.insert("refresh_at".to_owned(), AttributeValue::N(now.plus(-DAY).get().to_string()));
            }
            items.push(item);
        }
        self.put(items).await;
    }

    /// A connection as the store writes it, whose token is 31 days old and whose next appointment is tomorrow.
    async fn pattern(&self, setup: &Setup, now: UnixSeconds) -> Item {
        let tables = Tables::from(&setup.env);
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        let connection = Connection {
            tenant: tenant(EXISTING),
            account: account(EXISTING),
            app_scoped_user_id: Some("27640875392278831".try_into().expect("an id")),
            token: Some(domain::SealedToken::new("v1.none".to_owned())),
            token_expires_at: Some(now.plus(29 * DAY)),
            scopes: vec!["instagram_business_basic".to_owned(), "instagram_business_manage_messages".to_owned()],
            ..samples::connection(now.plus(-31 * DAY))
        };
        let key = HashMap::from([
            ("pk".to_owned(), AttributeValue::S(format!("TENANT#{}", connection.tenant))),
            ("sk".to_owned(), AttributeValue::S(format!("ACCOUNT#{}", connection.account))),
        ]);
        let store = ConnectionStore::new(client.clone(), &tables);
        let unlimited = Allowance { max_connections: None, plan_version: None };
        store.activate(&connection, None, &unlimited).await.expect("a connection");
        let read = client.get_item().table_name(&tables.connections).set_key(Some(key.clone()));
        let mut item = read.send().await.expect("a read").item.expect("the item");
        client.delete_item().table_name(&tables.connections).set_key(Some(key)).send().await.expect("deletes");
        item.insert("refresh_at".to_owned(), AttributeValue::N(now.plus(DAY).get().to_string()));
        item
    }

    async fn put(&self, items: Vec<Item>) {
        let client = aws_sdk_dynamodb::Client::new(&self.sdk);
        for chunk in items.chunks(25) {
            let put = |item: &Item| {
                let request = PutRequest::builder().set_item(Some(item.clone())).build().expect("a request");
                WriteRequest::builder().put_request(request).build()
            };
            let requests = HashMap::from([("buzon-connections".to_owned(), chunk.iter().map(put).collect())]);
            client.batch_write_item().set_request_items(Some(requests)).send().await.expect("writes");
        }
    }

    async fn subscribe(&self, number: usize, token: &str) {
        let url = format!("{}/graph.instagram.com/v25.0/{}/subscribed_apps", self.meta.url(), account(number).id);
        let request = self.http.post(url).query(&[("subscribed_fields", FIELDS), ("access_token", token)]);
        assert!(request.send().await.expect("an answer").status().is_success());
    }

    async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let url = format!("{}/control{path}", self.meta.url());
        let request = self.http.request(method.parse().expect("a method"), url).json(body);
        request.send().await.expect("an answer").json().await.expect("JSON")
    }

    async fn graph_calls(&self, endpoint: &str) -> u64 {
        self.control("GET", "/calls?endpoint=none", &Value::Null).await["counts"][endpoint].as_u64().unwrap_or_default()
    }

    /// The schedule, and then the queue until it is empty. Answers how many invocations that took.
    async fn run(&self) -> usize {
        self.aws.calls().clear();
        self.control("DELETE", "/calls", &Value::Null).await;
        let scan = Trigger::Scheduled { task: Task::Scan };
        handle(&self.app, LambdaEvent::new(scan, Context::default())).await.expect("never fails");
        let sqs = aws_sdk_sqs::Client::new(&sdk(self.aws.url(), "event-source").await);
        for invocations in 1.. {
            let received = sqs.receive_message().queue_url(&self.queue_url).max_number_of_messages(10);
            let received = received.message_system_attribute_names(MessageSystemAttributeName::All);
            let messages = received.send().await.expect("an answer").messages.unwrap_or_default();
            if messages.is_empty() {
                return invocations;
            }
            let mut batch = SqsEvent::default();
            batch.records = messages.iter().map(record).collect();
            let event = LambdaEvent::new(Trigger::Batch(batch), Context::default());
            let answer = handle(&self.app, event).await.expect("never fails");
            assert!(answer.batch_item_failures.is_empty(), "{answer:?}");
            let done = messages.iter().map(|message| {
                let entry = DeleteMessageBatchRequestEntry::builder();
                let entry = entry.id(message.message_id().expect("an id"));
                entry.receipt_handle(message.receipt_handle().expect("a receipt")).build().expect("an entry")
            });
            let delete = sqs.delete_message_batch().queue_url(&self.queue_url).set_entries(Some(done.collect()));
            delete.send().await.expect("deletes");
        }
        unreachable!("numbers do not end")
    }

    /// Connections by how they stand now: with a token of the last minutes, with a setback, and others.
    async fn standing(&self) -> [usize; 3] {
        let now = clock(&self.offset_ms).now().get();
        let client = aws_sdk_dynamodb::Client::new(&sdk(self.aws.url(), "test").await);
        let pages = client.scan().table_name("buzon-connections").into_paginator().items().send();
        let items: Vec<Item> = pages.collect::<Result<_, _>>().await.expect("a scan");
        let number = |item: &Item, name: &str| -> Option<i64> { item.get(name)?.as_n().ok()?.parse().ok() };
        let mut standing = [0; 3];
        for item in items.iter().filter(|item| item.contains_key("name")) {
            let fresh = number(item, "token_refreshed_at").is_some_and(|at| now - at < DAY / 2);
            let set_back = number(item, "refresh_setbacks").is_some();
            standing[if fresh {
                0
            } else if set_back {
                1
            } else {
                2
            }] += 1;
        }
        standing
    }

    /// Prints and answers calls and units of the last run.
    fn bill(&self, title: &str) -> BTreeMap<String, (usize, f64)> {
        let mut bill: BTreeMap<String, (usize, f64)> = BTreeMap::new();
        for call in self.aws.calls().snapshot().iter().filter(|call| call.function == "upkeep") {
            let entry = bill.entry(format!("{} {}", call.service.prefix(), call.operation)).or_default();
            entry.0 += 1;
            entry.1 += call.units.read() + call.units.write();
        }
        println!("{title}");
        for (operation, (calls, units)) in &bill {
            println!("  {operation:32} {calls:6} calls {units:9.1} units");
        }
        bill
    }
}

fn record(message: &aws_sdk_sqs::types::Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id.clone_from(&message.message_id);
    record.receipt_handle.clone_from(&message.receipt_handle);
    record.body.clone_from(&message.body);
    record
}

async fn sdk(url: &str, name: &'static str) -> SdkConfig {
    let credentials = aws_credential_types::Credentials::new("local", "local", None, None, "test");
    aws_config::from_env()
        .region(aws_config::Region::new(local_aws::REGION))
        .credentials_provider(credentials)
        .endpoint_url(url)
        .app_name(aws_config::AppName::new(name).expect("a name"))
        .load()
        .await
}

/// The tables, the secret and the queue; answers the queue's URL.
async fn resources(sdk: &SdkConfig) -> String {
    let dynamodb = aws_sdk_dynamodb::Client::new(sdk);
    let key =
        |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().expect("a key");
    let attribute = |name: &str, kind| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build().expect("an attribute")
    };
    let index = GlobalSecondaryIndex::builder()
        .index_name("by-refresh")
        .key_schema(key("refresh_shard", KeyType::Hash))
        .key_schema(key("refresh_at", KeyType::Range))
        .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
        .build()
        .expect("an index");
    for (table, index) in
        [("buzon-connections", Some(index)), ("buzon-integration-events", None), ("buzon-tenants", None)]
    {
        let mut attributes = vec![attribute("pk", ScalarAttributeType::S), attribute("sk", ScalarAttributeType::S)];
        if index.is_some() {
            attributes.push(attribute("refresh_shard", ScalarAttributeType::S));
            attributes.push(attribute("refresh_at", ScalarAttributeType::N));
        }
        let create = dynamodb.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
        let create = create.key_schema(key("pk", KeyType::Hash)).key_schema(key("sk", KeyType::Range));
        let create = create.set_attribute_definitions(Some(attributes));
        let create = create.set_global_secondary_indexes(index.map(|index| vec![index]));
        create.send().await.expect("a table");
    }
    let document = json!({"apps": [{"login": "instagram", "app_id": APP_ID, "app_secret": APP_SECRET,
                                    "verify_token": "token", "graph_version": "v25.0"}]});
    let secrets = aws_sdk_secretsmanager::Client::new(sdk);
    let create = secrets.create_secret().name("buzon/meta-apps").secret_string(document.to_string());
    create.send().await.expect("a secret");
    let queue = aws_sdk_sqs::Client::new(sdk).create_queue().queue_name("upkeep").send().await.expect("a queue");
    queue.queue_url.expect("a URL")
}

#[tokio::test]
async fn of_ten_thousand_connections_only_the_thousand_that_are_due_are_touched_and_ten_that_fail_hinder_nobody() {
    let world = World::start().await;
    for number in 0..FAILING {
        let order = json!({"endpoint": "refresh", "account": username(number * 97), "count": null,
                           "action": {"kind": "html", "status": 500}});
        world.control("POST", "/faults", &order).await;
    }

    let invocations = world.run().await;
    let bill = world.bill("1,000 of 10,000 due, 10 of them failing:");
    println!("  invocations {invocations}, refreshes at Meta {}", world.graph_calls("refresh").await);
    assert_eq!(world.standing().await, [DUE - FAILING, FAILING, EXISTING - DUE]);
    assert_eq!(world.graph_calls("refresh").await, DUE as u64);
    assert_eq!(world.graph_calls("subscribed_apps").await, (DUE - FAILING) as u64);
    let of = |operation: &str| bill.get(operation).copied().unwrap_or_default();
    assert!(of("dynamodb Query").1 <= 20.0, "to find what is due costs what is due: {bill:?}");
    assert!(of("dynamodb GetItem").0 <= 2 * DUE + 10, "{bill:?}");
    assert_eq!(of("dynamodb UpdateItem").0, DUE, "{bill:?}");
    assert!(of("dynamodb UpdateItem").1 <= 5_000.0, "five units for each: {bill:?}");
    assert_eq!(of("kms Decrypt").0, DUE, "{bill:?}");
    assert_eq!(of("kms GenerateDataKey").0, DUE - FAILING, "{bill:?}");
    assert_eq!(world.aws.calls().count(&Filter::all().function("upkeep").service(Service::SecretsManager)), 2);

    world.run().await;
    world.bill("Again at once:");
    assert_eq!(world.graph_calls("refresh").await, 0, "the ten wait");

    world.offset_ms.fetch_add(61 * 60 * 1000, Ordering::Relaxed);
    world.control("DELETE", "/faults", &Value::Null).await;
    world.run().await;
    world.bill("An hour later:");
    assert_eq!(world.graph_calls("refresh").await, FAILING as u64, "only the ten");
    assert_eq!(world.standing().await, [DUE, 0, EXISTING - DUE]);
}
