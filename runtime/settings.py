"""Settings: `DINGBIAN_…` variables, `rules.toml`, and Temporal's own variables and profiles.

Nothing here opens a connection; `check_profile` only looks at files that exist.
"""

from __future__ import annotations

import errno
import os
import shlex
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from temporalio.envconfig import ClientConfigProfile, ClientConnectConfig

from models.rulebook import Rulebook
from models.sealing import CipherName, HashName, digest

from .faults import StartFault

PREFIX = "DINGBIAN_"
DEFAULT_NAMESPACE = "default"
LOOPBACK = "127.0.0.1"  # the embedded server has neither TLS nor authentication (reliability.md finding 2)
SHIPPED_RULES = Path(__file__).resolve().parent.parent / "rules.toml"


def _default_rules() -> Path:
    """`rules.toml` of the working folder, else the commented one that comes with the program."""
    local = Path("rules.toml")
    return local.resolve() if local.is_file() else SHIPPED_RULES


class Settings(BaseSettings):
    """interface.md, Settings. Later fields take their defaults from earlier ones."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    data_dir: Path = Field(default=Path("var"), validate_default=True)
    profile: Literal["embedded", "production"] = "embedded"
    api_host: str = LOOPBACK
    api_port: int = Field(default=8400, ge=1, le=65535)
    public_url: str = Field(default_factory=lambda data: f"http://{data['api_host']}:{data['api_port']}")
    database_url: str = Field(default_factory=lambda data: f"sqlite:///{data['data_dir'] / 'dingbian.db'}")
    records_url: str = Field(default_factory=lambda data: str(data["data_dir"] / "records"))
    keyring_file: Path = Field(default_factory=lambda data: data["data_dir"] / "keyring.json")
    rules_file: Path = Field(default_factory=_default_rules)
    hash: HashName = "sm3"
    cipher: CipherName = "sm4-gcm"
    temporal_port: int = Field(default=7233, ge=1, le=65535)
    ui_port: int = Field(default=8233, ge=1, le=65535)
    ui_url: str = Field(
        default_factory=lambda data: "" if data["profile"] == "production" else f"http://{LOOPBACK}:{data['ui_port']}",
        pattern=r"^(https?://[^\s/@?#]+(/[^\s@?#]*)?)?$",
    )
    trusted_proxies: str = LOOPBACK
    demo_accounts: bool = Field(default_factory=lambda data: data["profile"] == "embedded")
    worker_metrics: str = ""
    traces: str = Field(default="", pattern=r"^(https?://[^\s/@?#]+(/[^\s@?#]*)?)?$")
    worker_version: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,100}$")
    worker_deployment: str = Field(default="dingbian", pattern=r"^[A-Za-z0-9-]{1,60}$")
    worker_versioning: Literal["auto-upgrade", "pinned"] = "auto-upgrade"
    log_format: Literal["text", "json"] = "text"
    failpoints: str = ""
    failpoints_seed: int = 0
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None
    oidc_claim: str = Field(default="preferred_username", min_length=1)
    oidc_audience: str = ""
    oidc_clients: str = ""
    signing_command: str = ""
    signing_url: str = ""
    signing_token_file: Path | None = None
    signing_format: Literal["docx", "pdf"] = "pdf"
    signing_seconds: float = Field(default=60.0, ge=1, le=600)

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # Children are started with the same variables but must never resolve them against another folder.
        return value.expanduser().resolve()

    @field_validator("public_url", "ui_url", "oidc_issuer", "traces")
    @classmethod
    def _no_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: str) -> str:
        # Whatever is not an address would never match, and a `*` believes whoever calls: both are silent otherwise.
        for each in value.split(","):
            ip_network(each.strip())
        return value

    @property
    def production(self) -> bool:
        return self.profile == "production"

    @property
    def oidc(self) -> bool:
        """Whether people sign in at the organisation's identity provider."""
        return bool(self.oidc_issuer)

    @property
    def signing(self) -> bool:
        """Whether a provider of signatures is named."""
        return bool(self.signing_command or self.signing_url)

    @property
    def over_tls(self) -> bool:
        """Whether people reach the system by https, perhaps through a proxy."""
        return self.public_url.startswith("https://")

    @property
    def temporal_database(self) -> Path:
        return self.data_dir / "temporal.db"

    @property
    def demo_accounts_file(self) -> Path:
        return self.data_dir / "demo-accounts.json"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"

    @property
    def api_url(self) -> str:
        """Where this machine reaches the API: a wildcard address is no destination."""
        host = LOOPBACK if self.api_host in {"0.0.0.0", "::", ""} else self.api_host  # noqa: S104 - compared, not bound
        return f"http://{host}:{self.api_port}"

    @property
    def ui_origin(self) -> str:
        """What a browser names as the origin of the Temporal UI's pages; empty when nobody said where it is."""
        parts = urlsplit(self.ui_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def codec_url(self) -> str:
        return f"{self.public_url}/api/v1/codec"


def load_settings(**overrides: Any) -> Settings:
    """Settings of the environment; raises StartFault naming the variable that holds a bad value."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        # A default that follows from a bad value could not be made: a consequence, not another fault.
        causes = [item for item in error.errors() if item["type"] != "default_factory_not_called"]
        raise StartFault("\n".join(_setting_fault(item["loc"], item["msg"]) for item in causes)) from None


def _setting_fault(where: tuple[int | str, ...], message: str) -> str:
    name = PREFIX + str(where[0]).upper() if where else PREFIX + "*"
    return f"设置 {name} 有误：{message} · setting {name}: {message}"


def make_data_folder(folder: Path) -> None:
    """The folder, made if it is not there. Raises StartFault when it cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise unusable_folder(folder, error) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise unusable_folder(folder, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def unusable_folder(folder: Path, error: OSError) -> StartFault:
    return StartFault(
        f"数据目录 {folder} 不能使用：{error.strerror}。请用 DINGBIAN_DATA_DIR 指定另一个目录 · "
        f"cannot use the data folder {folder}: {error.strerror}; set DINGBIAN_DATA_DIR to another folder"
    )


def unknown_variables() -> list[str]:
    """`DINGBIAN_…` variables that nothing reads: a misspelt setting must be seen, not silently ignored."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)


def load_rulebook(settings: Settings) -> Rulebook:
    """The office's rules; `version` is the SM3 digest of the file, so a case shows which rules it was judged by.

    Raises StartFault naming file and key.
    """
    path = settings.rules_file
    if path == SHIPPED_RULES and not path.exists():
        return Rulebook()  # installed without the sources: the shipped file only spells out the defaults
    try:
        data = path.read_bytes()
        content = tomllib.loads(data.decode())
    except OSError as error:
        raise StartFault(f"读不到规则文件 {path}：{error.strerror} · cannot read rules file {path}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise StartFault(f"规则文件 {path} 不是有效的 TOML：{error} · not valid TOML: {error}") from None
    if "version" in content:
        raise StartFault(f"规则文件 {path}：不得设置 version · `version` is the file's digest and cannot be set")
    try:
        return Rulebook.model_validate({**content, "version": digest(data)})
    except ValidationError as error:
        faults = (f"{'.'.join(str(part) for part in item['loc'])}：{item['msg']}" for item in error.errors())
        raise StartFault(f"规则文件 {path} 有误 · fault in rules file:\n  " + "\n  ".join(faults)) from None


def temporal_profile() -> ClientConfigProfile:
    """Temporal's own profile: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_PROFILE`, TLS, API key, file."""
    try:
        return ClientConfigProfile.load()
    except RuntimeError as error:
        raise StartFault(f"Temporal 配置有误：{error} · Temporal configuration: {error}") from None


def uses_embedded_temporal() -> bool:
    """True when nobody named a cluster, so that `up` starts the embedded one."""
    return temporal_profile().address is None


def temporal_namespace() -> str:
    return temporal_profile().namespace or DEFAULT_NAMESPACE


def connect_config(settings: Settings) -> ClientConnectConfig:
    """Arguments of `Client.connect`: the configured cluster, else the embedded one on loopback."""
    config = temporal_profile().to_client_connect_config()
    config.setdefault("target_host", f"{LOOPBACK}:{settings.temporal_port}")
    config.setdefault("namespace", DEFAULT_NAMESPACE)
    return config


def oidc_client_secret(settings: Settings) -> str | None:
    """The client's secret; None for a public client. It is read from a file of its owner alone, never from the
    environment, which children inherit and listings show. Raises StartFault."""
    return _secret(settings.oidc_client_secret_file, "OIDC_CLIENT_SECRET_FILE")


def signing_token(settings: Settings) -> str | None:
    """What the signing service is shown as a bearer token; None for one that asks for none. Raises StartFault."""
    return _secret(settings.signing_token_file, "SIGNING_TOKEN_FILE")


def _secret(path: Path | None, name: str) -> str | None:
    if path is None:
        return None
    try:
        shared = path.stat().st_mode & 0o077
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise StartFault(f"读不到 {PREFIX}{name} 指的文件 {path} · cannot read the secret's file") from None
    if shared:
        raise StartFault(f"文件 {path} 可被他人读取，请执行 chmod 600 · others can read the secret")
    if not secret:
        raise StartFault(f"文件 {path} 是空的 · the secret's file is empty")
    return secret


def _check_oidc(settings: Settings) -> None:
    if not settings.oidc:
        return
    secure = settings.oidc_issuer.startswith("https://")
    if not secure and (settings.production or not settings.oidc_issuer.startswith(f"http://{LOOPBACK}:")):
        raise StartFault("DINGBIAN_OIDC_ISSUER 须是 https 地址 · the issuer must be an https address")
    if not settings.oidc_client_id:
        raise StartFault("还须设置 DINGBIAN_OIDC_CLIENT_ID · an issuer is set: set DINGBIAN_OIDC_CLIENT_ID too")
    if settings.oidc_audience == settings.oidc_client_id:
        # Whoever signs in at the console would hold a token for the API without having asked for one.
        raise StartFault(
            "DINGBIAN_OIDC_AUDIENCE 不得与 DINGBIAN_OIDC_CLIENT_ID 相同 · the API's audience must be its own"
        )
    oidc_client_secret(settings)


def _check_signing(settings: Settings) -> None:
    """One provider at most; a command that names both files; a service by https, without a secret in its address."""
    if settings.signing_command and settings.signing_url:
        raise StartFault("DINGBIAN_SIGNING_COMMAND 与 DINGBIAN_SIGNING_URL 只能设一个 · set one of the two")
    if settings.signing_command:
        try:
            words = shlex.split(settings.signing_command)
        except ValueError:
            words = []
        text = " ".join(words[1:])
        if not words or "{input}" not in text or "{output}" not in text:
            raise StartFault(
                "DINGBIAN_SIGNING_COMMAND 须写明程序，参数中须有 {input} 和 {output} · "
                "name a program with {input} and {output} among its arguments"
            )
    if settings.signing_url:
        parts = urlsplit(settings.signing_url)
        near = parts.scheme == "http" and parts.hostname in {LOOPBACK, "localhost", "::1"}
        if not parts.hostname or (parts.scheme != "https" and not near):
            raise StartFault("DINGBIAN_SIGNING_URL 须是 https 地址（本机除外）· an https address, except on loopback")
        if parts.username or parts.password or parts.fragment:
            raise StartFault("DINGBIAN_SIGNING_URL 中不得写凭据 · no credentials in the address")
        signing_token(settings)


def check_profile(settings: Settings) -> None:
    """What cannot hold before anything is opened: a faulty sign-in or signing provider, and what
    `PROFILE=production` refuses.

    Raises StartFault, for production listing every fault.

    The key file is refused by `runtime.keyring`, demo officers in the database by `runtime.checks`.
    """
    _check_oidc(settings)
    _check_signing(settings)
    if not settings.production:
        return
    faults = []
    if settings.demo_accounts:
        faults.append("不得启用演示账号（DINGBIAN_DEMO_ACCOUNTS）· demo accounts must be off")
    if settings.demo_accounts_file.exists():
        faults.append(f"存在演示账号文件 {settings.demo_accounts_file} · a demo accounts file exists")
    if not settings.over_tls:
        faults.append(
            f"DINGBIAN_PUBLIC_URL 须是 https 地址（现为 {settings.public_url}）：公文的二维码、登录的 Cookie 都随它 · "
            "the public address must be https: QR codes and cookies follow it"
        )
    if settings.failpoints:
        faults.append("不得设置故障点（DINGBIAN_FAILPOINTS）· failpoints are for drills, not for an office")
    fictional = load_rulebook(settings).office.fictional()
    if fictional:
        names = ", ".join(f"office.{name}" for name in fictional)
        faults.append(
            f"规则文件 {settings.rules_file} 中仍是虚构的“示范市”：{names}，请改为本地的 · "
            "names of the fictional place in the rules file; write your own"
        )
    if uses_embedded_temporal():
        faults.append("不得使用内嵌 Temporal，请设置 TEMPORAL_ADDRESS · embedded Temporal; set TEMPORAL_ADDRESS")
    if faults:
        heading = "正式环境（DINGBIAN_PROFILE=production）拒绝启动 · production profile refuses to start:"
        raise StartFault("\n  ".join([heading, *faults]))
