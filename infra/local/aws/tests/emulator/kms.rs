//! KMS: contexts, keys and their states.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_kms::Client;
use aws_sdk_kms::operation::generate_data_key::GenerateDataKeyOutput;
use aws_sdk_kms::types::{DataKeySpec, KeyState};

use crate::world::World;

fn context(pairs: &[(&str, &str)]) -> HashMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

async fn key(kms: &Client) -> String {
    kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id
}

async fn data_key(kms: &Client, key: &str) -> GenerateDataKeyOutput {
    let request = kms.generate_data_key().key_id(key).key_spec(DataKeySpec::Aes256);
    request.set_encryption_context(Some(context(&[("tenant", "t1"), ("purpose", "token")]))).send().await.unwrap()
}

#[tokio::test]
async fn a_data_key_opens_with_its_context_in_any_order_and_with_no_other() {
    let world = World::start().await;
    let kms = world.kms().await;
    let sealed = data_key(&kms, &key(&kms).await).await;
    let open = |context| {
        kms.decrypt()
            .ciphertext_blob(sealed.ciphertext_blob().unwrap().clone())
            .set_encryption_context(Some(context))
            .send()
    };

    let opened = open(context(&[("purpose", "token"), ("tenant", "t1")])).await.unwrap();
    let of_another_tenant = open(context(&[("purpose", "token"), ("tenant", "t2")])).await;
    let without_a_part = open(context(&[("tenant", "t1")])).await;

    assert_eq!(opened.plaintext(), sealed.plaintext());
    assert!(of_another_tenant.unwrap_err().into_service_error().is_invalid_ciphertext_exception());
    assert!(without_a_part.unwrap_err().into_service_error().is_invalid_ciphertext_exception());
}

#[tokio::test]
async fn naming_another_key_is_refused_before_anything_is_opened() {
    let world = World::start().await;
    let kms = world.kms().await;
    let sealed = data_key(&kms, &key(&kms).await).await;
    let other = key(&kms).await;

    let request = kms.decrypt().ciphertext_blob(sealed.ciphertext_blob.unwrap()).key_id(other);
    let error = request.send().await.unwrap_err().into_service_error();

    assert!(error.is_incorrect_key_exception(), "{error:?}");
}

#[tokio::test]
async fn re_encryption_moves_a_ciphertext_to_the_key_an_alias_now_names() {
    let world = World::start().await;
    let kms = world.kms().await;
    let (old, new) = (key(&kms).await, key(&kms).await);
    kms.create_alias().alias_name("alias/tokens").target_key_id(&old).send().await.unwrap();
    let sealed = data_key(&kms, "alias/tokens").await;
    kms.update_alias().alias_name("alias/tokens").target_key_id(&new).send().await.unwrap();

    let bound = context(&[("tenant", "t1"), ("purpose", "token")]);
    let moved = kms
        .re_encrypt()
        .ciphertext_blob(sealed.ciphertext_blob.unwrap())
        .set_source_encryption_context(Some(bound.clone()))
        .destination_key_id("alias/tokens")
        .set_destination_encryption_context(Some(bound.clone()))
        .send()
        .await
        .unwrap();
    let blob = moved.ciphertext_blob.clone().unwrap();
    let opened = kms.decrypt().ciphertext_blob(blob).set_encryption_context(Some(bound)).send().await.unwrap();

    assert!(moved.key_id().unwrap().ends_with(&new), "{moved:?}");
    assert_eq!(opened.plaintext, sealed.plaintext);
}

#[tokio::test]
async fn a_key_scheduled_for_deletion_is_useless_at_once_and_gone_after_its_window() {
    let world = World::start().await;
    let kms = world.kms().await;
    let key = key(&kms).await;
    kms.schedule_key_deletion().key_id(&key).pending_window_in_days(7).send().await.unwrap();

    let described = kms.describe_key().key_id(&key).send().await.unwrap().key_metadata.unwrap();
    let refused = kms.generate_data_key().key_id(&key).key_spec(DataKeySpec::Aes256).send().await;
    world.clock.advance(Duration::from_hours(7 * 24));
    let gone = kms.describe_key().key_id(&key).send().await;

    assert_eq!(described.key_state(), Some(&KeyState::PendingDeletion));
    assert!(refused.unwrap_err().into_service_error().is_kms_invalid_state_exception());
    assert!(gone.unwrap_err().into_service_error().is_not_found_exception());
}

#[tokio::test]
async fn a_disabled_key_opens_nothing_until_it_is_enabled() {
    let world = World::start().await;
    let kms = world.kms().await;
    let key = key(&kms).await;
    let sealed =
        kms.encrypt().key_id(&key).plaintext(b"token".to_vec().into()).send().await.unwrap().ciphertext_blob.unwrap();
    let open = || kms.decrypt().ciphertext_blob(sealed.clone()).send();

    kms.disable_key().key_id(&key).send().await.unwrap();
    let refused = open().await;
    kms.enable_key().key_id(&key).send().await.unwrap();
    let opened = open().await.unwrap();

    assert!(refused.unwrap_err().into_service_error().is_disabled_exception());
    assert_eq!(opened.plaintext.unwrap().as_ref(), b"token");
}
