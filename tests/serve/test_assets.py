"""Assets: verified, bounded, private; over the socket and by themselves."""

from __future__ import annotations

import hashlib
import os
import stat

import grpc
import pytest
from facewright.errors import InputError
from facewright.serve.assets import AssetStore
from facewright.serve.limits import CHUNK_BYTES, Limits
from facewright.serve.status import StatusError
from facewright.serve.v1 import service_pb2

VERSION = service_pb2.PROTOCOL_VERSION


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(store: AssetStore, data: bytes, name: str = "") -> str:
    with store.begin(digest(data), len(data), name) as upload:
        for start in range(0, len(data), CHUNK_BYTES):
            upload.write(data[start : start + CHUNK_BYTES])
        return upload.finish()


@pytest.fixture
def store(tmp_path):
    store = AssetStore(Limits(max_cache_bytes=1000, max_asset_bytes=600, max_assets=3), tmp_path)
    yield store
    store.close()
    assert not store.folder.exists()


def test_a_file_is_kept_under_its_digest(store):
    key = put(store, b"voice", "a voice.wav")
    assert key in store
    with store.hold("speech_sha256", key) as asset:
        assert asset.path.read_bytes() == b"voice"
        assert asset.label == "a voice.wav"
        assert asset.path == store.folder / key


def test_the_folder_is_private(store):
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700


def test_a_file_name_is_never_a_path(store, tmp_path):
    key = put(store, b"voice", "../../etc/\x1b[31mpasswd")
    with store.hold("x", key) as asset:
        assert asset.path.parent == store.folder
        assert asset.label == "../../etc/[31mpasswd"
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == [key]


def test_the_least_recently_used_goes_first(store):
    first, second = put(store, b"1" * 400), put(store, b"2" * 400)
    assert first in store  # asked for, so it is now the younger
    third = put(store, b"3" * 400)
    assert (first in store, second in store, third in store) == (True, False, True)
    assert store.total_bytes == 800


def test_the_number_of_files_is_bounded(store):
    keys = [put(store, bytes([i])) for i in range(5)]
    assert [key in store for key in keys] == [False, False, True, True, True]


def test_a_held_file_stays(store):
    key = put(store, b"1" * 600)
    with store.hold("x", key) as asset:
        with pytest.raises(StatusError, match="full of assets in use") as caught:
            put(store, b"2" * 500)
        assert caught.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert caught.value.retry_ms
        assert asset.path.is_file()
    put(store, b"2" * 500)
    assert key not in store


def test_room_is_reserved_while_a_file_comes(store):
    with store.begin(digest(b"a"), 600), pytest.raises(StatusError, match="full"):
        store.begin(digest(b"b"), 600)
    assert store.total_bytes == 0
    assert list(store.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("size", "chunks", "message"),
    [
        (5, [b"voic"], "the header said 5 bytes, 4 came"),
        (5, [b"voices"], "more bytes came than the header's size of 5"),
        (5, [b"VOICE"], "sha256: the header said"),
        (5, [b""], "chunk: expected 1 to"),
        (601, [], "size: expected 1 to 600, got 601"),
        (0, [], "size: expected 1 to 600, got 0"),
    ],
)
def test_a_wrong_upload_leaves_nothing(store, size, chunks, message):
    with pytest.raises(InputError, match=message):  # noqa: SIM117
        with store.begin(digest(b"voice"), size) as upload:
            for chunk in chunks:
                upload.write(chunk)
            upload.finish()
    assert store.total_bytes == 0
    assert list(store.folder.iterdir()) == []


def test_an_absent_asset_is_a_precondition(store):
    with pytest.raises(StatusError, match=r"photo_sha256: .* put it with PutAsset") as caught:  # noqa: SIM117
        with store.hold("photo_sha256", "0" * 64):
            pass
    assert caught.value.code is grpc.StatusCode.FAILED_PRECONDITION
    with pytest.raises(InputError, match="photo_sha256: expected 64 lower-case hex"):  # noqa: SIM117
        with store.hold("photo_sha256", "../x"):
            pass


def requests(data: bytes, **changes):
    header = {
        "protocol_version": VERSION,
        "sha256": digest(data),
        "size": len(data),
        "file_name": "voice.wav",
    } | changes
    yield service_pb2.PutAssetRequest(header=service_pb2.AssetHeader(**header))
    for start in range(0, len(data), CHUNK_BYTES):
        yield service_pb2.PutAssetRequest(chunk=data[start : start + CHUNK_BYTES])


def test_put_and_find_over_the_socket(stub):
    data = os.urandom(3 * CHUNK_BYTES + 17)
    assert stub.PutAsset(requests(data)).sha256 == digest(data)
    other = digest(b"never put")
    found = stub.FindAssets(service_pb2.FindAssetsRequest(sha256=[other, digest(data)]))
    assert list(found.present) == [digest(data)]


@pytest.mark.parametrize(
    ("changes", "code", "message"),
    [
        ({"protocol_version": 9}, "FAILED_PRECONDITION", "client speaks version 9.* version 1"),
        ({"sha256": "F" * 64}, "INVALID_ARGUMENT", "sha256: expected 64 lower-case hex"),
        ({"size": 1 << 40}, "INVALID_ARGUMENT", "size: expected 1 to 268435456"),
        ({"file_name": "x" * 201}, "INVALID_ARGUMENT", "file_name: expected at most 200"),
        ({"size": 3}, "INVALID_ARGUMENT", "more bytes came"),
    ],
)
def test_a_bad_header_is_refused(stub, changes, code, message):
    with pytest.raises(grpc.RpcError, match=message) as caught:
        stub.PutAsset(requests(b"voice", **changes))
    assert caught.value.code().name == code


def test_the_parts_come_in_order(stub):
    chunk = service_pb2.PutAssetRequest(chunk=b"voice")
    with pytest.raises(grpc.RpcError, match="expected a header in the first message"):
        stub.PutAsset(iter([chunk]))
    first, _ = requests(b"voice")
    with pytest.raises(grpc.RpcError, match="expected a chunk after the header"):
        stub.PutAsset(iter([first, first]))
    with pytest.raises(grpc.RpcError, match="expected a header in the first message"):
        stub.PutAsset(iter([]))


def test_too_many_digests_are_refused(stub):
    with pytest.raises(grpc.RpcError, match="sha256: expected 0 to 100, got 101"):
        stub.FindAssets(service_pb2.FindAssetsRequest(sha256=["0" * 64] * 101))


def test_an_oversized_message_is_refused(stub):
    huge = service_pb2.PutAssetRequest(chunk=bytes(17 << 20))
    with pytest.raises(grpc.RpcError) as caught:
        stub.PutAsset(iter([huge]))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_silent_upload_ends(serving):
    import threading

    from facewright.serve.v1 import service_pb2_grpc

    over = threading.Event()

    def silent():
        yield next(iter(requests(b"voice")))
        over.wait(30)

    with serving(idle_seconds=0.3) as server, server.channel() as channel:
        with pytest.raises(grpc.RpcError, match=r"nothing came for 0\.3 s") as caught:
            service_pb2_grpc.FacewrightServiceStub(channel).PutAsset(silent())
        over.set()
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        assert list(server.server.assets.folder.iterdir()) == []


def test_uploads_at_once_are_bounded(serving):
    import threading

    from facewright.serve.v1 import service_pb2_grpc

    over, began = threading.Event(), threading.Event()

    def slow():
        parts = requests(b"voice")
        yield next(parts)
        began.set()
        over.wait(30)
        yield from parts

    with serving(max_uploads=1) as server, server.channel() as channel:
        stub = service_pb2_grpc.FacewrightServiceStub(channel)
        running = stub.PutAsset.future(slow())
        assert began.wait(10)
        while not list(server.server.assets.folder.iterdir()):
            assert not over.wait(0.01)
        with pytest.raises(grpc.RpcError, match="already has 1 uploads") as caught:
            stub.PutAsset(requests(b"other"))
        assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert int(dict(caught.value.trailing_metadata())["retry-after-ms"]) > 0
        over.set()
        assert running.result(10).sha256 == digest(b"voice")
