"""Where a log is: the one place that knows that there are two kinds."""

from leadlib import _text
from leadlib._metrics.framepaths import FramePaths
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.log import Log, StageLog
from leadlib._metrics.paths import Paths
from leadlib._metrics.tables import LeadPaths, Question
from leadlib.errors import InvalidValue

__all__ = ["read_paths"]


def read_paths(log: Log, question: Question) -> LeadPaths:
    """Read the paths of all leads of a log; a few rows are asked in Python wherever they are."""
    here = log.here if isinstance(log, FrameLog) else log
    return FramePaths.read(here, question) if isinstance(here, FrameLog) else _paths(here, question)


def _paths(log: Log, question: Question) -> Paths:
    if not isinstance(log, StageLog):
        raise InvalidValue(expected="a stage log", got=_text.kind_of(log), where="log")
    return Paths.read(log, question)
