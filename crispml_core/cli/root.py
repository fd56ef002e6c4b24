"""The command group that every verb hangs on."""

from __future__ import annotations

import click

from crispml_core import __version__
from crispml_core.cli.alerts import alerts
from crispml_core.cli.approvals import approvals
from crispml_core.cli.audit import audit
from crispml_core.cli.capacity import capacity
from crispml_core.cli.completion import completion
from crispml_core.cli.cycle import cycle
from crispml_core.cli.datasets import datasets
from crispml_core.cli.db import db
from crispml_core.cli.demo import demo
from crispml_core.cli.drift import drift
from crispml_core.cli.journal import journal
from crispml_core.cli.keys import keys
from crispml_core.cli.label import label
from crispml_core.cli.lineage import lineage
from crispml_core.cli.login import login, logout
from crispml_core.cli.models import models
from crispml_core.cli.monitor import monitor
from crispml_core.cli.privacy import privacy
from crispml_core.cli.replay import replay
from crispml_core.cli.report import report
from crispml_core.cli.reproduce import reproduce
from crispml_core.cli.retention import retention
from crispml_core.cli.run import run
from crispml_core.cli.runs import runs
from crispml_core.cli.score import score
from crispml_core.cli.signing import signing
from crispml_core.cli.subjects import subjects
from crispml_core.cli.up import up
from crispml_core.cli.use_case import use_case
from crispml_core.cli.whoami import whoami


class _Root(click.Group):
    """Lists the verbs in the order in which a newcomer needs them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="crispml")
def crispml() -> None:
    """Run the CRISP-DM life cycle of a model.

    Start with `crispml demo`, or with `crispml up` and `crispml cycle USE_CASE`. Every verb takes
    --json and explains itself with --help.
    """


for _verb in (
    up,
    demo,
    cycle,
    run,
    score,
    label,
    report,
    replay,
    drift,
    models,
    datasets,
    lineage,
    reproduce,
    runs,
    monitor,
    alerts,
    approvals,
    login,
    logout,
    whoami,
    keys,
    use_case,
    signing,
    privacy,
    subjects,
    retention,
    audit,
    capacity,
    db,
    journal,
    completion,
):
    crispml.add_command(_verb)
