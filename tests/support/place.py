"""A place that is not the fictional one, as production wants it: its rules file and its address."""

from __future__ import annotations

import json
from pathlib import Path

from models.rulebook import OfficeRules

PUBLIC_URL = "https://posts.donghe.example"


def rules_of_a_real_place(folder: Path, **office: str) -> Path:
    """Every name of `[office]` written anew; `office` sets single ones."""
    names = {
        name: f"东河{value}"
        for name, value in OfficeRules().model_dump(mode="json").items()
        if name not in ("level", "series_prefix")
    }
    path = folder / "rules.toml"
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in {**names, **office}.items())
    path.write_text("[office]\n" + "".join(lines), encoding="utf-8")
    return path
