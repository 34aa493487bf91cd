use std::sync::Mutex;

use aws_sdk_sqs::types::QueueAttributeName;
use local_aws::{Clock, LocalAws, QueueView};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::{
    invoke::{InvokeError, Invoker},
    provision,
    testing::{failure, function, invoker},
};

const PATIENCE: Duration = Duration::from_secs(10);

/// A FIFO queue whose messages come back at once, at most three times, joined to a function.
struct Joined {
    aws: LocalAws,
    sqs: Client,
    queue_url: String,
    polling: JoinHandle<()>,
    _folder: TempDir,
}

/// What the function was given: bodies, by invocation.
type Seen = Arc<Mutex<Vec<Vec<String>>>>;

async fn joined(invoker: Arc<Invoker>, max_concurrency: usize) -> Joined {
    let folder = tempfile::tempdir().expect("a folder");
    let settings =
        local_aws::Settings { port: 0, data_dir: folder.path().to_owned(), clock: Clock::default(), transcript: None };
    let aws = LocalAws::start(settings).await.expect("an emulated AWS");
    let sqs = Client::new(&provision::sdk_config(aws.url(), "test").await);
    let dead = create(&sqs, "dead.fifo", None).await;
    let dead_arn = "arn:aws:sqs:us-east-1:000000000000:dead.fifo";
    assert!(dead.ends_with("dead.fifo"));
    let redrive = json!({ "deadLetterTargetArn": dead_arn, "maxReceiveCount": 3 }).to_string();
    let queue_url = create(&sqs, "work.fifo", Some(redrive)).await;
    let source = EventSource {
        mapping: Mapping {
            name: "Queue".to_owned(),
            queue_arn: "arn:aws:sqs:us-east-1:000000000000:work.fifo".to_owned(),
            batch_size: 10,
            window: Duration::ZERO,
            max_concurrency,
            reports_failures: true,
        },
        queue_url: queue_url.clone(),
        function: "F".to_owned(),
        sqs: sqs.clone(),
        invoker,
        stack: 0,
        retry_delay: Some(Duration::ZERO),
    };
    let polling = tokio::spawn(source.run());
    Joined { aws, sqs, queue_url, polling, _folder: folder }
}

async fn create(sqs: &Client, name: &str, redrive: Option<String>) -> String {
    let mut create = sqs.create_queue().queue_name(name).attributes(QueueAttributeName::FifoQueue, "true");
    if let Some(redrive) = redrive {
        create = create.attributes(QueueAttributeName::RedrivePolicy, redrive);
    }
    create.send().await.expect("a queue").queue_url.expect("its address")
}

impl Joined {
    async fn send(&self, group: &str, body: &str) {
        let send = self.sqs.send_message().queue_url(&self.queue_url).message_body(body);
        send.message_group_id(group).message_deduplication_id(body).send().await.expect("taken");
    }

    fn queue(&self, name: &str) -> QueueView {
        self.aws.queues().into_iter().find(|queue| queue.name == name).expect("the queue")
    }

    async fn drained(&self) {
        let empty = async {
            loop {
                let counts = self.queue("work.fifo").counts;
                if counts.visible + counts.in_flight == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, empty).await.expect("the queue becomes empty");
    }
}

impl Drop for Joined {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

fn records(event: &Json) -> Vec<Json> {
    event["Records"].as_array().cloned().unwrap_or_default()
}

fn bodies(event: &Json) -> Vec<String> {
    records(event).iter().map(|record| record["body"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Answers that these records failed.
fn failed<'a>(records: impl IntoIterator<Item = &'a Json>) -> Json {
    let ids: Vec<Json> = records.into_iter().map(|record| json!({ "itemIdentifier": record["messageId"] })).collect();
    json!({ "batchItemFailures": ids })
}

/// A function that keeps what it sees and answers as told.
fn recording(
    answer: impl Fn(&Json, usize) -> Result<Json, InvokeError> + Clone + Send + Sync + 'static,
) -> (Seen, Arc<Invoker>) {
    let seen = Seen::default();
    let kept = Arc::clone(&seen);
    let invoker = invoker(function("F"), move |event: Json| {
        let mut invocations = kept.lock().expect("no test panicked");
        invocations.push(bodies(&event));
        let outcome = answer(&event, invocations.len());
        async move { outcome }
    });
    (seen, invoker)
}

#[tokio::test]
async fn only_what_failed_comes_again() {
    let (seen, invoker) = recording(|event, _| {
        let first_time = |record: &&Json| record["attributes"]["ApproximateReceiveCount"] == "1";
        Ok(failed(records(event).iter().filter(|record| record["body"] == "b").filter(first_time)))
    });
    let joined = joined(invoker, 1).await;
    for (group, body) in [("1", "a"), ("2", "b"), ("3", "c")] {
        joined.send(group, body).await;
    }
    joined.drained().await;
    let mut seen = seen.lock().expect("no test panicked").concat();
    seen.sort();
    assert_eq!(seen, ["a", "b", "b", "c"]);
}

#[tokio::test]
async fn a_groups_order_survives_a_failure() {
    let stored = Arc::new(Mutex::new(Vec::new()));
    let store = Arc::clone(&stored);
    let (_, invoker) = recording(move |event, invocation| {
        let records = records(event);
        // The first attempt stops at "2" and gives back all that follows, as Lambda's guide asks for FIFO queues.
        let stop = records.iter().position(|record| invocation < 3 && record["body"] == "2").unwrap_or(records.len());
        let done = records[..stop].iter().map(|record| record["body"].as_str().unwrap_or_default().to_owned());
        store.lock().expect("no test panicked").extend(done);
        Ok(failed(&records[stop..]))
    });
    let joined = joined(invoker, 5).await;
    for body in ["1", "2", "3", "4"] {
        joined.send("group", body).await;
    }
    joined.drained().await;
    assert_eq!(*stored.lock().expect("no test panicked"), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_message_that_fails_every_time_becomes_a_dead_letter() {
    let (seen, invoker) = recording(|_, _| Err(failure()));
    let joined = joined(invoker, 2).await;
    joined.send("group", "poison").await;
    joined.drained().await;
    assert_eq!(joined.queue("dead.fifo").counts.visible, 1);
    assert_eq!(seen.lock().expect("no test panicked").len(), 3, "maxReceiveCount");
}

#[tokio::test]
async fn no_more_invocations_run_at_once_than_allowed() {
    let running = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let most = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let invoker = invoker(function("F"), move |_| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            use std::sync::atomic::Ordering::SeqCst;
            peak.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            now.fetch_sub(1, SeqCst);
            Ok(failed([]))
        }
    });
    let joined = joined(invoker, 2).await;
    for index in 0..8 {
        joined.send(&format!("group-{index}"), &index.to_string()).await;
        tokio::time::sleep(Duration::from_millis(3)).await; // so that they do not come as one batch
    }
    joined.drained().await;
    assert!(most.load(std::sync::atomic::Ordering::SeqCst) <= 2);
}

#[tokio::test]
async fn a_record_has_what_lambda_puts_there() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let invoker = invoker(function("F"), move |event: Json| {
        let told = sender.send(event);
        async move {
            told.expect("the test listens");
            Ok(Json::Null)
        }
    });
    let joined = joined(invoker, 1).await;
    joined.send("group", "hello").await;
    let event = receiver.recv().await.expect("an event");
    let record = &event["Records"][0];
    assert_eq!(record["body"], "hello");
    assert_eq!(record["md5OfBody"], "5d41402abc4b2a76b9719d911017c592");
    assert_eq!(record["eventSource"], "aws:sqs");
    assert_eq!(record["eventSourceARN"], "arn:aws:sqs:us-east-1:000000000000:work.fifo");
    assert_eq!(record["attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(record["attributes"]["MessageGroupId"], "group");
    assert!(record["attributes"]["SequenceNumber"].is_string());
    joined.drained().await;
}

#[test]
fn an_answer_that_makes_no_sense_fails_the_whole_batch() {
    let batch = ["1", "2"].map(|id| Message::builder().message_id(id).build());
    let failed = |answer: &str| failures(answer.as_bytes(), &batch).into_iter().collect::<Vec<_>>();
    assert_eq!(failed(r#"{"batchItemFailures":[{"itemIdentifier":"2"}]}"#), ["2"]);
    assert!(failed(r#"{"batchItemFailures":[]}"#).is_empty());
    assert!(failed("null").is_empty());
    for nonsense in [
        r#"{"batchItemFailures":[{"itemIdentifier":"9"}]}"#,
        r#"{"batchItemFailures":[{"itemIdentifier":""}]}"#,
        r#"{"batchItemFailures":[{}]}"#,
        r#"{"batchItemFailures":[{"item":"1"}]}"#,
        "oops",
    ] {
        assert_eq!(failed(nonsense), ["1", "2"], "{nonsense}");
    }
}
