use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::{BTreeMap, HashMap};

use crate::World;

/// Logical names of all tables in the template.
const TABLES: [&str; 8] = [
    "ConnectionsTable",
    "OauthStatesTable",
    "ConversationsTable",
    "MessagesTable",
    "TenantsTable",
    "IntegrationEventsTable",
    "ListenersTable",
    "DeliveriesTable",
];

/// What is stored, beside the API.
pub struct Tables<'w> {
    world: &'w World,
    client: Client,
}

impl<'w> Tables<'w> {
    pub(crate) fn new(world: &'w World) -> Self {
        Self { world, client: Client::new(&world.stack.aws_config("story")) }
    }

    /// Every item of a table, by the table's logical id in the template.
    ///
    /// # Panics
    ///
    /// When the table cannot be read.
    pub async fn items(&self, table: &str) -> Vec<HashMap<String, AttributeValue>> {
        let name = self.world.stack.resource(table).unwrap_or_else(|| panic!("the template has no `{table}`"));
        let pages = self.client.scan().table_name(name).consistent_read(true).into_paginator().items().send();
        pages.collect::<Result<_, _>>().await.expect("the table can be read")
    }

    /// Every item of every table as text: two of these are equal where nothing changed.
    pub async fn everything(&self) -> BTreeMap<&'static str, Vec<String>> {
        let mut all = BTreeMap::new();
        for table in TABLES {
            let items = self.items(table).await;
            let mut texts: Vec<String> = items.into_iter().map(|item| text(&AttributeValue::M(item))).collect();
            texts.sort();
            all.insert(table, texts);
        }
        all
    }
}

/// A value as text, with its attributes in order at every depth.
fn text(value: &AttributeValue) -> String {
    match value {
        AttributeValue::M(attributes) => {
            let sorted: BTreeMap<&String, String> =
                attributes.iter().map(|(name, value)| (name, text(value))).collect();
            format!("{sorted:?}")
        }
        AttributeValue::L(values) => format!("{:?}", values.iter().map(text).collect::<Vec<_>>()),
        other => format!("{other:?}"),
    }
}
