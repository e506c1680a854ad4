"""
Files in: stage logs, inquiries, lead definitions and lifecycles, each whole or refused with the
place; and definitions and lifecycles back out, as TOML or JSON.

Reading is the one thing here that touches the disk; what is read is checked before it is parsed,
and ``accepted + rejected + duplicates`` is always the number of rows read.
"""

from leadlib._io.counts import RowCounts
from leadlib._io.definitions import (
    definition_from_json,
    definition_from_toml,
    definition_to_json,
    definition_to_toml,
    load_definition,
)
from leadlib._io.engines import ENGINES
from leadlib._io.inquiries import InquiriesRead, read_inquiries
from leadlib._io.lifecycles import (
    lifecycle_from_json,
    lifecycle_from_toml,
    lifecycle_to_json,
    lifecycle_to_toml,
    load_lifecycle,
)
from leadlib._io.logs import LogRead, read_log
from leadlib._io.rows import Problem
from leadlib._io.scans import LARGE, LogScan, scan_log
from leadlib.qualification import definition_schema

__all__ = [
    "ENGINES",
    "InquiriesRead",
    "LARGE",
    "LogRead",
    "LogScan",
    "Problem",
    "RowCounts",
    "definition_from_json",
    "definition_from_toml",
    "definition_schema",
    "definition_to_json",
    "definition_to_toml",
    "lifecycle_from_json",
    "lifecycle_from_toml",
    "lifecycle_to_json",
    "lifecycle_to_toml",
    "load_definition",
    "load_lifecycle",
    "read_inquiries",
    "read_log",
    "scan_log",
]

for _name in __all__:
    if callable(globals()[_name]):
        globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face
del _name
