"""Gives every bootstrap its sample events through cargo-lambda's Runtime API, on the local stack.

    python invoke.py FOLDER

FOLDER is that of `cargo lambda build`. The local stack is the one that runs on its usual ports, or one that is started for this.
The environment is `events/local.env`. An answer has to be one: no fault of the function's, no status from 500 on, no record of a
batch handed back.
"""

import contextlib
import http.client
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parent.parent
PORT = 9417
PATIENCE_SECONDS = 120
# Its name is that of its route; every other sample begins with its function's.
FUNCTIONS_OF_SAMPLES = {"oauth-assets": "oauth-select"}


def functions():
    return sorted(folder.parent.name for folder in (ROOT / "functions").glob("*/Cargo.toml"))


def samples(function):
    for file in sorted((ROOT / "events").glob("*.json")):
        sample = file.stem
        owners = [name for name in functions() if sample == name or sample.startswith(f"{name}-")]
        if sample != "local" and FUNCTIONS_OF_SAMPLES.get(sample, max(owners, key=len, default=None)) == function:
            yield file


def environment():
    lines = (ROOT / "events" / "local.env").read_text(encoding="utf-8").splitlines()
    return {**os.environ, **dict(line.split("=", 1) for line in lines if "=" in line)}


def listens(port):
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def answers(port):
    """Whether a request is answered, whatever the answer: the local stack has its ports before it has its tables."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
    with contextlib.closing(connection):
        try:
            connection.request("GET", "/")
            return bool(connection.getresponse().status)
        except (OSError, http.client.HTTPException):
            return False


@contextlib.contextmanager
def running(*command, until=lambda: True, **options):
    """A process that ends with the block. The block begins once `until` holds."""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, **options) as process:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not until():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{' '.join(map(str, command))}: it did not come up")
                time.sleep(0.1)
            yield process
        finally:
            process.terminate()


def stack_command():
    """The local stack as the run has built it, or as cargo builds it."""
    binaries = os.environ.get("BUZON_BINARIES")
    return [pathlib.Path(binaries) / "local"] if binaries else ["cargo", "dev"]


def invoke(function, sample):
    command = ["cargo", "lambda", "invoke", function, "--data-file", sample, "--output-format", "json"]
    at = ["--invoke-address", "127.0.0.1", "--invoke-port", str(PORT)]
    done = subprocess.run([*command, *at], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {"fault": done.stderr.strip()}


def fault(answer):
    if not isinstance(answer, dict):
        return None
    if answer.get("statusCode", 200) >= 500:
        return f"status {answer['statusCode']}"
    return answer.get("fault") or answer.get("errorMessage") or answer.get("batchItemFailures") or None


def check(function, bootstrap):
    """Starts the bootstrap once: its first sample is a cold start, the others are not."""
    runtime = {
        "AWS_LAMBDA_RUNTIME_API": f"http://127.0.0.1:{PORT}/.rt/{function}",
        "AWS_LAMBDA_FUNCTION_NAME": function,
        "AWS_LAMBDA_FUNCTION_VERSION": "1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    }
    with running(bootstrap, env={**environment(), **runtime}):
        for sample in samples(function):
            answer = invoke(function, sample)
            found = fault(answer)
            status = answer.get("statusCode", "") if isinstance(answer, dict) else ""
            print(f"{function:16} {sample.name:32} {found or status or 'done'}", flush=True)
            yield found is None


def main(folder):
    with contextlib.ExitStack() as stack:
        if not answers(9403):
            stack.enter_context(running(*stack_command(), until=lambda: answers(9403)))
        lambdas = ("cargo", "lambda", "watch", "--only-lambda-apis", "--ignore-changes")
        address = ("--invoke-address", "127.0.0.1", "--invoke-port", str(PORT))
        stack.enter_context(running(*lambdas, *address, until=lambda: listens(PORT)))
        outcomes = {name: list(check(name, folder / name / "bootstrap")) for name in functions()}
    return 0 if all(outcome and all(outcome) for outcome in outcomes.values()) else 1


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]).resolve()))
