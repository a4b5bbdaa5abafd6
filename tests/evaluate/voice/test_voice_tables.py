"""Parts as Markdown and as one HTML file."""

from __future__ import annotations

from facewright.evaluate.voice.tables import Part, Picture, Table, Verdict, markdown, page, ranged


def part() -> Part:
    found = Part("lips", "Lips <against> phones")
    found.verdicts += [Verdict("jaw ≥ .80", ".83", True), Verdict("MLD", "2.1")]
    found.tables.append(Table("T", ("", "jaw"), (("driver", "0.83"),), "a note"))
    found.pictures.append(Picture("one-chart", "one", b"\x89PNG"))
    found.missing.append("real people: needs --clips")
    return found


def test_markdown_says_what_was_found_and_what_was_not():
    text = markdown(part())
    assert "- jaw ≥ .80: .83 (kept)" in text and "- MLD: 2.1 (reported)" in text
    assert "- not measured: real people: needs --clips" in text
    assert "| driver | 0.83 |" in text and "|---|---|" in text
    assert "one-chart.png" in text


def test_a_page_escapes_and_carries_its_pictures():
    text = page([part()], ["a machine & more"])
    assert "Lips &lt;against&gt; phones" in text and "a machine &amp; more" in text
    assert "data:image/png;base64,iVBORw==" in text
    assert "http" not in text


def test_a_missed_bar_is_missed():
    missed = part()
    assert missed.kept
    missed.verdicts.append(Verdict("closure", ".5", False))
    assert not missed.kept and "MISSED" in markdown(missed)


def test_numbers_with_intervals():
    assert ranged(0.5, 0.25, 0.75, 2) == "0.50 [0.25, 0.75]"
    assert ranged(0.5, -0.25, 0.75, 1, signed=True) == "+0.5 [-0.2, +0.8]"
