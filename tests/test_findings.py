"""The pages on real data: what stands there is what the library says, and what others counted."""

import csv
import re
from datetime import date

import pytest

from conftest import ROOT
from leadlib.cli import main

NAMES = ("olist", "maven", "helpdesk")


def committed(name):
    return (ROOT / "docs" / "findings" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
class TestPages:
    def test_are_what_the_library_says_of_the_data(self, name, shared_data, findings):
        assert committed(name) == findings.PAGE_OF[name](shared_data)

    def test_show_the_tables_that_the_report_prints(
        self, name, shared_data, findings, capsys, monkeypatch
    ):
        monkeypatch.chdir(ROOT)
        main(findings.COMMANDS[name])
        printed = capsys.readouterr().out.splitlines()
        shown = re.findall(r"```text\n(.*?)```", committed(name), re.DOTALL)
        lines = [line for table in shown for line in table.splitlines()]

        assert len(shown) == 2
        assert len(lines) > 10
        assert [line for line in lines if line not in printed and not line.startswith("─")] == []

    def test_are_in_the_index_and_answer_the_same_questions(self, name):
        heads = re.findall(r"^## (.*)$", committed(name), re.MULTILINE)

        assert f"findings/{name}" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
        assert heads == [
            "The finding",
            "The funnel",
            "Where they leak",
            "How fast",
            "Month by month",
            "What was not clean",
        ]


class TestNumbersOfOthers:
    """Counted without leadlib: by the notes on the data, or here by hand."""

    def test_olist(self, shared_data):
        page = committed("olist")

        assert "842 of 8,000 were won: 10.525 %" in page
        for origin in (
            "| paid search | 1,586 | 195 | 12.295 %",
            "| organic search | 2,296 | 271 | 11.803 %",
            "| social | 1,350 | 75 | 5.556 %",
            "| email | 493 | 15 | 3.0 %",
            "| unknown | 1,099 | 179 | 16.288 %",
            "| (missing) | 60 | 14 | 23.3 %",
        ):
            assert origin in page
        assert "half were won within 14.7 days" in page  # 14.65
        assert "1 lead was won before the first contact" in page

    def test_maven(self, shared_data):
        page = committed("maven")
        with (shared_data / "maven_crm" / "sales_pipeline.csv").open(encoding="utf-8") as file:
            deals = list(csv.DictReader(file))
        opened = {deal["opportunity_id"]: deal["engage_date"] for deal in deals}
        took = [
            (date.fromisoformat(deal["close_date"]) - date.fromisoformat(deal["engage_date"])).days
            for deal in deals
            if deal["close_date"]
        ]
        ages = [
            (date(2017, 12, 31) - date.fromisoformat(opened[deal["opportunity_id"]])).days
            for deal in deals
            if deal["deal_stage"] == "Engaging"
        ]

        assert max(took) == 138
        assert "took more than 138 days" in page
        old = sum(age > 138 for age in ages)
        assert f"{old:,} of the open ones, {100 * old / len(ages):.3f} %" in page
        assert len(ages) == 1_589
        assert "63.150 % [61.989, 64.296] of the opportunities that ended were won" in page
        assert "Half of the lost ones were lost within 14 days" in page
        assert "half of the won ones took 57 or more" in page
        assert "would lose 729 won opportunities" in page

    def test_helpdesk(self, shared_data):
        page = committed("helpdesk")

        assert "21,348 events of 4,580 tickets" in page
        assert "1,236 tickets were put on hold" in page
        assert "half of those waits took more than 6.9 days" in page  # 6.852 and 8 still wait
        assert "130 events happened at the instant of another" in page
        assert "followed by the next step after 29.9 days" in page  # 29.914
        assert "10 further activities" in page


class TestScript:
    def test_leaves_the_pages_alone_where_there_are_no_data(
        self, findings, tmp_path, capsys, monkeypatch
    ):
        before = [committed(name) for name in NAMES]
        monkeypatch.setattr(findings, "DATA", tmp_path / "nowhere")
        findings.main()

        assert "not here" in capsys.readouterr().out
        assert [committed(name) for name in NAMES] == before

    def test_writes_the_pages_where_there_are(
        self, findings, shared_data, tmp_path, capsys, monkeypatch
    ):
        monkeypatch.setattr(findings, "PAGES", tmp_path)
        monkeypatch.setattr(findings, "DATA", shared_data)
        findings.main()

        assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(NAMES)
        assert (tmp_path / "olist.md").read_text(encoding="utf-8") == committed("olist")
