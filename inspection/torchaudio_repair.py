"""Makes torchaudio importable beside a CPU-only torch: `python -m inspection.torchaudio_repair`, run by the install.

The registry's torchaudio wheel is built for CUDA and fails to load its extension on a CPU-only torch. All that
pyannote.audio needs of it is plain torch, so the extension is set aside, and only where the import really fails.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

EXTENSION = "lib/_torchaudio.abi3.so"


def importable() -> bool:
    """Whether `import torchaudio` works in a fresh interpreter."""
    return subprocess.run([sys.executable, "-c", "import torchaudio"], capture_output=True, check=False).returncode == 0


def repair() -> str:
    """Sets the extension aside where it breaks the import; says in one line what was done."""
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        return "torchaudio is not installed"
    if importable():
        return "torchaudio imports as it is"
    extension = Path(spec.origin).parent / EXTENSION
    if not extension.exists():
        raise SystemExit(f"torchaudio does not import and {EXTENSION} is not the cause; reinstall torchaudio")
    extension.rename(extension.with_suffix(".so.aside"))
    if not importable():
        raise SystemExit("torchaudio does not import even without its extension; reinstall torchaudio")
    return f"torchaudio: set {EXTENSION} aside, it needs a CUDA build of torch"


if __name__ == "__main__":
    print(repair())
