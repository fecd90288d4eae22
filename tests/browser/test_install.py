"""`make browser-setup` says what it does and does nothing that it need not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import install


def test_nothing_is_installed_where_a_browser_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "chromium"
    program.touch()
    monkeypatch.setenv("CHROMIUM", str(program))
    said: list[str] = []
    assert install.set_up(said.append) == install.DONE
    assert str(program) in said[0]


@pytest.mark.parametrize(("system", "told"), [("elsewhere", "no apt-get here"), ("without rights", "run this as root")])
def test_where_it_cannot_install_it_says_what_to_do(
    system: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "none"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(install.os, "geteuid", lambda: 1000)
    if system == "without rights":
        (tmp_path / "apt-get").touch(mode=0o755)
    said: list[str] = []
    assert install.set_up(said.append) == install.MISSING
    assert told in said[0]


def test_only_the_systems_own_packages_are_installed() -> None:
    assert install.steps(root=False, sudo=False) == []
    update, installing = install.steps(root=False, sudo=True)
    assert update == ["sudo", "apt-get", "update"]
    assert installing[-3:] == ["--no-install-recommends", "chromium", "fonts-noto-cjk"]
