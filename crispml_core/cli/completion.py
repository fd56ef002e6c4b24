"""``crispml completion``: the script that makes a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from crispml_core.cli.verb import Failure, Session, Verb


@click.command("completion", cls=Verb, example='eval "$(crispml completion bash)"   # in ~/.bashrc')
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def completion(session: Session, shell: str) -> None:
    """Print the completion script of a shell."""
    kind = get_completion_class(shell)
    if kind is None:
        raise Failure(f"there is no completion for {shell}")
    root = click.get_current_context().find_root().command
    script = kind(root, {}, "crispml", "_CRISPML_COMPLETE").source()
    if not session.out.emit({"shell": shell, "script": script}):
        session.out.line(script)
