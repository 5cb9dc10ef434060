"""No path of a client means anything but the root, one of two folders or a file in one of them."""

import os
import posixpath
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wss.sftp.paths import FOLDERS, NAME_BYTES, Place, resolve

PIECES = st.sampled_from(["inbox", "outbox", "..", ".", "", "work", "a.csv", "~", "etc", "passwd", "INBOX", " ", "..."])


@pytest.mark.parametrize(
    ("path", "place"),
    [
        (b"", Place()),
        (b".", Place()),
        (b"/", Place()),
        (b"//", Place()),
        (b"/..", Place()),
        (b"/inbox/..", Place()),
        (b"inbox", Place("inbox")),
        (b"/inbox/", Place("inbox")),
        (b"/outbox/../inbox/a.csv", Place("inbox", "a.csv")),
        (b"../../../inbox/a", Place("inbox", "a")),
        ("/inbox/nível.csv".encode(), Place("inbox", "nível.csv")),
        (b"/etc/passwd", None),
        (b"/inbox/sub/a", None),
        (b"/inbox/../wss.db", None),
        (b"/work", None),
        (b"~", None),
    ],
)
def test_known_paths(path, place):
    assert resolve(path) == place


@pytest.mark.parametrize(
    "name", [b"a\nb", b"a\0", b"\x1b[2J", b"\xff.csv", "a\u202ebvsc.".encode(), b"a\x7f", b"x" * 201, b"a/" * 3000]
)
def test_names_that_nothing_may_have(name):
    with pytest.raises(ValueError, match=r"name|path"):
        resolve(b"/inbox/" + name)


def stays_inside(path: bytes) -> None:
    try:
        place = resolve(path)
    except ValueError:
        return
    if place is None:
        return
    assert place.folder in ("", *FOLDERS)
    assert place.name not in (".", "..")
    assert "/" not in place.name
    assert "\0" not in place.name
    assert len(os.fsencode(place.name)) <= NAME_BYTES
    assert place.folder or not place.name
    home = Path("/home/of/tenant")
    assert posixpath.normpath(f"{home}{place.path}").startswith(str(home))
    assert resolve(place.path.encode()) == place


@given(st.binary(max_size=400))
def test_no_bytes_lead_out(path):
    stays_inside(path)


@given(st.lists(PIECES, max_size=12), st.booleans())
def test_no_mixture_of_pieces_leads_out(pieces, absolute):
    stays_inside((("/" if absolute else "") + "/".join(pieces)).encode())
