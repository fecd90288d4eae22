"""One spelling of a JSON value, so that equal content has equal bytes."""

from __future__ import annotations

import json


def canonical(body: object) -> str:
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
