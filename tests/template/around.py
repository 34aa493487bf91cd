"""The world around a deployment to the emulator: the internet, Meta, an issuer, the API, and what a laptop has installed."""

import contextlib
import datetime
import http.server
import json
import pathlib
import socket
import ssl
import subprocess
import tempfile
import threading
import urllib.parse

import urllib3
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deployed import ROOT

STACK = "buzon"
DOMAIN = "localhost"  # a name that resolves everywhere
META = ("graph.instagram.com", "api.instagram.com", "graph.facebook.com")
BOOTSTRAP = f'#!/bin/sh\nexec "$BUZON_BINARIES/${{AWS_LAMBDA_FUNCTION_NAME#{STACK}-}}"\n'

def ask(method, url, **options):
    """A server on loopback, over a connection of its own: Meta forgets those that idle."""
    with urllib3.PoolManager() as own:
        return own.request(method, url, redirect=False, **options)


def certificate(folder, names):
    """A key and a certificate of its own for these names."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the internet")])
    now = datetime.datetime.now(datetime.timezone.utc)
    alternatives = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    signed = made.add_extension(alternatives, critical=False).sign(key, hashes.SHA256())
    path = pathlib.Path(folder, "internet.pem")
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(signed.public_bytes(serialization.Encoding.PEM) + private)
    return path


@contextlib.contextmanager
def internet(pem, hosts):
    """A proxy's address. A host's name leads to a function of method, path, headers and body that answers with status, headers, body."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self):
            self.host = self.path.partition(":")[0]
            self.send_response(200)
            self.end_headers()
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
            self.close_connection = False

        def do_GET(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, answer = hosts[self.host](self.command, self.path, dict(self.headers), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET

        def finish(self):
            super().finish()
            self.connection.close()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def forward(base):
    def answer(method, path, headers, body):
        kept = {name: value for name, value in headers.items() if name.lower() in ("authorization", "content-type")}
        answer = ask(method, base + path, headers=kept, body=body)
        return answer.status, {"content-type": answer.headers.get("content-type", "")}, answer.data

    return answer


def gateway(functions):
    """The API: a few routes, as API Gateway would lead to the stack's functions, and refuse whoever has no token of the issuer's."""

    def answer(method, path, headers, _):
        path, _, query = path.partition("?")
        token = {name.lower(): value for name, value in headers.items()}.get("authorization")
        if path.startswith("/api/") and (not token or token.endswith("forged")):
            return 401, {}, b'{"message":"Unauthorized"}'
        name = {"/webhooks": "webhook-verify", "/api/inte": "status"}.get(path[:9], "web")
        event = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
        event |= {"rawPath": path, "rawQueryString": query, "queryStringParameters": dict(urllib.parse.parse_qsl(query))}
        event["requestContext"]["http"] |= {"path": path, "method": method}
        if token:
            event["headers"]["authorization"] = token
        done = functions.invoke(FunctionName=f"{STACK}-{name}", Qualifier="live", Payload=json.dumps(event))
        answer = json.loads(done["Payload"].read())
        return answer["statusCode"], {**answer.get("headers", {})}, answer.get("body", "").encode()

    return answer


@contextlib.contextmanager
def local_stack(binaries):
    """Addresses of a simulated Meta and of an issuer."""
    with contextlib.ExitStack() as free, tempfile.TemporaryDirectory() as data:
        sockets = [free.enter_context(socket.socket()) for _ in range(4)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        ports = [one.getsockname()[1] for one in sockets]
        free.close()
        options = zip(("api", "aws", "meta", "issuer"), map(str, ports))
        command = [binaries / "local", "--data", data, *(part for name, port in options for part in (f"--{name}-port", port))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if "is up" in line:
                    break
            try:
                yield [f"http://127.0.0.1:{port}" for port in ports[2:]]
            finally:
                process.terminate()


def programs(folder):
    """What `sam build` needs, by name: nothing is built here."""
    for name in ("sam", "aws", "cargo-lambda", "python-zig"):
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return folder / "bin"
