"""Which step is done when, and by whom: the inside of a runner."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lcc_core.errors import Cancelled, LccError
from lcc_core.files import Home
from lcc_core.hooks import Hooks, Progress
from lcc_core.studies import folder as folders
from lcc_core.studies import records
from lcc_core.studies.backends.pools import Pool, make_pool
from lcc_core.studies.batches import Batch, BatchResult, progress_file
from lcc_core.studies.estimate import Durations
from lcc_core.studies.graph import KINDS, MEASURE, Graph, Step
from lcc_core.studies.leases import Leases, leased
from lcc_core.studies.options import Options
from lcc_core.studies.status import tile_counts
from lcc_core.studies.steps import Outcome
from lcc_core.temporary import PART, held_file

MOST_TOGETHER = 8  # points of one model that go to a worker together
WAIT_S, LOOK_S = 0.25, 0.5
ATTEMPTS = 3


# Of a step that is needed: not begun, sent to a worker, done by another runner, done, failed.
OPEN, SENT, OTHERS, DONE, FAILED = "open", "sent", "others", "done", "failed"


@dataclass(eq=False)
class Run:
    """One runner of a study: the state of every step it needs."""

    graph: Graph
    home: Home
    folder: Path
    options: Options
    hooks: Hooks
    state: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    lost: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    looked: float = 0.0

    def __post_init__(self) -> None:
        self.stop_file = self.folder / f".stop-{os.getpid()}-{secrets.token_hex(3)}{PART}"

    def prepare(self) -> None:
        """Which steps there are to do: from the points back to what they need and lack."""
        wanted = list(self.graph.points)
        for point in wanted:
            folders.forget_error(self.folder, point)
        while wanted:
            step = wanted.pop()
            if step in self.state:
                continue
            if not self._settle(step):
                self.state[step] = OPEN
                wanted += self.graph.steps[step].needs.values()

    def missing(self) -> bool:
        """Whether anything is left to do."""
        return any(state in (OPEN, SENT, OTHERS) for state in self.state.values())

    def go(self) -> None:
        """Do it. Raises ``Cancelled`` when it was stopped or paused."""
        todo = [self.graph.steps[step] for step in self._in(OPEN)]
        self.durations = Durations(self.home, todo, tile_counts(self.home), self.options.jobs)
        leases, pool = Leases(self.home), None
        try:
            pool = self._pool()
            while self.missing():
                if self.hooks.should_stop() or folders.paused(self.folder):
                    raise Cancelled()
                self._send(pool, leases)
                self._report(message=pool.lacks)
                if not self.missing():  # all that was left has failed for lack of what it needs
                    break
                for back in pool.wait(WAIT_S):
                    self._take(back, leases)
                self._look()
            self._report()
        finally:
            if pool is not None:
                with self._stopping():
                    pool.close()
            leases.close()

    @contextlib.contextmanager
    def _stopping(self) -> Generator[None]:
        """Tell the workers to stop, for as long as the block lasts or this process lives."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(OSError):  # without it they end with their step
                stack.enter_context(held_file(self.stop_file))
            yield

    def _pool(self) -> Pool:
        hooks = Hooks(self._here, lambda: self.hooks.should_stop() or folders.paused(self.folder))
        return make_pool(self.options, self.home, hooks)

    def _in(self, *states: str) -> Iterable[str]:
        return [step for step, state in self.state.items() if state in states]

    def _settle(self, step: str) -> bool:
        """Take a result that is there."""
        if record := records.check(self.home, step):
            self.state[step], self.values[step] = DONE, record.value
            return True
        return False

    def _ready(self) -> list[Step]:
        """What can be done now: the nearest to a point first, so that points land early."""
        ready = []
        for step in map(self.graph.steps.__getitem__, self._in(OPEN)):
            needs = [self.state[need] for need in step.needs.values()]
            if FAILED in needs:
                bad = next(n for n in step.needs.values() if self.state[n] == FAILED)
                self._fail(step.id, *folders.read_error(self.folder, bad))
            elif all(state == DONE for state in needs):
                ready.append(step)
        return sorted(ready, key=lambda step: -KINDS.index(step.kind))

    def _send(self, pool: Pool, leases: Leases) -> None:
        ready = self._ready()
        while ready and pool.free > 0:
            together = self._together(ready)
            ready = [step for step in ready if step not in together]
            mine = []
            for step in together:
                if not leases.take(step.id):
                    self.state[step.id] = OTHERS
                elif self._settle(step.id):  # somebody has just done it
                    leases.release(step.id)
                else:
                    self.state[step.id] = SENT
                    mine.append(step)
            if mine:
                needs = {need for step in mine for need in step.needs.values()}
                values = {need: self.values[need] for need in needs}
                pool.send(
                    Batch(
                        str(self.home.root), tuple(mine), values, str(self.stop_file), self.options
                    )
                )

    def _together(self, ready: list[Step]) -> list[Step]:
        first = ready[0]
        if first.kind != MEASURE:
            return [first]
        same = [one for one in ready if one.kind == MEASURE and one.model == first.model]
        # The last ones are shared out among the workers.
        return same[: max(1, min(MOST_TOGETHER, -(-len(same) // self.options.jobs)))]

    def _take(self, back: BatchResult, leases: Leases) -> None:
        told = {one.step: one for one in back.outcomes}
        for step in back.batch.steps:
            outcome = told.get(step.id)
            if outcome is None:
                self._again(step, back.lost)
            elif outcome.record is None:
                self._failed(outcome)
            else:
                self.state[step.id], self.values[step.id] = DONE, outcome.record.value
                self.made[step.kind] += 1
            leases.release(step.id)
            progress_file(self.home, step.id).unlink(missing_ok=True)

    def _again(self, step: Step, lost: bool) -> None:
        self.state[step.id] = OPEN
        self.lost[step.id] += lost
        if self._settle(step.id):  # it had just been done
            self.made[step.kind] += 1
        elif self.lost[step.id] >= ATTEMPTS:
            what = f"The worker that did this was killed {ATTEMPTS} times."
            self._fail(step.id, what, "Memory may be short: run with fewer --jobs.")

    def _failed(self, outcome: Outcome) -> None:
        if outcome.fatal:
            what = f"The study stopped: {outcome.error}"
            raise LccError(what, outcome.fix or "Free some disk space and run it again.")
        self._fail(outcome.step, outcome.error, outcome.fix, outcome.traceback)

    def _fail(self, step: str, what: str, fix: str, traceback: str = "") -> None:
        self.state[step] = FAILED
        folders.write_error(self.folder, step, what, fix, traceback)

    def _look(self) -> None:
        """What has become of the steps that others do."""
        others = set(self._in(OTHERS))
        if not others or time.monotonic() - self.looked < LOOK_S:
            return
        self.looked = time.monotonic()
        busy = leased(self.home, others)
        for step in others - busy:
            if not self._settle(step):
                self.state[step] = OPEN  # left behind: it is anybody's again

    def _here(self, report: Progress) -> None:
        if time.monotonic() - self.looked < WAIT_S:
            return
        self.looked = time.monotonic()
        self._report(report.done / max(report.total, 1), report.message or report.stage)

    def _report(self, share: float = 0.0, message: str = "") -> None:
        shares, texts = {}, []
        going = None
        for step in self._in(SENT):
            # A worker leaves its points one by one; the batch ends with the last of them.
            if self.graph.steps[step].kind == MEASURE and records.look(self.home, step):
                shares[step] = 1.0
                continue
            going = going or step
            shares[step], text = self.durations.reached(progress_file(self.home, step))
            texts += [text] if text else []
        if going and share:
            shares[going] = share
        texts = [message] if message else texts
        done = sum(
            self.state[point] == DONE or shares.get(point) == 1.0 for point in self.graph.points
        )
        failed = sum(self.state[point] == FAILED for point in self.graph.points)
        said = f"{done} of {len(self.graph.points)} points"
        said += f", {failed} failed" if failed else ""
        said += f"; {texts[0]}" if texts else ""
        steps: dict[str, list[int]] = {}
        for step, state in self.state.items():
            counts = steps.setdefault(self.graph.steps[step].kind, [0, 0])
            counts[0] += state == DONE
            counts[1] += 1
        self.hooks.progress(self.durations.progress(self.state, shares, said, steps))
