"""Receives the gateway's events. Python 3.9 or newer, standard library alone. README.md says how to run it."""

import base64
import hashlib
import hmac
import json
import os
import re
import sys
import tempfile
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

MAX_BYTES = 1024 * 1024
TOLERANCE_S = 5 * 60


def read_key(secret):
    encoded = re.fullmatch(r"\s*whsec_([A-Za-z0-9+/]{32,}={0,2})\s*", secret)
    if encoded is None:
        sys.exit("EVENTS_SECRET: expected whsec_ and base64, as the gateway has it")
    return base64.b64decode(encoded[1])


# Two while the secret rotates, separated by a comma.
KEYS = [read_key(secret) for secret in os.environ.get("EVENTS_SECRET", "").split(",")]
FOLDER = Path(os.environ.get("EVENTS_FOLDER", "events"))
PORT = int(os.environ.get("PORT", "8090"))


def find_problem(event_id, timestamp, signatures, body):
    """Why the request is refused. The id becomes a file's name, so its form is checked too. `body` is the bytes as they came, before any parsing."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", event_id):
        return "webhook-id is missing or malformed"
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return "webhook-timestamp is missing or malformed"
    if abs(int(time.time()) - int(timestamp)) > TOLERANCE_S:
        return "webhook-timestamp is more than 5 minutes off"
    signed = f"{event_id}.{timestamp}.".encode() + body
    given = [one.encode() for one in signatures.split(" ")]
    expected = [b"v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()) for key in KEYS]
    if any(hmac.compare_digest(right, one) for right in expected for one in given):
        return None
    return "no signature fits the body and EVENTS_SECRET"


def store(event_id, body):
    """False if it is stored already. The name appears once the file is complete, so that a crash leaves no half event."""
    with tempfile.NamedTemporaryFile(dir=FOLDER) as draft:
        draft.write(body)
        draft.flush()
        os.fsync(draft.fileno())
        try:
            os.link(draft.name, FOLDER / f"{event_id}.json")
        except FileExistsError:
            return False
    return True


class Receiver(BaseHTTPRequestHandler):
    timeout = 10

    def do_POST(self):
        try:
            status = self.receive()
        except Exception:
            traceback.print_exc()
            status = 500  # the gateway tries again
        self.send_response(status)
        self.end_headers()

    def receive(self):
        length = int(self.headers.get("content-length", "0"))
        if not 0 <= length <= MAX_BYTES:
            print("refused: the body is longer than 1 MiB", file=sys.stderr, flush=True)
            return 413
        body = self.rfile.read(length)
        event_id = self.headers.get("webhook-id", "")
        timestamp = self.headers.get("webhook-timestamp", "")
        problem = find_problem(event_id, timestamp, self.headers.get("webhook-signature", ""), body)
        if problem is not None:
            print(f"refused: {problem}", file=sys.stderr, flush=True)
            return 401
        is_new = store(event_id, body)
        print(event_id, json.loads(body)["type"], "stored" if is_new else "seen", flush=True)
        return 204


if __name__ == "__main__":
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Receiver)
    print(f"listening on http://127.0.0.1:{PORT}", flush=True)
    server.serve_forever()
