"""What the kernel says about block devices, in a tree as it writes one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import sqlalchemy as sa

from crispml_core.adapters.encryption_at_rest import database_is_encrypted, folder_is_encrypted
from crispml_core.bootstrap import at_rest
from crispml_core.domain.errors import NotReady
from crispml_core.settings import CrispMLSettings


class Kernel:
    """A tree of block devices; the folder of the test lies on the device `under`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.sys = folder, folder / "sys"
        number = folder.stat().st_dev
        self.under = self.sys / f"{os.major(number)}:{os.minor(number)}"

    def device(self, path: Path, uuid: str = "", below: tuple[Path, ...] = ()) -> Path:
        path.mkdir(parents=True)
        if uuid:
            (path / "dm").mkdir()
            (path / "dm" / "uuid").write_text(f"{uuid}\n")
        (path / "slaves").mkdir()
        for part in below:
            (path / "slaves" / part.name).symlink_to(part)
        return path

    def asked(self) -> bool | None:
        return folder_is_encrypted(self.folder / "not" / "there" / "yet", self.sys)


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    return Kernel(tmp_path)


def test_a_disk_is_not_encrypted(kernel: Kernel) -> None:
    kernel.device(kernel.under)
    assert kernel.asked() is False


def test_a_device_of_dm_crypt_is(kernel: Kernel) -> None:
    kernel.device(kernel.under, "CRYPT-LUKS2-0123-root")
    assert kernel.asked() is True


@pytest.mark.parametrize(
    ("uuids", "found"),
    [
        (("CRYPT-LUKS2-a",), True),
        (("CRYPT-LUKS2-a", "CRYPT-PLAIN-b"), True),
        (("CRYPT-LUKS2-a", ""), False),
        (("LVM-x",), False),
    ],
)
def test_a_volume_is_what_all_below_it_are(
    kernel: Kernel, uuids: tuple[str, ...], found: bool
) -> None:
    parts = tuple(
        kernel.device(kernel.sys / f"sd{place}", uuid) for place, uuid in enumerate(uuids)
    )
    kernel.device(kernel.under, "LVM-y", parts)
    assert kernel.asked() is found


def test_of_what_is_no_block_device_nobody_can_tell(kernel: Kernel) -> None:
    assert kernel.asked() is None


def test_a_sqlite_file_is_what_its_folder_is(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/a.db")
    assert database_is_encrypted(engine) is folder_is_encrypted(tmp_path)


@pytest.mark.parametrize(
    ("known", "mode", "refused"),
    [
        (True, "required", False),
        (False, "required", True),
        (None, "required", True),
        (False, "warn", False),
        (False, "off", False),
    ],
)
def test_a_service_starts_on_what_is_required_only(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    known: bool | None,
    mode: str,
    refused: bool,
) -> None:
    monkeypatch.setattr(at_rest, "folder_is_encrypted", lambda folder: known)
    monkeypatch.setattr(at_rest, "database_is_encrypted", lambda engine: True)
    settings = CrispMLSettings.model_validate({"encryption": {"at_rest": mode}})
    engine = sa.create_engine("sqlite://")
    if refused:
        with pytest.raises(NotReady, match=r"registry, work.*CRISPML_ENCRYPTION__AT_REST=warn"):
            at_rest.check_at_rest(settings, engine, tmp_path / "work")
        return
    said = at_rest.check_at_rest(settings, engine, tmp_path / "work")
    assert set(said) == (
        set() if mode == "off" else {"database at rest", "registry at rest", "work at rest"}
    )
    assert all(text.startswith("ok, ") for text in said.values())
