//! What is found after a restart, also after a kill.

use std::path::Path;

use aws_sdk_kms::types::DataKeySpec;
use local_aws::{Clock, LocalAws, Settings, StartError};
use tempfile::TempDir;

use crate::dynamodb::{item, put, table};
use crate::world::{World, sdk, start};

/// The files as a process leaves them that is killed now: whatever it has not written is missing.
fn as_after_a_kill(data: &Path) -> TempDir {
    let copy = TempDir::new().unwrap();
    for file in std::fs::read_dir(data).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

#[tokio::test]
async fn a_killed_emulator_has_lost_nothing_it_answered() {
    // Arrange
    let world = World::start().await;
    let (sqs, kms, secrets, dynamodb) =
        (world.sqs().await, world.kms().await, world.secrets().await, world.dynamodb().await);
    let attribute = aws_sdk_sqs::types::QueueAttributeName::FifoQueue;
    let queue = sqs.create_queue().queue_name("inbound.fifo").attributes(attribute, "true").send().await.unwrap();
    let queue = queue.queue_url.unwrap();
    for (group, body) in [("a", "held"), ("b", "waiting")] {
        let message = sqs.send_message().queue_url(&queue).message_body(body).message_group_id(group);
        message.message_deduplication_id(body).send().await.unwrap();
    }
    sqs.receive_message().queue_url(&queue).send().await.unwrap();
    let key = kms.create_key().send().await.unwrap().key_metadata.unwrap().key_id;
    kms.create_alias().alias_name("alias/tokens").target_key_id(key).send().await.unwrap();
    let sealed = kms.generate_data_key().key_id("alias/tokens").key_spec(DataKeySpec::Aes256).send().await.unwrap();
    secrets.create_secret().name("meta/apps").secret_string("one").send().await.unwrap();
    table(&dynamodb).await;
    put(&dynamodb, item("t", "a")).await;

    // Act
    let data = as_after_a_kill(world.data.path());
    let aws = start(data.path(), &Clock::default()).await;
    let config = sdk(&aws, "tests").await;

    // Assert
    let counts = aws.queues()[0].counts;
    assert_eq!((counts.visible, counts.in_flight), (1, 1));
    let sqs = aws_sdk_sqs::Client::new(&config);
    let queue = format!("{}/000000000000/inbound.fifo", aws.url());
    let duplicate = sqs.send_message().queue_url(&queue).message_body("x").message_group_id("c");
    duplicate.message_deduplication_id("held").send().await.unwrap();
    let received = sqs.receive_message().queue_url(&queue).max_number_of_messages(10).send().await.unwrap();
    assert_eq!(received.messages().iter().map(|message| message.body().unwrap()).collect::<Vec<_>>(), ["waiting"]);
    let opened = aws_sdk_kms::Client::new(&config).decrypt().ciphertext_blob(sealed.ciphertext_blob.unwrap());
    assert_eq!(opened.send().await.unwrap().plaintext, sealed.plaintext);
    let secret = aws_sdk_secretsmanager::Client::new(&config).get_secret_value().secret_id("meta/apps");
    assert_eq!(secret.send().await.unwrap().secret_string(), Some("one"));
    let scan = aws_sdk_dynamodb::Client::new(&config).scan().table_name("conversations");
    assert_eq!(scan.send().await.unwrap().count(), 1);
}

#[tokio::test]
async fn a_stopped_emulator_starts_again_on_its_data() {
    let World { aws, clock, data } = World::start().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&sdk(&aws, "tests").await);
    secrets.create_secret().name("meta/apps").secret_string("one").send().await.unwrap();

    aws.stop().await;
    let aws = start(data.path(), &clock).await;

    let secrets = aws_sdk_secretsmanager::Client::new(&sdk(&aws, "tests").await);
    let secret = secrets.get_secret_value().secret_id("meta/apps").send().await.unwrap();
    assert_eq!(secret.secret_string(), Some("one"));
}

#[tokio::test]
async fn two_emulators_do_not_share_their_data() {
    let world = World::start().await;

    let second = LocalAws::start(Settings {
        port: 0,
        data_dir: world.data.path().to_owned(),
        clock: Clock::default(),
        transcript: None,
    })
    .await;

    assert!(matches!(second, Err(StartError::Store(_))), "{second:?}");
}
