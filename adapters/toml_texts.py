"""Values as they stand in the TOML files that this program writes; the standard library only reads them."""

from __future__ import annotations

import json


def toml_value(value: str | float) -> str:
    """Return a text or a number as TOML: a JSON string is a basic string but for DEL, which JSON leaves as it is."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
