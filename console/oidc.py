"""Sign-in at the organisation's identity provider: OpenID Connect, code flow with PKCE, by authlib.

What the flow must remember between the two visits (state, nonce, verifier) stands in a signed cookie of ten minutes.
"""

from __future__ import annotations

import ssl
import warnings
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.deprecate import AuthlibDeprecationWarning
from httpx import HTTPError
from joserfc.errors import JoseError
from starlette.requests import Request
from starlette.responses import Response
from starlette_admin.cookies import SignedCookie

from api.oidc import CLOCKS_APART, SECONDS, NotVouchedFor, trusted
from runtime.settings import Settings, oidc_client_secret

from .session import BASE

with warnings.catch_warnings():  # authlib would rather have httpx2, and says so to whoever starts the program
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.starlette_client import OAuth

FLOW_COOKIE = "dingbian_sign_in"
FLOW_SECONDS = 600
FLOW_PATH = f"{BASE}/sign-in"
CALLBACK = f"{FLOW_PATH}/callback"


class NotConfirmed(Exception):
    """The provider confirmed nobody: it refused, it is away, or what it sent does not hold."""


class Provider:
    """One identity provider. Its description and keys are fetched once; unknown keys are looked for again."""

    def __init__(self, settings: Settings, secret_key: str) -> None:
        self._settings = settings
        self._cookie = SignedCookie(secret_key, salt="dingbian-sign-in", timed=True, max_age=FLOW_SECONDS)
        secret = oidc_client_secret(settings)
        self._client = OAuth().register(
            "office",
            client_id=settings.oidc_client_id,
            client_secret=secret,
            server_metadata_url=f"{settings.oidc_issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic" if secret else "none",
                "timeout": SECONDS,
                "trust_env": False,  # no proxy between an office and its own provider
                "verify": ssl.create_default_context(),  # the system's store, where an office keeps its own CA
            },
        )

    async def leave(self, request: Request, wanted: str) -> Response:
        """Off to the provider; `wanted` is the page to come back to. Raises NotConfirmed."""
        request.scope["session"] = flow = {"next": wanted}
        try:
            await self._describe()
            away: Response = await self._client.authorize_redirect(request, f"{self._settings.public_url}{CALLBACK}")
        except (HTTPError, AuthlibBaseError, JoseError, KeyError, RuntimeError, ValueError) as error:
            raise NotConfirmed(type(error).__name__) from error
        away.set_cookie(
            FLOW_COOKIE,
            self._cookie.dumps(flow),
            max_age=FLOW_SECONDS,
            path=FLOW_PATH,
            httponly=True,
            samesite="lax",  # the provider sends people back from another site
            secure=self._settings.over_tls,
        )
        return away

    async def login_of(self, request: Request) -> tuple[str, str]:
        """The login that the provider vouches for, and the page to go on to. Raises NotConfirmed."""
        flow = self._cookie.loads(request.cookies.get(FLOW_COOKIE, ""))
        if not isinstance(flow, dict):
            raise NotConfirmed("flow")
        request.scope["session"] = flow
        try:
            described = await self._describe()
            answer: dict[str, Any] = await self._client.authorize_access_token(
                request,
                leeway=CLOCKS_APART,
                claims_options={
                    "iss": {"essential": True, "value": described["issuer"]},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                },
            )
        except (HTTPError, AuthlibBaseError, JoseError, KeyError, RuntimeError, TypeError, ValueError) as error:
            raise NotConfirmed(type(error).__name__) from error
        login = (answer.get("userinfo") or {}).get(self._settings.oidc_claim)
        if not isinstance(login, str) or not login:
            raise NotConfirmed("claim")
        return login, str(flow.get("next", ""))

    async def _describe(self) -> dict[str, Any]:
        """The provider's own description, which must name the issuer that was set."""
        known: dict[str, Any] = await self._client.load_server_metadata()
        try:
            return trusted(known, self._settings)
        except NotVouchedFor as error:
            known.pop("_loaded_at", None)  # ask again next time
            raise NotConfirmed(str(error)) from None


def forget_flow(answer: Response) -> None:
    answer.delete_cookie(FLOW_COOKIE, path=FLOW_PATH, httponly=True)
