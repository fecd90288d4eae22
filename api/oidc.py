"""Tokens of the organisation's identity provider: JWTs that an officer's program shows at the API (RFC 7519, RFC 8725,
RFC 9068; ASVS 9.1.1, 9.1.2, 9.2.1 to 9.2.4). The console's sign-in (`console.oidc`) holds to the same provider by the
same rules.

The provider vouches for a login and for nothing else: department, unit and roles stand in the register of officers.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import time
from collections.abc import Callable
from typing import Any

from httpx import AsyncBaseTransport, AsyncClient, HTTPError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from runtime.settings import Settings

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "RS512", "PS384", "PS512", "EdDSA", "Ed25519")
"""By the provider's key alone: `none` and those by a shared secret are not taken, whatever it offers (RFC 8725 3.1)."""
CLOCKS_APART = 60
"""Seconds by which the provider's clock and ours may differ."""
SECONDS = 10.0
"""How long the provider may take to answer."""

TYPES = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
"""Access tokens. What is typed as something else, such as a logout token, is something else (RFC 8725 3.11)."""
LONGEST_LIFE = 24 * 3600
"""Seconds. Nobody can revoke such a token, so one that lives longer than a day is not taken."""
LONGEST = 8_192
KEYS_FRESH, KEYS_KEPT = 600.0, 86_400.0
"""Seconds: keys are asked for again after ten minutes; while the provider is away they count for a day."""
ASK_AGAIN = 30.0
"""Seconds between two questions: tokens with invented key ids must not make us flood the provider."""
_ASYMMETRIC = frozenset({"RSA", "EC", "OKP"})
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class NotVouchedFor(Exception):
    """The token does not hold; the text says which rule, for the log, and nothing of the token."""


class ProviderAway(Exception):
    """The provider's keys cannot be had, so nothing can be said of the token."""


def is_jwt(text: str) -> bool:
    """Whether a text is spelt as a signed token is, whoever signed it."""
    return len(text) <= LONGEST and _COMPACT.fullmatch(text) is not None


def trusted(description: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """The provider's description of itself, with the algorithms alone that we take. Raises NotVouchedFor when it names
    another issuer than the one that was set (OpenID Connect Discovery 4.3)."""
    if str(description.get("issuer", "")).rstrip("/") != settings.oidc_issuer:
        raise NotVouchedFor("issuer")
    offered = description.get("id_token_signing_alg_values_supported") or ["RS256"]
    description["id_token_signing_alg_values_supported"] = [name for name in offered if name in ALGORITHMS]
    return description


class Vouching:
    """What one provider vouches for. `now` gives seconds since 1970 for the claims, `ticks` seconds for the keys."""

    def __init__(
        self,
        settings: Settings,
        now: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        transport: AsyncBaseTransport | None = None,
    ) -> None:
        self._settings = settings
        self._now = now
        self._ticks = ticks
        self._transport = transport
        self._keys: KeySet | None = None
        self._issuer = settings.oidc_issuer
        self._had_at = self._asked_at = float("-inf")
        self._asking = asyncio.Lock()
        self._parties = frozenset(filter(None, settings.oidc_clients.replace(",", " ").split()))

    async def login_of(self, token: str) -> str:
        """The login that the provider vouches for. Raises NotVouchedFor, ProviderAway."""
        header = _header(token)
        if header.get("alg") not in ALGORITHMS:
            raise NotVouchedFor("algorithm")
        kind = header.get("typ", "")
        if not isinstance(kind, str) or kind.lower() not in TYPES:
            raise NotVouchedFor("type")
        kid = header.get("kid")
        if kid is not None and not isinstance(kid, str):
            raise NotVouchedFor("key")
        keys = await self._keys_for(kid)
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            self._rules().validate(claims)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise NotVouchedFor(type(error).__name__) from None
        return self._login(claims)

    def _rules(self) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now()),
            leeway=CLOCKS_APART,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._settings.oidc_audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def _login(self, claims: dict[str, Any]) -> str:
        if claims["exp"] - claims["iat"] > LONGEST_LIFE:
            raise NotVouchedFor("life")
        party = claims.get("azp", claims.get("client_id"))
        if self._parties and party not in self._parties:
            raise NotVouchedFor("party")
        login = claims.get(self._settings.oidc_claim)
        if not isinstance(login, str) or not login or len(login) > 100:
            raise NotVouchedFor("claim")
        return login

    # --- the provider's keys -------------------------------------------------------------------------------------

    async def _keys_for(self, kid: str | None) -> KeySet:
        """Keys that have this one, if the provider does: those in hand, or asked for again when it is not among them
        or they have grown old."""
        if not self._has(kid) or self._ticks() - self._had_at > KEYS_FRESH:
            async with self._asking:  # whoever waited here finds what the first one brought
                if (not self._has(kid) or self._ticks() - self._had_at > KEYS_FRESH) and self._may_ask():
                    await self._ask()
        if self._keys is None or self._ticks() - self._had_at > KEYS_KEPT:
            raise ProviderAway("keys")
        if not self._has(kid):
            raise NotVouchedFor("key")
        return self._keys

    def _has(self, kid: str | None) -> bool:
        if self._keys is None:
            return False
        known = [key.kid for key in self._keys.keys]
        return len(known) == 1 if kid is None else kid in known

    def _may_ask(self) -> bool:
        return self._ticks() - self._asked_at >= ASK_AGAIN

    async def _ask(self) -> None:
        """Fetch the provider's keys; those in hand stay when it is away."""
        self._asked_at = self._ticks()
        try:
            async with AsyncClient(
                timeout=SECONDS,
                trust_env=False,  # no proxy between an office and its own provider
                verify=ssl.create_default_context(),  # the system's store, where an office keeps its own CA
                transport=self._transport,
            ) as http:
                answer = await http.get(f"{self._settings.oidc_issuer}/.well-known/openid-configuration")
                described = trusted(answer.raise_for_status().json(), self._settings)
                answer = await http.get(str(described["jwks_uri"]))
                listed = answer.raise_for_status().json()["keys"]
            keys = KeySet.import_key_set({"keys": [each for each in listed if _signs(each)]})
        except (HTTPError, JoseError, NotVouchedFor, KeyError, TypeError, ValueError, AttributeError):
            return  # `_keys_for` says whether those in hand still count
        self._keys, self._issuer, self._had_at = keys, str(described["issuer"]), self._ticks()


def _signs(key: dict[str, Any]) -> bool:
    """A public key for signatures; a shared secret in a list of public keys is no key of ours."""
    return key.get("kty") in _ASYMMETRIC and key.get("use", "sig") == "sig"


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        raise NotVouchedFor("header") from None
    if not isinstance(header, dict):
        raise NotVouchedFor("header")
    return header
