"""What a backend and the add-on lack for each other, in words; where a token is kept."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("core")


def told(**fields: object):
    from addon.v1 import service_pb2

    values = {"protocol_version": 1, "version": "0.1.0", "oldest_client": "0.1.0"} | fields
    return service_pb2.GetCapabilitiesResponse(**values)


def complete(**fields: object):
    """Capabilities that lack nothing."""
    from addon.core import handshake

    answer = told(features=list(handshake.FEATURES), **fields)
    answer.animators.add(name="reproject")
    answer.drivers.add(name="emoa2e", scripts=True, emotions=["happy"])
    return answer


def test_a_complete_backend_lacks_nothing() -> None:
    from addon.core import handshake

    assert handshake.report(complete()) == [] == handshake.report(None)
    for feature in (*handshake.FEATURES, *handshake.PARTS):
        assert handshake.missing(complete(), feature) == ""
        assert handshake.missing(None, feature) == ""  # nothing is known yet


def test_each_feature_is_told_by_what_needs_it() -> None:
    from addon.core import handshake

    answer = complete()
    answer.features.remove("track_video")
    assert handshake.report(answer) == [
        "The backend (release 0.1.0) is too old for driving from a video: install a newer one"
    ]
    old = told(features=[])
    assert len(handshake.report(old)) == len(handshake.FEATURES) + len(handshake.PARTS) + 1


def test_what_an_installation_lacks_has_its_own_remedy() -> None:
    from addon.core import handshake

    answer = complete()
    answer.drivers[0].scripts = False
    assert handshake.missing(answer, "scripts") == (
        "The backend has nothing for speaking a script: install espeak-ng or flite where the "
        "backend runs"
    )
    del answer.animators[:]
    assert "cannot texture" in handshake.report(answer)[-1]


def test_an_unknown_feature_is_refused() -> None:
    from addon.core import handshake
    from addon.core.errors import InputError

    with pytest.raises(InputError, match=r"feature: expected one of .* got 'magic'"):
        handshake.missing(complete(), "magic")


@pytest.mark.parametrize(
    ("fields", "release", "says"),
    [
        ({"protocol_version": 2}, "0.1.0", "protocol version 2, this add-on version 1: the add-on"),
        ({"protocol_version": 0}, "0.1.0", "protocol version 0, this add-on version 1: the back"),
        ({"oldest_client": "0.2.0"}, "0.1.9", r"this add-on \(0.1.9\) is too old for the backend"),
        ({"oldest_client": "0.10"}, "0.9.5", r"which serves 0.10 and later: install a newer add"),
        ({"version": "0.0.9"}, "0.1.0", r"backend at host:1 \(0.0.9\) is too old for this add-on"),
    ],
)
def test_releases_that_do_not_fit(fields: dict, release: str, says: str) -> None:
    from addon.core import handshake
    from addon.core.errors import BackendError

    with pytest.raises(BackendError, match=says):
        handshake.check(told(**fields), "host:1", release, 1)


@pytest.mark.parametrize(
    ("fields", "release"),
    [
        ({}, "0.1.0"),
        ({"oldest_client": "0.1"}, "0.1.0"),
        ({"oldest_client": "0.1.0"}, "0.1"),
        ({"oldest_client": ""}, "0.1.0"),
        ({"version": ""}, "0.1.0"),  # a backend that does not say
        ({"version": "0.10.0.dev3+local"}, "0.2.0"),
    ],
)
def test_releases_that_fit(fields: dict, release: str) -> None:
    from addon.core import handshake

    handshake.check(told(**fields), "host:1", release, 1)


def test_the_real_backend_fits_and_knows_only_features_that_are_told(backend: str) -> None:
    from addon.core import handshake
    from addon.core.client import Backend, version

    with Backend(backend) as connection:
        answer = connection.hello()
    assert answer.oldest_client and answer.version
    assert set(answer.features) <= set(handshake.FEATURES)
    handshake.check(answer, backend, version(), 1)


class TestSecret:
    """A token in a file."""

    def test_is_private_from_its_first_byte_on(self, tmp_path: Path) -> None:
        from addon.core import secret

        secret.write(tmp_path / "new", "  correct-horse \n")
        path = tmp_path / "new" / secret.FILE
        assert secret.read(tmp_path / "new") == "correct-horse"
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert [entry.name for entry in path.parent.iterdir()] == [secret.FILE]

    def test_an_empty_one_is_forgotten(self, tmp_path: Path) -> None:
        from addon.core import secret

        secret.write(tmp_path, "one")
        secret.write(tmp_path, "")
        assert secret.read(tmp_path) == "" and list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("value", ["two words", "ümlaut", "line\nbreak", "bell\a"])
    def test_what_cannot_be_sent_is_refused_and_the_old_one_stays(
        self, tmp_path: Path, value: str
    ) -> None:
        from addon.core import secret
        from addon.core.errors import InputError

        secret.write(tmp_path, "one")
        with pytest.raises(InputError, match="token: expected visible ASCII") as caught:
            secret.write(tmp_path, value)
        assert value not in str(caught.value) and secret.read(tmp_path) == "one"

    def test_a_folder_that_cannot_be_written(self, tmp_path: Path) -> None:
        from addon.core import secret
        from addon.core.errors import OutputError

        (tmp_path / "file").write_text("in the way")
        with pytest.raises(OutputError, match=r"token: .* cannot be written"):
            secret.write(tmp_path / "file", "one")
        assert secret.read(tmp_path / "file") == ""
