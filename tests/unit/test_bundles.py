"""Every bundle of a panel that is built is demanded of the wheel: where one is missing, its panel shows nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def _bundles(path: str) -> list[str]:
    listed = re.search(r"BUNDLES = [(\[](.*?)[)\]]", (ROOT / path).read_text(encoding="utf-8"), re.DOTALL)
    assert listed, path
    return sorted(json.loads(f"[{listed[1].strip().rstrip(',')}]"))


def test_every_bundle_is_demanded_of_the_wheel() -> None:
    built = _bundles("js/build.mjs")
    assert built == sorted(path.stem for path in (ROOT / "js" / "src" / "bundles").glob("*.ts"))
    assert _bundles("hatch_build.py") == _bundles(".ci/wheel") == built
