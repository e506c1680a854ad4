"""What a notebook shows: small, still, readable as text, and safe whatever a stage is called."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest

from leadlib.metrics import StageLog, funnel

STAGES = ["inquiry", "qualified", "won"]


def day(number):
    return datetime(2026, 3, number, tzinfo=UTC)


def counted(stages=STAGES, **more):
    rows = [(f"L{n}", stages[0], day(2)) for n in range(8)]
    rows += [(f"L{n}", stages[1], day(3)) for n in range(4)]
    rows += [("L0", stages[2], day(4)), ("L7", "lost", day(5))]
    return funnel(StageLog.from_rows(rows), stages=stages, **more)


def parsed(page):
    """The page as XML: what does not close what it opens is no page."""
    return ET.fromstring(f"<div>{page}</div>")


class TestFunnel:
    def test_draws_a_bar_for_each_stage_and_shows_its_table(self):
        page = parsed(counted()._repr_html_())
        texts = [text for text in page.itertext() if text.strip()]

        assert texts[0] == "8 leads, counted at least, as of 2026-03-05 00:00 UTC"
        assert {"inquiry", "qualified", "won", "advanced", "open", "left", "50.0 %"} <= set(texts)
        svg = "{http://www.w3.org/2000/svg}"
        widths = [path.get("d").split("h")[1].split("v")[0] for path in page.iter(f"{svg}path")]
        # 4 of 8 advanced, 3 open, 1 left; 1 of 4, 3 open; 1 arrived and stays; then the key.
        assert widths[:6] == ["130", "98", "32", "32", "98", "32"]
        assert len(widths) == 6 + 3

    def test_is_small_and_loads_nothing(self):
        page = counted()._repr_html_()

        assert len(page) < 3_000
        for mark in ("<script", "href", "src=", "url(", "@import"):
            assert mark not in page

    def test_is_the_same_whatever_a_stage_is_called(self):
        evil = '</text><script>alert(1)</script>"&'
        harmless = parsed(counted(["a", "b", "c"])._repr_html_())
        strange = parsed(counted([evil, "b", "c"])._repr_html_())

        assert [element.tag for element in strange.iter()] == [e.tag for e in harmless.iter()]

    def test_of_many_stages_is_cut_and_says_so(self):
        names = [f"s{n:02}" for n in range(30)]
        rows = [("L", name, day(1).replace(minute=n)) for n, name in enumerate(names)]
        page = funnel(StageLog.from_rows(rows), stages=names)._repr_html_()

        assert "and 6 more" in page

    def test_gives_records(self):
        assert [record["reached"] for record in counted().to_records()] == [8, 4, 1]
        rows = [(f"L{n}", "new", day(2), 0, name) for n, name in enumerate(["a", "b", None])]
        groups = funnel(StageLog.from_rows(rows, by=["campaign"]), stages=["new"], by="campaign")

        assert [(r["campaign"], r["stage"], r["reached"]) for r in groups.to_records()] == [
            ("a", "new", 1),
            ("b", "new", 1),
            (None, "new", 1),
        ]


@pytest.mark.parametrize("count", [0, 1])
def test_a_funnel_of_nobody_is_drawn_too(count):
    rows = [("L", "new", day(2)), ("M", "won", day(9))]
    result = funnel(StageLog.from_rows(rows), stages=["new"], as_of=day(2 if count else 1))

    assert parsed(result._repr_html_()) is not None
    assert result.leads == count
