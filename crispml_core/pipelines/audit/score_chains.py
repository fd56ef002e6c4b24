"""Follows the hash chain of each process that wrote scores, down to the rows and their inputs."""

from __future__ import annotations

from collections.abc import Iterator

from crispml_core.domain.audit import Checked
from crispml_core.domain.errors import CrispMLError, NotFound, StoreUnavailable
from crispml_core.domain.retention import Retained, score_group_key
from crispml_core.domain.scores import ScoreGroup, chain_root
from crispml_core.ports.audit_log import Seals
from crispml_core.ports.retention_store import RetentionStore
from crispml_core.ports.score_ledger import ScoreLedger
from crispml_core.serving.stored_inputs import verify_rows

NAME = "score_rows"
_PAGE = 500


class ScoreChains:
    """Verifies every group of scores by its rows, and the groups of each writer by their roots.

    What is missing at the end of a chain is known from the seals of the groups, and not here.

    Parameters
    ----------
    seals : Seals
        Lists the groups.
    ledger : ScoreLedger
        Reads them.
    retention : RetentionStore
        Knows which groups a rule deleted.
    """

    def __init__(self, seals: Seals, ledger: ScoreLedger, retention: RetentionStore) -> None:
        self._seals, self._ledger, self._retention = seals, ledger, retention

    def checked(self) -> Checked:
        """Return how many scores are as they were, and the first that is not."""
        rows = 0
        writer, sequence, root = "", 0, bytes(32)
        for writer_id, number, group_id in self._groups():
            if writer_id != writer:
                writer, sequence, root = writer_id, 0, bytes(32)
            where = f"score_groups {writer_id}/{number}"
            try:
                group = self._ledger.group(group_id)
                wrong = verify_rows(group)
            except NotFound:
                continue  # a rule deleted it meanwhile; whatever else did, its seal misses it
            except StoreUnavailable:
                raise
            except CrispMLError as error:
                return _fault(rows, where, error.message)
            except Exception:
                # Whatever was made of its bytes: they are not those of a group any more.
                return _fault(rows, where, "its rows or inputs cannot be read")
            if wrong:
                row = f"score_rows {group_id}/{wrong[0]}"
                return _fault(rows, row, "the score or its input was altered")
            fault = _of_group(group)
            if fault is None and number != sequence + 1:
                fault = self._gap(group)
            elif fault is None and group.previous_root != root:
                fault = "it does not follow on the group before"
            if fault is not None:
                return _fault(rows, where, fault)
            rows += group.rows
            sequence, root = number, group.root
        return Checked(what=NAME, rows=rows)

    def _gap(self, group: ScoreGroup) -> str | None:
        """Return what is wrong with groups that are missing in front of one."""
        before = score_group_key(group.writer_id, group.sequence - 1, group.previous_root)
        if self._retention.pruned(Retained.SCORES, [before]):
            return None
        return "the group before it is missing, and no rule deleted it"

    def _groups(self) -> Iterator[tuple[str, int, str]]:
        after = ("", 0)
        while page := self._seals.groups(after, _PAGE):
            yield from page
            after = page[-1][:2]


def _of_group(group: ScoreGroup) -> str | None:
    if 32 * group.rows != len(group.row_digests):
        return "some of its rows are missing, or came to it"
    own = chain_root(group.previous_root, group.writer_id, group.sequence, group.row_digests)
    return None if own == group.root else "its root is not that of its rows"


def _fault(rows: int, where: str, fault: str) -> Checked:
    return Checked(what=NAME, rows=rows, where=where, fault=fault)
