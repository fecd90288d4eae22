"""An identity provider as a process of its own: discovery, authorisation with PKCE, token, rotating keys; on loopback.

`with running() as provider:` starts it. `lies` makes it misbehave in one way, so that a test can see the console refuse
it: `nonce`, `audience`, `issuer`, `expired`, `key`, `unsigned`, `silent` (no ID token), `discovery`. `minted` signs
whatever claims and header a test wants to show to the API.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import uvicorn
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from runtime.ports import free_port

CLIENT_ID, CLIENT_SECRET = "dingbian-console", "the-clients-secret"
AUDIENCE = "https://posts.office.test/api"
ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
Key = RSAKey | ECKey | OKPKey


# --- the process -------------------------------------------------------------------------------------------------


def _made(kid: str) -> dict[str, Key]:
    """One key for each algorithm, under `KID-ALG`."""
    return {
        "RS256": RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}),
        "ES256": ECKey.generate_key("P-256", {"kid": f"{kid}-ec", "use": "sig"}),
        "EdDSA": OKPKey.generate_key("Ed25519", {"kid": f"{kid}-ed", "use": "sig"}),
    }


@dataclass
class _State:
    """Whoever asks is `login`; what the console asked for stands in `asked`."""

    issuer: str
    login: str = "examiner"
    lies: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    fetched: int = 0
    keys: dict[str, Key] = field(default_factory=lambda: _made("one"))
    foreign: dict[str, Key] = field(default_factory=lambda: _made("one"))

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self._discovery),
                Route("/authorize", self._authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/keys", self._keys),
                Route("/test", self._told, methods=["GET", "POST"]),
                Route("/test/mint", self._mint, methods=["POST"]),
                Route("/test/rotate", self._rotate, methods=["POST"]),
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
        self.fetched += 1
        return JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys.values()]})

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
        challenge = _part(digest)
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
            return _signed({"alg": "none"}, claims, self.keys["RS256"])
        keys = self.foreign if self.lies == "key" else self.keys
        return _signed({"alg": "RS256", "kid": "one"}, claims, keys["RS256"])

    # what a test asks for

    async def _told(self, request: Request) -> Response:
        if request.method == "POST":
            told = await request.json()
            self.login, self.lies = told["login"], told["lies"]
            self.codes.clear()
        return JSONResponse({"asked": self.asked, "fetched": self.fetched})

    async def _mint(self, request: Request) -> Response:
        wanted = await request.json()
        header, claims, by = wanted["header"], wanted["claims"], wanted["by"]
        if by == "secret":  # the public key as the secret of an HMAC: the oldest trick with JWTs (RFC 8725 2.1)
            return JSONResponse(_by_secret(header, claims, self.keys["RS256"].as_pem(private=False)))
        keys = self.foreign if by == "foreign" else self.keys
        return JSONResponse(_signed(header, claims, keys.get(header["alg"], keys["RS256"])))

    async def _rotate(self, request: Request) -> Response:
        self.keys = _made((await request.json())["kid"])
        return JSONResponse({})


def _signed(header: dict[str, Any], claims: dict[str, Any], key: Key) -> str:
    algorithms = [*JWSRegistry.algorithms]
    if "crit" in header or "b64" in header:
        registry = JWSRegistry(algorithms=algorithms, strict_check_header=False)
        bare = {name: value for name, value in header.items() if name not in ("crit", "b64")}
        signed = jws.serialize_compact(bare, json.dumps(claims).encode(), key, registry=registry)
        return ".".join([_part(json.dumps(header).encode()), *signed.split(".")[1:]])
    return jwt.encode(header, claims, key, registry=JWSRegistry(algorithms=algorithms, strict_check_header=False))


def _by_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    said = ".".join(_part(json.dumps(part).encode()) for part in (header, claims))
    return f"{said}.{_part(hmac.digest(secret, said.encode(), 'sha256'))}"


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _serve(port: int) -> None:
    state = _State(f"http://127.0.0.1:{port}")
    uvicorn.run(state.app(), host="127.0.0.1", port=port, log_config=None, access_log=False)


# --- its handle in a test ----------------------------------------------------------------------------------------


class Provider:
    """The provider from without."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.issuer = f"http://127.0.0.1:{port}"
        self._http = httpx.Client(base_url=self.issuer, trust_env=False, timeout=10)
        self._login, self._lies = "examiner", ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-m", __name__, str(self.port)], cwd=ROOT)
        waited, until = threading.Event(), time.monotonic() + START_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            try:
                self._http.get("/test")
            except httpx.TransportError:
                waited.wait(0.05)
            else:
                return
        self.stop()
        raise RuntimeError("the provider did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None

    def close(self) -> None:
        self.stop()
        self._http.close()

    def tell(self, login: str, lies: str = "") -> None:
        """Who is signed in there, and how it misbehaves; former codes are forgotten."""
        self._login, self._lies = login, lies
        self._http.post("/test", json={"login": login, "lies": lies}).raise_for_status()

    @property
    def login(self) -> str:
        return self._login

    @login.setter
    def login(self, login: str) -> None:
        self.tell(login, self._lies)

    @property
    def lies(self) -> str:
        return self._lies

    @lies.setter
    def lies(self, lies: str) -> None:
        self.tell(self._login, lies)

    @property
    def asked(self) -> dict[str, str]:
        """What the console asked for at last."""
        asked: dict[str, str] = self._http.get("/test").json()["asked"]
        return asked

    @property
    def fetched(self) -> int:
        """How often somebody asked for the keys."""
        return int(self._http.get("/test").json()["fetched"])

    def rotate(self, kid: str) -> None:
        self._http.post("/test/rotate", json={"kid": kid}).raise_for_status()

    def minted(
        self, claims: dict[str, Any] | None = None, header: dict[str, Any] | None = None, by: str = "provider"
    ) -> str:
        """An access token for the API, good but for what is given; a claim of None is left out. `by` provider |
        foreign (a key of its own under the same id) | secret (the public key as an HMAC secret)."""
        now = int(time.time())
        whole: dict[str, Any] = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": "0001",
            "iat": now,
            "exp": now + 300,
            "azp": "the-roster-program",
            "preferred_username": self._login,
        } | (claims or {})
        shown = {name: value for name, value in whole.items() if value is not None}
        head = {"alg": "RS256", "kid": "one", "typ": "at+jwt"} | (header or {})
        head = {name: value for name, value in head.items() if value is not None}
        made: str = self._http.post("/test/mint", json={"claims": shown, "header": head, "by": by}).json()
        return made


@contextmanager
def running() -> Iterator[Provider]:
    provider = Provider(free_port())
    provider.start()
    try:
        yield provider
    finally:
        provider.close()


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
