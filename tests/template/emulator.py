"""Somebody else's emulator of AWS, on a free port of this machine."""

import contextlib
import os
import socket
import subprocess
import tempfile
import time


@contextlib.contextmanager
def emulator(program, **variables):
    """Its address, while it runs. Functions get the variables as well."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        own = {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "STATE_DIR": folder}
        environment = {**os.environ, **own, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", **variables}
        process = subprocess.Popen([program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def wait_for(port):
    for _ in range(100):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise SystemExit("the emulator did not start")
