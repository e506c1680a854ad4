"""Where a log is: the one place that knows that there are two kinds."""

from leadlib._metrics.framepaths import FramePaths
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.log import Log, StageLog, check_log
from leadlib._metrics.paths import Paths
from leadlib._metrics.tables import LeadPaths, Question
from leadlib.errors import InvalidValue

__all__ = ["check_in_python", "read_paths"]


def read_paths(log: Log, question: Question) -> LeadPaths:
    """Read the paths of all leads of a log; a few rows are asked in Python wherever they are."""
    here = log.here if isinstance(log, FrameLog) else log
    return FramePaths.read(here, question) if isinstance(here, FrameLog) else _paths(here, question)


def _paths(log: Log, question: Question) -> Paths:
    return Paths.read(check_in_python(log), question)


def check_in_python(log: object) -> StageLog:
    """The log, if it can be gone through lead by lead; a frame must be copied for that."""
    check_log(log)
    if not isinstance(log, StageLog):
        expected = "a log in Python for this question: log.collect()"
        raise InvalidValue(expected=expected, got="a frame", where="log")
    return log
