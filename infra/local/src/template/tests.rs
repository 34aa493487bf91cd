use serde_json::json;

use super::*;

const LOCAL: [(&str, &str); 2] = [("JwtIssuer", "http://127.0.0.1:9403"), ("JwtAudience", "buzon-local")];

fn overrides() -> BTreeMap<String, String> {
    LOCAL.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn template(resources: &str) -> Template {
    Template::parse(&format!("Parameters: {{}}\nResources:\n{resources}"), &BTreeMap::new()).expect("a template")
}

#[test]
fn a_parameter_that_is_a_list_is_one_element_for_each_comma() {
    let text = "Parameters: {Origins: {Type: CommaDelimitedList, Default: 'https://a, https://b'}}\nResources: {}";
    let template = Template::parse(text, &BTreeMap::new()).expect("a template");
    assert_eq!(template.parameters()["Origins"], json!(["https://a", "https://b"]));
}

#[test]
fn the_template_of_this_repository_is_understood_in_full() {
    let template = Template::read(&Template::path(), &overrides()).expect("the template is readable");
    let identities = template.predicted_identities().expect("names");
    let functions = template.functions(&identities).expect("functions");
    let processor = functions.iter().find(|function| function.binary == "processor").expect("there is a processor");
    assert_eq!(processor.name, "buzon_local-processor");
    assert_eq!(processor.environment["MESSAGES_TABLE"], "buzon_local-messages");
    assert_eq!(processor.environment["KMS_KEY_ID"], "arn:TokenKey");
    assert_eq!(processor.environment["STAGE"], "prod", "globals apply to every function");
    assert_eq!(processor.mappings.len(), 1);
    assert_eq!(processor.mappings[0].queue_arn, "arn:aws:sqs:us-east-1:000000000000:buzon_local-InboundQueue.fifo");
    assert!(processor.mappings[0].reports_failures);
    assert_eq!(processor.mappings[0].max_concurrency, 50);
    assert!(processor.mappings.iter().all(|mapping| mapping.batch_size <= 10), "a FIFO queue delivers at most 10");
}

#[test]
fn routes_have_the_default_authorizer_unless_they_opt_out() {
    let template = Template::read(&Template::path(), &overrides()).expect("the template is readable");
    let identities = template.predicted_identities().expect("names");
    let functions = template.functions(&identities).expect("functions");
    let route =
        |binary: &str| functions.iter().find(|function| function.binary == binary).expect("function").routes[0].clone();
    assert_eq!(route("oauth-start").authorizer.as_deref(), Some("Jwt"));
    assert_eq!(route("webhook-receive").authorizer, None);
    let api = template.http_api(&identities).expect("api");
    assert_eq!(api.authorizers["Jwt"].issuer, "http://127.0.0.1:9403");
    assert_eq!(api.authorizers["Jwt"].audience, ["buzon-local"]);
    assert!(api.cors.expect("CORS is configured").allow_credentials);
}

#[test]
fn tables_and_queues_come_with_their_indexes_lifetimes_and_redrive() {
    let template = Template::read(&Template::path(), &overrides()).expect("the template is readable");
    let identities = template.predicted_identities().expect("names");
    let tables = template.tables(&identities).expect("tables");
    let conversations =
        tables.iter().find(|table| table.table_name == "buzon_local-conversations").expect("conversations");
    assert_eq!(conversations.global_secondary_indexes[0].projection.projection_type, "INCLUDE");
    assert!(conversations.time_to_live_specification.as_ref().is_some_and(|ttl| ttl.enabled));
    let queues = template.queues(&identities).expect("queues");
    let inbound = queues.iter().find(|queue| queue.logical_id == "InboundQueue").expect("inbound queue");
    assert_eq!(inbound.name, "buzon_local-InboundQueue.fifo");
    assert_eq!(inbound.attributes["VisibilityTimeout"], "180");
    let policy = template.redrive_policy(inbound, &identities).expect("redrive");
    assert!(policy.contains("buzon_local-InboundDeadLetterQueue.fifo"), "{policy}");
}

#[test]
fn a_parameter_without_a_value_is_named() {
    let refusal = Template::parse("Parameters: {JwtIssuer: {Type: String}}\nResources: {}", &BTreeMap::new());
    assert!(matches!(refusal, Err(TemplateError::Parameter(name)) if name == "JwtIssuer"));
}

#[test]
fn a_function_that_needs_an_unknown_resource_is_named() {
    let template =
        template("  F: {Type: AWS::Serverless::Function, Properties: {Environment: {Variables: {B: !Ref Bucket}}}}\n");
    let refusal = template.functions(&Identities::new()).expect_err("there is no bucket");
    assert!(matches!(&refusal, TemplateError::Intrinsic { logical_id, source: IntrinsicError::UnknownReference(name) }
        if logical_id == "F" && name == "Bucket"));
}

#[test]
fn an_event_source_that_is_not_imitated_is_named() {
    let template = template(
        "  F: {Type: AWS::Serverless::Function, Properties: {Events: {Upload: {Type: S3, Properties: {}}}}}\n",
    );
    let refusal = template.functions(&Identities::new()).expect_err("S3 events are not imitated");
    assert!(matches!(&refusal, TemplateError::Event { event, .. } if event == "Upload"), "{refusal}");
}

#[test]
fn a_value_that_a_parameter_does_not_allow_is_refused_and_named() {
    let text = "Parameters: {Locale: {Type: String, Default: es, AllowedValues: [es, en]}}\nResources: {}";
    let chosen = |value: &str| BTreeMap::from([("Locale".to_owned(), value.to_owned())]);
    assert!(Template::parse(text, &chosen("en")).is_ok());
    let refusal = Template::parse(text, &chosen("fr")).expect_err("not allowed").to_string();
    assert_eq!(refusal, "the parameter `Locale` is one of es, en");
}
