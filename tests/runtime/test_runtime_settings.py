"""Settings come from the environment, rules from rules.toml, and faults name the variable or key."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from models.rulebook import OfficeRules, Rulebook
from models.sealing import digest
from runtime.faults import StartFault
from runtime.settings import (
    SHIPPED_RULES,
    Settings,
    check_profile,
    connect_config,
    load_rulebook,
    load_settings,
    unknown_variables,
    uses_embedded_temporal,
)
from tests.support.place import PUBLIC_URL, rules_of_a_real_place


def test_defaults_follow_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINGBIAN_DATA_DIR", str(tmp_path / "数据"))
    settings = load_settings()
    assert settings.data_dir == tmp_path / "数据"
    assert settings.database_url == f"sqlite:///{tmp_path / '数据' / 'dingbian.db'}"
    assert settings.records_url == str(tmp_path / "数据" / "records")
    assert settings.keyring_file == tmp_path / "数据" / "keyring.json"
    assert settings.public_url == "http://127.0.0.1:8400"
    assert settings.codec_url == "http://127.0.0.1:8400/api/v1/codec"


def test_every_setting_of_the_interface_can_be_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = {
        "DATABASE_URL": "postgresql+psycopg://office@db/dingbian",
        "RECORDS_URL": "file:///records",
        "API_HOST": "0.0.0.0",  # noqa: S104 - a value to read, nothing is bound
        "API_PORT": "9000",
        "PUBLIC_URL": "https://bianban.example/",
        "PROFILE": "production",
        "KEYRING_FILE": str(tmp_path / "keys.json"),
        "HASH": "sha256",
        "CIPHER": "aes-256-gcm",
    }
    for name, value in wanted.items():
        monkeypatch.setenv(f"DINGBIAN_{name}", value)
    settings = load_settings()
    assert settings.database_url == wanted["DATABASE_URL"]
    assert settings.public_url == "https://bianban.example"
    assert settings.api_url == "http://127.0.0.1:9000"  # nobody can connect to a wildcard address
    assert (settings.profile, settings.hash, settings.cipher) == ("production", "sha256", "aes-256-gcm")
    assert settings.demo_accounts is False


@pytest.mark.parametrize(
    ("name", "value"), [("API_PORT", "0"), ("API_PORT", "eight"), ("HASH", "md5"), ("PROFILE", "demo")]
)
def test_a_bad_setting_is_refused_by_its_name(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"DINGBIAN_{name}", value)
    with pytest.raises(StartFault, match=f"DINGBIAN_{name}"):
        load_settings()


def test_a_bad_setting_is_told_without_what_follows_from_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINGBIAN_API_PORT", "abc")
    monkeypatch.setenv("DINGBIAN_HASH", "md5")
    with pytest.raises(StartFault) as fault:
        load_settings()
    assert [line.split()[1] for line in str(fault.value).splitlines()] == ["DINGBIAN_API_PORT", "DINGBIAN_HASH"]


def test_settings_do_not_change_after_the_start() -> None:
    with pytest.raises(ValidationError):
        load_settings().api_port = 1


def test_a_misspelt_variable_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DINGBIAN_DATADIR", "/somewhere")
    assert "DINGBIAN_DATADIR" in unknown_variables()


def test_the_shipped_rules_are_exactly_the_defaults() -> None:
    rules = load_rulebook(load_settings(rules_file=SHIPPED_RULES))
    assert rules.version == digest(SHIPPED_RULES.read_bytes())
    assert rules.model_copy(update={"version": "default"}) == Rulebook()


def test_the_shipped_rules_show_every_key() -> None:
    text = SHIPPED_RULES.read_text("utf-8")
    for section in ("office", "deadlines", "slip", "staffing", "removal", "change", "rectification", "monitoring"):
        assert f"[{section}]" in text
        for key in type(getattr(Rulebook(), section)).model_fields:
            assert f"\n{key} =" in text or f"[{section}.{key}]" in text, f"{section}.{key}"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[deadlines]\nexamine = 0\n", "deadlines.examine"),
        ("[deadlines]\nexamin = 5\n", "deadlines.examin"),
        ('[slip]\nvalidity_months = "six"\n', "slip.validity_months"),
        ('holidays = ["tomorrow"]\n', "holidays.0"),
        ('[staffing.categories]\norgan = ["headcount:royal"]\n', "staffing.categories.organ.0"),
        ('version = "mine"\n', "version"),
        ("[deadlines\n", "TOML"),
    ],
)
def test_a_bad_rule_is_refused_by_file_and_key(text: str, named: str, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(StartFault, match=named) as fault:
        load_rulebook(load_settings(rules_file=path))
    assert str(path) in str(fault.value)


def test_a_missing_rules_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartFault, match=r"none\.toml"):
        load_rulebook(load_settings(rules_file=tmp_path / "none.toml"))


def test_temporal_is_embedded_unless_a_cluster_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = load_settings(temporal_port=7300)
    assert uses_embedded_temporal()
    assert connect_config(settings) == {"target_host": "127.0.0.1:7300", "namespace": "default"}
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.office.example:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "bianban")
    assert not uses_embedded_temporal()
    assert connect_config(settings) == {"target_host": "temporal.office.example:7233", "namespace": "bianban"}


def test_a_profile_file_of_temporal_is_honoured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "temporal.toml"
    path.write_text('[profile.office]\naddress = "cluster:7233"\nnamespace = "office"\napi_key = "k"\n')
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(path))
    monkeypatch.setenv("TEMPORAL_PROFILE", "office")
    config = connect_config(load_settings())
    assert (config["target_host"], config["namespace"], config["tls"]) == ("cluster:7233", "office", True)


def test_production_refuses_everything_that_is_for_demonstration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_dir=tmp_path, profile="production", demo_accounts=True)
    settings.demo_accounts_file.write_text("[]")
    with pytest.raises(StartFault) as fault:
        check_profile(settings)
    demonstration = (
        "DINGBIAN_DEMO_ACCOUNTS",
        "demo-accounts.json",
        "TEMPORAL_ADDRESS",
        "office.name, office.duty_officer",
        "DINGBIAN_PUBLIC_URL",
    )
    for named in demonstration:
        assert named in str(fault.value)
    monkeypatch.setenv("TEMPORAL_ADDRESS", "cluster:7233")
    settings.demo_accounts_file.unlink()
    rules = rules_of_a_real_place(tmp_path)
    check_profile(Settings(data_dir=tmp_path, profile="production", rules_file=rules, public_url=PUBLIC_URL))
    check_profile(Settings(data_dir=tmp_path))


@pytest.mark.parametrize("address", [{}, {"public_url": "http://posts.donghe.example"}, {"api_host": "127.0.0.1"}])
def test_production_refuses_to_be_reached_without_tls(
    address: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default is http on loopback: QR codes would lead nowhere, and cookies travel in clear."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "cluster:7233")
    rules = rules_of_a_real_place(tmp_path)
    with pytest.raises(StartFault, match="DINGBIAN_PUBLIC_URL 须是 https 地址"):
        check_profile(Settings(data_dir=tmp_path, profile="production", rules_file=rules, **address))


def test_the_temporal_ui_is_on_loopback_unless_it_is_said_where_it_is(tmp_path: Path) -> None:
    embedded = Settings(data_dir=tmp_path, ui_port=9233)
    assert (embedded.ui_url, embedded.ui_origin) == ("http://127.0.0.1:9233", "http://127.0.0.1:9233")
    silent = Settings(data_dir=tmp_path, profile="production")
    assert (silent.ui_url, silent.ui_origin) == ("", "")
    said = Settings(data_dir=tmp_path, profile="production", ui_url="https://temporal.donghe.example/ui/")
    assert (said.ui_url, said.ui_origin) == ("https://temporal.donghe.example/ui", "https://temporal.donghe.example")


@pytest.mark.parametrize("value", ["*", "proxy", "", "127.0.0.1,", "10.0.0.1/99"])
def test_a_proxy_is_named_by_its_address_and_nobody_is_believed_at_random(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DINGBIAN_TRUSTED_PROXIES", value)
    with pytest.raises(StartFault, match="DINGBIAN_TRUSTED_PROXIES"):
        load_settings()


def test_production_refuses_one_name_of_the_fictional_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "cluster:7233")
    rules = rules_of_a_real_place(tmp_path, duty_officer=OfficeRules().duty_officer)
    with pytest.raises(StartFault, match=r"office\.duty_officer，请改为本地的"):
        check_profile(Settings(data_dir=tmp_path, profile="production", rules_file=rules, public_url=PUBLIC_URL))
