"""Counting against logits that are known: what is run, what is computed exactly, what is told."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from lcc_core.compression.replay.early_decision import EarlyDecision, Verdict, true_margin


class Known:
    """Logits of two classes by their gap in favour of the first, which is right for all tiles."""

    def __init__(self, gaps: Tensor, exact: Tensor | None = None) -> None:
        self.gaps, self.truth = gaps, gaps if exact is None else exact
        self.ran: list[list[int]] = []
        self.computed: list[list[int]] = []
        self.decision = EarlyDecision(
            torch.zeros(len(gaps), dtype=torch.long), self.run, self.exact
        )

    def run(self, ids: Tensor) -> Tensor:
        self.ran.append(ids.tolist())
        return torch.stack([self.gaps[ids], torch.zeros(len(ids))], 1)

    def exact(self, ids: Tensor) -> Tensor:
        self.computed.append(ids.tolist())
        return torch.stack([self.truth[ids], torch.zeros(len(ids))], 1)


def ramp(n: int, wrong: int) -> Tensor:
    """Gaps that rise from tile 0 on, the first ``wrong`` of them in favour of the other class."""
    return torch.arange(n) - wrong + 0.5


def test_margins_by_hand() -> None:
    logits = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0], [5.0, 5.0, 1.0]])
    assert true_margin(logits, torch.tensor([0, 2, 1])).tolist() == [2, -1, 0]


def test_a_whole_run_counts_all_and_checks_the_nearest() -> None:
    known = Known(ramp(300, 40))
    assert known.decision.whole() == 260
    assert [len(part) for part in known.ran] == [128, 128, 44]
    assert [i for part in known.ran for i in part] == list(range(300))
    # The 256 of smallest gap on either side: tile 0 has −39.5, tile 255 has 215.5.
    assert [sorted(part) for part in known.computed] == [list(range(256))]
    assert known.decision.error == 0


def test_the_error_is_the_root_mean_square_of_the_gaps_change() -> None:
    gaps = torch.full((4,), 100.0)
    known = Known(gaps, gaps + torch.tensor([1.0, -1.0, 3.0, -5.0]))
    assert known.decision.whole() == 4
    assert known.decision.error == pytest.approx(math.sqrt((1 + 1 + 9 + 25) / 4))
    known.truth = gaps
    known.decision.whole()  # it is never taken to be smaller than it was seen to be
    assert known.decision.error == pytest.approx(3)


def test_the_error_is_of_the_two_classes_that_are_best_in_float32() -> None:
    fast = torch.tensor([[9.0, 5.0, 100.0, 0.0]])
    exact = torch.tensor([[10.0, 8.0, 1.0, 0.0]])  # the gap of the first two: 4, in truth 2
    decision = EarlyDecision(torch.zeros(1, dtype=torch.long), lambda _: fast, lambda _: exact)
    assert torch.equal(decision.exact(torch.tensor([0]), fast), exact)
    assert decision.error == pytest.approx(2)


def test_one_class_is_always_right() -> None:
    one = torch.ones(3, 1)
    decision = EarlyDecision(
        torch.zeros(3, dtype=torch.long), lambda ids: one[ids], lambda ids: one[ids]
    )
    assert decision.whole() == 3 and decision.error == 0


def test_gaps_within_six_errors_are_open_and_settled_in_a_whole_run() -> None:
    """299 gaps of 50 and one of 6: their error is 1, so the one at 6 is open and in truth wrong."""
    gaps = torch.full((300,), 50.0)
    gaps[290] = 6.0
    truth = gaps - 1
    truth[290] = 5.0
    known = Known(gaps, truth)
    known.decision.whole()
    assert known.decision.error == pytest.approx(1)
    del known.ran[:], known.computed[:]
    known.gaps[7] = 6.01
    known.truth[290] = -1.0
    # 290 is open, at 6 errors, and 7 beyond; but 290 is off by 7, and with that error 7 opens too.
    verdict = known.decision.decide(300)
    assert known.computed == [[290]] and not verdict.accepted
    assert (verdict.low, verdict.high) == (298, 299)


@pytest.mark.parametrize(
    ("need", "verdict"),
    [
        (80, Verdict(True, 88, 260, 300, 128)),  # after 40 wrong and 88 right
        (88, Verdict(True, 88, 260, 300, 128)),
        (89, Verdict(True, 216, 260, 300, 256)),
        (216, Verdict(True, 216, 260, 300, 256)),
        (260, Verdict(True, 260, 260, 300, 300)),
        (261, Verdict(False, 88, 260, 300, 128)),  # 40 wrong are too many
        (300, Verdict(False, 88, 260, 300, 128)),
    ],
)
def test_it_runs_no_further_than_the_answer_needs(need: int, verdict: Verdict) -> None:
    known = Known(ramp(300, 40))
    known.decision.whole()
    del known.ran[:], known.computed[:]
    assert known.decision.decide(need) == verdict
    assert known.computed == []
    assert sum(map(len, known.ran)) == verdict.seen


def test_tiles_come_by_their_margin_in_the_state_in_force() -> None:
    known = Known(ramp(300, 40).flip(0))
    known.decision.whole()
    del known.ran[:]
    known.gaps = known.truth = known.gaps.flip(0)  # a candidate that turns all around
    known.decision.decide(300)
    assert (
        known.ran
        == [[*range(299, 299 - 128, -1)], [*range(171, 171 - 128, -1)], [*range(43, -1, -1)]][
            : len(known.ran)
        ]
    )
    del known.ran[:]
    known.decision.decide(1)  # not taken: the order is still that of the state in force
    assert known.ran[0][0] == 299
    known.decision.decide(260)
    known.decision.accepted()
    del known.ran[:]
    known.decision.decide(1)
    assert known.ran[0] == list(range(128))


def test_only_what_was_run_of_the_state_that_is_taken_is_new() -> None:
    known = Known(ramp(300, 0))
    known.decision.whole()
    known.gaps = known.truth = torch.full((300,), 1000.0)
    assert known.decision.decide(10).seen == 128  # tiles 0…127, all far from wrong now
    known.decision.accepted()
    del known.ran[:]
    known.decision.decide(10)
    assert known.ran == [list(range(128, 256))]


def opened(open_: int, need: int, truth: float) -> tuple[Known, Verdict]:
    """120 tiles, the last ``open_`` within an error of 1; what they are in truth decides."""
    gaps = torch.full((120,), 50.0)
    known = Known(gaps.clone(), gaps - 1)
    known.decision.whole()
    known.gaps[-open_:] = 1 + torch.arange(open_) / 16
    known.truth = known.gaps.clone()
    known.truth[-open_:] += truth
    del known.ran[:], known.computed[:]
    return known, known.decision.decide(need)


def test_open_answers_are_computed_in_steps_until_it_is_certain() -> None:
    """Fifty are certain and 70 open: 32 are computed at a time, those of largest gap first."""
    known, verdict = opened(70, 60, 0.0)
    assert verdict == Verdict(True, 82, 120, 120, 120)
    assert [part for part in known.computed] == [[*range(119, 119 - 32, -1)]]
    known, verdict = opened(70, 83, 0.0)
    assert verdict == Verdict(True, 114, 120, 120, 120)
    assert known.computed == [[*range(119, 119 - 32, -1)], [*range(87, 87 - 32, -1)]]
    known, _ = opened(70, 82, 0.0)
    assert len(known.computed) == 1  # just enough
    known, verdict = opened(70, 50, 0.0)
    assert known.computed == [] and verdict == Verdict(True, 50, 120, 120, 120)


def test_answers_that_turn_out_wrong_reject() -> None:
    known, verdict = opened(20, 110, -5.5)
    assert not verdict.accepted and (verdict.low, verdict.high) == (100, 100)
    assert known.decision.error > 1  # and the error is learnt
    known, verdict = opened(20, 100, -5.5)
    assert verdict.accepted


def test_where_too_many_look_wrong_the_wrong_ones_are_settled_first() -> None:
    """90 right, 20 open that look wrong, ten open that look right: 105 cannot be had if the
    twenty are wrong indeed, so they are computed first and the others not at all."""
    gaps = torch.full((120,), 50.0)
    known = Known(gaps.clone(), gaps - 1)
    known.decision.whole()
    known.gaps[90:110] = -1 - torch.arange(20) / 16
    known.gaps[110:] = 3 + torch.arange(10) / 16
    known.truth = known.gaps
    del known.computed[:]
    verdict = known.decision.decide(105)
    assert not verdict.accepted and known.computed[0][:20] == [*range(109, 89, -1)]
    assert verdict.high <= 100


def test_as_many_wrong_as_are_allowed_is_no_reason_to_stop() -> None:
    """Five are wrong and a sixth looks so; it is right in truth, and so are all the others."""
    gaps = torch.full((300,), 50.0)
    known = Known(gaps.clone(), gaps - 1)
    known.decision.whole()
    known.gaps[:5], known.gaps[5] = -50.0, -3.0
    known.truth = known.gaps.clone()
    known.truth[5] = 2.0
    assert known.decision.decide(295) == Verdict(True, 295, 295, 300, 300)
    assert not known.decision.decide(296).accepted


def test_what_is_open_is_the_gap_to_the_second_class() -> None:
    """The error is 1; a gap of 5 to the second of three classes is open, however far the third."""
    fast = torch.tensor([[100.0, 50.0, 0.0]] * 4)
    exact = fast - torch.tensor([1.0, 0.0, 0.0])
    asked: list[list[int]] = []

    def computed(ids: Tensor) -> Tensor:
        asked.append(ids.tolist())
        return exact[ids]

    decision = EarlyDecision(torch.zeros(4, dtype=torch.long), lambda ids: fast[ids], computed)
    decision.whole()
    assert decision.error == pytest.approx(1)
    del asked[:]
    fast[2] = torch.tensor([100.0, 95.0, 0.0])
    exact[2] = torch.tensor([99.0, 95.0, 0.0])
    assert decision.decide(4).accepted and asked == [[2]]
