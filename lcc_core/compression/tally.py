"""Counting right answers no further than a decision needs.

``screened`` counting looks at a random sample and then at the tiles in order of their margin in an
anchoring run. Once no tile can be expected to flip, the rest keep their answers. A tile is thought
safe when its margin exceeds six times the rms change seen in the sample, and twice the margin of
every tile that did flip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

SAFETY = 6.0  # in units of a rms error or change
ERROR_SAMPLE = 256  # tiles of least margin on which the fast replay's error is first measured
SCREEN_SAMPLE = 256  # random tiles that show how much a candidate changes
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
    """Labels in the order of counting, the fast replay's error and, if screened, the anchor.

    ``exact`` gives float32 logits of the state on trial for tile positions in that order.
    """

    def __init__(self, labels: Tensor, exact: Callable[[Tensor], Tensor], screened: bool) -> None:
        self.labels, self._exact, self.screened = labels, exact, screened
        self.error = 0.0
        self._anchor = torch.zeros(0)
        self._sample = 0

    def anchor(self, logits: Tensor, reorder: Callable[[Tensor], None]) -> int:
        """Right answers of a state from the logits of a whole run, exactly; sets the order.

        ``reorder`` is told the new order, in positions of the old one, before float32 logits are
        asked for.
        """
        margin = true_margin(logits, self.labels)
        order = margin.abs().argsort(stable=True) if self.screened else margin.argsort(stable=True)
        if self.screened:
            generator = torch.Generator().manual_seed(0)
            drawn = torch.randperm(len(order), generator=generator)[:SCREEN_SAMPLE]
            self._sample = len(drawn)
            rest = torch.ones(len(order), dtype=torch.bool)
            rest[drawn] = False
            order = torch.cat([drawn, order[rest[order]]])
        self.labels, logits, margin = self.labels[order], logits[order], margin[order]
        reorder(order)
        nearest = _gap(logits).argsort(stable=True)[:ERROR_SAMPLE]
        self._learn_error(logits[nearest], self._exact(nearest))
        hits = self._settle(logits)
        self._anchor, self._anchor_hits = margin, hits
        return int(hits.sum())

    def count(self, chunks: Callable[[int], Tensor], need: int) -> Verdict:
        """Decide whether ``need`` answers are right; ``chunks(i)`` runs chunk i."""
        total, start, chunk = len(self.labels), 0, 0
        logits = torch.zeros(0)
        while True:
            found = chunks(chunk)
            logits = found if not start else torch.cat([logits, found])
            start, chunk = len(logits), chunk + 1
            safe, done = self._safe(logits)
            settled = _gap(logits) > SAFETY * self.error
            hits = logits.argmax(1) == self.labels[:start]
            right, wrong = int((hits & settled).sum()), int((~hits & settled).sum())
            right, wrong = right + int(safe.sum()), wrong + int((~safe).sum())
            if right >= need or wrong > total - need or done:
                break
        if right < need <= total - wrong:
            hits = self._settle(logits)
            right = int(hits.sum()) + int(safe.sum())
            wrong = total - right
        return Verdict(right >= need, right, total - wrong, total, start, len(safe) if done else 0)

    def _safe(self, logits: Tensor) -> tuple[Tensor, bool]:
        """Whether each tile that need not be run was right, and whether none is left to run."""
        start, total = len(logits), len(self.labels)
        if not self.screened or start < self._sample:
            return torch.zeros(0, dtype=torch.bool), start == total
        after = true_margin(logits, self.labels[:start])
        before = self._anchor[:start]
        change = (after - before)[: self._sample].pow(2).mean().sqrt()
        flipped = (after > 0) != (before > 0)
        reach = torch.stack([SAFETY * change, 2 * (before.abs() * flipped).amax()]).amax()
        # Past the sample, anchor margins rise.
        rising = self._anchor[self._sample :].abs().contiguous()
        edge = self._sample + int(torch.searchsorted(rising, reach, right=True))
        return self._anchor_hits[max(start, edge) :], start >= edge

    def _settle(self, logits: Tensor) -> Tensor:
        """Which answers are right; those within the fast replay's error are computed in float32.

        Should the exact answers show that error to be larger than thought, more are looked at.
        """
        gap = _gap(logits)
        hits = logits.argmax(1) == self.labels[: len(logits)]
        known = torch.zeros(len(logits), dtype=torch.bool)
        while True:
            unsure = ((gap <= SAFETY * self.error) & ~known).nonzero()[:, 0]
            if not len(unsure):
                return hits
            exact = self._exact(unsure)
            self._learn_error(logits[unsure], exact)
            hits[unsure] = exact.argmax(1) == self.labels[unsure]
            known[unsure] = True

    def _learn_error(self, fast: Tensor, exact: Tensor) -> None:
        """Root mean square error of the gap between the two best classes."""
        if len(fast) and exact.shape[1] > 1:
            best = exact.topk(2, 1).indices
            off = fast.gather(1, best) - exact.gather(1, best)
            self.error = max(self.error, float((off[:, 0] - off[:, 1]).pow(2).mean().sqrt()))


def _gap(logits: Tensor) -> Tensor:
    """Between the best class and the second."""
    best = logits.topk(min(2, logits.shape[1]), 1).values
    return best[:, 0] - best[:, -1]


def true_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of the true class less the best of the others."""
    own = logits.gather(1, labels[:, None])
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return own[:, 0] - others.amax(1)
