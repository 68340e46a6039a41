"""Sessions that move the sliders of Compress at once: errors, latencies, and whether every figure
shown is the one that a single thread measures.

    python tests/benchmarks/load.py --home HOME --checkpoint ID --sessions 8 --seconds 60

Starts the app over HOME on a free port of this machine, speaks to it as a browser does (without
drawing anything), and stops by itself. Figures that were stored before are asked of a copy of HOME
without results, so that they have to be computed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT))  # for the pages' own spelling of figures
K, BITS = "Pruning strength k (σ)", "Bits per weight"
ENOUGH_S = 120.0  # an answer that takes longer is an error


@dataclass
class Move:
    """One setting: seconds to the first estimate (if it was shown) and to the test figure."""

    k: float
    bits: int
    estimate_s: float | None = None
    full_s: float | None = None
    shown: tuple[str, str] = ("", "")
    error: str = ""


@dataclass
class Session:
    """A visitor of Compress: the widgets it was sent, and what it did."""

    address: str
    checkpoint: str
    seed: int
    moves: list[Move] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def visit(self, until: float, grid: list[tuple[float, int]]) -> None:
        draw = random.Random(self.seed)
        try:
            with connect(
                self.address.replace("http", "ws") + "/_stcore/stream",
                subprotocols=["streamlit"],
                origin=self.address,
                max_size=None,
            ) as self.socket:
                self.widgets: dict[str, str] = {}
                self.send({})
                self.read(Move(0, 0))
                while time.monotonic() < until:
                    k, bits = draw.choice(grid)
                    if draw.random() < 0.3:  # the hand goes on before there is an answer
                        passing = draw.choice(grid)
                        self.send({K: passing[0], BITS: passing[1]})
                        time.sleep(draw.uniform(0, 0.3))
                    move = Move(k, bits)
                    self.send({K: k, BITS: bits})
                    self.read(move)
                    self.moves.append(move)
                    time.sleep(draw.uniform(0, 0.5))
        except Exception as error:  # every failure is one of the figures
            self.errors.append(f"{type(error).__name__}: {error}")

    def send(self, values: dict[str, float]) -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string = f"checkpoint={self.checkpoint[:6]}"
        state.page_name = "compress"
        for label, value in values.items():
            widget = state.widget_states.widgets.add(id=self.widgets[label])
            if label == BITS:
                widget.string_array_value.data.append(str(int(value)))
            else:
                widget.double_array_value.data.append(value)
        self.socket.send(message.SerializeToString())
        self.began = time.monotonic()

    def read(self, move: Move) -> None:
        """Messages until the run that answers the last move has ended."""
        metrics: dict[str, str] = {}
        while True:
            message = ForwardMsg()
            message.ParseFromString(self.socket.recv(timeout=ENOUGH_S))
            kind = message.WhichOneof("type")
            if kind == "new_session":
                metrics.clear()
            elif kind == "delta":
                element = message.delta.new_element
                self.take(element, metrics, move)
            elif kind == "script_finished":
                # 0: to its end. A run that a newer move ended says otherwise.
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    break
        move.full_s = time.monotonic() - self.began
        move.shown = metrics.get("Overall accuracy", ""), metrics.get("Packed file", "")
        if not move.shown[0] and not move.error:
            move.error = "no figure was shown"

    def take(self, element, metrics: dict[str, str], move: Move) -> None:
        kind = element.WhichOneof("type")
        if kind == "metric":
            metrics[element.metric.label] = element.metric.body
        elif kind == "slider":
            self.widgets[element.slider.label] = element.slider.id
        elif kind == "alert" and "First estimate" in element.alert.body:
            move.estimate_s = time.monotonic() - self.began
        elif kind == "alert" and element.alert.format == element.alert.ERROR:
            move.error = element.alert.body
        elif kind == "exception":
            move.error = element.exception.message


def serving(home: Path, log: Path) -> tuple[subprocess.Popen, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [sys.executable, "-m", "lcc_core.cli", "app", "--port", str(port)],
            cwd=PROJECT,
            env=os.environ | {"LCC_HOME": str(home)},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/_stcore/health", timeout=1)
            return server, address
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the app did not start")


def without_results(home: Path, folder: Path) -> Path:
    """A home with the same tiles and checkpoints."""
    for name in ("tiles", "checkpoints"):
        (folder / name).symlink_to(home / name)
    return folder


def serial(home: Path, checkpoint: str, moves: set[tuple[float, int]]) -> dict:
    """(k, bits) → what one thread measures, as the page spells it."""
    import torch

    from lcc_core.checkpoints.store import find_checkpoint
    from lcc_core.compression import apply, uniform_plan
    from lcc_core.compression.recalibration import TILES
    from lcc_core.files import Home
    from lcc_core.measure.measure import Origin, Sample, measure
    from lcc_core.workspace import Workspace
    from pages.ui import words

    torch.set_num_threads(1)
    workspace = Workspace(Home(home))
    one = find_checkpoint(workspace.home, checkpoint)
    tiles, split, model = workspace.tiles(one.data), workspace.split(one), workspace.model(one)
    found = {}
    for k, bits in sorted(moves):
        plan = uniform_plan(model, bits, k, recalibrate=TILES)
        compressed = apply(model, plan, workspace.calibration(one, plan))
        origin = Origin(one.id, one.bytes, one.split)
        row = measure(compressed, origin, Sample.of(tiles, split), latency=False)
        found[k, bits] = words.percent(row.oa), words.size(row.bytes)
    return found


def memory_mb(pid: int) -> float:
    """Resident megabytes of a process and all its children."""
    import psutil

    process = psutil.Process(pid)
    return sum(p.memory_info().rss for p in [process, *process.children(recursive=True)]) / 1e6


def spread(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        "n": len(ordered),
        "median": round(statistics.median(ordered), 3),
        "p95": round(ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))], 3),
        "most": round(ordered[-1], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--checkpoint", required=True, help="the beginning of an id")
    parser.add_argument("--sessions", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--grid", type=int, default=27, help="different settings, at most")
    parser.add_argument("--log", type=Path, default=Path(tempfile.gettempdir()) / "lcc-load.log")
    asked = parser.parse_args()
    every = [(k / 4, bits) for k in range(0, 13, 2) for bits in (2, 3, 4, 5, 6, 8)]
    grid = random.Random(1).sample(every, min(asked.grid, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        home = without_results(asked.home.resolve(), Path(folder))
        server, address = serving(home, asked.log)
        try:
            before = memory_mb(server.pid)
            end = time.monotonic() + asked.seconds
            sessions = [Session(address, asked.checkpoint, n) for n in range(asked.sessions)]
            threads = [threading.Thread(target=one.visit, args=(end, grid)) for one in sessions]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            after = memory_mb(server.pid)
        finally:
            server.terminate()
            server.wait(20)
        moves = [move for one in sessions for move in one.moves]
        errors = [error for one in sessions for error in one.errors]
        errors += [move.error for move in moves if move.error]
        expected = serial(home, asked.checkpoint, {(move.k, move.bits) for move in moves})
        wrong = [
            (move.k, move.bits, move.shown, expected[move.k, move.bits])
            for move in moves
            if not move.error and move.shown != expected[move.k, move.bits]
        ]
    print(
        json.dumps(
            {
                "sessions": asked.sessions,
                "seconds": asked.seconds,
                "moves": len(moves),
                "settings": len(expected),
                "errors": errors[:10],
                "error_count": len(errors),
                "wrong": wrong[:10],
                "wrong_count": len(wrong),
                "first_estimate_s": spread([m.estimate_s for m in moves if m.estimate_s]),
                "test_figure_s": spread([m.full_s for m in moves if m.full_s]),
                "memory_mb": [round(before), round(after)],
            },
            indent=1,
            ensure_ascii=False,
        )
    )
    sys.exit(bool(errors or wrong))


if __name__ == "__main__":
    main()
