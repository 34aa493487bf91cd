"""A local stack for the checks beside this file: started once, stopped with them, on ports and in a folder of its own."""

import atexit
import functools
import http.server
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time

import httpx

ROOT = pathlib.Path(__file__).resolve().parents[2]
LUNA, MARA, INES, TENANT = "luna.cafe", "mara.paints", "ines.moreau", "luna"
INSTAGRAM_SCOPES = [
    "instagram_business_basic",
    "instagram_business_manage_messages",
    "instagram_business_manage_comments",
]
FACEBOOK_SCOPES = [
    "instagram_basic",
    "instagram_manage_messages",
    "instagram_manage_comments",
    "pages_show_list",
    "pages_manage_metadata",
    "pages_read_engagement",
    "pages_messaging",
]
INSTAGRAM_FIELDS = ["messages", "message_edit", "message_reactions", "messaging_postbacks", "messaging_seen", "comments"]
PAGE_FIELDS = ["messages"]

# What a contact or another app does, by kind: everything that the simulated Meta knows how to tell.
ACTIONS = [
    {"kind": "text", "text": "¿Tenéis mesa? 🎉"},
    {"kind": "media", "media": "image", "count": 2, "text": "look"},
    {"kind": "media", "media": "video"},
    {"kind": "media", "media": "audio"},
    {"kind": "media", "media": "file", "url": "https://example.com/menu.pdf"},
    {"kind": "story_mention"},
    {"kind": "story_reply", "text": "nice story"},
    {"kind": "story_share"},
    {"kind": "share", "shape": "transition"},
    {"kind": "share", "shape": "legacy"},
    {"kind": "share", "shape": "ig_post"},
    {"kind": "reel"},
    {"kind": "reel", "legacy": True},
    {"kind": "template"},
    {"kind": "ephemeral"},
    {"kind": "unsupported"},
    {"kind": "quick_reply", "text": "Red", "payload": "RED"},
    {"kind": "postback", "title": "Opening hours?", "payload": "HOURS"},
    {"kind": "referral", "ref": "menu"},
    {"kind": "ad_message", "text": "price?"},
    {"kind": "app_reply", "text": "We are open"},
    {"kind": "reaction"},
    {"kind": "unreact"},
    {"kind": "seen"},
    {"kind": "text", "text": "for two"},
    {"kind": "edit", "text": "for three"},
    {"kind": "edit", "text": "for four", "num_edit_as_text": True},
    {"kind": "edit_zero"},
    {"kind": "edit_zero", "with_parties": True},
    {"kind": "unsend"},
    {"kind": "standby", "text": "hello?"},
    {"kind": "thread_control", "change": "pass"},
    {"kind": "thread_control", "change": "take"},
    {"kind": "thread_control", "change": "request"},
    {"kind": "optin"},
    {"kind": "comment", "text": "price?"},
    {"kind": "comment", "text": "price?", "shape": "flat"},
    {"kind": "comment", "text": "price?", "shape": "facebook", "parent_id": "17894227972186000"},
    {"kind": "comment", "text": "hello", "live": True},
    {"kind": "mention"},
    {"kind": "mention", "caption": True},
    {"kind": "self_message", "text": "test"},
    {"kind": "policy_enforcement", "action": "warning", "reason": "spam"},
    {"kind": "response_feedback", "good": True},
    {"kind": "attachments", "attachments": [{"type": "image", "payload": {"url": "https://example.com/menu.png"}}]},
]

# What these libraries have no type for: Messenger's alone, and the newest of Instagram's.
UNTYPED = {"account_linking", "app_roles", "delivered", "fallback", "lead", "sticker", "story_insights"}


def known_kinds():
    """The kinds of actions that the simulated Meta's source names."""
    source = (ROOT / "infra/meta-sim/src/actions/action.rs").read_text(encoding="utf-8")
    variants = re.search(r"pub\(crate\) enum Action \{\n(.*?)\n\}\n", source, re.DOTALL)[1]
    names = re.findall(r"^    ([A-Z]\w*)(?: \{|,)", variants, re.MULTILINE)
    return {re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower() for name in names}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Receiver(http.server.ThreadingHTTPServer):
    """An app's webhook that keeps what arrives, byte for byte."""

    def __init__(self):
        self.deliveries = []
        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.deliveries.append((self.headers["x-hub-signature-256"], body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Stack:
    """`cargo dev`, running. `DEV` names its binary."""

    def __init__(self):
        self.data = tempfile.TemporaryDirectory()
        ports = {name: free_port() for name in ("api", "aws", "meta", "issuer")}
        self.api, self.aws, self.meta, self.issuer = (f"http://127.0.0.1:{port}" for port in ports.values())
        options = [part for name, port in ports.items() for part in (f"--{name}-port", str(port))]
        self.log = open(pathlib.Path(self.data.name) / "log", "w+b")  # noqa: SIM115: as long as the stack runs
        command = [os.environ["DEV"], "--data", self.data.name, *options]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)
        atexit.register(self.stop)
        # The simulated Meta resets connections that idled, as Meta does: none is kept.
        self.http = httpx.Client(timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
        self.wait_until_up()

    def wait_until_up(self):
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            try:
                self.http.get(f"{self.api}/health")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        self.log.seek(0)
        raise RuntimeError(f"the stack did not start: {self.log.read().decode(errors='replace')}")

    def stop(self):
        self.http.close()
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.data.cleanup()

    def control(self, method, path, body=None):
        answer = self.http.request(method, f"{self.meta}/control{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    def settle(self):
        self.control("GET", "/webhooks/idle")

    def app(self, login):
        return next(app for app in self.control("GET", "/apps") if app["login"] == login)

    def token(self, app_id, user, **more):
        order = {"app_id": app_id, "user": user, "kind": "instagram_long", "scopes": INSTAGRAM_SCOPES, **more}
        return self.control("POST", "/tokens", order)["tokens"][0]

    def account(self, username):
        accounts = self.control("GET", "/state")["accounts"]
        return next(account["id"] for account in accounts if account["username"] == username)

    def act(self, account, action):
        return self.control("POST", "/act", {"contact": INES, "account": account, "action": action})

    def other_app(self, login, app_id):
        """Another app, subscribed to Mara's account: its secret, its token, and where its webhooks arrive."""
        receiver, secret = Receiver(), f"5f4dcc3b5aa765d61d8327deb882cf9{app_id[-1]}"
        app = {"login": login, "app_id": app_id, "app_secret": secret, "webhook_url": receiver.url}
        self.control("POST", "/apps", app)
        if login == "instagram":
            token, fields = self.token(app_id, MARA), INSTAGRAM_FIELDS
        else:
            token, fields = self.page_token(app_id), PAGE_FIELDS
        answer = self.graph(login, "POST", "me/subscribed_apps", token, {"subscribed_fields": ",".join(fields)})
        answer.raise_for_status()
        return secret, token, receiver

    def page_token(self, app_id):
        state = self.control("GET", "/state")
        page = next(page for page in state["pages"] if page["instagram"] == self.account(MARA))
        person = next(one for one in state["people"] if self.account(MARA) in one["accounts"])
        page_token = {"kind": "page", "page_id": page["id"], "scopes": FACEBOOK_SCOPES}
        return self.token(app_id, person["username"], **page_token)

    def graph(self, login, method, path, token, params=None, body=None):
        url = f"{self.meta}/graph.{login}.com/v27.0/{path}"
        return self.http.request(method, url, params={**(params or {}), "access_token": token}, json=body)

    @functools.cached_property
    def told(self):
        """Everything that the simulated Meta tells apps of both logins: secret, signature and body of each delivery."""
        apps = [self.other_app("instagram", "5501000000000008"), self.other_app("facebook", "5501000000000009")]
        igsid = self.act(MARA, ACTIONS[0])["igsid"]
        answer = {"recipient": {"id": igsid}, "message": {"text": "Sí, a las nueve"}}
        self.graph("instagram", "POST", "me/messages", apps[0][1], body=answer).raise_for_status()
        for action in ACTIONS:
            self.act(MARA, action)
        self.settle()
        self.control("PATCH", "/webhooks/options", {"hold": True, "batch_max": 1000})
        for action in ACTIONS:
            self.act(MARA, action)
        self.control("POST", "/webhooks/release")
        self.settle()
        self.control("PATCH", "/webhooks/options", {"hold": False, "batch_max": 1})
        return [(secret, *delivery) for secret, _, receiver in apps for delivery in receiver.deliveries]

    @functools.cached_property
    def ana(self):
        """Ana's browser, after she has connected Luna Café."""
        answer = self.http.post(f"{self.issuer}/token/sample", json={"person": "ana"})
        token = answer.json()["access_token"]
        browser = httpx.Client(base_url=self.api, headers={"authorization": f"Bearer {token}"}, timeout=30)
        atexit.register(browser.close)
        started = browser.post("/api/integrations/meta/instagram/start", json={"login": "instagram"})
        callback = httpx.get(f"{started.json()['authUrl']}&auto_user={LUNA}").headers["location"]
        landed = browser.get(callback)
        assert landed.status_code == 302, landed.text
        status = browser.get("/api/integrations/meta/instagram/status").json()
        assert status["connected"], status
        return browser

    def conversations(self):
        return self.ana.get(f"/api/tenants/{TENANT}/conversations?limit=100").json()["conversations"]

    def messages(self, conversation):
        path = f"/api/tenants/{TENANT}/conversations/{conversation['id']}/messages?limit=100"
        return self.ana.get(path).json()["messages"]

    def dead_letters(self):
        queues = self.http.get(f"{self.aws}/_local/queues").json()
        return sum(len(queue["messages"]) for queue in queues if queue["is_dead_letter_queue"])

    def deliver(self, body, signature):
        headers = {"content-type": "application/json", "x-hub-signature-256": signature}
        return self.http.post(f"{self.api}/webhooks/meta/instagram", content=body, headers=headers)


@functools.cache
def stack():
    return Stack()
