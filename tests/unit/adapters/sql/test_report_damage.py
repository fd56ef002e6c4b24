import pytest
from sqlalchemy import update

from crispml_core.adapters.sql.databases.engine import make_engine, writing
from crispml_core.adapters.sql.report_store import SqlReportStore
from crispml_core.adapters.sql.schema import migrate
from crispml_core.adapters.sql.schema.tables import reports
from crispml_core.domain.errors import ReportDamaged
from crispml_core.domain.identifiers import new_id, utc_now
from crispml_core.domain.reports import VerificationReport


@pytest.fixture
def engine(tmp_path):
    url = f"sqlite:///{tmp_path}/reports.db"
    migrate.upgrade(url)
    engine = make_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def stored(engine):
    report = VerificationReport(
        id=str(new_id()), use_case="credit", created_at=utc_now(), content={"auc": 0.7}
    )
    return SqlReportStore(engine).add(report)


def change(engine, **values):
    with writing(engine) as connection:
        connection.execute(update(reports).values(values))


def test_a_report_that_was_changed_in_the_database_is_not_shown(engine, stored):
    change(engine, content={"auc": 0.9})
    store = SqlReportStore(engine)
    for read in (lambda: store.get(stored.id), store.find):
        with pytest.raises(ReportDamaged) as caught:
            read()
        assert "0.9" not in str(caught.value)


def test_a_report_from_before_digests_is_read_and_gets_one(engine, stored):
    change(engine, digest=None)
    assert SqlReportStore(engine).get(stored.id) == stored
