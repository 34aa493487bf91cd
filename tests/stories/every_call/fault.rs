use std::cell::Cell;
use std::time::Duration;

use local_aws::{Effect, FaultId, FaultRule, Service};
use serde_json::{Value, json};
use stories::World;
use tokio::time::sleep;

use super::patience::{Patience, TOO_LATE};
use super::place::Place;

/// The SDK calls so often before it tells the function; the database's client waits longer for what passes.
const fn attempts(service: Service) -> u32 {
    match service {
        Service::DynamoDb => 9,
        Service::Kms | Service::SecretsManager | Service::Sqs | Service::ApiGateway | Service::EventBridge => 3,
    }
}

/// How often a caller of little patience asks within one call: the second time begins before the call's time is up, and no third.
const ATTEMPTS_OF_LITTLE_PATIENCE: u32 = 2;

/// Longer than any function may run: Lambda kills at the timeout, and so do we, without waiting for it.
const FOR_EVER: Duration = Duration::from_hours(1);

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    /// Answered 5xx, nothing was done.
    Refused,
    /// Answered "too fast", nothing was done.
    Throttled,
    /// A transaction of somebody else holds the item.
    Conflict,
    /// Done, but the connection is cut; the caller may ask again and be answered.
    LostOnce,
    /// Done, but the connection is cut, however often the SDK asks.
    Lost,
    /// Done, but only after the caller has given up and asked again, which is answered.
    LateOnce,
    /// Done, but only after the caller has given up, however often the SDK asks.
    Late,
    /// The function is killed, or times out, before anything is done.
    KilledBefore,
    /// The function is killed, or times out, after it is done.
    KilledAfter,
}

impl Fault {
    /// What may go wrong at a place.
    pub(super) fn of(place: &Place) -> impl Iterator<Item = Self> + use<> {
        use Fault::{Conflict, KilledAfter, KilledBefore, Late, LateOnce, Lost, LostOnce, Refused, Throttled};
        let all: &'static [Self] = match place {
            Place::Aws { service: Service::DynamoDb, operation, .. }
                if ["PutItem", "UpdateItem", "DeleteItem"].contains(&operation.as_str()) =>
            {
                &[Refused, Throttled, Conflict, LostOnce, Lost, LateOnce, Late, KilledBefore, KilledAfter]
            }
            Place::Aws { operation, .. } if operation == "TransactWriteItems" => {
                &[Refused, Throttled, Conflict, LostOnce, Lost, LateOnce, Late, KilledBefore, KilledAfter]
            }
            Place::Aws { .. } => &[Refused, Throttled, LostOnce, Lost, LateOnce, Late, KilledBefore, KilledAfter],
            Place::Meta { .. } => &[Refused, Throttled, Lost, Late, KilledBefore, KilledAfter],
        };
        all.iter().copied()
    }

    /// The patience that lets it happen soon.
    pub(super) const fn patience(self) -> Patience {
        if matches!(self, Self::LateOnce | Self::Late) { Patience::Little } else { Patience::Usual }
    }

    /// Lets it happen at a place, the next time that the story comes there.
    pub(super) async fn arm(self, place: &Place, world: &World) -> Armed {
        let kills = matches!(self, Self::KilledBefore | Self::KilledAfter);
        match place {
            Place::Aws { function, service, operation, after, entries } => {
                let times = match self {
                    Self::LostOnce | Self::LateOnce | Self::KilledBefore | Self::KilledAfter => 1,
                    Self::Late => ATTEMPTS_OF_LITTLE_PATIENCE,
                    Self::Refused | Self::Throttled | Self::Conflict | Self::Lost => attempts(*service),
                };
                let rule = FaultRule::on(*service, operation, self.at_aws(*service, operation, *entries))
                    .from_function(function)
                    .after(*after)
                    .times(times);
                let id = world.stack.aws().faults().inject(rule);
                Armed { target: Target::Aws { id }, kills: kills.then(|| vec![function.clone()]) }
            }
            Place::Meta { endpoint, method, after } => {
                let (accept, action) = self.at_meta();
                let order =
                    json!({"endpoint": endpoint, "method": method, "skip": after, "accept": accept, "action": action});
                world.meta("POST", "/faults", order).await;
                let everybody = world.stack.functions().map(|function| function.binary.clone());
                let target = Target::Meta { endpoint: endpoint.clone(), method: method.clone() };
                Armed { target, kills: kills.then(|| everybody.collect()) }
            }
        }
    }

    fn at_aws(self, service: Service, operation: &str, entries: usize) -> Effect {
        match self {
            Self::Refused => Effect::server_error(internal(service)),
            Self::Throttled => Effect::error(throttled(service)),
            Self::Conflict if operation == "TransactWriteItems" => {
                let reasons = std::iter::once("TransactionConflict")
                    .chain(std::iter::repeat_n("None", entries.saturating_sub(1)));
                Effect::transaction_cancelled(reasons)
            }
            Self::Conflict => Effect::error("TransactionConflictException"),
            Self::LostOnce | Self::Lost => Effect::CutAfter,
            Self::LateOnce | Self::Late => Effect::late(TOO_LATE),
            Self::KilledBefore => Effect::delay_before(FOR_EVER),
            Self::KilledAfter => Effect::delay_after(FOR_EVER),
        }
    }

    /// Whether Meta does it all the same, and what it answers.
    fn at_meta(self) -> (bool, Value) {
        let hang = || json!({"kind": "hang", "ms": FOR_EVER.as_secs() * 1000});
        match self {
            Self::Refused | Self::Conflict => (false, json!({"kind": "html", "status": 503})),
            Self::Throttled => (false, json!({"kind": "rate_limit", "code": 4, "minutes": 1})),
            Self::LostOnce | Self::Lost => (true, json!({"kind": "cut"})),
            Self::LateOnce | Self::Late => (false, json!({"kind": "late", "ms": TOO_LATE.as_millis()})),
            Self::KilledBefore => (false, hang()),
            Self::KilledAfter => (true, hang()),
        }
    }
}

fn internal(service: Service) -> &'static str {
    match service {
        Service::DynamoDb => "InternalServerError",
        Service::Kms => "KMSInternalException",
        Service::Sqs => "InternalError",
        Service::SecretsManager => "InternalServiceError",
        Service::ApiGateway => "InternalServerErrorException",
        Service::EventBridge => "InternalException",
    }
}

fn throttled(service: Service) -> &'static str {
    match service {
        Service::DynamoDb => "ProvisionedThroughputExceededException",
        Service::Sqs => "RequestThrottled",
        Service::Kms | Service::SecretsManager | Service::EventBridge => "ThrottlingException",
        Service::ApiGateway => "LimitExceededException",
    }
}

/// A fault that waits for its call.
pub(super) struct Armed {
    target: Target,
    /// The functions that die of it.
    kills: Option<Vec<String>>,
}

enum Target {
    Aws { id: FaultId },
    Meta { endpoint: String, method: String },
}

impl Armed {
    /// Waits for the call, and kills whoever makes it where that is the fault; whether the story came there before it was told.
    pub(super) async fn strike(&self, world: &World, told: &Cell<bool>) -> bool {
        loop {
            if self.has_hit(world).await {
                for function in self.kills.iter().flatten() {
                    world.stack.kill(function);
                }
                return true;
            }
            if told.get() {
                return false;
            }
            sleep(Duration::from_millis(10)).await;
        }
    }

    async fn has_hit(&self, world: &World) -> bool {
        match &self.target {
            Target::Aws { id } => world.stack.aws().faults().hits(*id) > 0,
            Target::Meta { endpoint, method } => {
                let waiting = world.meta("GET", "/faults", Value::Null).await;
                let mut orders = waiting.as_array().into_iter().flatten();
                !orders.any(|order| order["endpoint"] == **endpoint && order["method"] == **method)
            }
        }
    }
}
