"""A bundle is a tar archive that only its members decide about; every other one is refused."""

import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispml_core.adapters.bundles import TarBundles
from crispml_core.domain.errors import InvalidInput, MalformedContent

TAR = TarBundles()
names = st.from_regex(r"(version/)?[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
archives = st.dictionaries(names, st.binary(max_size=1500), max_size=4)
SAMPLE = {"bundle.json": b"{}", "version/model.skops": b"m" * 700, "empty": b""}


def packed(members):
    return b"".join(TAR.pack((name, len(data), [data]) for name, data in members.items()))


def unpacked(content):
    return {member.name: b"".join(member.chunks()) for member in TAR.unpack(io.BytesIO(content))}


def by_tarfile(*members, form=tarfile.USTAR_FORMAT):
    """An archive as the standard library writes it: pairs of a TarInfo and bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=form) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def info(name, **facts):
    found = tarfile.TarInfo(name)
    for fact, value in facts.items():
        setattr(found, fact, value)
    return found


@given(archives)
def test_members_come_back_and_their_size_is_known_before(members):
    content = packed(members)
    assert unpacked(content) == members
    assert len(content) == TAR.size((name, len(data)) for name, data in members.items())
    assert packed(members) == content


@given(archives)
def test_any_tar_program_can_read_it(members):
    with tarfile.open(fileobj=io.BytesIO(packed(members))) as archive:
        assert {m.name: archive.extractfile(m).read() for m in archive} == members


@given(st.data())
def test_a_changed_byte_is_refused_or_changes_a_name_or_a_content(data):
    content = bytearray(packed(SAMPLE))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    try:
        found = unpacked(bytes(content))
    except MalformedContent:
        return
    # What the container cannot know, the digests in the index tell.
    assert found != SAMPLE


@given(st.integers(0, len(packed(SAMPLE)) - 1))
def test_a_bundle_that_was_cut_off_is_refused(size):
    with pytest.raises(MalformedContent):
        unpacked(packed(SAMPLE)[:size])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil", "path is not allowed"),
        ("/etc/passwd", "path is not allowed"),
        ("version/../../evil", "path is not allowed"),
        ("version/sub/file", "path is not allowed"),
        ("other/file", "path is not allowed"),
        (".hidden", "path is not allowed"),
        ("a\\b", "path is not allowed"),
    ],
)
def test_a_path_that_leaves_the_bundle_is_refused(name, said):
    with pytest.raises(MalformedContent, match=said) as caught:
        unpacked(by_tarfile((info(name, mode=0o644), b"x")))
    assert name not in caught.value.message


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE],
)
def test_what_is_no_plain_file_is_refused(kind):
    member = info("version/model.skops", type=kind, linkname="/etc/passwd", mode=0o644)
    with pytest.raises(MalformedContent, match="not a plain file"):
        unpacked(by_tarfile((member, b"")))


def test_extended_headers_are_refused():
    member = info("version/model.skops", mode=0o644, pax_headers={"path": "../evil"})
    with pytest.raises(MalformedContent, match="not a plain file"):
        unpacked(by_tarfile((member, b"x"), form=tarfile.PAX_FORMAT))


@pytest.mark.parametrize("fact", [{"mtime": 1}, {"mode": 0o4755}, {"uid": 7}, {"uname": "root"}])
def test_an_owner_a_time_or_a_mode_of_its_own_is_refused(fact):
    member = info("version/model.skops", **{"mode": 0o644} | fact)
    with pytest.raises(MalformedContent, match="not the one that an export writes"):
        unpacked(by_tarfile((member, b"x")))


def test_two_members_of_one_name_are_refused():
    twice = packed({"a": b"1"})[:-1024] + packed({"a": b"2"})
    with pytest.raises(MalformedContent, match="same name"):
        unpacked(twice)


@pytest.mark.parametrize("size", [2_000, 8**11 - 1, 10**15])
def test_a_size_that_the_file_has_not_is_refused_before_it_is_read(size):
    member = info("version/model.skops", mode=0o644)
    member.size = size
    header = member.tobuf(tarfile.GNU_FORMAT if size > 8**11 else tarfile.USTAR_FORMAT)
    with pytest.raises(MalformedContent, match="more bytes than the bundle has"):
        unpacked(header + bytes(1024))


@pytest.mark.parametrize("tail", [b"x", bytes(512), packed(SAMPLE)])
def test_what_follows_the_end_is_refused(tail):
    with pytest.raises(MalformedContent, match="goes on behind its end"):
        unpacked(packed(SAMPLE) + tail)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04" + bytes(508), b"{}" * 600])
def test_what_is_no_archive_is_refused(content):
    with pytest.raises(MalformedContent):
        unpacked(content)


@pytest.mark.parametrize("member", [("../evil", 1), ("a" * 120, 1), ("a", 8**11)])
def test_what_the_archive_cannot_say_is_not_packed(member):
    with pytest.raises(InvalidInput, match="member 1"):
        TAR.size([member])


def test_the_form_is_fixed():
    """Other bytes would be another format: older releases could not read them."""
    digest = hashlib.sha256(packed(SAMPLE)).hexdigest()
    assert digest == "d9d319ef12bd118f1ba2119bd964c5a80c1ed5a2741a6a54246c96b30f16de03"
