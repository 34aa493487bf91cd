//! The audit log of a tenant: filtered, and as a table for spreadsheets.

use domain::{AuditEvent, AuditKind, TenantId, UnixMillis, UserId};
use edge::{Caller, PageQuery, http};
use lambda_http::http::{HeaderValue, header};
use lambda_http::{Body, Request, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use store::{AuditFilter, Page};

use crate::app::App;
use crate::csv;
use crate::error::AdminError;
use crate::tenants::tenant_in_path;

/// Lines that an export reads at once.
const EXPORT_PAGE: u32 = 500;

/// An export ends with the page that makes it longer than this: Lambda's answers end at 6 MB.
const EXPORT_BYTES: usize = 4 * 1024 * 1024;

/// Where an export goes on.
const NEXT_CURSOR: &str = "x-next-cursor";

#[derive(Serialize)]
struct AuditPage {
    events: Vec<EventView>,
    /// `null` on the last page.
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct EventView {
    at: String,
    kind: AuditKind,
    user: Option<UserId>,
    details: Map<String, Value>,
}

impl From<AuditEvent> for EventView {
    fn from(event: AuditEvent) -> Self {
        Self { at: event.at.rfc3339(), kind: event.kind, user: event.user, details: event.details }
    }
}

/// `GET /api/admin/tenants/{tenantId}/events?kind&from&to`, newest first. CSV for who accepts `text/csv` or asks for
/// `format=csv`.
pub(crate) async fn events(app: &App, request: &Request, caller: &Caller) -> Result<Response<Body>, AdminError> {
    let tenant = tenant_in_path(request, caller)?;
    let wanted = filter(request)?;
    let page = PageQuery::of(request)?;
    if wants_csv(http::query(request, "format"), http::header(request, header::ACCEPT.as_str()))? {
        return export(app, &tenant, wanted, page.cursor).await;
    }
    let found = app.audit.search(&tenant, wanted, page.cursor, page.limit).await?;
    let events = found.items.into_iter().map(EventView::from).collect();
    Ok(http::json_with_etag(request, &AuditPage { events, next_cursor: found.cursor }))
}

fn filter(request: &Request) -> Result<AuditFilter, AdminError> {
    let time = |name: &'static str| {
        let parse = |text| UnixMillis::parse(text).map_err(|_| AdminError::Parameter(name));
        http::query(request, name).map(parse).transpose()
    };
    Ok(AuditFilter { kind: http::query(request, "kind").map(kind).transpose()?, from: time("from")?, to: time("to")? })
}

fn kind(text: &str) -> Result<AuditKind, AdminError> {
    let kind = serde_json::from_value(Value::from(text)).ok();
    kind.filter(|kind| !matches!(kind, AuditKind::Other(_))).ok_or(AdminError::Parameter("kind"))
}

fn wants_csv(format: Option<&str>, accept: Option<&str>) -> Result<bool, AdminError> {
    match format {
        Some("csv") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(AdminError::Parameter("format")),
        None => Ok(accept.is_some_and(|accept| accept.split(',').any(|kind| kind.trim().starts_with("text/csv")))),
    }
}

/// Everything that is wanted, or as much of it as one answer holds; then a header says where the rest begins.
async fn export(
    app: &App,
    tenant: &TenantId,
    wanted: AuditFilter,
    cursor: Option<&str>,
) -> Result<Response<Body>, AdminError> {
    let mut table = String::new();
    csv::row(&mut table, &["at", "kind", "user", "details"]);
    let mut cursor = cursor.map(str::to_owned);
    loop {
        let Page { items, cursor: next } = app.audit.search(tenant, wanted, cursor.as_deref(), EXPORT_PAGE).await?;
        for event in &items {
            add(&mut table, event);
        }
        cursor = next;
        if cursor.is_none() || table.len() > EXPORT_BYTES {
            break;
        }
    }
    Ok(file(table, cursor.as_deref()))
}

fn add(table: &mut String, event: &AuditEvent) {
    let kind = serde_json::to_value(event.kind).unwrap_or_default();
    let details = Value::from(event.details.clone()).to_string();
    let user = event.user.as_ref().map_or("", UserId::as_str);
    csv::row(table, &[&event.at.rfc3339(), kind.as_str().unwrap_or_default(), user, &details]);
}

fn file(table: String, next: Option<&str>) -> Response<Body> {
    let mut response = Response::new(Body::Text(table));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"events.csv\""));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(next) = next.and_then(|cursor| HeaderValue::from_str(cursor).ok()) {
        headers.insert(NEXT_CURSOR, next);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_for_who_asks_for_it() {
        assert!(wants_csv(Some("csv"), None).expect("known"));
        assert!(wants_csv(None, Some("text/html, text/csv;q=0.9")).expect("known"));
        assert!(!wants_csv(Some("json"), Some("text/csv")).expect("known"));
        assert!(!wants_csv(None, Some("application/json")).expect("known"));
        assert!(wants_csv(Some("xlsx"), None).is_err());
    }

    #[test]
    fn a_kind_is_one_of_the_audits_words() {
        assert_eq!(kind("connection.refused").ok(), Some(AuditKind::Refused));
        assert!(kind("connection.everything").is_err());
    }

    #[test]
    fn a_line_is_a_row_whose_cells_are_text() {
        let mut table = String::new();
        let tenant = TenantId::try_from("acme").expect("a tenant");
        let event = AuditEvent::new(tenant, AuditKind::Connected, UnixMillis::new(0))
            .by(UserId::try_from("=ana").expect("a user"))
            .with("account_name", "luna.cafe");
        add(&mut table, &event);
        let expected = "\"1970-01-01T00:00:00.000Z\",\"connection.connected\",\"'=ana\",\"{\"\"account_name\"\":\"\"luna.cafe\"\"}\"\r\n";
        assert_eq!(table, expected);
    }
}
