"""What every verb has in common: ``--json``, ``--debug``, an example, addresses and failures."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import click

from crispml_core.cli import addresses, credentials
from crispml_core.cli.output import Output
from crispml_core.domain.errors import CrispMLError

if TYPE_CHECKING:
    import httpx

    from crispml_core.client import CrispMLClient
    from crispml_core.client.tls import ClientTls


_HINTS = {
    "service_unreachable": "`crispml up` starts both services",
    "model_version_not_found": "`crispml models MODEL` lists them",
    "data_set_not_found": "`crispml datasets` lists them",
    "run_not_found": "`crispml runs` lists them",
    "alert_not_found": "`crispml alerts --all` lists them",
    "unauthenticated": "set CRISPML_API_KEY, or run `crispml login`",
    "approval_not_found": "`crispml approvals --all` lists them",
}
"""What to do next, by the code of an error."""


class Failure(click.ClickException):
    """Ends the command with exit code 1 and one sentence on standard error."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


@dataclass(slots=True)
class Session:
    """What one call of the command line works with.

    Parameters
    ----------
    transport : httpx.BaseTransport, optional
        Replaces the network, for tests.
    """

    transport: httpx.BaseTransport | None = None
    training_url: str | None = None
    scoring_url: str | None = None
    credential: str | None = field(default=None, repr=False)
    out: Output = field(default_factory=Output)
    request_id: str = field(default_factory=lambda: f"cli-{uuid4().hex}")
    """One for the whole call, so that what it set off in both services is found together."""
    _client: CrispMLClient | None = None

    @property
    def client(self) -> CrispMLClient:
        """A client of the services, made when it is first needed."""
        if self._client is None:
            from crispml_core.client import CrispMLClient

            training, scoring = self.addresses
            if self.credential is None:
                self.credential = credentials.find({training, scoring})
            self._client = CrispMLClient(
                training,
                scoring,
                credential=self.credential,
                tls=_tls_files(),
                request_id=self.request_id,
                transport=self.transport,
            )
        return self._client

    @property
    def addresses(self) -> tuple[str, str]:
        """Where training and scoring are."""
        running = addresses.read(Path(addresses.FOLDER))
        return (
            self.training_url or running.get("training", addresses.TRAINING_URL),
            self.scoring_url or running.get("scoring", addresses.SCORING_URL),
        )

    def said_by(self, name: str) -> str:
        """Return who is said to do something.

        Services know who asks by the credential, and take no other name. Without one it is a name
        that was given, or that of the user of this machine.
        """
        known = self.client is not None and self.credential is not None
        return name or ("" if known else os.environ.get("USER", ""))

    def close(self) -> None:
        """Close the client, if there is one."""
        if self._client is not None:
            self._client.close()
            self._client = None


def _tls_files() -> ClientTls | None:
    """Return the files that the environment names for services that speak TLS, if any."""
    from crispml_core.client.tls import ClientTls

    names = ("CRISPML_CA_FILE", "CRISPML_CLIENT_CERT_FILE", "CRISPML_CLIENT_KEY_FILE")
    files = [Path(value) if (value := os.environ.get(name)) else None for name in names]
    return ClientTls(*files) if any(files) else None


class Verb(click.Command):
    """A command with ``--json`` and ``--debug`` that fails with one sentence.

    Parameters
    ----------
    example : str
        One command line, shown at the end of its help.
    """

    def __init__(self, *args: Any, example: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example
        self.params += [
            click.Option(["--json", "as_json"], is_flag=True, help="Print JSON and nothing else."),
            click.Option(["--debug"], is_flag=True, help="Show where a failure comes from."),
        ]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the verb; turn every error into a failure unless ``--debug`` is given."""
        session = ctx.ensure_object(Session)
        session.out = Output(ctx.params.pop("as_json"))
        debug = ctx.params.pop("debug")
        session.training_url = ctx.params.pop("training_url", None)
        session.scoring_url = ctx.params.pop("scoring_url", None)
        session.credential = os.environ.get("CRISPML_API_KEY") or None
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            broken_pipe = isinstance(error, OSError) and error.errno == errno.EPIPE
            if debug or broken_pipe:  # click ends quietly on a closed pipe
                raise
            raise Failure(_sentence(error)) from None
        finally:
            session.close()

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the example as it is, never wrapped."""
        with formatter.section("Example"):
            formatter.write(f"{'':>{formatter.current_indent}}{self.example}\n")


class ServiceVerb(Verb):
    """A verb that talks to the services; adds the options for their addresses."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += [
            click.Option(
                [f"--{service}-url"],
                envvar=f"CRISPML_{service.upper()}_URL",
                metavar="URL",
                help=f"Address of the {service} service.  [default: the running one of "
                f"{addresses.FOLDER}, else {url}]",
            )
            for service, url in (
                ("training", addresses.TRAINING_URL),
                ("scoring", addresses.SCORING_URL),
            )
        ]


class DefaultGroup(click.Group):
    """A group whose verb ``show`` may be left out: ``crispml models NAME``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``show`` in front of arguments that name no verb of the group."""
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["show", *args]
        return super().parse_args(ctx, args)


def _sentence(error: Exception) -> str:
    if isinstance(error, CrispMLError):
        hint = _HINTS.get(error.code)
        return f"{error.message}; {hint}" if hint else error.message
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, ModuleNotFoundError):
        return (
            f"the module {error.name} is missing; install crispml-core with the extras "
            "ml, sql and rest"
        )
    return f"unexpected {type(error).__name__}; run it again with --debug to see where"
