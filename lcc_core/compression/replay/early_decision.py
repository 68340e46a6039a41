"""Early decision: count right answers no further than it takes to accept or reject.

Tiles are run in order of rising margin in the current state, so that the wrong ones come first. A
decision falls as soon as too many are wrong or enough are right. Answers of the fast replay whose
margin is within its error are open; they are computed in float32 once they could turn it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Run = Callable[[Tensor], Tensor]

CHUNK = 128
SAFETY = 6.0  # times the fast replay's rms error: margins within stay open
STEP = 32  # open answers that are computed at a time, until the decision is certain
ERROR_SAMPLE = 256  # tiles of least margin on which that error is first measured


@dataclass(frozen=True)
class Verdict:
    """One candidate: right answers lie in ``low``…``high`` of ``tiles``; ``seen`` were run."""

    accepted: bool
    low: int
    high: int
    tiles: int
    seen: int


class EarlyDecision:
    """``run`` gives the fast replay's logits of the state on trial for tiles at positions ``ids``,
    ``exact`` those of float32.
    """

    def __init__(self, labels: Tensor, run: Run, exact: Run) -> None:
        self.labels, self._run, self._exact = labels, run, exact
        self.error = 0.0
        self._margin = torch.zeros(len(labels))  # in the current state, as far as it was run
        self._last = _Answers(self)

    def whole(self) -> int:
        """Count the right answers of the current state exactly, from a whole run."""
        answers = _Answers(self)
        for ids in torch.arange(len(self.labels)).split(CHUNK):
            answers.add(ids, self._run(ids))
        self._margin = answers.margin()
        nearest = _gap(answers.logits).argsort(stable=True)[:ERROR_SAMPLE]
        self.exact(nearest, answers.logits[nearest])
        answers.settle()
        return answers.certain()[0]

    def accepted(self) -> None:
        """Take over the margins of the candidate decided on last: it is the state now."""
        self._margin = self._margin.clone()
        self._margin[self._last.ids] = self._last.margin()

    def decide(self, need: int) -> Verdict:
        """Run as few tiles as it takes to know whether ``need`` answers are right."""
        total = len(self.labels)
        allowed = total - need
        answers = self._last = _Answers(self)
        right = wrong = 0
        for ids in self._margin.argsort(stable=True).split(CHUNK):
            answers.add(ids, self._run(ids))
            right, wrong = answers.certain()
            if right >= need or wrong > allowed:
                break
            if len(answers.ids) == total or answers.wrong() > allowed:
                answers.settle(need, allowed)
                right, wrong = answers.certain()
                if wrong > allowed:
                    break
        return Verdict(right >= need, right, total - wrong, total, len(answers.ids))

    def exact(self, ids: Tensor, fast: Tensor) -> Tensor:
        """Float32 logits; where they differ from the ``fast`` ones, the error is learnt."""
        logits = self._exact(ids)
        self._learn_error(fast, logits)
        return logits

    def _learn_error(self, fast: Tensor, exact: Tensor) -> None:
        """Root mean square error of the gap between the two best classes."""
        if len(fast) and exact.shape[1] > 1:
            best = exact.topk(2, 1).indices
            off = fast.gather(1, best) - exact.gather(1, best)
            self.error = max(self.error, float((off[:, 0] - off[:, 1]).pow(2).mean().sqrt()))


class _Answers:
    """What one state answers, as far as it was run; ``exactly``: known in float32."""

    def __init__(self, decision: EarlyDecision) -> None:
        self._decision = decision
        self.ids = torch.zeros(0, dtype=torch.long)
        self.logits = torch.zeros(0, 0)
        self._hits = self._exactly = torch.zeros(0, dtype=torch.bool)

    def add(self, ids: Tensor, logits: Tensor) -> None:
        """Take in fast answers for tiles ``ids``."""
        hits = logits.argmax(1) == self._decision.labels[ids]
        self.logits = torch.cat([self.logits, logits]) if len(self.ids) else logits
        self.ids = torch.cat([self.ids, ids])
        self._hits = torch.cat([self._hits, hits])
        self._exactly = torch.cat([self._exactly, torch.zeros_like(hits)])

    def margin(self) -> Tensor:
        """Margins of the true class for the tiles run so far."""
        return true_margin(self.logits, self._decision.labels[self.ids])

    def wrong(self) -> int:
        """Wrong answers, if every fast answer holds."""
        return int((~self._hits).sum())

    def _sure(self) -> Tensor:
        return self._exactly | (_gap(self.logits) > SAFETY * self._decision.error)

    def certain(self) -> tuple[int, int]:
        """Right and wrong answers whose margin is beyond the fast replay's error."""
        sure = self._sure()
        return int((self._hits & sure).sum()), int((~self._hits & sure).sum())

    def settle(self, need: int | None = None, allowed: int = 0) -> None:
        """Compute open answers in float32: all, or until ``need`` are right or more than
        ``allowed`` are wrong. Those that would decide so come first.

        Should they show the error to be larger than thought, more become open.
        """
        while len(unsure := (~self._sure()).nonzero()[:, 0]):
            if need is not None:
                right, wrong = self.certain()
                if right >= need or wrong > allowed:
                    return
                likely = self._hits if self.wrong() <= allowed else ~self._hits
                rank = _gap(self.logits[unsure]) + 1e6 * likely[unsure]
                unsure = unsure[rank.argsort(descending=True, stable=True)[:STEP]]
            ids = self.ids[unsure]
            exact = self._decision.exact(ids, self.logits[unsure])
            self._hits[unsure] = exact.argmax(1) == self._decision.labels[ids]
            self._exactly[unsure] = True


def _gap(logits: Tensor) -> Tensor:
    """Between the best class and the second."""
    best = logits.topk(min(2, logits.shape[1]), 1).values
    return best[:, 0] - best[:, -1]


def true_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of the true class less the best of the others."""
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return own[:, 0] - others.amax(1)
