"""A small utility whose files have no fault, and the way to spoil one of them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wss import config

FOLDER = Path(__file__).parent / "data" / "tenant"


@pytest.fixture
def folder() -> Path:
    """Folder of a tenant without any fault; nobody writes into it."""
    return FOLDER


@pytest.fixture
def files() -> dict[str, str]:
    """Text of its files."""
    return config.read_folder(FOLDER)


@pytest.fixture
def spoil(files) -> Callable[..., dict[str, str]]:
    """`spoil(file, old, new)`: the files with one text replaced, which must be there once."""

    def replace(file: str, old: str, new: str) -> dict[str, str]:
        assert files[file].count(old) == 1, f"{old!r} stands {files[file].count(old)} times in {file}"
        return {**files, file: files[file].replace(old, new)}

    return replace
