"""Files and folders that nobody but their owner may read."""

from __future__ import annotations

from pathlib import Path


def folder(path: Path) -> Path:
    """Makes the folder where it is missing, and closes it to others."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def write(path: Path, text: str) -> None:
    """Writes a whole file or none: at no moment is it half there, or open to others."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)
    draft.write_text(text)
    draft.replace(path)
