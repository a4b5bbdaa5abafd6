"""Who is on a file: by layout, by manifest; and who is held out."""

from __future__ import annotations

from pathlib import Path

import pytest
from facewright.errors import InputError
from facewright.train.data.sources import find_sources, identity_by_name
from facewright.train.data.split import held_out

EVERYBODY = [f"id{k:05d}" for k in range(40)]


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"x")


@pytest.mark.parametrize(
    ("file", "identity"),
    [
        ("id10001/1zcIwhmdeo4/00001.mp4", "id10001"),  # VoxCeleb
        ("M003/video/front/happy/level_1/001.mp4", "M003"),  # MEAD
        ("WDA_NancyPelosi1_000.mp4", "WDA_NancyPelosi"),  # HDTF: her second video
        ("WRA_VickyHartzler_000.mp4", "WRA_VickyHartzler"),
        ("RD_Radio11_001.mp4", "RD_Radio11"),  # HDTF: the eleventh speaker
        ("portrait.jpg", "portrait"),
        ("_3.mp4", "_3"),
    ],
)
def test_layouts_tell_identities(file: str, identity: str) -> None:
    assert identity_by_name(Path(file)) == identity


def test_files_are_found_sorted_once_and_named_apart(tmp_path: Path) -> None:
    touch(tmp_path, "b/x y/1.mp4", "b/x y/1.MOV", "a/ü.png", "a/notes.txt", ".hidden/1.mp4")
    touch(tmp_path, "b/x_y/1.webm")
    found = find_sources([tmp_path, tmp_path / "b"])
    assert [s.relative for s in found] == [
        "a/ü.png", "b/x y/1.MOV", "b/x y/1.mp4", "b/x_y/1.webm",
    ]  # fmt: skip
    assert [s.name for s in found] == ["a-_", "b-x_y-1", "b-x_y-1-2", "b-x_y-1-3"]
    assert [s.identity for s in found] == ["a", "b", "b", "b"]
    assert [s.is_still for s in found] == [True, False, False, False]


def test_a_manifest_names_people_and_leaves_out_the_rest(tmp_path: Path) -> None:
    touch(tmp_path, "clips/one.mp4", "clips/two.mp4", "clips/three.mp4")
    listing = tmp_path / "who.csv"
    listing.write_text(
        'file,identity,licence_note\nclips/one.mp4,Ann,"CC BY 4.0,\n Zhang"\ntwo.mp4,Bob,\n',
        encoding="utf-8-sig",
    )
    found = find_sources([tmp_path / "clips"], listing)
    assert [(s.relative, s.identity, s.credit) for s in found] == [
        ("one.mp4", "Ann", "CC BY 4.0, Zhang"),  # relative to the manifest
        ("two.mp4", "Bob", ""),  # relative to the folder
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,who\na.mp4,Ann\n", "expected columns file and identity"),
        ("file,identity\na.mp4,\n", "row 1: expected a file and an identity"),
        ("file,identity\na.mp4\n", "row 1: expected a file and an identity"),
        ("file,identity\na.mp4,Ann\na.mp4,Bob\n", "row 2: a.mp4 has two identities"),
        ("file,identity\nb.mp4,Ann\n", "no clips or portraits that .* names"),
        ("\xff", "expected columns"),
    ],
)
def test_bad_manifests_are_named(tmp_path: Path, text: str, message: str) -> None:
    touch(tmp_path, "a.mp4")
    (tmp_path / "who.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        find_sources([tmp_path], tmp_path / "who.csv")


def test_folders_without_clips_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no clips or portraits"):
        find_sources([tmp_path])
    with pytest.raises(InputError, match="expected a folder of clips"):
        find_sources([tmp_path / "none"])


def test_a_fraction_hangs_on_names_and_seed_alone() -> None:
    chosen = held_out(EVERYBODY, ["0.25"], 3)
    assert len(chosen) == 10
    assert held_out(EVERYBODY[::-1], ["0.25"], 3) == chosen
    assert held_out(EVERYBODY, ["0.25"], 4) != chosen
    assert held_out(EVERYBODY, ["0.5"], 3) > chosen
    assert len(held_out(EVERYBODY, ["0.001"])) == 1
    assert held_out(EVERYBODY, ["0"]) == held_out(EVERYBODY, []) == frozenset()


def test_names_are_held_out_as_given() -> None:
    assert held_out(EVERYBODY, ["id00003", "id00001"]) == {"id00001", "id00003"}


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["Nobody"], "nobody is called 'Nobody'"),
        (["1"], "expected a fraction"),
        (["-0.1"], "expected a fraction"),
        (["nan"], "expected a fraction"),
        (["0.2", "id00001"], "nobody is called '0.2'"),
        (EVERYBODY, "leaves nobody"),
    ],
)
def test_bad_choices_are_named(wanted: list[str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        held_out(EVERYBODY, wanted)
