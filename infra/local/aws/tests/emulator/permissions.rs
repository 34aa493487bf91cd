//! Permissions: policies name a key and a secret by ARN, callers by what they know.

use aws_sdk_kms::types::DataKeySpec;
use local_aws::Policy;
use serde_json::json;

use crate::world::World;

fn allow(action: &str, resource: &str) -> Policy {
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": resource });
    serde_json::from_value(json!({ "Version": "2012-10-17", "Statement": [statement] })).unwrap()
}

#[tokio::test]
async fn a_secret_may_be_read_by_its_name_where_the_policy_has_its_arn() {
    let world = World::start().await;
    let create = async |name| {
        world.secrets().await.create_secret().name(name).secret_string("one").send().await.unwrap().arn.unwrap()
    };
    let arn = create("meta/apps").await;
    create("meta/others").await;
    world.aws.permissions().assume("reader", vec![allow("secretsmanager:GetSecretValue", &arn)], None);
    let secrets = aws_sdk_secretsmanager::Client::new(&world.sdk("reader").await);
    let read = |id: &str| secrets.get_secret_value().secret_id(id).send();

    for id in ["meta/apps", &arn] {
        assert_eq!(read(id).await.unwrap().secret_string(), Some("one"), "{id}");
    }
    for id in ["meta/others", "meta/none"] {
        let refused = read(id).await.unwrap_err().into_service_error();
        assert_eq!(refused.meta().code(), Some("AccessDeniedException"), "{id}");
    }
}

#[tokio::test]
async fn a_key_may_be_used_by_its_alias_and_by_what_it_sealed_and_by_nobody_elses() {
    let world = World::start().await;
    let kms = world.kms().await;
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap();
    kms.create_alias().alias_name("alias/tokens").target_key_id(&key.key_id).send().await.unwrap();
    world.aws.permissions().assume("reader", vec![allow("kms:*", &key.arn.unwrap())], None);
    world.aws.permissions().assume("stranger", vec![allow("kms:*", "arn:aws:kms:us-east-1:000000000000:key/1")], None);
    let reader = aws_sdk_kms::Client::new(&world.sdk("reader").await);
    let stranger = aws_sdk_kms::Client::new(&world.sdk("stranger").await);

    let sealed = reader.generate_data_key().key_id("alias/tokens").key_spec(DataKeySpec::Aes256).send().await.unwrap();
    let open =
        |kms: &aws_sdk_kms::Client| kms.decrypt().ciphertext_blob(sealed.ciphertext_blob.clone().unwrap()).send();

    assert_eq!(open(&reader).await.unwrap().plaintext, sealed.plaintext);
    let refused = open(&stranger).await.unwrap_err().into_service_error();
    assert_eq!(refused.meta().code(), Some("AccessDeniedException"));
}
