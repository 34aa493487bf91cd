//! Tables with their indexes and lifetimes.

use aws_sdk_dynamodb::{
    Client,
    operation::describe_table::DescribeTableError,
    types::{
        AttributeDefinition, BillingMode, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndex,
        GlobalSecondaryIndexDescription, GlobalSecondaryIndexUpdate, KeySchemaElement, Projection, TableDescription,
        TimeToLiveSpecification, TimeToLiveStatus,
    },
};

use super::{BoxError, ProvisionError, refused};
use crate::template::{ACCOUNT, Identity, Index, KeyElement, REGION, StreamSpecification, Table};

/// Creates the table, or adds to yesterday's what the template has gained.
pub(super) async fn ensure(dynamodb: &Client, table: &Table) -> Result<Identity, ProvisionError> {
    let known = dynamodb.describe_table().table_name(&table.table_name).send().await;
    match known {
        Ok(known) => {
            let description = known.table.unwrap_or_else(|| TableDescription::builder().build());
            adapt(dynamodb, table, &description).await?;
        }
        Err(error) if error.as_service_error().is_some_and(DescribeTableError::is_resource_not_found_exception) => {
            create(dynamodb, table).await.map_err(refused(&table.logical_id))?;
        }
        Err(error) => return Err(refused(&table.logical_id)(error)),
    }
    ensure_lifetime(dynamodb, table).await.map_err(refused(&table.logical_id))?;
    // As AWS writes it, and so policies: the emulator's own names another region.
    let arn = format!("arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{}", table.table_name);
    let mut identity = Identity::with_arn(&table.table_name, &arn);
    if table.stream_specification.is_some() {
        identity.attributes.insert("StreamArn".to_owned(), local_aws::stream_arn(&table.table_name));
    }
    Ok(identity)
}

async fn create(dynamodb: &Client, table: &Table) -> Result<(), BoxError> {
    let indexes: Result<Vec<_>, BoxError> = table.global_secondary_indexes.iter().map(new_index).collect();
    let indexes = indexes?;
    dynamodb
        .create_table()
        .table_name(&table.table_name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(definitions(table)?))
        .set_key_schema(Some(key_schema(&table.key_schema)?))
        .set_global_secondary_indexes((!indexes.is_empty()).then_some(indexes))
        .set_stream_specification(table.stream_specification.as_ref().map(stream).transpose()?)
        .send()
        .await?;
    Ok(())
}

fn stream(wanted: &StreamSpecification) -> Result<aws_sdk_dynamodb::types::StreamSpecification, BoxError> {
    let specification = aws_sdk_dynamodb::types::StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(wanted.stream_view_type.as_str().into());
    Ok(specification.build()?)
}

/// Keys cannot change, indexes can be added; anything else needs a new table.
async fn adapt(dynamodb: &Client, table: &Table, known: &TableDescription) -> Result<(), ProvisionError> {
    let changed = |what| ProvisionError::Changed { table: table.table_name.clone(), what };
    if !same_key(&table.key_schema, known.key_schema()) {
        return Err(changed("another key"));
    }
    for index in &table.global_secondary_indexes {
        match known.global_secondary_indexes().iter().find(|old| old.index_name() == Some(&index.index_name)) {
            Some(old) if same_index(index, old) => {}
            Some(_) => return Err(changed("an index of another form")),
            None => add_index(dynamodb, table, index).await.map_err(refused(&table.logical_id))?,
        }
    }
    if table.stream_specification.is_some() && known.latest_stream_arn().is_none() {
        return Err(changed("a stream"));
    }
    Ok(())
}

async fn add_index(dynamodb: &Client, table: &Table, index: &Index) -> Result<(), BoxError> {
    let action = CreateGlobalSecondaryIndexAction::builder()
        .index_name(&index.index_name)
        .set_key_schema(Some(key_schema(&index.key_schema)?))
        .projection(projection(index))
        .build()?;
    dynamodb
        .update_table()
        .table_name(&table.table_name)
        .set_attribute_definitions(Some(definitions(table)?))
        .global_secondary_index_updates(GlobalSecondaryIndexUpdate::builder().create(action).build())
        .send()
        .await?;
    Ok(())
}

async fn ensure_lifetime(dynamodb: &Client, table: &Table) -> Result<(), BoxError> {
    let Some(wanted) = table.time_to_live_specification.as_ref().filter(|wanted| wanted.enabled) else { return Ok(()) };
    let known = dynamodb.describe_time_to_live().table_name(&table.table_name).send().await?;
    let status = known.time_to_live_description.and_then(|known| known.time_to_live_status);
    if matches!(status, Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)) {
        return Ok(());
    }
    let specification =
        TimeToLiveSpecification::builder().attribute_name(&wanted.attribute_name).enabled(true).build()?;
    dynamodb
        .update_time_to_live()
        .table_name(&table.table_name)
        .time_to_live_specification(specification)
        .send()
        .await?;
    Ok(())
}

fn definitions(table: &Table) -> Result<Vec<AttributeDefinition>, BoxError> {
    let built = table.attribute_definitions.iter().map(|definition| {
        AttributeDefinition::builder()
            .attribute_name(&definition.attribute_name)
            .attribute_type(definition.attribute_type.as_str().into())
            .build()
    });
    Ok(built.collect::<Result<_, _>>()?)
}

fn key_schema(elements: &[KeyElement]) -> Result<Vec<KeySchemaElement>, BoxError> {
    let built = elements.iter().map(|element| {
        KeySchemaElement::builder()
            .attribute_name(&element.attribute_name)
            .key_type(element.key_type.as_str().into())
            .build()
    });
    Ok(built.collect::<Result<_, _>>()?)
}

fn projection(index: &Index) -> Projection {
    let attributes = &index.projection.non_key_attributes;
    Projection::builder()
        .projection_type(index.projection.projection_type.as_str().into())
        .set_non_key_attributes((!attributes.is_empty()).then(|| attributes.clone()))
        .build()
}

fn new_index(index: &Index) -> Result<GlobalSecondaryIndex, BoxError> {
    let built = GlobalSecondaryIndex::builder()
        .index_name(&index.index_name)
        .set_key_schema(Some(key_schema(&index.key_schema)?))
        .projection(projection(index))
        .build()?;
    Ok(built)
}

fn same_key(wanted: &[KeyElement], known: &[KeySchemaElement]) -> bool {
    wanted.len() == known.len()
        && wanted.iter().zip(known).all(|(wanted, known)| {
            wanted.attribute_name == known.attribute_name && wanted.key_type == known.key_type.as_str()
        })
}

fn same_index(wanted: &Index, known: &GlobalSecondaryIndexDescription) -> bool {
    let attributes = |mut names: Vec<String>| {
        names.sort();
        names
    };
    let projection = known.projection();
    let kind = projection.and_then(Projection::projection_type).map_or("ALL", |kind| kind.as_str());
    let copied = projection.map(Projection::non_key_attributes).unwrap_or_default();
    same_key(&wanted.key_schema, known.key_schema())
        && wanted.projection.projection_type == kind
        && attributes(wanted.projection.non_key_attributes.clone()) == attributes(copied.to_vec())
}
