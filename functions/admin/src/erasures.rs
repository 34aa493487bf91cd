//! People whose data Meta wants deleted: the operator's list of ids, as Meta's dashboard hands it out.

use std::collections::HashSet;

use domain::erasure::{AppUser, Origin, Progress};
use domain::id::AppScopedId;
use domain::secret::AppSecret;
use domain::{AuditEvent, AuditKind, Erasure, ErasureCode, Login, TenantId, UnixMillis, UnixSeconds};
use edge::Caller;
use edge::http::{self, StatusCode};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use lambda_http::{Body, Request, Response};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::error::{AdminError, MOST_IDS};

/// A hundred ids of twenty digits are a sixth of it.
const MAX_BODY_BYTES: usize = 16 * 1024;

/// Deletions that are taken at the same time.
const AT_ONCE: usize = 4;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// The body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ErasureList {
    /// Of which of the two Meta apps the list is.
    login: Login,
    /// App-scoped ids, as strings or numbers.
    ids: Vec<AppScopedId>,
    /// The day of Meta's list, as `2026-11-20`; today's (UTC) unless said. The same list of the same day is the same
    /// demand: to hand it in again deletes nothing that was connected since.
    requested_on: Option<String>,
}

/// What was taken.
#[derive(Serialize)]
struct ErasuresTaken {
    erasures: Vec<ErasureTaken>,
}

/// One person's deletion.
#[derive(Serialize)]
struct ErasureTaken {
    id: AppScopedId,
    /// `received`, `running`, `done`, or `unknown` where nothing of the person was found.
    status: &'static str,
    confirmation_code: ErasureCode,
    /// Where anybody who has it reads how far the deletion is.
    url: String,
}

/// `POST /api/admin/erasures`: takes the deletion of everything that these people have connected.
pub(crate) async fn take(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let list: ErasureList = http::body_json(request, MAX_BODY_BYTES)?;
    let now = app.clock.now_ms();
    let asked_at = asked_at(list.requested_on.as_deref(), now)?;
    let ids = once_each(list.ids)?;
    let registered = app.connector.registrations.current(now.seconds()).await?;
    let demand = Demand { login: list.login, secret: registered.app_secret(list.login)?, asked_at };
    let taken = stream::iter(ids).map(|id| erase(app, request, &demand, id)).buffered(AT_ONCE);
    let erasures: Vec<ErasureTaken> = taken.try_collect().await?;
    note(app, caller, &demand, &erasures, now).await;
    Ok(http::json(StatusCode::ACCEPTED, &ErasuresTaken { erasures }))
}

/// What all people of a list have in common.
struct Demand<'a> {
    login: Login,
    secret: &'a AppSecret,
    asked_at: UnixSeconds,
}

async fn erase(app: &App, request: &Request, demand: &Demand<'_>, id: AppScopedId) -> Result<ErasureTaken, AdminError> {
    let code = erasure::demand_code(demand.secret, &id, Some(demand.asked_at));
    let person = AppUser { login: demand.login, id };
    let erasure = app.erasures.erase_person(&person, code, Origin::Operator, app.clock.now_ms()).await?;
    let url = app.erasures.page_url(request, &erasure.code);
    Ok(ErasureTaken { id: person.id, status: status(&erasure), confirmation_code: erasure.code, url })
}

const fn status(erasure: &Erasure) -> &'static str {
    match erasure.progress {
        Progress::Received => "received",
        Progress::Running | Progress::Other(_) => "running",
        Progress::Done if erasure.found_nothing() => "unknown",
        Progress::Done => "done",
    }
}

/// For the operator's own audit log: who handed in how many, and nobody's id.
async fn note(app: &App, caller: &Caller, demand: &Demand<'_>, taken: &[ErasureTaken], now: UnixMillis) {
    let unknown = taken.iter().filter(|erasure| erasure.status == "unknown").count();
    let event = AuditEvent::new(TenantId::operator(), AuditKind::ErasureListTaken, now)
        .by(caller.user.clone())
        .with("login", demand.login.as_str())
        .with("asked_at", demand.asked_at.rfc3339())
        .with("people", taken.len())
        .with("unknown", unknown);
    app.connector.audit.record(event).await;
}

/// The first second of the day.
fn asked_at(day: Option<&str>, now: UnixMillis) -> Result<UnixSeconds, AdminError> {
    let Some(day) = day else {
        let now = now.seconds();
        return Ok(now.plus(-now.get().rem_euclid(DAY_SECONDS)));
    };
    let start = UnixMillis::parse(&format!("{day}T00:00:00Z")).map_err(|_| AdminError::ListDay)?;
    Ok(start.seconds())
}

/// The ids in their order, each of them once.
fn once_each(ids: Vec<AppScopedId>) -> Result<Vec<AppScopedId>, AdminError> {
    let mut seen = HashSet::new();
    let ids: Vec<_> = ids.into_iter().filter(|id| seen.insert(id.clone())).collect();
    if (1..=MOST_IDS).contains(&ids.len()) { Ok(ids) } else { Err(AdminError::IdCount) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(json: &str) -> Result<Vec<String>, AdminError> {
        let list: ErasureList = serde_json::from_str(json).map_err(|_| AdminError::NotFound)?;
        Ok(once_each(list.ids)?.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn an_id_is_a_string_or_a_number_and_counts_once() {
        let ids = list(r#"{"login": "instagram", "ids": ["27640875392278831", 27640875392278831, 1]}"#);
        assert_eq!(ids.expect("a list"), ["27640875392278831", "1"]);
    }

    #[test]
    fn a_list_has_one_to_a_hundred_ids_and_no_other_member() {
        let ids = |count: usize| {
            let ids: Vec<_> = (0..count).map(|id| id.to_string()).collect();
            list(&serde_json::json!({ "login": "facebook", "ids": ids }).to_string())
        };
        assert_eq!(ids(100).expect("a list").len(), 100);
        for count in [0, 101] {
            assert!(matches!(ids(count), Err(AdminError::IdCount)), "{count}");
        }
        assert!(list(r#"{"login": "instagram", "ids": ["x"]}"#).is_err());
        assert!(list(r#"{"login": "instagram", "ids": [1], "id": 1}"#).is_err());
    }

    #[test]
    fn a_list_is_of_its_day_and_of_today_unless_it_says() {
        let now = UnixMillis::parse("2026-11-20T08:45:01Z").expect("a time");
        let day = |text| asked_at(text, now).map(UnixSeconds::rfc3339).ok();
        assert_eq!(day(None).as_deref(), Some("2026-11-20T00:00:00Z"));
        assert_eq!(day(Some("2026-11-02")).as_deref(), Some("2026-11-02T00:00:00Z"));
        for text in ["yesterday", "2026-13-01", "2026-11-20T01:00:00Z", ""] {
            assert_eq!(day(Some(text)), None, "{text}");
        }
    }
}
