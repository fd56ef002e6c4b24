from __future__ import annotations

import functools
import io
import json
import os
import pickle
import subprocess
import zipfile

import numpy as np
import pytest
import skops.io
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import Birch
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import FunctionTransformer

from crispml_core.adapters.skops import SkopsModelCodec
from crispml_core.domain.errors import InvalidInput, RegistryDamaged


def double(values):
    return values * 2


class Halver(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return X / 2


def of_main():
    copied = type(double)(double.__code__, {}, "double")
    copied.__module__ = "__main__"
    return copied


@pytest.mark.parametrize(
    ("function", "named"),
    [
        (lambda values: values, "<lambda>"),
        (of_main(), "__main__.double"),
        (double, "double"),
        (Halver().transform, "transform"),
        (os.system, "system"),
        (subprocess.check_output, "subprocess.check_output"),
        (eval, "builtins.eval"),
        (np.save, "numpy.save"),
        (functools.partial(os.system, "true"), "system"),
        (functools.partial(double), "double"),
    ],
)
def test_what_must_not_be_persisted_is_named(function, named):
    with pytest.raises(InvalidInput, match="must not be persisted") as caught:
        SkopsModelCodec().dumps(FunctionTransformer(function))
    assert named in caught.value.message


def test_a_class_of_nobody_knows_where_is_refused():
    with pytest.raises(InvalidInput, match="Halver"):
        SkopsModelCodec().dumps(Halver())


def test_what_skops_cannot_store_is_refused():
    with pytest.raises(InvalidInput, match="cannot be persisted"):
        SkopsModelCodec().dumps(Birch())


def test_the_package_of_a_use_case_can_be_allowed():
    codec = SkopsModelCodec(allowed_modules=[__name__])

    for transformer in (Halver(), FunctionTransformer(double), FunctionTransformer(np.clip)):
        content, types = codec.dumps(transformer)
        assert type(codec.loads(content, types)) is type(transformer)


def test_what_an_allowed_package_imports_is_not_allowed(tmp_path):
    codec = SkopsModelCodec(allowed_modules=[__name__])
    name, content = attack(__name__, "subprocess", [])

    with pytest.raises(RegistryDamaged, match="not to be trusted"):
        codec.loads(content, [name])


def archive(schema, compression=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as target:
        target.writestr("schema.json", json.dumps({**schema, "protocol": 2}))
    return buffer.getvalue()


def attack(module, function, arguments):
    """Return the name of a function, and an archive that calls it while it is loaded."""
    items = [
        {
            "__class__": "str",
            "__module__": "builtins",
            "__loader__": "JsonNode",
            "content": json.dumps(argument),
        }
        for argument in arguments
    ]
    call = {
        "__class__": function,
        "__module__": module,
        "__loader__": "ConstructorFromReduceNode",
        "content": {
            "__class__": "tuple",
            "__module__": "builtins",
            "__loader__": "TupleNode",
            "content": items,
        },
    }
    return f"{module}.{function}", archive(call)


@pytest.mark.parametrize(
    ("module", "function", "arguments"),
    [
        ("os", "system", ["touch MARK"]),
        ("builtins", "exec", ["open('MARK', 'w')"]),
        ("sklearn.utils._testing", "check_output", [["touch", "MARK"]]),
        ("sklearn.datasets._base", "urlretrieve", ["file:///dev/null", "MARK"]),
        ("numpy", "memmap", ["MARK", "uint8", "w+", 0, 8]),
        ("numpy", "save", ["MARK", [1]]),
        ("pandas", "eval", ["@open('MARK', 'w')"]),
    ],
)
def test_a_file_that_calls_something_is_refused_even_if_the_manifest_trusts_it(
    module, function, arguments, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    name, content = attack(module, function, arguments)

    for trusted in ([], [name]):
        with pytest.raises(RegistryDamaged, match="not to be trusted") as caught:
            SkopsModelCodec().loads(content, trusted)
        assert name in caught.value.message
    assert list(tmp_path.iterdir()) == []


def test_such_a_file_would_run_without_the_policy(tmp_path, monkeypatch):
    """The attack above is real: a check that cannot fail would prove nothing."""
    monkeypatch.chdir(tmp_path)
    name, content = attack("sklearn.utils._testing", "check_output", [["touch", "MARK"]])
    skops.io.loads(content, trusted=[name])

    assert (tmp_path / "MARK").exists()


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("MARK",)


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Bomb()),
        b"",
        b"PK",
        archive({}),
        archive({"__class__": "x", "__module__": "y", "__loader__": "PickleNode"}),
        b'{"__class__": 1}',
    ],
)
def test_bytes_that_are_no_model_are_refused(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(RegistryDamaged, match="cannot be read"):
        SkopsModelCodec().loads(content, [])
    assert list(tmp_path.iterdir()) == []


def test_a_pickle_inside_the_archive_is_not_loaded(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    codec = SkopsModelCodec()
    model = LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    content, types = codec.dumps(model)
    array = io.BytesIO()
    np.save(array, np.array([Bomb()], dtype=object), allow_pickle=True)
    altered = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(altered, "w") as new:
        for name in old.namelist():
            new.writestr(name, array.getvalue() if name.endswith(".npy") else old.read(name))

    with pytest.raises(RegistryDamaged, match="cannot be restored"):
        codec.loads(altered.getvalue(), types)
    assert list(tmp_path.iterdir()) == []


def test_a_type_the_manifest_does_not_name_is_refused():
    codec = SkopsModelCodec()
    content, types = codec.dumps(FunctionTransformer(np.clip))
    assert types == ("numpy.clip",)

    with pytest.raises(RegistryDamaged, match=r"numpy\.clip"):
        codec.loads(content, [])


def test_a_cut_file_is_refused():
    content, types = SkopsModelCodec().dumps(LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]))

    for size in range(0, len(content), 97):
        with pytest.raises(RegistryDamaged):
            SkopsModelCodec().loads(content[:size], types)


def test_a_file_that_unpacks_to_more_than_its_size_is_refused():
    bomb = archive({"x": "0" * 10_000_000}, zipfile.ZIP_DEFLATED)

    assert len(bomb) < 20_000
    with pytest.raises(RegistryDamaged, match="cannot be read"):
        SkopsModelCodec().loads(bomb, [])


def test_endless_nesting_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("schema.json", '{"a":' * 100_000 + "1" + "}" * 100_000)

    with pytest.raises(RegistryDamaged, match="cannot be read"):
        SkopsModelCodec().loads(buffer.getvalue(), [])
