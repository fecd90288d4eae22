"""An identity provider as a program of its own: discovery, authorisation with PKCE, token, keys; on loopback.

`lies` makes it misbehave in one way, so that a test can see the console refuse it: `nonce`, `audience`, `issuer`,
`expired`, `key`, `unsigned`, `silent` (no ID token).
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from runtime.ports import free_port

CLIENT_ID, CLIENT_SECRET = "dingbian-console", "the-clients-secret"


@dataclass
class Provider:
    """Whoever asks is `login`; what the console asked for stands in `asked`."""

    port: int
    login: str = "examiner"
    lies: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    _foreign: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
            ]
        )

    async def _discovery(self, request: Request) -> Response:
        return JSONResponse(
            {
                "issuer": "https://elsewhere.test" if self.lies == "discovery" else self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
                "id_token_signing_alg_values_supported": ["RS256", "none", "HS256"],
                "code_challenge_methods_supported": ["S256"],
            }
        )

    async def _keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    async def _authorize(self, request: Request) -> Response:
        self.asked = dict(request.query_params)
        code = secrets.token_urlsafe()
        self.codes[code] = self.asked
        answer = urlencode({"code": code, "state": self.asked["state"]})
        return RedirectResponse(f"{self.asked['redirect_uri']}?{answer}", 302)

    async def _token(self, request: Request) -> Response:
        form = await request.form()
        asked = self.codes.pop(str(form.get("code")), None)
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return JSONResponse({"error": "invalid_client"}, 401)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"] or form.get("redirect_uri") != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        answer: dict[str, Any] = {"access_token": secrets.token_urlsafe(), "token_type": "Bearer", "expires_in": 60}
        return JSONResponse(answer if self.lies == "silent" else answer | {"id_token": self._id_token(asked)})

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time()) - (3_600 if self.lies == "expired" else 0)
        claims: dict[str, Any] = {
            "iss": "https://elsewhere.test" if self.lies == "issuer" else self.issuer,
            "aud": "another-client" if self.lies == "audience" else CLIENT_ID,
            "sub": "0001",
            "iat": now,
            "exp": now + 300,
            "nonce": "another" if self.lies == "nonce" else asked["nonce"],
            "preferred_username": self.login,
        }
        if self.lies == "unsigned":
            return jwt.encode({"alg": "none"}, claims, self._key, registry=JWSRegistry(algorithms=["none"]))
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._foreign if self.lies == "key" else self._key)


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider(free_port())
    server = uvicorn.Server(
        uvicorn.Config(provider.app(), host="127.0.0.1", port=provider.port, log_config=None, access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    waited = threading.Event()
    while not server.started and thread.is_alive():
        waited.wait(0.01)
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)
