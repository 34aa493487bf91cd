use std::sync::{Mutex, PoisonError};

use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message as Frame, client::IntoClientRequest as _},
};

use super::*;
use crate::{
    assemble::Port,
    template::{Identities, Template},
    testing,
};

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// `$connect`, `$disconnect` and `say` are routes, `say` without an answer; messages name their route in `kind`.
const TEMPLATE: &str = "
Parameters: {}
Resources:
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {ProtocolType: WEBSOCKET, RouteSelectionExpression: $request.body.kind}}
  Stage: {Type: AWS::ApiGatewayV2::Stage, Properties: {ApiId: !Ref Api, StageName: now}}
  Joined:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationUri: !Sub 'arn:aws:lambda:path/functions/${F.Arn}/invocations'}
  Connect: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $connect, Target: !Sub 'integrations/${Joined}'}}
  Left: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: $disconnect, Target: !Sub 'integrations/${Joined}'}}
  Say: {Type: AWS::ApiGatewayV2::Route, Properties: {ApiId: !Ref Api, RouteKey: say, Target: !Sub 'integrations/${Joined}'}}
  F: {Type: AWS::Serverless::Function, Properties: {}}
";

/// The API with one function, which says what its query or message asks it to, and the events that it got.
struct Api {
    url: String,
    sockets: Sockets,
    events: Arc<Mutex<Vec<Json>>>,
}

async fn api() -> Api {
    let template = Template::parse(TEMPLATE, &BTreeMap::new()).expect("a template");
    let api = template.web_socket_api(&Identities::new()).expect("it is readable").expect("it is there");
    let events = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&events);
    let invoker = testing::invoker(testing::function("F"), move |event: Json| {
        kept.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        async move {
            let asked = &event["queryStringParameters"];
            if asked["fail"].is_string() || event["body"].as_str().is_some_and(|body| body.contains("fail")) {
                return Err(testing::failure());
            }
            let status: u16 = asked["status"].as_str().map_or(200, |status| status.parse().expect("a status"));
            let protocol = json!({"Sec-WebSocket-Protocol": "two"});
            Ok(json!({"statusCode": status, "headers": protocol, "body": "nobody is told"}))
        }
    });
    let port = Port::open(0, "sockets").await.expect("a port");
    let url = format!("{}/now", port.url.replacen("http", "ws", 1));
    let sockets = Sockets::default();
    let settings =
        Settings { api, invoker, sockets: sockets.clone(), clock: StackClock::default(), stack: 0, lost_goodbyes: 0 };
    tokio::spawn(port.serve(router(settings)));
    Api { url, sockets, events }
}

impl Api {
    async fn connect(&self, query: &str) -> Result<Client, u16> {
        match connect_async(format!("{}{query}", self.url)).await {
            Ok((client, _)) => Ok(client),
            Err(Error::Http(refused)) => Err(refused.status().as_u16()),
            Err(failure) => panic!("nobody answers: {failure}"),
        }
    }

    /// The first event of a kind, once there is one.
    async fn event(&self, kind: &str) -> Json {
        loop {
            let events = self.events.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match events.into_iter().find(|event| event["requestContext"]["eventType"] == kind) {
                Some(event) => return event,
                None => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    }
}

async fn told(client: &mut Client) -> Json {
    let frame = client.next().await.expect("the line stands").expect("a frame");
    serde_json::from_str(frame.to_text().expect("text")).expect("JSON")
}

#[tokio::test]
async fn who_may_connect_is_decided_by_the_functions_status() {
    let api = api().await;
    assert_eq!(api.connect("?status=401").await.err(), Some(401));
    assert_eq!(api.connect("?status=403").await.err(), Some(403));
    assert_eq!(api.connect("?fail=1").await.err(), Some(500));
    assert_eq!(api.sockets.count(), 0);
    assert!(api.connect("?status=204").await.is_ok());
}

#[tokio::test]
async fn a_function_is_told_who_connects_and_how_it_ended() {
    let api = api().await;
    let mut client = api.connect("?ticket=a&ticket=b").await.expect("it is let in");
    let leaving = tokio_tungstenite::tungstenite::protocol::CloseFrame { code: 4000.into(), reason: "enough".into() };
    client.close(Some(leaving)).await.expect("it leaves");

    let connected = api.event("CONNECT").await;
    assert_eq!(connected["queryStringParameters"], json!({"ticket": "b"}));
    assert_eq!(connected["multiValueQueryStringParameters"], json!({"ticket": ["a", "b"]}));
    assert_eq!(connected["requestContext"]["identity"]["sourceIp"], "127.0.0.1");
    assert!(connected["requestContext"]["requestTime"].as_str().is_some_and(|time| time.ends_with(" +0000")));
    let left = api.event("DISCONNECT").await;
    let (first, last) = (&connected["requestContext"], &left["requestContext"]);
    assert_eq!(last["disconnectStatusCode"], 4000);
    assert_eq!(last["disconnectReason"], "enough");
    for same in ["connectionId", "connectedAt", "domainName", "stage", "identity"] {
        assert_eq!(first[same], last[same], "{same}");
    }
    assert_eq!(left["headers"]["Host"], last["domainName"]);
}

#[tokio::test]
async fn a_message_takes_the_route_that_the_template_lets_it_name() {
    let api = api().await;
    let mut client = api.connect("").await.expect("it is let in");
    for (said, message) in [
        (r#"{"action":"say"}"#, "Forbidden"), // there is no `$default`
        ("no JSON", "Forbidden"),
        (r#"{"kind":"say","fail":true}"#, "Internal server error"),
    ] {
        client.send(Frame::text(said)).await.expect("the line stands");
        let refusal = told(&mut client).await;
        assert_eq!(refusal["message"], message, "{said}");
        assert_eq!(refusal["connectionId"], api.event("CONNECT").await["requestContext"]["connectionId"]);
    }
    client.send(Frame::text(r#"{"kind":"say"}"#)).await.expect("the line stands");
    client.send(Frame::text("again")).await.expect("the line stands");
    assert_eq!(told(&mut client).await["message"], "Forbidden", "what `say` answers goes to nobody");
    assert_eq!(api.event("MESSAGE").await["requestContext"]["routeKey"], "say");
}

#[tokio::test]
async fn the_function_chooses_the_subprotocol() {
    let api = api().await;
    let mut request = api.url.as_str().into_client_request().expect("a request");
    request.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, "one, two".parse().expect("a value"));
    let (_client, answer) = connect_async(request).await.expect("it is let in");
    assert_eq!(answer.headers()[header::SEC_WEBSOCKET_PROTOCOL], "two");
    assert_eq!(api.event("CONNECT").await["headers"]["sec-websocket-protocol"], "one, two");
}

#[test]
fn another_way_to_choose_a_route_is_refused_and_named() {
    let text = TEMPLATE.replace("$request.body.kind", "$request.header.kind");
    let template = Template::parse(&text, &BTreeMap::new()).expect("a template");
    let refusal = template.web_socket_api(&Identities::new()).expect_err("nothing here reads headers");
    assert!(refusal.to_string().contains("`Api`"), "{refusal}");
}
