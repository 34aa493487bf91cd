use axum::extract::connect_info::MockConnectInfo;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::{
    assemble::Port,
    issuer::{self, AUDIENCE, Issuer},
    template::{Function, JwtAuthorizer, Route},
    testing,
};

/// A gateway with one function behind `POST /open` and, with a token, `GET /closed` and `GET /scoped`; it answers its event.
struct Api {
    gateway: Router,
    issuer: Arc<Issuer>,
    clock: StackClock,
    _folder: TempDir,
}

async fn api() -> Api {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = StackClock::default();
    let port = Port::open(0, "issuer").await.expect("a port");
    let url = port.url.clone();
    let issuer = Issuer::new(folder.path(), &url, "http://api", "http://meta", clock.clone()).expect("an issuer");
    let issuer = Arc::new(issuer);
    tokio::spawn(port.serve(issuer::router(Arc::clone(&issuer))));
    let closed = Route { authorizer: Some("Jwt".to_owned()), ..testing::route("GET", "/closed") };
    let scoped = Route {
        authorizer: Some("Jwt".to_owned()),
        scopes: vec!["inbox".to_owned()],
        ..testing::route("GET", "/scoped")
    };
    let routes = vec![testing::route("POST", "/open"), testing::route("GET", "/broken"), closed, scoped];
    let function = Function { routes, ..testing::function("F") };
    let invoker =
        testing::invoker(
            function,
            async |event: Value| {
                if event["rawPath"] == "/broken" { Err(testing::failure()) } else { Ok(event) }
            },
        );
    let audience = vec![AUDIENCE.to_owned()];
    let jwt = JwtAuthorizer { issuer: url, audience, identity_source: "$request.header.Authorization".to_owned() };
    let api = HttpApi { authorizers: BTreeMap::from([("Jwt".to_owned(), jwt)]), cors: None };
    let gateway = router(Settings { api, invoker, clock: clock.clone(), stack: 0 });
    let peer: SocketAddr = ([127, 0, 0, 1], 1234).into();
    Api { gateway: gateway.layer(MockConnectInfo(peer)), issuer, clock, _folder: folder }
}

impl Api {
    async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Body) -> (StatusCode, Value) {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(body).expect("a request");
        let answer = self.gateway.clone().oneshot(request).await.expect("an answer");
        let status = answer.status();
        let body = to_bytes(answer.into_body(), MAX_BODY_BYTES).await.expect("a body");
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    async fn get(&self, path: &str, token: Option<&str>) -> (StatusCode, Value) {
        self.call("GET", path, token, Body::empty()).await
    }

    fn claims(&self) -> Map<String, Value> {
        let now = self.clock.now_seconds();
        let iss = self.issuer.name();
        let claims = json!({ "iss": iss, "aud": AUDIENCE, "sub": "ana", "iat": now, "exp": now + 60, "groups": ["a", "b"],
                    "realm": { "roles": ["a b"] } });
        claims.as_object().cloned().expect("an object")
    }

    /// A token whose claims differ in one place.
    fn token_with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims();
        claims.insert(name.to_owned(), value);
        self.issuer.sign(&claims).expect("a token")
    }
}

#[tokio::test]
async fn the_claims_of_a_valid_token_reach_the_function_as_text() {
    let api = api().await;
    let (status, event) = api.get("/closed", Some(&api.issuer.sign(&api.claims()).expect("a token"))).await;
    assert_eq!(status, StatusCode::OK);
    let claims = &event["requestContext"]["authorizer"]["jwt"]["claims"];
    assert_eq!(claims["sub"], "ana");
    assert_eq!(claims["groups"], "[a b]");
    assert_eq!(claims["realm"], "map[roles:[a b]]");
    assert!(claims["exp"].is_string(), "numbers as well");
}

#[tokio::test]
async fn a_token_that_is_wrong_in_one_place_is_a_401() {
    let api = api().await;
    let now = api.clock.now_seconds();
    let wrong = [
        ("iss", json!("https://elsewhere.example")),
        ("aud", json!("another-client")),
        ("exp", json!(now - 1)),
        ("exp", json!("soon")),
        ("nbf", json!(now + 60)),
        ("iat", json!(now + 60)),
    ];
    for (name, value) in wrong {
        let token = api.token_with(name, value.clone());
        let (status, body) = api.get("/closed", Some(&token)).await;
        assert_eq!((status, body), (StatusCode::UNAUTHORIZED, json!({ "message": "Unauthorized" })), "{name}: {value}");
    }
}

#[tokio::test]
async fn a_token_that_nobody_or_somebody_else_signed_is_a_401() {
    let api = api().await;
    let good = api.issuer.sign(&api.claims()).expect("a token");
    let (signed_part, signature) = good.rsplit_once('.').expect("three parts");
    let forged = api.token_with("sub", json!("eva"));
    let other_claims = forged.rsplit_once('.').expect("three parts").0;
    let unsigned = "eyJhbGciOiJub25lIiwia2lkIjoieCJ9.eyJzdWIiOiJhbmEifQ.";
    for token in [&format!("{other_claims}.{signature}"), &format!("{signed_part}."), unsigned, "no-token"] {
        assert_eq!(api.get("/closed", Some(token)).await.0, StatusCode::UNAUTHORIZED, "{token}");
    }
    assert_eq!(api.get("/closed", None).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_client_counts_only_for_a_token_that_names_no_audience() {
    let api = api().await;
    let mut claims = api.claims();
    claims.insert("client_id".to_owned(), AUDIENCE.into());
    for (audience, status) in [
        (None, StatusCode::OK),
        (Some(json!("account")), StatusCode::UNAUTHORIZED),
        (Some(json!(["account", AUDIENCE])), StatusCode::OK),
    ] {
        claims.remove("aud");
        claims.extend(audience.map(|audience| ("aud".to_owned(), audience)));
        assert_eq!(api.get("/closed", Some(&api.issuer.sign(&claims).expect("a token"))).await.0, status, "{claims:?}");
    }
}

#[tokio::test]
async fn a_token_ends_by_the_stacks_clock() {
    let api = api().await;
    let token = api.issuer.sign(&api.claims()).expect("a token");
    assert_eq!(api.get("/closed", Some(&token)).await.0, StatusCode::OK);
    api.clock.advance(61_000);
    assert_eq!(api.get("/closed", Some(&token)).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_without_the_routes_scope_is_a_403() {
    let api = api().await;
    assert_eq!(api.get("/scoped", Some(&api.token_with("scope", json!("profile")))).await.0, StatusCode::FORBIDDEN);
    assert_eq!(api.get("/scoped", Some(&api.token_with("scope", json!("profile inbox")))).await.0, StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_route_has_api_gateways_answer() {
    let api = api().await;
    assert_eq!(api.get("/nowhere", None).await, (StatusCode::NOT_FOUND, json!({ "message": "Not Found" })));
    assert_eq!(api.get("/open", None).await.0, StatusCode::NOT_FOUND, "another method is another route");
}

#[tokio::test]
async fn a_function_that_fails_is_a_500_that_says_nothing() {
    let api = api().await;
    let expected = json!({ "message": "Internal Server Error" });
    assert_eq!(api.get("/broken", None).await, (StatusCode::INTERNAL_SERVER_ERROR, expected));
}

#[tokio::test]
async fn a_body_over_ten_mebibytes_or_over_lambdas_six_is_a_413() {
    let api = api().await;
    for size in [MAX_BODY_BYTES + 1, 7 * 1024 * 1024] {
        let (status, _) = api.call("POST", "/open", None, Body::from(vec![b'x'; size])).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{size} bytes");
    }
}
