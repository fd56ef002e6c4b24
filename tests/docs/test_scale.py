"""What the page about scale shows is what the command and the simulation say."""

import re
from pathlib import Path

from click.testing import CliRunner

from benchmarks import scale_out
from benchmarks.simulation.shards import Node
from crispml_core.cli.root import crispml
from crispml_core.cli.verb import Session

PAGE = (Path(__file__).parents[2] / "docs" / "scale.md").read_text()


def test_the_answer_that_is_shown_is_the_one_that_is_given():
    command, shown = re.search(
        r"^```\n(crispml capacity --rate .*)\n```\n+```\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL
    ).groups()
    given = CliRunner().invoke(crispml, command.split()[1:], obj=Session())

    assert given.exit_code == 0, given.output
    assert given.stdout == shown


def test_the_tables_of_the_plan_follow_from_the_shipped_measurements():
    plan = scale_out.compute(scale_out.Assumptions(), Node(), scale_out.largest_rate())
    shown = PAGE.partition(scale_out.BEGIN)[2].partition(scale_out.END)[0]

    assert shown.strip() == scale_out.page(plan)
