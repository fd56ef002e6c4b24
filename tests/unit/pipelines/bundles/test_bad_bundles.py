"""What is no bundle, or not a good one, is refused and leaves nothing."""

import hashlib
import io
import json
import random
import tarfile
from dataclasses import replace

import pytest

from crispml_core.adapters.bundles import TarBundles
from crispml_core.domain.errors import Conflict, CrispMLError, InvalidInput, NotFound
from crispml_core.pipelines.bundles.exporting import seal_of

pytestmark = pytest.mark.slow

TAR = TarBundles()
MODEL = "version/model.skops"


def packed(parts):
    return b"".join(TAR.pack((name, len(data), [data]) for name, data in parts.items()))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def resealed(parts):
    """The bundle that somebody makes who changes members and knows how the digests go."""
    parts = dict(parts)
    index = json.loads(parts["bundle.json"])
    index["digest"] = sha256(parts["version/manifest.json"])
    for entry in index["members"]:
        data = parts[entry["name"]]
        entry |= {"size": len(data), "sha256": sha256(data)}
    parts["bundle.json"] = json.dumps(index).encode()
    parts["bundle.sha256"] = seal_of(sha256(parts["bundle.json"]))
    return packed(parts)


def forged(parts, file, edit):
    """The same with an edited file of the version; manifest and approvals are made to fit."""
    data = edit if isinstance(edit, bytes) else edit(parts[f"version/{file}"])
    parts = {**parts, f"version/{file}": data}
    if file != "manifest.json":
        manifest = json.loads(parts["version/manifest.json"])
        (entry,) = (entry for entry in manifest["files"] if entry["name"] == file)
        entry |= {"size": len(data), "sha256": sha256(data)}
        parts["version/manifest.json"] = json.dumps(manifest).encode()
    approvals = json.loads(parts["approvals.json"])
    for approval in approvals:
        approval["digest"] = sha256(parts["version/manifest.json"])
    return resealed({**parts, "approvals.json": json.dumps(approvals).encode()})


def edited(**changes):
    """Change entries of a JSON object."""
    return lambda data: json.dumps({**json.loads(data), **changes}).encode()


def refused(environment, content, error=InvalidInput):
    """Import a bundle that must be refused and leave nothing; return the sentence."""
    before = environment.leftovers()
    with pytest.raises(error) as caught:
        environment.take_in(content)
    assert environment.leftovers() == before
    assert environment.stores.imports.find() == []
    assert environment.stores.aliases.aliases("toy") == {}
    return caught.value.message


def test_a_version_of_the_same_name_with_other_bytes_is_a_conflict(approved, prod):
    prod.take_in(approved.content)
    other = forged(approved.members, "report.html", lambda data: data + b" ")
    before = prod.leftovers()
    with pytest.raises(Conflict, match="other bytes"):
        prod.take_in(other)
    assert prod.leftovers() == before


def flips(content):
    """Yield places in every member: its header, its content, and what is behind that."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        for member in archive:
            last = member.offset_data + max(member.size - 1, 0)
            yield from (member.offset + 3, member.offset + 130, member.offset + 500)
            yield from (member.offset_data, (member.offset_data + last) // 2, last)
            if member.size % 512:
                yield last + 1
    yield from (len(content) - 1024, len(content) - 1)


def test_a_changed_byte_in_any_member_is_refused_and_leaves_nothing(approved, prod):
    places = list(flips(approved.content))
    assert len(places) > 50
    for place in places:
        content = bytearray(approved.content)
        content[place] ^= 0x20
        refused(prod, bytes(content), CrispMLError)


def test_a_bundle_that_was_cut_off_is_refused_wherever_it_ends(approved, prod):
    for size in range(0, len(approved.content), len(approved.content) // 40):
        assert refused(prod, approved.content[:size])


def without(name):
    return lambda parts: {key: data for key, data in parts.items() if key != name}


def with_order(parts):
    return dict(sorted(parts.items(), reverse=True))


@pytest.mark.parametrize(
    "change",
    [
        without(MODEL),
        without("approvals.json"),
        without("bundle.sha256"),
        without("bundle.json"),
        with_order,
        lambda parts: {**parts, "version/more.json": b"{}"},
        lambda parts: {**parts, "bundle.sha256": seal_of("0" * 64)},
    ],
)
def test_members_that_are_missing_more_or_in_another_order_are_refused(approved, prod, change):
    assert refused(prod, packed(change(approved.members)))


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ({"format_version": 0}, "older format"),
        ({"format_version": 2}, "newer format"),
        ({"format": "zip"}, "not a bundle"),
        ({"members": []}, "not those of a bundle"),
        ({"members": "?"}, "cannot be read"),
        ({"model": "../toy"}, "no such use case"),
        ({"use_case": "other", "model": "other"}, "no such use case"),
        ({"version": "../../evil"}, "name of a version"),
    ],
)
def test_an_index_of_another_kind_is_refused(approved, prod, index, said):
    parts = approved.members
    changed = edited(**index)(parts["bundle.json"])
    error = NotFound if "no such" in said else InvalidInput
    assert said in refused(prod, packed({**parts, "bundle.json": changed}), error)


def test_a_version_of_another_definition_is_refused(approved, environment, toy):
    other = environment("prod", use_case=replace(toy, digest="e" * 64))
    assert "another definition" in refused(other, approved.content)


def test_a_version_of_another_schema_is_refused_and_the_fields_are_named(
    approved, environment, toy
):
    fields = (replace(toy.fields[0]), replace(toy.fields[1], maximum=5.0), *toy.fields[2:])
    other = environment("prod", use_case=replace(toy, fields=fields))
    message = refused(other, approved.content)
    assert "another record schema" in message
    assert "fields that differ: amount" in message


def test_a_version_of_a_use_case_that_is_not_installed_is_refused(approved, environment, toy):
    other = environment("prod", use_case=replace(toy, name="other"))
    assert "known: other" in refused(other, approved.content, NotFound)


@pytest.mark.parametrize(
    ("file", "edit", "said"),
    [
        ("golden.json", lambda data: data.replace(b'"yes"', b'"no"'), "does not reproduce itself"),
        ("golden.json", lambda data: b"[]", "not readable"),
        ("compiled.bin", lambda data: data[:-1], "cannot serve here"),
        ("model.skops", lambda data: data[:-1], "cannot serve here"),
        ("model.skops", lambda data: b"", "cannot serve here"),
        ("manifest.json", edited(trusted_types=[], golden_rows=1), "cannot serve here"),
        ("manifest.json", edited(version="20260101-000000-00000000"), "another version"),
        ("manifest.json", edited(use_case="other"), "another use case"),
        ("manifest.json", edited(files=[]), "not those of its manifest"),
        ("manifest.json", lambda data: b"{}", "cannot be read"),
        ("manifest.json", lambda data: b'{"a":' * 9000, "cannot be read"),
        ("manifest.json", edited(created_at="2026-01-01T00:00:00"), "time zone"),
        ("manifest.json", edited(kpis={"test": {"auc": "CANARY"}}), "auc is not a number"),
        ("manifest.json", edited(use_case_version="9"), "different definitions"),
        ("manifest.json", edited(conformal={"alpha": 0.1}), "cannot be loaded here"),
    ],
)
def test_a_forged_version_whose_digests_fit_must_still_prove_itself(
    approved, prod, file, edit, said
):
    assert said in refused(prod, forged(approved.members, file, edit))


def test_a_model_file_with_a_type_that_is_not_permitted_is_refused(approved, prod):
    import skops.io
    from sklearn.preprocessing import FunctionTransformer

    evil = skops.io.dumps(FunctionTransformer(func=print))
    parts = approved.members
    assert "cannot serve here" in refused(prod, forged(parts, "model.skops", lambda data: evil))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"digest": "0" * 64}, "entry 1 is about another version"),
        ({"version": "CANARY"}, "entry 1 is about another version"),
        ({"environment": "CANARY"}, "entry 1 is not a move"),
        ({"sequence": "1"}, "cannot be read"),
        ({"sequence": 2**70}, "entry 1 is not a move"),
        ({"sequence": 2**40}, "entry 1 is not a move"),
        ({"moved_at": "2026-01-01T00:00:00"}, "entry 1 is not a move"),
        ({"moved_by": "CANARY" * 100}, "entry 1 is not a move"),
        ({"alias": "../CANARY"}, "the alias of entry 1"),
        ({"reason": "CANARY\0"}, "entry 1 is not a move"),
        ({"moved_by": "CANARY\0"}, "entry 1 is not a move"),
    ],
)
def test_an_approval_that_is_none_is_refused(approved, prod, entry, said):
    parts = approved.members
    approvals = [{**json.loads(parts["approvals.json"])[0], **entry}]
    content = resealed({**parts, "approvals.json": json.dumps(approvals).encode()})
    message = refused(prod, content)
    assert said in message
    assert "CANARY" not in message


@pytest.mark.parametrize("evidence", ["lineage.json", "gates.json"])
def test_evidence_that_is_nested_without_end_is_refused(approved, prod, evidence):
    nested = b'{"a":' * 500 + b"1" + b"}" * 500
    if evidence == "gates.json":
        nested = b"[" * 500 + b"]" * 500
    message = refused(prod, resealed({**approved.members, evidence: nested}))
    assert f"{evidence}: it is nested more than 64 deep" in message


STRANGE = (None, "", "CANARY", -1, 2**63, 1e308, True, [], {}, [[]], {"CANARY": None})


def changed_somewhere(value, chance):
    """A JSON value with one node exchanged for something strange, or left out."""
    if isinstance(value, dict) and value and chance.random() < 0.9:
        name = chance.choice(sorted(value))
        if chance.random() < 0.1:
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: changed_somewhere(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        return [
            changed_somewhere(item, chance) if number == place else item
            for number, item in enumerate(value)
        ]
    return chance.choice(STRANGE)


@pytest.mark.parametrize(
    "name",
    [
        *("bundle.json", "approvals.json", "gates.json", "lineage.json"),
        *("version/manifest.json", "version/golden.json"),
    ],
)
def test_whatever_stands_in_a_file_it_is_taken_or_refused_with_a_sentence(
    approved, environment, name
):
    chance = random.Random(name)
    for number in range(40):
        data = json.dumps(changed_somewhere(json.loads(approved.members[name]), chance)).encode()
        if name.startswith("version/"):
            content = forged(approved.members, name.removeprefix("version/"), data)
        elif name == "bundle.json":
            content = packed(
                {**approved.members, name: data, "bundle.sha256": seal_of(sha256(data))}
            )
        else:
            content = resealed({**approved.members, name: data})
        target = environment("prod")
        refusal, outcome = None, None
        try:
            outcome = target.take_in(content)
        except CrispMLError as error:
            refusal = error.message
        if outcome is None:
            assert refusal, number
            assert "CANARY" not in refusal
            assert target.leftovers() == []
        else:
            assert target.stores.models.versions("toy")[0].version == outcome.version
            target.bundles.approvals("toy", outcome.version)
