"""The page: nothing in the data becomes structure, and nothing on the page leads elsewhere."""

import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from leadlib.errors import MissingExtra
from leadlib.metrics import StageLog, cohorts, funnel
from leadlib.report import LEAK_HEAD, leak_table, to_html

pytest.importorskip("jinja2")

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{# gone #}",
    "]]>",
    "<!--",
    "--></svg></style></title>",
    "&lt;b&gt;",
    "javascript:alert(1)",
    "</tspan><text>",
    "https://example.com/a.js",
    "%s %(x)s {0} {x.__class__}",
]


class Structure(HTMLParser):
    """The elements and attributes of a page, and its text."""

    def __init__(self, page):
        super().__init__(convert_charrefs=True)
        self.tags, self.values, self.text = [], [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, [name for name, _ in attrs]))
        self.values += [value for _, value in attrs]

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")

    def handle_data(self, data):
        self.text.append(data)

    def handle_comment(self, data):
        self.tags.append("comment")

    def handle_decl(self, decl):
        self.tags.append(decl)

    def unknown_decl(self, data):
        self.tags.append("unknown")


def page(name, *, title="Funnel", notes=()):
    """Give a page whose first stage, leak and group bear a name."""
    day = datetime(2026, 1, 5, tzinfo=UTC)
    rows = []
    for number in range(40):
        at = day + timedelta(days=2 * number)
        rows.append((f"lead {number}", name, at, 0, name if number % 2 else None))
        if number % 3 == 0:
            rows.append((f"lead {number}", "won", at + timedelta(days=3), 0, None))
        elif number % 3 == 1:
            rows.append((f"lead {number}", f"{name} lost", at + timedelta(days=2), 0, None))
    log = StageLog.from_rows(rows, by=["origin"])
    counted = funnel(log, stages=[name, "won"], by="origin")
    months = cohorts(log, stages=["won", name])
    return to_html(counted, cohorts=months, title=title, notes=notes)


class TestPage:
    @pytest.mark.parametrize("name", HOSTILE)
    def test_has_the_structure_of_a_harmless_one(self, name):
        hostile = Structure(page(name, title=name, notes=[name]))
        harmless = Structure(page("new", title="new", notes=["new"]))

        assert hostile.tags == harmless.tags
        assert hostile.values == [
            value.replace("new", name) if value and "new" in value else value
            for value in harmless.values
        ]
        assert "".join(hostile.text) == "".join(harmless.text).replace("new", name)

    @given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), min_size=1))
    def test_has_the_structure_of_a_harmless_one_for_any_name(self, name):
        name = unicodedata.normalize("NFC", name).strip() or "x"
        assume(name not in {"won", "lost"})  # the other stages of the page

        assert Structure(page(name)).tags == Structure(page("new")).tags

    def test_forbids_scripts_and_everything_from_elsewhere(self):
        text = page("new")

        assert (
            '<meta http-equiv="Content-Security-Policy" '
            "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        ) in text
        assert text.index("Content-Security-Policy") < text.index("<style>")

    def test_has_no_scripts_links_or_addresses(self):
        structure = Structure(page("new"))
        tags = {tag for tag, _ in (one for one in structure.tags if isinstance(one, tuple))}
        names = {
            name for _, many in (t for t in structure.tags if isinstance(t, tuple)) for name in many
        }

        assert tags.isdisjoint({"script", "link", "a", "img", "iframe", "object", "form", "base"})
        assert names.isdisjoint({"href", "src", "srcset", "action", "xlink:href", "style"})
        assert not any(name.startswith("on") for name in names)
        assert "http" not in page("new").replace("http-equiv", "")
        assert "url(" not in page("new")
        assert "@import" not in page("new")

    def test_shows_counts_intervals_groups_months_and_leaks(self):
        text = "".join(Structure(page("new")).text)

        for words in (
            "95 % interval",
            "of closed",
            "Biggest leaks",
            "By month of entry, to new",
            "origin: new",
            "origin: (missing)",
            "open, not lost",
        ):
            assert words in text

    def test_shows_no_lead(self):
        assert "lead 1" not in page("new")

    def test_is_the_same_every_time(self):
        assert page("new") == page("new")

    def test_of_a_funnel_alone_needs_neither_months_nor_leaks(self):
        log = StageLog.from_rows([("a", "won", datetime(2026, 1, 5, tzinfo=UTC))])
        text = to_html(funnel(log, stages=["won"]))

        assert "Nobody stopped." in text
        assert "By month" not in text

    def test_draws_bars_to_scale(self):
        """Of 40 leads 14 are won, 13 are lost and 13 are open: 640 units wide together."""
        widths = [
            float(part.split('"')[0])
            for part in page("new").split('width="')[1:]
            if part.split('"')[0].replace(".", "").isdigit() and float(part.split('"')[0]) > 9
        ]

        assert sum(widths[:3]) == pytest.approx(640, abs=0.1)
        assert widths[0] == pytest.approx(640 * 14 / 40, abs=0.1)

    def test_needs_its_extra(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "jinja2", None)
        with pytest.raises(MissingExtra, match=r"leadlib\[cli\]"):
            page("new")


class TestLeakTable:
    def test_shows_the_biggest_first_and_no_more_than_asked(self):
        day, later = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
        leads = [(f"{size} {i}", f"stage {size}") for size in range(1, 16) for i in range(size)]
        entered = [(lead, "a", day) for lead, _ in leads]
        log = StageLog.from_rows(entered + [(lead, stage, later) for lead, stage in leads])
        stops = funnel(log, stages=["a"]).stops

        assert [len(leak_table(stops)), len(leak_table(stops, most=3))] == [10, 3]
        assert [row[2] for row in leak_table(stops, most=3)] == ["15", "14", "13"]
        assert {len(row) for row in leak_table(stops)} == {len(LEAK_HEAD)}
