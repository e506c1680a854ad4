"""
The command line: ``leadlib report``, ``leadlib judge``, ``leadlib flow``, ``leadlib lint``.

Exit status: 0 all rows were taken, 1 some were rejected (the report still comes) or a lifecycle
leaks, 2 nothing was.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, TextIO

import attrs

from leadlib import __version__, _instants, _text
from leadlib.consolidation import consolidate
from leadlib.errors import InvalidValue, LeadlibError, UnknownName
from leadlib.io import (
    ENGINES,
    InquiriesRead,
    LogRead,
    LogScan,
    Problem,
    RowCounts,
    load_definition,
    load_lifecycle,
    read_inquiries,
    read_log,
    scan_log,
)
from leadlib.lifecycle import STANDARD, WATERFALL, Lifecycle
from leadlib.metrics import (
    Cohorts,
    FrameLog,
    Funnel,
    LongTable,
    OpportunityTable,
    StageLog,
    TableShape,
    WideTable,
    cohorts,
    funnel,
    main_path,
)
from leadlib.qualification import LeadDefinition, Verdict
from leadlib.report import (
    DETAILED,
    LEAK_HEAD,
    MISSING,
    group_head,
    group_table,
    leak_table,
    to_html,
)

__all__ = ["main"]

_SHOWN = 20
_MONTHS = 24
_LEAKS = 10
_BAR_FROM = 5_000_000  # bytes; smaller files are read before a bar could be seen
_REFUSED = 2
_STOPPED = 130  # as shells say it of Ctrl-C


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command; give its exit status.

    Args:
        arguments: The words after ``leadlib``; those of the process unless given.
    """
    _open_streams()
    parsed = _parser().parse_args(arguments)
    try:
        status: int = parsed.run(parsed)
        sys.stdout.flush()
    except LeadlibError as fault:
        place = "".join(f"{note}: " for note in getattr(fault, "__notes__", ()))
        return _failed(f"{place}{fault}{_hint(parsed, fault.got)}")
    except BrokenPipeError:  # the reader of our output has seen enough
        _drop_output()
        return 0
    except OSError:
        _drop_output()
        return _failed("expected an output that can be written, got one that is full or closed")
    except (MemoryError, RecursionError):
        return _failed("expected input that fits into the memory, got more")
    except KeyboardInterrupt:
        return _failed("stopped", status=_STOPPED)
    return status


def _open_streams() -> None:
    """A shell can close a stream (``>&-``); what is said there then goes nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115


def _failed(message: str, *, status: int = _REFUSED) -> int:
    _say(f"leadlib: {message}", sys.stderr)
    return status


def _drop_output() -> None:
    """Point the output to nowhere: the interpreter flushes it once more when it ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _hint(asked: argparse.Namespace, got: str) -> str:
    """What to do about the most frequent refusal."""
    naive = "without" in got and "offset" in got and getattr(asked, "zone", None) is None
    return " (--zone says where such times were noted: --zone Europe/Berlin)" if naive else ""


_REPORT_EXAMPLES = """\
examples:
  leadlib report events.csv --stages inquiry,qualified,customer --by campaign
      one row per event; the columns are called lead, stage and at
  leadlib report leads.csv deals.csv --lead id --at contacted=contact --at won=won_on --zone UTC
      one row per lead with a column of dates for each stage, here spread over two files
  leadlib report pipe.csv --lead id --at new=opened --status is=closed --ended Won,Lost --zone UTC
      one row per opportunity: when it was opened, how it stands, and when it ended
  leadlib report history.csv --lead contact --stage value --only property=lifecyclestage
      one row per change of any property of a contact

columns of the report:
  reached       leads that entered the stage, or a later one
  advanced      of these, those that entered a later stage
  left          of these, those whose story has ended elsewhere (see --closed)
  open          of these, those still on the way: they are not counted as failures
  rate          advanced / reached, with its 95 % Wilson interval
  of closed     advanced / (advanced + left): open leads kept apart
  median days   from this stage to the first later one

exit status: 0 all rows were taken; 1 some were rejected, and the problems are on standard error;
             2 the file was refused
"""
_JUDGE_EXAMPLES = """\
examples:
  leadlib judge sales-ready.toml inquiries.csv
      one line per person: the verdict, and what to ask next
  leadlib judge sales-ready.toml inquiries.csv --zone Europe/Berlin --region DE --explain
      every test with the answer and who gave it (shows what people said about themselves)

columns of INQUIRIES:
  at, and mail or phone, are needed; id, source, name, kind, campaign and interests are known;
  every other column that the definition asks for is read as a fact

exit status: 0 all rows were taken; 1 some were rejected, and the problems are on standard error;
             2 the definition or the file was refused
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="leadlib",
        description="Leads, from inquiry to won: where they leak, and who is ready for sales.",
    )
    parser.add_argument("--version", action="version", version=f"leadlib {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_report(commands)
    _add_judge(commands)
    _add_flow(commands)
    _add_lint(commands)
    return parser


def _add_report(commands: Any) -> None:
    report = commands.add_parser(
        "report",
        help="print the funnel of a stage log, and where it leaks",
        description="Read stage events (CSV, JSON lines or Parquet; texts also .gz) and print how\n"
        "many leads reached each stage, advanced, left or are still open, and where they leak.",
        epilog=_REPORT_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = report.add_argument
    add("log", nargs="+", metavar="LOG", type=Path, help="one file, or several read as one log")
    add("--lead", default="lead", metavar="COLUMN", help="the column of lead ids (default: lead)")
    add("--stage", default="stage", metavar="COLUMN", help="the column of stages (default: stage)")
    add(
        "--at",
        action="append",
        metavar="COLUMN",
        help="the column of instants (default: at); or STAGE=COLUMN, repeated, for tables with one "
        "row per lead and a column of dates for each stage",
    )
    add(
        "--status",
        metavar="STATUS=DATE",
        help="for tables with one row per opportunity: the column of its status, and the column of "
        "the date on which it ended; --at names the dates before",
    )
    add(
        "--ended",
        type=_names,
        metavar="A,B",
        help="with --status: the statuses in which it has ended, the goal first",
    )
    add(
        "--only",
        metavar="COLUMN=VALUE",
        help="only rows with this value, for tables that hold the history of other properties, too",
    )
    add("--seq", metavar="COLUMN", help="the column that orders events of one instant")
    add(
        "--stages",
        type=_names,
        metavar="A,B,C",
        help="the funnel, first stage first (default: guessed, and the report says so, unless the "
        "log speaks the words of the standard lifecycle)",
    )
    add(
        "--closed",
        type=_names,
        metavar="A,B",
        help="the stages in which a story ends; who is in one of the funnel has not left it "
        "(default: those of the standard lifecycle if the log speaks its words, else those outside "
        "the funnel from which nobody came back)",
    )
    add("--by", metavar="COLUMN", help="one more funnel for each value of this column")
    add("--as-of", metavar="INSTANT", help="nothing later is visible (default: the last event)")
    add("--zone", type=_zone, metavar="ZONE", help="where times without offset were noted")
    add(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="what counts: an engine that is installed, for large files (auto), or Python; the "
        "report is the same",
    )
    add("--json", action="store_true", help="print one JSON object")
    add("--html", type=Path, metavar="FILE", help="write the report as a page, too")
    report.set_defaults(run=_report)


def _add_judge(commands: Any) -> None:
    judge = commands.add_parser(
        "judge",
        help="judge inquiries by a lead definition",
        description="Print for each person the verdict and the questions to ask next.",
        epilog=_JUDGE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = judge.add_argument
    add("definition", metavar="DEFINITION", type=Path, help="the lead definition, TOML or JSON")
    add("inquiries", metavar="INQUIRIES", type=Path, help="CSV, JSON lines or Parquet")
    add("--zone", type=_zone, metavar="ZONE", help="where times without offset were noted")
    add("--region", metavar="XX", help="where national phone numbers are dialled, such as DE")
    add(
        "--as-of",
        metavar="INSTANT",
        help="judge at this instant; nothing later is visible (default: all, and for conditions "
        "on time the last inquiry)",
    )
    add("--explain", action="store_true", help="print every test with the fact and who said it")
    add("--json", action="store_true", help="print one JSON object")
    judge.set_defaults(run=_judge)


def _add_flow(commands: Any) -> None:
    flow = commands.add_parser(
        "flow",
        help="print a lifecycle as a flow chart",
        description="Print the standard lifecycle of a lead, or that of a file, as a Mermaid flow "
        "chart.",
    )
    flow.add_argument(
        "file", nargs="?", metavar="FILE", type=Path, help="a lifecycle of your own, TOML or JSON"
    )
    form = flow.add_mutually_exclusive_group()
    helps = {
        "md": "as a Markdown table instead",
        "dot": "as a chart for Graphviz instead",
        "raci": "who makes each move, who answers for it, and who is told, as a Markdown table",
    }
    for name, text in helps.items():
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=text)
    flow.set_defaults(run=_flow, form="mermaid")


def _add_lint(commands: Any) -> None:
    lint = commands.add_parser(
        "lint",
        help="find where leads could vanish by the design of a lifecycle",
        description="Print every stage of a lifecycle where leads could vanish, and why.",
        epilog="exit status: 0 there is none; 1 there are some; 2 the file was refused",
    )
    lint.add_argument("file", metavar="FILE", type=Path, help="the lifecycle, TOML or JSON")
    lint.set_defaults(run=_lint)


def _names(text: str) -> tuple[str, ...]:
    """Names in the form that the log has them: terminals disagree on how to write an accent."""
    try:
        names = [_text.clean(name, where="names") for name in text.split(",") if name.strip()]
    except LeadlibError as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None
    if not names:
        raise argparse.ArgumentTypeError("expected names separated by commas, got none")
    return tuple(names)


def _zone(name: str) -> tzinfo:
    try:
        return _instants.zone_named(name)
    except UnknownName as fault:
        raise argparse.ArgumentTypeError(str(fault)) from None


def _report(asked: argparse.Namespace) -> int:
    at = _instant_columns(asked.at or ["at"])
    as_of = _as_of(asked)
    if asked.html is not None:
        _check_page(asked.html, asked.log)
    read = _scan(asked, at, as_of) or _read(asked, at, as_of)
    log, stages = read.log, _stages(asked, at, read.log, as_of)
    counted = funnel(log, stages=stages, by=asked.by, as_of=as_of, closed=asked.closed)
    months = cohorts(log, stages=stages, as_of=as_of, closed=asked.closed, zone=asked.zone or UTC)
    doubts = list(_doubts(counted, log, wide=isinstance(at, dict)))
    if not (asked.stages or isinstance(at, dict) or log.known):
        doubts.insert(0, _guessed(stages, log))
    notes = [*_notes(counted, read.rows, asked.zone), *doubts]
    if asked.html is not None:
        title = f"Funnel of {', '.join(path.name for path in asked.log)}"
        _write(
            asked.html,
            to_html(counted, cohorts=months, title=title, notes=[*notes, *counted.notes]),
        )
    if asked.json:
        _print_json(
            _plain(counted, months, read.rows, read.problems) | {"notes": [*doubts, *counted.notes]}
        )
    else:
        _say("\n".join([*notes, *_page(counted, months)]))
    return _finish(asked, read.rows, read.problems)


def _read(asked: argparse.Namespace, at: str | dict[str, str], as_of: datetime | None) -> LogRead:
    with _progress(asked.log) as progress:
        return read_log(
            *asked.log,
            shape=_shape(asked, at),
            zone=asked.zone,
            as_of=as_of,
            progress=progress,
        )


def _scan(
    asked: argparse.Namespace, at: str | dict[str, str], as_of: datetime | None
) -> LogScan | None:
    """The log in an engine, if one is there and can read it."""
    if len(asked.log) > 1:
        return None
    shape = _shape(asked, at)
    return scan_log(asked.log[0], shape=shape, zone=asked.zone, as_of=as_of, engine=asked.engine)


def _instant_columns(given: Sequence[str]) -> str | dict[str, str]:
    """``--at COLUMN``, or ``--at STAGE=COLUMN`` as often as there are stages."""
    if len(given) == 1 and "=" not in given[0]:
        return given[0]
    columns: dict[str, str] = {}
    for text in given:
        name, column = _pair(text, "one COLUMN, or STAGE=COLUMN repeated", "--at")
        stage = _text.clean(name, where="--at")
        if stage in columns:
            got = f"{stage!r} again"
            raise InvalidValue(expected="each stage once", got=got, where="--at")
        columns[stage] = column
    return columns


def _shape(asked: argparse.Namespace, at: str | dict[str, str]) -> TableShape:
    """The shape of the table that the options describe."""
    common = {"lead": asked.lead, "seq": asked.seq, "by": [] if asked.by is None else [asked.by]}
    if asked.status is not None or asked.ended is not None:
        if asked.status is None or asked.ended is None or isinstance(at, str) or asked.only:
            expected = "--at STAGE=COLUMN, --status and --ended together, without --only"
            raise InvalidValue(expected=expected, got="others", where="--status")
        status, closed = _pair(asked.status, "STATUS=DATE", "--status")
        return OpportunityTable(at=at, status=status, closed=closed, ended=asked.ended, **common)
    if isinstance(at, dict):
        if asked.only is not None:
            expected, got = "one row per event beside --only", "a column for each stage"
            raise InvalidValue(expected=expected, got=got, where="--at")
        return WideTable(at=at, **common)
    only = [] if asked.only is None else [_pair(asked.only, "COLUMN=VALUE", "--only")]
    return LongTable(stage=asked.stage, at=at, only=dict(only), **common)


def _pair(text: str, expected: str, where: str) -> tuple[str, str]:
    """Two names with a sign of equality between them."""
    name, _, value = (part.strip() for part in text.partition("="))
    if not (name and value):
        raise InvalidValue(expected=expected, got=repr(text), where=where)
    return name, value


def _as_of(asked: argparse.Namespace) -> datetime | None:
    if asked.as_of is None:
        return None
    try:
        return _instants.instant(asked.as_of.strip(), zone=asked.zone)
    except LeadlibError as fault:
        raise InvalidValue(expected=fault.expected, got=fault.got, where="--as-of") from None
    except OverflowError:
        expected, got = "a year from 1970 to 2199", "one far beyond"
        raise InvalidValue(expected=expected, got=got, where="--as-of") from None


def _stages(
    asked: argparse.Namespace,
    at: str | dict[str, str],
    log: StageLog | FrameLog,
    as_of: datetime | None,
) -> tuple[str, ...]:
    """The waterfall when nobody named one: dated columns, our own words, or the main path."""
    if asked.stages:
        return tuple(asked.stages)
    if isinstance(at, dict):
        return (*at, *(asked.ended or ())[:1])
    if log.known:
        return tuple(stage.name for stage in WATERFALL)
    path = main_path(log, as_of=as_of)
    if not path:
        got = "a log without rows" if not log.stages else "a log that begins later"
        raise UnknownName(expected="--stages, or events up to --as-of", got=got)
    return path


@contextmanager
def _progress(paths: Iterable[Path]) -> Iterator[Callable[[int], object] | None]:
    """A progress bar on long files, if somebody watches and the extra is there."""
    size = sum(map(_size, paths))
    if size < _BAR_FROM or not sys.stderr.isatty():
        yield None
        return
    try:
        from tqdm import tqdm  # noqa: PLC0415  # an extra is imported where it is used
    except ImportError:
        yield None
        return
    with tqdm(total=size, unit="B", unit_scale=True, desc="reading", leave=False) as bar:
        yield bar.update


def _size(path: Path) -> int:
    """The size of a file; what is wrong with its name is told by who opens it."""
    with suppress(OSError, ValueError):
        return path.stat().st_size if path.is_file() else 0
    return 0


def _notes(counted: Funnel, rows: RowCounts, zone: tzinfo | None) -> list[str]:
    as_of = f"{counted.as_of.astimezone(zone or UTC):%Y-%m-%d %H:%M} {zone or UTC}"
    notes = [
        f"{rows}.",
        f"{_text.plural(counted.leads, 'lead')} as of {as_of}.",
        _READING,
        _ends(counted),
    ]
    if counted.outside:
        notes.append(f"{_text.plural(counted.outside, 'lead')} entered none of these stages.")
    if counted.reversed_times:
        people = _text.plural(counted.reversed_times, "lead")
        notes.append(f"{people} entered a later stage before an earlier one: counted as 0 days.")
    return notes


_READING = (
    "Who entered a later stage counts for the earlier ones. "
    "Open leads may still advance: rates are lower bounds."
)


def _ends(counted: Funnel) -> str:
    """Which stages end a story, and who says so: without one, nobody can have left."""
    definition = counted.definition
    if not definition.closed and definition.closed_by == "given":
        return "No stage outside the funnel was named as an end, so nobody has left."
    if not definition.closed:
        return "No stage counts as an end, so nobody has left (--closed names the ends)."
    said = {
        "given": "as given",
        "lifecycle": "by the standard lifecycle",
        "nobody came back": "nobody came back from there",
    }
    ends = ", ".join(definition.closed)
    return f"A story ends in: {ends} ({said.get(definition.closed_by, definition.closed_by)})."


def _doubts(counted: Funnel, log: StageLog | FrameLog, *, wide: bool) -> Iterator[str]:
    """What makes a report look right although the log cannot bear it."""
    cut = log.cut(counted.as_of)
    if not counted.leads:
        yield "No lead had entered any of these stages by then."
    elif not wide and len(log.stages_until(cut)) > 1 and not log.has_histories(cut):
        yield (
            "Note: no lead entered two stages. If the log has one row for each lead with its "
            "present status, it holds no history: give dated columns instead, --at STAGE=COLUMN."
        )


def _guessed(stages: Sequence[str], log: StageLog | FrameLog) -> str:
    """Nobody named the stages, and the numbers mean nothing if the guess is wrong."""
    more = f" and {len(log.stages) - _SHOWN} more" if len(log.stages) > _SHOWN else ""
    return (
        f"Note: the stages are a guess from the moves that most leads make: {', '.join(stages)}. "
        f"--stages names them, of: {', '.join(log.stages[:_SHOWN])}{more}."
    )


def _page(counted: Funnel, months: Cohorts) -> Iterator[str]:
    yield ""
    yield str(attrs.evolve(counted, groups={}))
    if counted.stops:
        yield from ("", "Biggest leaks: where leads stopped, and where they are now", "")
        yield _text.text_table(LEAK_HEAD, leak_table(counted.stops, most=_LEAKS), left=2)
        if len(counted.stops) > _LEAKS:
            yield f"and {len(counted.stops) - _LEAKS:,} more (see --json)"
    if len(months.months) > 1:
        yield from ("", f"By month of entry, to {months.goal}", "", _last_months(months))
    if counted.groups:
        yield from ("", f"By {counted.by}, to {months.goal}", "")
        yield _text.text_table(group_head(counted), group_table(counted))
    if len(counted.groups) > DETAILED:
        yield f"({len(counted.groups):,} funnels one by one: see --json)"
        return
    for name, group in counted.groups.items():
        yield from ("", f"{counted.by}: {name or MISSING}", "", str(group))


def _last_months(months: Cohorts) -> str:
    shown = attrs.evolve(months, months=months.months[-_MONTHS:])
    more = len(months.months) - len(shown.months)
    return f"{shown}\n({more} earlier months: see --json)" if more else str(shown)


def _plain(
    counted: Funnel, months: Cohorts, rows: RowCounts, problems: Sequence[Problem]
) -> dict[str, Any]:
    followed = attrs.evolve(months, origin=None).to_dict()  # the funnel says where it all is from
    return counted.to_dict() | {"cohorts": followed} | _rows(rows, problems)


def _rows(rows: RowCounts, problems: Sequence[Problem]) -> dict[str, Any]:
    counts = {
        "read": rows.read,
        "accepted": rows.accepted,
        "rejected": rows.rejected,
        "duplicates": rows.duplicates,
    }
    return {"rows": counts, "problems": [problem.to_dict() for problem in problems]}


def _judge(asked: argparse.Namespace) -> int:
    definition = load_definition(asked.definition)
    read = read_inquiries(asked.inquiries, fields=definition.fields, zone=asked.zone)
    leads = consolidate(read.inquiries, region=asked.region)
    now = _as_of(asked)
    if now is None and definition.is_relative:
        now = max((inquiry.at for inquiry in read.inquiries), default=None)
    known = [lead for lead in leads if now is None or lead.inquiries[0].at <= now]
    verdicts = list(definition.judge_many(known, now=now)) if known else []
    if asked.json:
        plain = {"verdicts": [verdict.to_dict() for verdict in verdicts]}
        _print_json(plain | _rows(read.rows, read.problems))
    else:
        _say("\n".join(_verdict_lines(verdicts, explain=asked.explain)))
        _say("\n".join(_summary(verdicts, definition, read)))
    return _finish(asked, read.rows, read.problems)


def _verdict_lines(verdicts: Sequence[Verdict], *, explain: bool) -> list[str]:
    if explain:
        return [f"{verdict}\n" for verdict in verdicts]
    rows = [(v.lead.id, v.outcome.value, ", ".join(v.ask_next) or "-") for v in verdicts]
    return [_text.text_table(("lead", "verdict", "ask next"), rows, left=3), ""]


def _summary(
    verdicts: Sequence[Verdict], definition: LeadDefinition, read: InquiriesRead
) -> Iterator[str]:
    outcomes = Counter(verdict.outcome.value for verdict in verdicts)
    listed = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes.most_common())
    people = f"{len(verdicts):,} {'person' if len(verdicts) == 1 else 'people'}"
    inquiries = _text.plural(len(read.inquiries), "inquiry")
    yield f"{inquiries} of {people} by {definition.title}: {listed or 'nobody'}"
    yield f"{read.rows}."
    if definition.unsigned:
        teams = " and ".join(definition.unsigned)
        yield f"Not signed by {teams}: the definition can judge, but certify nobody."
    if read.missing:
        yield f"The file has no column for: {', '.join(read.missing)}."


def _flow(asked: argparse.Namespace) -> int:
    lifecycle = STANDARD if asked.file is None else load_lifecycle(asked.file)
    _say(format(lifecycle, asked.form))
    return 0


def _lint(asked: argparse.Namespace) -> int:
    lifecycle = load_lifecycle(asked.file)
    leaks = lifecycle.leaks()
    _say("\n".join([*map(str, leaks), _found(lifecycle, len(leaks))]))
    return 1 if leaks else 0


def _found(lifecycle: Lifecycle, leaks: int) -> str:
    found = _text.plural(leaks, "leak") if leaks else "no leak"
    return f"{found} in {lifecycle.name}, {_text.plural(len(lifecycle.stages), 'stage')}"


# What moves the cursor, rewrites the line or turns it around has no business in a report.
_CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_PLAINER = {ord("─"): "-", ord("≥"): ">="}


def _say(text: str, out: TextIO | None = None) -> None:
    """Print text that holds names from strangers, in whatever encoding the terminal has."""
    out = out or sys.stdout
    try:
        print(_fitting(_CONTROL.sub(_escaped, text), out), file=out)
    except BrokenPipeError:  # nobody reads on, and the exit status still counts
        if out is not sys.stdout:
            raise
        _drop_output()


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _fitting(text: str, out: TextIO) -> str:
    encoding = getattr(out, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeError:
        return text.translate(_PLAINER).encode(encoding, "backslashreplace").decode(encoding)
    return text


def _print_json(plain: dict[str, Any]) -> None:
    text = json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)
    if _fitting(text, sys.stdout) != text:
        text = json.dumps(plain, indent=2, allow_nan=False)
    _say(text)  # what is escaped there can only stand in a string, where JSON knows the form


def _check_page(path: Path, logs: Sequence[Path]) -> None:
    """A page may replace a page; it never replaces a log, or any other file of yours."""
    if _holds_something_else(path) or any(_same(log, path) for log in logs):
        got = "one that holds something else"
        raise InvalidValue(expected="a new file, or a page", got=got, where="--html")


def _holds_something_else(path: Path) -> bool:
    with suppress(OSError, ValueError):
        if path.is_file():  # a pipe is for writing: reading it would wait for ever
            with path.open("rb") as file:
                return file.read(len(_PAGE)).lower() not in {_PAGE, b""}
    return False


def _same(log: Path, page: Path) -> bool:
    with suppress(OSError, ValueError):
        return log.samefile(page)
    return False


_PAGE = b"<!doctype html>"


def _write(path: Path, page: str) -> None:
    try:
        path.write_text(page, encoding="utf-8")
    except (OSError, ValueError):
        got = repr(str(path))
        raise InvalidValue(expected="a file that can be written", got=got, where="--html") from None


def _finish(asked: argparse.Namespace, rows: RowCounts, problems: Sequence[Problem]) -> int:
    """Say on standard error which rows were not taken, and give the exit status."""
    if not rows.rejected:
        return 0
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the report was not wanted, but the rows are rejected all the same
        _drop_output()
    of_all = f"{rows.rejected:,} of {_text.plural(rows.read, 'row')}"
    hint = next(filter(None, (_hint(asked, problem.got) for problem in problems)), "")
    _say(f"leadlib: {of_all} rejected{hint}", sys.stderr)
    for problem in problems[:_SHOWN]:
        _say(f"  {problem}".replace("\n", " "), sys.stderr)
    if rows.rejected > _SHOWN:
        _say(f"  and {rows.rejected - _SHOWN:,} more", sys.stderr)
    return 1
