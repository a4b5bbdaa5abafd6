"""A batch's list, its ledger, its flags: nothing here needs Blender."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest

#: Begins a program that ends as a dub does which made its movie.
WORKER = """
import json, sys
from pathlib import Path

def finish():
    told = dict(word[2:].split("=", 1) for word in sys.argv if word.startswith("--"))
    Path(told["output"]).write_bytes(b"a movie")
    Path(told["result"]).write_text(json.dumps({"frames": 3, "fps": 25}))

"""
HEADING = "portrait,speech,emotion,output,fps"


@pytest.fixture
def manifest(core: None) -> ModuleType:
    from addon.headless.batch import manifest

    return manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Inputs, in a folder whose name is not plain."""
    place = tmp_path / "grün & blau"
    place.mkdir()
    for name in ("p.png", "w.wav", "f.mp4", "words.txt"):
        (place / name).write_bytes(b"not empty")
    return place


def listed(folder: Path, text: str, name: str = "films.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(manifest: ModuleType, path: Path, **defaults: object) -> list[str]:
    with pytest.raises(manifest.ManifestError) as failed:
        manifest.read(path, defaults)
    return str(failed.value).splitlines()


def test_rows_are_read_relative_to_the_list(manifest: ModuleType, folder: Path) -> None:
    text = f'{HEADING}\np.png,w.wav,"sad, then happy",out/a.mp4,12.5\n\np.png,w.wav,,b.mp4,\n'
    first, second = manifest.read(listed(folder, text), {"size": 256, "fps": 30.0})
    assert (first.row, first.line, second.row, second.line) == (1, 2, 2, 4)
    assert first.values["portrait"] == folder / "p.png"
    assert first.values["emotion"] == "sad, then happy"
    assert (first.values["fps"], second.values["fps"]) == (12.5, 30.0)
    assert first.values["size"] == 256 and "emotion" not in second.values
    assert first.output == folder / "out/a.mp4"


@pytest.mark.parametrize("divider", [";", "\t"])
def test_other_dividers_and_marks_are_understood(
    manifest: ModuleType, folder: Path, divider: str
) -> None:
    text = "\ufeff" + f"{HEADING}\np.png,w.wav,,a.mp4,10\n".replace(",", divider)
    (item,) = manifest.read(listed(folder, text))
    assert item.values["fps"] == 10


def test_json_lines_say_the_same(manifest: ModuleType, folder: Path) -> None:
    rows = [
        {"portrait": "p.png", "script": "Hi.", "output": "a.mp4", "fps": 12, "seed": None},
        {"footage": "f.mp4", "speech": "w.wav", "take": ["head", "brows"], "output": "b.mp4"},
    ]
    text = "\n".join(json.dumps(row) for row in rows)
    first, second = manifest.read(listed(folder, text, "films.jsonl"))
    assert first.values["fps"] == 12.0 and "seed" not in first.values
    assert second.values["take"] == ("head", "brows")
    assert second.inputs == {"footage": folder / "f.mp4", "speech": folder / "w.wav"}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("no.png,w.wav,,a.mp4,25", "films.csv:2: portrait: there is no file"),
        ("p.png,w.wav,,a.mp4,fast", "fps: expected a number from 1 to 240, got 'fast'"),
        ("p.png,w.wav,,a.mp4,nan", "fps: expected a number from 1 to 240, got 'nan'"),
        ("p.png,w.wav,,a.mp4,500", "fps: expected a number from 1 to 240, got '500'"),
        ("p.png,w.wav,,a.avi,25", "output: expected a file ending in .mp4, got a.avi"),
        (",w.wav,,a.mp4,25", "portrait: expected a photograph, or footage; name one"),
        ("p.png,,,a.mp4,25", "speech: expected a recording, or a script; name one"),
        ("p.png,w.wav,,,25", "output: name the movie to write"),
        ("p.png,w.wav,,a.mp4,25,more", "expected 5 cells as in the heading, got 6"),
        (f"p.png,w.wav,{'x' * 201},a.mp4,25", "emotion: expected at most 200 characters, got 201"),
        ("p.png,w.wav,,a.mp4,25\np.png,w.wav,,./a.mp4,", "films.csv:3: "),
        ("p.png,w.wav,,a.mp4,25\np.png,w.wav,,x/../a.mp4,", "is also what line 2 writes"),
        ('p.png,w.wav,"open,a.mp4,25', "look for an unclosed quote"),
        ("", "expected at least one row beneath the heading"),
    ],
)
def test_a_bad_row_is_named(manifest: ModuleType, folder: Path, rows: str, says: str) -> None:
    found = problems(manifest, listed(folder, f"{HEADING}\n{rows}\n"))
    assert len(found) == 1 and says in found[0], found


def test_an_output_may_not_be_an_input(manifest: ModuleType, folder: Path) -> None:
    text = "footage,speech,output\nf.mp4,w.wav,g.mp4\nf.mp4,w.wav,f.mp4\n"
    (line,) = problems(manifest, listed(folder, text))
    assert line.startswith("films.csv:3: ") and "write elsewhere" in line


def test_a_folder_that_is_written_holds_nothing_of_others(
    manifest: ModuleType, folder: Path
) -> None:
    """It is replaced as a whole."""
    text = "portrait,speech,output,format\np.png,w.wav,out/a.mp4,\np.png,w.wav,out,png\n"
    (line,) = problems(manifest, listed(folder, text))
    assert line.startswith("films.csv:2: ") and "is in what line 3 writes" in line
    (folder / "out").mkdir()
    manifest.read(listed(folder, text.replace("out/a.mp4", "b/a.mp4")))  # made before: no fault


def test_lines_end_where_the_file_says(manifest: ModuleType, folder: Path) -> None:
    """Texts may hold what Unicode takes for the end of a line."""
    script = "One.\u2028Two.\x85Three."
    row = {"portrait": "p.png", "script": script, "output": "a.mp4"}
    (item,) = manifest.read(listed(folder, json.dumps(row, ensure_ascii=False), "films.jsonl"))
    assert item.values["script"] == script
    (item,) = manifest.read(listed(folder, f"portrait,script,output\np.png,{script},a.mp4\n"))
    assert item.values["script"] == script


def test_a_script_in_place_of_its_file_is_told(manifest: ModuleType, folder: Path) -> None:
    text = f"portrait,script_file,output\np.png,{'Hello there. ' * 40},a.mp4\n"
    (line,) = problems(manifest, listed(folder, text))
    assert "script_file: there is no file" in line


def test_everything_is_told_at_once(manifest: ModuleType, folder: Path) -> None:
    text = "portrait,speach,output,fps,banana\nno.png,w.wav,a.mp4,x,1\np.png,w.wav,a.txt,y,2\n"
    found = problems(manifest, listed(folder, text))
    assert "did you mean speech?" in found[0]
    assert "no column 'banana'; known are portrait, footage" in found[1]
    assert [line.split(": ")[1] for line in found[2:]] == ["fps", "portrait", "fps"]
    many = "".join("p.png,w.wav,,,\n" for _ in range(50))
    found = problems(manifest, listed(folder, f"{HEADING}\n{many}"))
    assert len(found) == 21 and found[-1] == "films.csv: and 30 more like these"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "films.jsonl:2: not JSON"),
        ("[1]", "films.jsonl:2: expected an object"),
        ('{"portrait": true}', "portrait: expected text or a number, got bool"),
        ('{"langage": "de"}', "did you mean language?"),
    ],
)
def test_a_bad_json_line_is_named(manifest: ModuleType, folder: Path, line: str, says: str) -> None:
    good = '{"portrait": "p.png", "speech": "w.wav", "output": "a.mp4"}'
    found = problems(manifest, listed(folder, f"{good}\n{line}\n", "films.jsonl"))
    assert says in found[0]


def test_what_is_no_list_is_refused(manifest: ModuleType, folder: Path) -> None:
    assert "ending in .csv" in problems(manifest, listed(folder, "x", "films.xlsx"))[0]
    (folder / "a.csv").write_bytes(b"portrait\n\xff\xfe")
    assert "save it as UTF-8" in problems(manifest, folder / "a.csv")[0]
    assert "No such file" in problems(manifest, folder / "gone.csv")[0]


def test_things_that_do_not_go_together_are_told(core: None) -> None:
    from addon.headless.columns import conflicts

    def wrong(**values: object) -> list[str]:
        whole = {"portrait": "p", "speech": "s", "output": "o.mp4"} | values
        return [name for name, _ in conflicts(whole)]

    assert wrong() == []
    assert wrong(footage="f") == ["footage"]
    assert wrong(script="hi", script_file="x") == ["script", "script_file"]
    assert wrong(language="de") == ["language"]
    assert wrong(speech="", script="hi", language="de", voice="v") == []
    assert wrong(take=("head",)) == ["take"]
    assert wrong(output="o.mov") == ["output"]
    assert wrong(output="o.mov", format="prores_4444") == []
    assert wrong(output="frames", format="png") == []
    assert wrong(output="o.mp4", format="png") == ["output"]


class TestLedger:
    """An item is finished where its outputs are whole and made of what it says now."""

    @pytest.fixture
    def done(self, manifest: ModuleType, folder: Path):  # type: ignore[no-untyped-def]
        from addon.headless.batch.ledger import Ledger

        path = listed(folder, f"{HEADING}\np.png,w.wav,,a.mp4,25\n")
        (item,) = manifest.read(path)
        ledger = Ledger(path)
        assert ledger.finished(item) is None
        item.output.write_bytes(b"a movie")
        recipe = ledger.recipe(item)
        ledger.write(item, {"status": "done", "recipe": recipe, "frames": 3})
        return path, item, ledger

    def test_it_is_found_again(self, done) -> None:  # type: ignore[no-untyped-def]
        path, item, ledger = done
        assert ledger.folder == path.with_name("films_csv_batch")
        record = type(ledger)(path).finished(item)
        assert record["frames"] == 3 and record["outputs"].keys() == {"a.mp4"}
        assert not [p for p in ledger.folder.rglob("*") if p.name.startswith(".")]

    @pytest.mark.parametrize("what", ["input", "output", "gone", "option", "record"])
    def test_a_change_unfinishes_it(self, done, manifest, folder, what) -> None:  # type: ignore[no-untyped-def]
        path, item, ledger = done
        match what:
            case "input":
                (folder / "w.wav").write_bytes(b"other words")
            case "output":
                item.output.write_bytes(b"a mov")
            case "gone":
                item.output.unlink()
            case "option":
                (item,) = manifest.read(path, {"seed": 1})
            case "record":
                (ledger.folder / "items" / f"{item.name}.json").write_text("{")
        assert ledger.finished(item) is None

    def test_all_of_it_may_move(self, done, manifest) -> None:  # type: ignore[no-untyped-def]
        """As another computer of a farm sees it, from where it has the storage."""
        path, _, ledger = done
        there = path.parent.rename(path.parent.with_name("elsewhere")) / path.name
        (item,) = manifest.read(there)
        assert type(ledger)(there).finished(item)

    def test_a_row_may_move_in_the_list(self, done, manifest) -> None:  # type: ignore[no-untyped-def]
        path, item, ledger = done
        text = path.read_text("utf-8").splitlines()
        listed(path.parent, "\n".join([text[0], "p.png,w.wav,,b.mp4,", text[1]]))
        other, moved = manifest.read(path)
        assert ledger.finished(moved) and not ledger.finished(other)
        assert other.name != moved.name == item.name


class TestShift:
    """Workers are Pythons that do what a dub would, as far as the list can tell."""

    @pytest.fixture
    def shift(self, manifest: ModuleType, folder: Path):  # type: ignore[no-untyped-def]
        from addon.headless.batch.ledger import Ledger
        from addon.headless.batch.shift import Shift

        path = listed(folder, f"{HEADING}\np.png,w.wav,,a.mp4,25\np.png,w.wav,,b.mp4,25\n")
        ledger, told = Ledger(path), []
        worker = folder / "worker.py"

        def make(code: str, **options: object):  # type: ignore[no-untyped-def]
            worker.write_text(WORKER + code, encoding="utf-8")
            given = {"jobs": 1, "keep_going": True, "again": False} | options
            return Shift(
                items=manifest.read(path),
                ledger=ledger,
                program=[sys.executable, str(worker)],
                backend=list,
                environment=dict(os.environ),
                progress=given.pop("progress", lambda *step: None),
                say=told.append,
                **given,
            )

        return make, ledger, told

    def test_an_input_that_changes_meanwhile_is_not_what_was_used(self, shift, folder) -> None:  # type: ignore[no-untyped-def]
        make, ledger, _ = shift
        speech = folder / "w.wav"
        work = make(f"Path({str(speech)!r}).write_bytes(b'other'); finish()")
        assert work.run() == 0
        first, second = work.items
        assert ledger.finished(first) is None and ledger.finished(second)

    def test_an_input_that_goes_fails_its_item_alone(self, shift, folder) -> None:  # type: ignore[no-untyped-def]
        make, ledger, told = shift
        work = make(f"Path({str(folder / 'w.wav')!r}).unlink(); finish()")
        assert work.run() == 1
        assert "row 2, b.mp4: failed" in told[-1] and "w.wav" in told[-1]
        assert ledger.read(work.items[0])["status"] == "done"

    def test_what_is_done_when_it_is_cancelled_counts(self, shift) -> None:  # type: ignore[no-untyped-def]
        make, ledger, _ = shift

        def cancel(stage: str, share: float, left: float) -> None:
            while not work._workers[0].done:
                time.sleep(0.05)
            raise KeyboardInterrupt

        work = make("finish()", progress=cancel)
        with pytest.raises(KeyboardInterrupt):
            work.run()
        first, second = work.items
        assert ledger.finished(first) and ledger.read(second) is None

    def test_a_report_knows_what_was_changed_since(self, shift, manifest) -> None:  # type: ignore[no-untyped-def]
        from addon.headless.batch import report
        from addon.headless.batch.quality import Thresholds

        make, ledger, _ = shift
        work = make("finish()")
        assert work.run() == 0
        changed = manifest.read(ledger.folder.with_name("films.csv"), {"seed": 1})
        for items, status in ((work.items, "done"), (changed, "waiting")):
            found = report.outcomes(items, ledger, Thresholds())
            assert [record["status"] for record in found] == [status] * 2


def test_flags_say_what_is_doubtful(core: None) -> None:
    from addon.headless.batch.quality import Thresholds, flags

    good = {
        "frames": 100, "unseen": 0, "frozen": 3, "seconds": 4.0, "sound_seconds": 4.02,
        "sync": 0.4, "sync_offset": -30.0, "identity": 0.93, "flicker": 1.2,
    }  # fmt: skip

    def told(frames: int = 100, **changes: float | None) -> list[str]:
        return flags({"frames": frames, "review": good | changes}, Thresholds())

    assert told() == [] and flags({"frames": 9, "review": None}, Thresholds()) == []
    assert told(sync_offset=200.0) == ["lips are 200 ms late (over 120)"]
    assert told(sync_offset=-200.0) == ["lips are 200 ms early (over 120)"]
    assert told(sync=-0.2) == ["sync is -0.20 (under 0)"]
    assert told(identity=0.5) == ["identity is 0.50 (under 0.7)"]
    assert told(flicker=6.0) == ["flicker is 6.00 (over 4)"]
    assert told(frozen=20) == ["20 of 100 frames frozen (over 10 %)"]
    assert told(unseen=1) == ["1 of 100 frames unseen (over 0 %)"]
    assert told(frames=103) == ["3 of 103 frames are missing"]
    assert told(sound_seconds=5.0) == ["4.00 s of pictures, 5.00 s of sound"]
    assert told(sync=None, sync_offset=None, identity=None, flicker=None) == []
    strict = Thresholds.of({"max_offset": 10.0, "min_identity": None, "unknown": 3})
    assert flags({"frames": 100, "review": good}, strict) == ["lips are 30 ms early (over 10)"]


def test_a_report_is_safe_to_open(manifest: ModuleType, folder: Path) -> None:
    from addon.headless.batch import report
    from addon.headless.batch.ledger import Ledger
    from addon.headless.batch.quality import Thresholds

    path = listed(folder, f"{HEADING}\np.png,w.wav,,a<b>.mp4,\np.png,w.wav,,c.mp4,\n")
    first, _ = items = manifest.read(path)
    ledger = Ledger(path)
    ledger.write(first, {"status": "failed", "message": "<script>alert(1)</script>", "took": 2})
    records = report.outcomes(items, ledger, Thresholds())
    told, page = report.write(path, records, ledger, Thresholds())
    totals = json.loads(told.read_text("utf-8"))["totals"]
    assert (totals["failed"], totals["waiting"], totals["done"]) == (1, 1, 0)
    text = page.read_text("utf-8")
    assert "<script>" not in text and "a&lt;b&gt;.mp4" in text
    assert "logs/" in text  # where to look


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (99, "99 s"), (185, "3 min 05 s"), (7800, "2 h 10 min")]
)
def test_durations_are_for_people(core: None, seconds: float, text: str) -> None:
    from addon.headless.progress import duration

    assert duration(seconds) == text


def test_an_interrupt_that_was_lost_is_raised_again(core: None) -> None:
    """Blender swallows what a handler of its own raises, an interrupt among it."""
    from addon.headless.progress import ProgressLine

    meter = ProgressLine()
    meter("texturing", 0.5, 1.0)
    meter.interrupted = True
    with pytest.raises(KeyboardInterrupt):
        meter("texturing", 0.6, 1.0)
    meter.say("cancelled")
