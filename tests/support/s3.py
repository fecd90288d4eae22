"""An S3-compatible server of a package (moto), in this process, on loopback."""

from __future__ import annotations

import contextlib
import logging
import uuid
from collections.abc import Iterator

import httpx
import pytest
from moto.server import ThreadedMotoServer


@contextlib.contextmanager
def object_server() -> Iterator[str]:
    """The address of the server; it keeps everything in memory."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def bucket(endpoint: str, environment: pytest.MonkeyPatch) -> str:
    """The address of an empty bucket, with the variables by which the store is reached."""
    for name, value in {
        "AWS_ENDPOINT": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        environment.setenv(name, value)
    name = f"records-{uuid.uuid4().hex[:12]}"
    httpx.put(f"{endpoint}/{name}", trust_env=False).raise_for_status()
    return f"s3://{name}/dingbian"
