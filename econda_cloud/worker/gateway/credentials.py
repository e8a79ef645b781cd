"""Credentials for tasks, where every SDK of AWS looks for them: at an address on this machine.

A task gets the address and a word to say there, in the variables that containers have on ECS, and nothing that expires.
Whoever asks is given what the gateway lends at that time, so a task may run for days.
"""

from __future__ import annotations

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from econda_cloud.ports.roles import Credentials
from econda_cloud.worker.gateway.client import GatewayAway, GatewayRefused

Lend = Callable[[], Credentials]

PATH = "/credentials"


class CredentialsServer:
    """Answers the tasks of one worker, for whichever chunk is run there now. `lend` is None between two of them."""

    def __init__(self) -> None:
        self.lend: Lend | None = None
        self._word = secrets.token_urlsafe(32)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="econda-credentials", daemon=True).start()

    @property
    def variables(self) -> dict[str, str]:
        """What a task's environment has to say; see "Container credential provider" in AWS's SDK reference."""
        port = self._server.server_address[1]
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{port}{PATH}",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": self._word,
        }

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, path: str, word: str) -> tuple[int, dict[str, str]]:
        """Status and body for who asks at this path and says this word."""
        if not hmac.compare_digest(word.encode(), self._word.encode()):
            return 403, {"code": "AccessDenied", "message": "say the word of AWS_CONTAINER_AUTHORIZATION_TOKEN"}
        if path != PATH:
            return 404, {"code": "NotFound", "message": f"there is only {PATH} here"}
        if (lend := self.lend) is None:
            return 503, {"code": "ServiceUnavailable", "message": "no attempt is run here now"}
        try:
            lent = lend()
        except GatewayRefused as refused:
            return 400, {"code": "CredentialsRefused", "message": str(refused)}
        except GatewayAway as away:
            return 503, {"code": "ServiceUnavailable", "message": str(away)}
        expires = datetime.fromtimestamp(lent.expires_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return 200, {"AccessKeyId": lent.access_key_id, "SecretAccessKey": lent.secret_access_key,
                     "Token": lent.session_token, "Expiration": expires}  # fmt: skip

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        answer = self.answer

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, said = answer(self.path, self.headers.get("authorization", ""))
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None: ...

        return Handler
