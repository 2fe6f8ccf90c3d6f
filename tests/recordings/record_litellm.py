"""Records what LiteLLM's callbacks for Lago and OpenMeter post, as the fixtures beside this file.

Belongs here: a few calls in LiteLLM's mock mode, and a server on this machine that keeps the bodies. Does not belong
here: what the bodies mean; `tests/test_ingest_litellm.py` loads them. LiteLLM is a tool for this recording and no
dependency: README.md beside this file says how to run it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(__file__).parent
WAIT_SECONDS = 30
USER = "acme"
CALLS = (
    {"model": "gpt-4o-mini", "mock_response": "Three short words."},
    {
        "model": "gpt-4o",
        "mock_response": "A longer answer, with “quotes”, a \\ and größer than before.",
    },
    {"model": "claude-haiku-4-5-20251001", "mock_response": "Fine.", "stream": True},
)
SETTINGS = {
    # The price list comes with the package: nothing is fetched.
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "LAGO_API_KEY": "recorded",
    "LAGO_API_EVENT_CODE": "llm_tokens",
    "LAGO_API_CHARGE_BY": "user_id",
    "OPENMETER_API_KEY": "recorded",
    "OPENMETER_EVENT_TYPE": "llm_tokens",
}


class Recorder(ThreadingHTTPServer):
    """Keeps the body of every request, in order of arrival, as the bytes that were posted."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def wait_for(self, count: int) -> None:
        """Callbacks run beside the call; wait until `count` bodies are there.

        Raises:
            TimeoutError: they are not.
        """
        until = time.monotonic() + WAIT_SECONDS
        while len(self.bodies) < count:
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self.bodies)} of {count} bodies after {WAIT_SECONDS} s")
            time.sleep(0.05)


class _Handler(BaseHTTPRequestHandler):
    server: Recorder

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@contextmanager
def recording() -> Iterator[Recorder]:
    """A recorder that listens while the block runs."""
    with Recorder() as recorder:
        threading.Thread(target=recorder.serve_forever, daemon=True).start()
        yield recorder
        recorder.shutdown()


def record(callback: str) -> list[bytes]:
    """The bodies that the callback posts for `CALLS`, in their order."""
    import litellm

    # LiteLLM itself spreads `callbacks` over the other lists, and would keep those of the recording before.
    litellm.callbacks = [callback]
    litellm.success_callback, litellm._async_success_callback = [], []
    with recording() as recorder:
        os.environ["LAGO_API_BASE"] = os.environ["OPENMETER_API_ENDPOINT"] = recorder.url
        for number, call in enumerate(CALLS, 1):
            response = litellm.completion(
                messages=[
                    {
                        "role": "user",
                        "content": f"Question {number}: how long is a piece of string?",
                    }
                ],
                user=USER,
                metadata={"user_api_key_user_id": USER},
                **call,
            )
            if call.get("stream"):
                for _ in response:
                    pass
            recorder.wait_for(number)
        return recorder.bodies


def main() -> None:
    """Write the fixtures, one body a line. A body's line ends would part it: JSON as posted has none."""
    os.environ.update(SETTINGS)
    from importlib.metadata import version

    for callback in ("lago", "openmeter"):
        bodies = record(callback)
        for body in bodies:
            json.loads(body)
            if b"\n" in body:
                sys.exit("a body has line ends; it does not fit into one line")
        (FOLDER / f"litellm_{callback}.jsonl").write_bytes(
            b"".join(body + b"\n" for body in bodies)
        )
        print(f"litellm {version('litellm')}, {callback}: {len(bodies)} bodies")


if __name__ == "__main__":
    main()
