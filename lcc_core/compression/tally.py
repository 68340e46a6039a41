"""Counting right answers no further than a decision needs.

Tiles are met in order of rising margin in the state in force, so that the wrong ones come first.

``screened`` counting looks at the tiles that were wrong, at a random sample of the others, and then
at the rest by rising margin in an anchoring run. Once no tile can be expected to flip, what is left
stays right. A tile is thought safe when its margin exceeds six times the rms change seen in the
sample, and twice the margin of every tile that did flip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Run = Callable[[Tensor], Tensor]

CHUNK = 128
SAFETY = 6.0  # in units of a rms error or change
GUARD = 2.0  # times the margin of the safest tile that flipped
ERROR_SAMPLE = 256  # tiles of least margin on which the fast replay's error is first measured
SCREEN_SAMPLE = 192  # random right tiles that show how much a candidate changes
ANCHOR_AGAIN = 0.4  # share of tiles looked at from which a new anchoring run pays


@dataclass(frozen=True)
class Verdict:
    """One candidate: right answers lie in ``low``…``high`` of ``tiles``.

    ``seen`` tiles were run; ``assumed`` ones are taken to answer as they did before (none unless
    screened).
    """

    accepted: bool
    low: int
    high: int
    tiles: int
    seen: int
    assumed: int = 0


class Tally:
    """``run`` gives the fast replay's logits of the state on trial for tiles at positions ``ids``,
    ``exact`` those of float32.
    """

    def __init__(self, labels: Tensor, run: Run, exact: Run, screened: bool) -> None:
        self.labels, self._run, self._exact, self.screened = labels, run, exact, screened
        self.error = 0.0
        self._margin = torch.zeros(len(labels))  # in the state in force, as far as it was run
        self._anchor = self._margin
        self._sample = torch.zeros(0, dtype=torch.long)
        self._last = _Answers(self)

    def anchor(self) -> int:
        """Right answers of the state in force, exactly, from a whole run."""
        answers = _Answers(self)
        for ids in torch.arange(len(self.labels)).split(CHUNK):
            answers.add(ids, self._run(ids))
        self._margin = answers.margin()
        self._anchor = self._margin
        right = (self._anchor > 0).nonzero()[:, 0]
        generator = torch.Generator().manual_seed(0)
        self._sample = right[torch.randperm(len(right), generator=generator)[:SCREEN_SAMPLE]]
        nearest = _gap(answers.logits).argsort(stable=True)[:ERROR_SAMPLE]
        self.exact(nearest, answers.logits[nearest])
        answers.settle()
        return answers.certain()[0]

    def taken(self) -> None:
        """The state judged last is in force."""
        self._margin = self._margin.clone()
        self._margin[self._last.ids] = self._last.margin()

    def _order(self) -> tuple[Tensor, int]:
        """Positions in the order of counting, and from where on they may be left out."""
        rising = self._margin.argsort(stable=True)
        if not self.screened:
            return rising, len(rising)
        wrong = (self._margin <= 0) | (self._anchor <= 0)
        sampled = torch.zeros_like(wrong)
        sampled[self._sample] = True
        rest = (~wrong & ~sampled).nonzero()[:, 0]
        first = [rising[wrong[rising]], self._sample[~wrong[self._sample]]]
        order = torch.cat([*first, rest[self._anchor[rest].argsort(stable=True)]])
        return order, len(order) - len(rest)

    def count(self, need: int) -> Verdict:
        """Decide whether ``need`` answers are right."""
        total, safe = len(self.labels), 0
        order, optional = self._order()
        answers = _Answers(self)
        for ids in order.split(CHUNK):
            answers.add(ids, self._run(ids))
            seen = len(answers.ids)
            if seen >= optional:
                safe = self._safe(order, optional, answers)
            right, wrong = answers.certain()
            done = seen + safe == total
            if not (right + safe >= need or wrong > total - need) and (
                done or answers.wrong() > total - need
            ):
                answers.settle()
                right, wrong = answers.certain()
            if right + safe >= need or wrong > total - need or done:
                break
        self._last = answers
        return Verdict(right + safe >= need, right + safe, total - wrong, total, seen, safe)

    def _safe(self, order: Tensor, optional: int, answers: _Answers) -> int:
        """How many tiles at the end of ``order`` need not be run: they were right and stay so."""
        before, after = self._anchor[answers.ids], answers.margin()
        sampled = torch.zeros(len(order), dtype=torch.bool)
        sampled[self._sample] = True
        change = (after - before)[sampled[answers.ids]].pow(2).mean().sqrt()
        lost = before[(before > 0) & (after <= 0)]
        reach = max(SAFETY * float(change), GUARD * float(lost.max()) if len(lost) else 0.0)
        rising = self._anchor[order[optional:]]
        edge = optional + int(torch.searchsorted(rising, reach, right=True))
        return len(order) - max(len(answers.ids), edge)

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

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self.ids = torch.zeros(0, dtype=torch.long)
        self.logits = torch.zeros(0, 0)
        self._hits = self._exactly = torch.zeros(0, dtype=torch.bool)

    def add(self, ids: Tensor, logits: Tensor) -> None:
        hits = logits.argmax(1) == self._tally.labels[ids]
        self.logits = torch.cat([self.logits, logits]) if len(self.ids) else logits
        self.ids = torch.cat([self.ids, ids])
        self._hits = torch.cat([self._hits, hits])
        self._exactly = torch.cat([self._exactly, torch.zeros_like(hits)])

    def margin(self) -> Tensor:
        return true_margin(self.logits, self._tally.labels[self.ids])

    def wrong(self) -> int:
        """As far as one knows."""
        return int((~self._hits).sum())

    def _sure(self) -> Tensor:
        return self._exactly | (_gap(self.logits) > SAFETY * self._tally.error)

    def certain(self) -> tuple[int, int]:
        """Right and wrong answers beyond the fast replay's error."""
        sure = self._sure()
        return int((self._hits & sure).sum()), int((~self._hits & sure).sum())

    def settle(self) -> None:
        """Compute the open answers in float32.

        Should they show the error to be larger than thought, more become open.
        """
        while len(unsure := (~self._sure()).nonzero()[:, 0]):
            ids = self.ids[unsure]
            exact = self._tally.exact(ids, self.logits[unsure])
            self._hits[unsure] = exact.argmax(1) == self._tally.labels[ids]
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
