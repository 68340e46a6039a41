"""A fault of the program is one line for its user, and all of it in a log."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import read_only
from shell import Shell

from lcc_core import logs
from lcc_core.commands.context import Context
from lcc_core.errors import BadValue, LccError, require
from lcc_core.files import Home
from lcc_core.jobs import inside
from lcc_core.logs import LOG, LOGS, fault_line, fault_text, record_fault

KINDS = (ValueError, OSError, KeyError, RuntimeError, AssertionError, RecursionError, MemoryError)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home) -> Shell:
    return Shell(capsys, home.root)


def plant(patch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Every command that says something meets this error."""

    def planted(*_: object) -> None:
        raise error

    patch.setattr(Context, "say", planted)
    patch.setattr(Context, "finish", planted)


def log_of(home: Home) -> str:
    return (home.folder(LOGS) / LOG).read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_is_one_line_and_its_traceback_is_in_the_log(
    shell: Shell, home: Home, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    plant(monkeypatch, kind("planted\nhere"))
    shell("data", "list", code=1)
    assert shell.out == "" and len(shell.err.splitlines()) == 1
    assert shell.err.startswith("lcc: This is a fault of the program")
    assert f"({kind.__name__}: " in shell.err and str(home.folder(LOGS) / LOG) in shell.err
    assert "--debug" in shell.err
    log = log_of(home)
    assert "Traceback (most recent call last)" in log and "in planted" in log
    assert f"lcc data list --home {home.root}" in log


def test_debug_prints_the_traceback_too(
    shell: Shell, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, ValueError("planted"))
    for words in (("--debug", "data", "list"), ("data", "list", "--debug")):
        shell(*words, code=1)
        assert "Traceback" in shell.err and "ValueError: planted" in shell.err
        assert shell.err.splitlines()[-1].startswith("lcc: This is a fault")
    assert log_of(home).count("ValueError: planted") == 2


def test_json_tells_a_fault_as_its_one_object(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, KeyError("x"))
    told = shell.json("data", "list", code=1)
    assert told["code"] == 1 and "KeyError: 'x'" in told["error"] and LOG in told["fix"]


def test_an_error_for_the_user_is_no_fault(
    shell: Shell, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, LccError("It is so.", "Do that."))
    shell("data", "list", code=2)
    assert shell.err == "lcc: It is so. Do that.\n"
    assert not home.folder(LOGS).exists()


def test_where_no_log_can_be_written_the_traceback_is_printed(
    shell: Shell, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, ValueError("planted"))
    with read_only(home):
        shell("data", "list", code=1)
    assert "ValueError: planted\n" in shell.err and shell.err.endswith("The details are above.\n")


def test_before_there_is_a_home_the_traceback_is_printed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted() -> None:
        raise TypeError("no parser")

    monkeypatch.setattr("lcc_core.cli.make_parser", planted)
    shell("data", "list", code=1)
    assert "TypeError: no parser\n" in shell.err and "The details are above." in shell.err


def test_a_job_keeps_its_faults_in_its_own_folder(
    shell: Shell, home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plant(monkeypatch, ValueError("planted"))
    monkeypatch.setattr(inside, "_job", [tmp_path / "job"])
    shell("data", "list", code=1)
    assert "ValueError: planted" in (tmp_path / "job" / LOG).read_text()
    assert not home.folder(LOGS).exists()


def test_a_value_out_of_its_range_is_both_kinds_of_error() -> None:
    with pytest.raises(BadValue, match="bits=9 is not allowed: it must be 1…8") as met:
        require(False, "bits", 9, "1…8")
    assert isinstance(met.value, LccError) and isinstance(met.value, ValueError)
    again = met.value.__reduce__()
    assert str(again[0](*again[1])) == str(met.value)


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MOST_BYTES", 2000)
    for number in range(40):
        record_fault(ValueError(f"error {number}. {'x' * 200}"), tmp_path, "a test")
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert set(sizes) == {LOG, f"{LOG}.1"} and max(sizes.values()) < 2000 + 500
    assert "error 39." in (tmp_path / LOG).read_text()


def test_a_fault_is_bounded() -> None:
    text = fault_text(ValueError("y" * 10 * logs.LONGEST), "a test")
    assert logs.LONGEST < len(text) < logs.LONGEST + 500
    assert len(fault_line(ValueError("y" * 10_000))) < 400


def test_the_log_is_no_pipe_and_no_link(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOG)
    assert record_fault(ValueError(), tmp_path, "a test") is None
    (tmp_path / LOG).unlink()
    (tmp_path / LOG).symlink_to(tmp_path / "elsewhere")
    assert record_fault(ValueError(), tmp_path, "a test") is None
    assert not (tmp_path / "elsewhere").exists()


WRITER = """
import sys
from pathlib import Path
from lcc_core import logs
logs.MOST_BYTES = 1 << 30 if sys.argv[3] == "whole" else 5000
for number in range(60):
    logs.record_fault(ValueError(f"<{sys.argv[2]}:{number}>"), Path(sys.argv[1]), "a test")
"""


@pytest.mark.parametrize("how", ["whole", "turned"])
def test_processes_write_to_one_log_at_once(tmp_path: Path, how: str) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name, how]) for name in "abc"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    text = "".join(path.read_text() for path in tmp_path.iterdir())
    lines = [line for line in text.splitlines() if line]
    assert {line[:12] for line in lines if not line.startswith(("20", " "))} == {
        "ValueError: <"[:12]
    }
    if how == "whole":
        told = {line.removeprefix("ValueError: ") for line in lines if line.startswith("Value")}
        assert told == {f"<{name}:{number}>" for name in "abc" for number in range(60)}


def test_output_that_has_no_room_is_told(home: Home) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no full device here")
    for words in (["data", "list"], ["--json", "data", "list"]):
        with full.open("w") as out:
            ended = subprocess.run(
                [sys.executable, "-m", "lcc_core.cli", *words],
                stdout=out, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
        assert ended.returncode == 2, ended.stderr
        assert ended.stderr.startswith("lcc: The output could not be written: no space left")
        assert "fault" not in ended.stderr and not home.folder(LOGS).exists()
