"""Methods that are found by name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass

import pytest

from lcc_core.errors import LccError
from lcc_core.registry import Registry


@dataclass(frozen=True)
class Method:
    name: str
    summary: str = ""


def test_a_registry_names_what_it_has() -> None:
    registry: Registry[Method] = Registry("method")
    one = registry.register(Method("one"))
    registry.register(one)  # a module that is imported again
    registry.register(Method("two"))
    assert registry.names() == ("one", "two") and registry["one"] is one and "two" in registry
    with pytest.raises(LccError, match=r"There is no method 'three'\. Known are: one, two\."):
        registry["three"]
    with pytest.raises(ValueError, match="not taken"):
        registry.register(Method("one", "another"))
    registry.forget("two")
    assert [entry.name for entry in registry] == ["one"]


def test_modules_of_a_package_register_themselves(tmp_path, monkeypatch) -> None:
    package = tmp_path / "methods_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from lcc_core.registry import Registry\nMETHODS = Registry('method', __name__)\n"
    )
    for name in ("second", "first"):
        (package / f"{name}.py").write_text(
            "from types import SimpleNamespace as Method\n"
            "from methods_of_a_test import METHODS\n"
            f"METHODS.register(Method(name='{name}', summary=''))\n"
        )
    monkeypatch.syspath_prepend(tmp_path)
    methods = importlib.import_module("methods_of_a_test").METHODS
    assert methods.names() == ("first", "second")


def test_other_threads_wait_for_all_of_a_package(tmp_path, monkeypatch) -> None:
    """Also where a module reads the registry while it is imported."""
    package = tmp_path / "methods_of_threads"
    package.mkdir()
    head = (
        "import threading\nfrom types import SimpleNamespace as Method\n"
        "from methods_of_threads import METHODS, SEEN\n"
    )
    for name, body in {
        "__init__": "from lcc_core.registry import Registry\n"
        "METHODS, SEEN = Registry('method', __name__), []\n",
        "first": head + "METHODS.names()\n"
        "thread = threading.Thread(target=lambda: SEEN.append(METHODS.names()))\n"
        "thread.start()\nthread.join(0.2)\n"
        "METHODS.register(Method(name='first', summary=''))\n",
        "second": head + "METHODS.register(Method(name='second', summary=''))\n",
    }.items():
        (package / f"{name}.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    methods = importlib.import_module("methods_of_threads")
    assert methods.METHODS.names() == ("first", "second")
    importlib.import_module("methods_of_threads.first").thread.join()
    assert methods.SEEN == [("first", "second")]
