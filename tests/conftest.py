"""What all tests share: how hard Hypothesis tries, and where the large data sets lie."""

import importlib.util
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from leadlib.io import read_log
from leadlib.metrics import LongTable, OpportunityTable, WideTable

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("dev", deadline=None, print_blob=True)
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True)
settings.register_profile(
    "thorough",
    settings.get_profile("dev"),
    max_examples=2_000,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of the large public data sets, which are not part of the repository."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the public data sets are not here: ../shared/data")
    return folder


@pytest.fixture(scope="session")
def findings():
    """Give the script that writes the pages; it is no part of the package."""
    spec = importlib.util.spec_from_file_location("findings", ROOT / "scripts" / "findings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def real_logs(shared_data):
    """Give the logs of the public data sets by name, each with its funnel, and one group column."""
    olist = read_log(
        *(
            shared_data / "olist_funnel" / f"olist_{part}_dataset.csv"
            for part in ("marketing_qualified_leads", "closed_deals")
        ),
        shape=WideTable(
            lead="mql_id",
            at={"contacted": "first_contact_date", "won": "won_date"},
            by=["origin"],
        ),
        zone=UTC,
    )
    maven = read_log(
        shared_data / "maven_crm" / "sales_pipeline.csv",
        shape=OpportunityTable(
            lead="opportunity_id",
            at={"Engaging": "engage_date"},
            status="deal_stage",
            closed="close_date",
            ended=["Won", "Lost"],
            by=["product"],
        ),
        zone=UTC,
    )
    helpdesk = read_log(
        shared_data / "helpdesk_log" / "events.csv.gz",
        shape=LongTable(
            lead="case_id", stage="activity", at="timestamp", seq="seq", by=["seriousness"]
        ),
    )
    tickets = ("Assign seriousness", "Take in charge ticket", "Resolve ticket", "Closed")
    return {
        "olist": (olist.log, ("contacted", "won")),
        "maven": (maven.log, ("Engaging", "Won")),
        "helpdesk": (helpdesk.log, tickets),
    }


def real_rows(log):
    """Yield the rows of a log with one group column, with that of its lead in each."""
    [labels] = log.labels.values()
    names = [labels.names[code] if code >= 0 else None for code in labels.codes]
    zero = datetime(1970, 1, 1, tzinfo=UTC)
    for lead, stage, at, seq in log.events():
        moment = zero + timedelta(microseconds=at)
        yield log.leads[lead], log.stages[stage], moment, seq, names[lead]


@pytest.fixture(scope="session")
def spark():
    """Start Spark on this machine, for the tests that ask for it."""
    pyspark = pytest.importorskip("pyspark", reason="pyspark is not installed: group slow")
    if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
        pytest.skip("PySpark needs Java")
    settings_of = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = pyspark.sql.SparkSession.builder.master("local[1]")
    for key, value in settings_of.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
