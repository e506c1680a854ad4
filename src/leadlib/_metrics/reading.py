"""Where a log is: the one place that knows that there are several kinds."""

from leadlib._frames import has_numpy
from leadlib._metrics.framepaths import FramePaths
from leadlib._metrics.frames import FrameLog
from leadlib._metrics.log import Log, StageLog, check_log
from leadlib._metrics.paths import Paths
from leadlib._metrics.tables import LeadPaths, Question
from leadlib._metrics.twins import twin_of
from leadlib.errors import InvalidValue

__all__ = ["asked_best", "check_in_python", "read_paths"]

_MANY = 20_000  # so many events are counted faster in arrays, if numpy is there


def read_paths(log: Log, question: Question) -> LeadPaths:
    """Read the paths of all leads of a log, wherever they are read best."""
    here = asked_best(log)
    if isinstance(here, FrameLog):
        return FramePaths.read(here, question)
    return Paths.read(check_in_python(here), question)


def asked_best(log: Log) -> Log:
    """The log where it is asked best: a few rows in Python, many in arrays."""
    here = log.here if isinstance(log, FrameLog) else log
    if isinstance(here, StageLog) and len(here) >= _MANY and has_numpy():
        return twin_of(here)
    return here


def check_in_python(log: object) -> StageLog:
    """The log, if it can be gone through lead by lead; a frame must be copied for that."""
    check_log(log)
    if not isinstance(log, StageLog):
        expected = "a log in Python for this question: log.collect()"
        raise InvalidValue(expected=expected, got="a frame", where="log")
    return log
