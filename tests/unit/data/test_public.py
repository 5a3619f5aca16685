from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import threading
from collections import namedtuple
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rsdash.data import public
from rsdash.data.store import download, open_dataset
from rsdash.errors import DataError, DataNotFoundError, StorageError

Usage = namedtuple("Usage", "total used free")


class TileServer(ThreadingHTTPServer):
    """Serves one file with ranges; can be told to break off after so many bytes."""

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content = content
        self.break_after: int | None = None
        self.ranges_work = True
        self.status = 200
        self.asked: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    server: TileServer  # pyright: ignore[reportIncompatibleVariableOverride]  # the only server it runs in

    def do_GET(self):  # the name http.server calls
        server = self.server
        wanted = self.headers["Range"]
        server.asked.append(wanted)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.findall(r"\d+", wanted)[0]) if wanted and server.ranges_work else 0
        if start >= len(server.content):
            self.send_error(416)
            return
        body = server.content[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: server.break_after])
        self.close_connection = True

    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture
def server(zipped, tile, monkeypatch):
    members = {f"2750/{name}/{n}.png": tile(n, size=(64, 64)) for name in ("A", "B") for n in range(20)}
    content = zipped(members).read_bytes()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = TileServer(content)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    entry = replace(
        public.PUBLIC_SETS["eurosat"],
        url=f"http://127.0.0.1:{running.server_port}/EuroSAT.zip",
        md5=hashlib.md5(content, usedforsecurity=False).hexdigest(),
        size_bytes=len(content),
    )
    monkeypatch.setitem(public.PUBLIC_SETS, "eurosat", entry)
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def test_eurosat_has_the_address_and_checksum_that_torchvision_has():
    torchvision = importlib.util.find_spec("torchvision")  # its text alone: the import takes seconds
    assert torchvision and torchvision.origin
    text = (Path(torchvision.origin).parent / "datasets" / "eurosat.py").read_text()
    entry = public.PUBLIC_SETS["eurosat"]
    assert f'"{entry.url}"' in text and f'"{entry.md5}"' in text


def test_a_download_becomes_a_data_set(server, data_dir):
    seen = []
    dataset = download("eurosat", lambda done, total: seen.append((done, total)))
    assert (len(server.content), len(server.content)) in seen
    assert dataset.info.kind == "public" and "MIT" in dataset.info.licence
    assert "Helber" in dataset.info.citation
    assert dataset.info.counts == {"A": 20, "B": 20}
    assert open_dataset("eurosat").manifest.fingerprint == dataset.manifest.fingerprint
    assert list((data_dir / "downloads").iterdir()) == []
    download("eurosat")
    assert len(server.asked) == 1  # what is here is not fetched again


def test_a_broken_off_download_goes_on_where_it_stopped(server, data_dir):
    server.break_after = 100_000
    with pytest.raises(DataError, match=r"broke off .* goes on from the 0\.1 MB already here"):
        download("eurosat")
    (partial,) = (data_dir / "downloads").iterdir()
    assert partial.read_bytes() == server.content[:100_000]
    server.break_after = None
    assert len(download("eurosat").manifest) == 40
    assert server.asked == [None, "bytes=100000-"]


def test_a_download_that_never_began_promises_nothing_to_go_on_from(server):
    server.break_after = 0
    with pytest.raises(DataError, match=r"Check the network and try again\.$"):
        download("eurosat")


def test_a_server_without_ranges_starts_again(server):
    server.break_after = 1000
    with pytest.raises(DataError, match="broke off"):
        download("eurosat")
    server.break_after, server.ranges_work = None, False
    assert len(download("eurosat").manifest) == 40


def test_a_wrong_checksum_is_removed(server, data_dir):
    good = server.content
    server.content = good[:-1] + b"?"
    with pytest.raises(DataError, match="has the checksum"):
        download("eurosat")
    assert list((data_dir / "downloads").iterdir()) == []
    with pytest.raises(DataNotFoundError):
        open_dataset("eurosat")
    server.content = good
    assert len(download("eurosat").manifest) == 40


def test_a_partial_file_longer_than_the_original_does_not_block(server, data_dir):
    entry = public.PUBLIC_SETS["eurosat"]
    (data_dir / "downloads").mkdir(parents=True)
    (data_dir / f"downloads/{entry.md5}.part").write_bytes(server.content + b"more")
    with pytest.raises(DataError, match="was removed"):
        download("eurosat")
    assert len(download("eurosat").manifest) == 40


def test_a_server_that_refuses_is_named(server):
    server.status = 404
    with pytest.raises(DataError, match="answered 404"):
        download("eurosat")


def test_no_network_is_a_clear_sentence(server, monkeypatch):
    entry = replace(public.PUBLIC_SETS["eurosat"], url="http://127.0.0.1:1/EuroSAT.zip")
    monkeypatch.setitem(public.PUBLIC_SETS, "eurosat", entry)
    with pytest.raises(DataError, match="Check the network and try again"):
        download("eurosat")


def test_too_little_room_is_said_before_the_download(server, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: Usage(10**9, 10**9, 1000))
    with pytest.raises(StorageError, match=r"download of EuroSAT \(RGB\) needs"):
        download("eurosat")
    assert server.asked == []


def test_an_unknown_public_set_lists_the_known_ones():
    with pytest.raises(DataNotFoundError, match="choose one of eurosat"):
        download("nothing")
