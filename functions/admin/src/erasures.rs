//! People whose data Meta wants deleted: the operator's list of ids, as Meta's dashboard hands it out.

use std::collections::{BTreeSet, HashSet};

use domain::channel::AccountId;
use domain::erasure::{AppUser, Origin, Progress, Scope, Task};
use domain::id::AppScopedId;
use domain::secret::AppSecret;
use domain::{
    Account, AuditEvent, AuditKind, Channel, ContactId, ConversationId, Erasure, ErasureCode, Login, TenantId,
    UnixMillis, UnixSeconds,
};
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

/// Connections that are read at once where all are.
const SCANNED_AT_ONCE: u32 = 1000;

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

/// The body that tells an open deletion whose conversations are meant; none, where there are none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContactList {
    /// The deletion's confirmation code.
    code: ErasureCode,
    /// Where they wrote.
    channel: Channel,
    /// The Page or account that they wrote to.
    account_id: AccountId,
    /// The ids that they have there.
    contacts: Vec<ContactId>,
}

/// What is asked for.
#[derive(Deserialize)]
#[serde(untagged)]
enum Asked {
    People(ErasureList),
    Contacts(ContactList),
}

/// What was taken.
#[derive(Serialize)]
struct ErasuresTaken {
    erasures: Vec<ErasureTaken>,
}

/// One person's deletion.
#[derive(Serialize)]
struct ErasureTaken {
    /// Absent where a deletion was told whose conversations are meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<AppScopedId>,
    /// `received`, `running`, `done`, `unknown` where nothing of the person was found, or `unmatched` where they may have written to
    /// a Page.
    status: &'static str,
    confirmation_code: ErasureCode,
    /// Where anybody who has it reads how far the deletion is.
    url: String,
}

/// `POST /api/admin/erasures`: takes the deletion of everything that these people have connected, or of what a person wrote who is
/// known by other ids only.
pub(crate) async fn take(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let erasures = match http::body_json(request, MAX_BODY_BYTES)? {
        Asked::People(list) => take_people(app, request, caller, list).await?,
        Asked::Contacts(list) => vec![match_contacts(app, request, caller, list).await?],
    };
    Ok(http::json(StatusCode::ACCEPTED, &ErasuresTaken { erasures }))
}

async fn take_people(
    app: &App,
    request: &Request,
    caller: &Caller,
    list: ErasureList,
) -> Result<Vec<ErasureTaken>, AdminError> {
    let now = app.clock.now_ms();
    let asked_at = asked_at(list.requested_on.as_deref(), now)?;
    let ids = once_each(list.ids)?;
    let registered = app.connector.registrations.current(now.seconds()).await?;
    let demand = Demand { login: list.login, secret: registered.app_secret(list.login)?, asked_at };
    let taken = stream::iter(ids).map(|id| erase(app, request, &demand, id)).buffered(AT_ONCE);
    let erasures: Vec<ErasureTaken> = taken.try_collect().await?;
    note(app, caller, &demand, &erasures, now).await;
    Ok(erasures)
}

/// Finds the contacts' conversations, at whoever has or had the account, and has them deleted.
async fn match_contacts(
    app: &App,
    request: &Request,
    caller: &Caller,
    list: ContactList,
) -> Result<ErasureTaken, AdminError> {
    let account = Account::new(list.channel, list.account_id);
    if list.contacts.len() > MOST_IDS {
        return Err(AdminError::IdCount);
    }
    let mut tasks = Vec::new();
    for tenant in tenants_of(app, &account).await? {
        for contact in &list.contacts {
            let conversation = ConversationId::derive(&tenant, &account, contact);
            if app.conversations.has_conversation(&tenant, &conversation).await? {
                tasks.push(Task::new(tenant.clone(), Scope::Contact { conversation }));
            }
        }
    }
    let (now, found) = (app.clock.now_ms(), tasks.len());
    let erasure = app.erasures.match_open(&list.code, tasks, now).await?.ok_or(AdminError::NotFound)?;
    let event = AuditEvent::new(TenantId::operator(), AuditKind::ErasureMatched, now)
        .by(caller.user.clone())
        .with("code", erasure.code.as_str())
        .with("conversations", found);
    app.connector.audit.record(event).await;
    let url = app.erasures.page_url(request, &erasure.code);
    Ok(ErasureTaken { id: None, status: status(&erasure), confirmation_code: erasure.code, url })
}

/// Whoever has or had the account: all of them keep its history.
async fn tenants_of(app: &App, account: &Account) -> Result<BTreeSet<TenantId>, AdminError> {
    let (mut tenants, mut cursor) = (BTreeSet::new(), None::<String>);
    loop {
        let page = app.connector.connections.list_all(cursor.as_deref(), SCANNED_AT_ONCE).await?;
        let of_account = page.items.into_iter().filter(|connection| connection.account == *account);
        tenants.extend(of_account.map(|connection| connection.tenant));
        cursor = page.cursor;
        if cursor.is_none() {
            return Ok(tenants);
        }
    }
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
    Ok(ErasureTaken { id: Some(person.id), status: status(&erasure), confirmation_code: erasure.code, url })
}

const fn status(erasure: &Erasure) -> &'static str {
    match erasure.progress {
        Progress::Received => "received",
        Progress::Running | Progress::Other(_) => "running",
        Progress::Done if erasure.found_nothing() => "unknown",
        Progress::Done => "done",
        Progress::Unmatched => "unmatched",
    }
}

/// For the operator's own audit log: who handed in how many, and nobody's id.
async fn note(app: &App, caller: &Caller, demand: &Demand<'_>, taken: &[ErasureTaken], now: UnixMillis) {
    let unknown = taken.iter().filter(|erasure| matches!(erasure.status, "unknown" | "unmatched")).count();
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
    fn the_sample_events_are_told_apart() {
        let asked = |sample| {
            let request = lambda_http::request::from_str(sample).expect("an event of API Gateway");
            http::body_json::<Asked>(&request, MAX_BODY_BYTES).expect("a body")
        };
        assert!(matches!(asked(include_str!("../../../events/admin-erasures.json")), Asked::People(_)));
        let Asked::Contacts(list) = asked(include_str!("../../../events/admin-erasures-contacts.json")) else {
            panic!("contacts")
        };
        assert_eq!((list.channel, list.contacts.len()), (Channel::Messenger, 1));
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
