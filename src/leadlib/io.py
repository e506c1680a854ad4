"""
Files in: stage logs, inquiries and lead definitions, each whole or refused with the place; and
definitions back out, as TOML or JSON.

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
from leadlib._io.inquiries import InquiriesRead, read_inquiries
from leadlib._io.logs import LogRead, read_log
from leadlib._io.rows import Problem
from leadlib.qualification import definition_schema

__all__ = [
    "InquiriesRead",
    "LogRead",
    "Problem",
    "RowCounts",
    "definition_from_json",
    "definition_from_toml",
    "definition_schema",
    "definition_to_json",
    "definition_to_toml",
    "load_definition",
    "read_inquiries",
    "read_log",
]

for _name in __all__:
    globals()[_name].__module__ = __name__  # reprs, pickles and docs show the face, not the room
del _name
