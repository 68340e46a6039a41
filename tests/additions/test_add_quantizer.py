"""A quantizer that one file registers is met in commands, on the page, in a search and in a row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from shell import Shell
from torch import Tensor
from visit import page
from world import World

from lcc_core import load
from lcc_core.checkpoints.store import find_checkpoint
from lcc_core.compression import LayerSetting, Plan, apply
from lcc_core.compression.codes import Codes
from lcc_core.compression.greedy.ladder import ladder
from lcc_core.compression.quantizers import QUANTIZERS, Quantizer
from lcc_core.files import Home
from lcc_core.models import weight_of
from lcc_core.results.table import own_rows
from lcc_core.settings import check_settings, setting


@dataclass(frozen=True)
class Powers:
    """The settings of the toy: a code c ≠ 0 stands for ±scale·base^(|c|−q)."""

    bits: int = setting(4, "Bits", low=2, high=4)
    base: float = setting(2.0, "Base", "how far one step is from the next", low=1.5, high=4)
    rounding: str = setting("near", "Rounding", "of exponents", choices=("near", "down"))

    def __post_init__(self) -> None:
        check_settings(self)


def quantize(weight: Tensor, config: Powers, keep: Tensor | None) -> Codes:
    q = 2 ** (config.bits - 1) - 1
    rows = weight.detach().float()
    scale = rows.abs().amax().clamp(min=1e-9).reshape(1)
    steps = (rows.abs() / scale).clamp(min=1e-9).log2() / torch.tensor(config.base).log2()
    steps = steps.round() if config.rounding == "near" else steps.floor()
    size = (q + steps).clamp(min=0)
    codes = rows.sign() * (size if keep is None else size * keep)
    return Codes(codes.to(torch.int8), scale, config.bits, config)


def values(codes: Tensor, scale: Tensor, config: Powers) -> Tensor:
    q = 2 ** (config.bits - 1) - 1
    return codes.sign() * scale * config.base ** (codes.abs().float() - q)


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    QUANTIZERS.register(
        Quantizer(
            "powers", "Steps that grow by a factor.", Powers, quantize, values,
            per_channel=lambda _: False,
        )
    )  # fmt: skip
    yield
    QUANTIZERS.forget("powers")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], home: Home, world: World) -> Shell:
    world.copy(home.root)
    return Shell(capsys, home.root)


def test_commands_offer_it_and_what_they_make_of_it_loads(
    shell: Shell, world: World, tmp_path: Path
) -> None:
    for command in ("search", "compress"):
        with pytest.raises(SystemExit):
            shell(command, "--help")
        told = " ".join(shell.capsys.readouterr().out.split())
        assert "powers: Steps that grow by a factor." in told and "--base X" in told
    how = ("--quantizer", "powers", "--base", 3, "--t-margin", 60, "--tiles", 8)
    plan, packed = tmp_path / "plan.json", tmp_path / "model.lcc"
    found = shell.json("search", world.checkpoint, *how, "--method", "laq+lap", "--out", plan)
    layers = found["plan"]["layers"].values()
    assert all(one["quantizer"] == "powers" and one["base"] == 3 for one in layers)
    assert min(one["bits"] for one in layers) < 4 and "scale" not in next(iter(layers))
    assert {one["options"]["base"] for one in found["trace"]} == {3.0}
    assert 0 < len(found["fixed"]) <= 3  # 4, 3 and 2 bits: it has no others
    made = shell.json("compress", world.checkpoint, "--plan", plan, "--out", packed)
    assert made["plan"] == found["measurement"]["plan"] and made["oa"] == made["oa"]
    again = shell.json("measure", packed)
    assert (again["oa"], again["plan"]) == (made["oa"], made["plan"])
    row = next(r for r in own_rows(Home.find(shell.home)) if r.plan.id == made["plan"])
    assert row.measurement.bytes == packed.stat().st_size
    refused = shell.json("search", world.checkpoint, "--base", 3, code=2)
    assert "own has no setting 'base'" in refused["error"]
    refused = shell.json(
        "compress", world.checkpoint, *how[:4], "--bits", 8, "--out", packed, code=2
    )
    assert "bits=8" in refused["error"]


@pytest.mark.parametrize("rounding", ["near", "down"])
def test_a_file_gives_the_same_answers(world: World, tmp_path: Path, rounding: str) -> None:
    from lcc_core.checkpoints.packed import write_packed

    model = find_checkpoint(world.home, world.checkpoint).model()
    layers = {"head": LayerSetting.of(Powers(rounding=rounding), 3, 0.5)}
    made = apply(model, Plan(layers))
    write_packed(tmp_path / "model.lcc", made)
    again = load(tmp_path / "model.lcc")
    tiles = torch.randint(0, 256, (8, 3, 16, 16), dtype=torch.uint8)
    with torch.no_grad():
        assert torch.equal(again(tiles), made.model(tiles))
        assert not torch.equal(again(tiles), model(tiles))
    assert len(weight_of(made.model, "head").unique()) <= 7
    assert again.plan.layers == layers


@pytest.mark.usefixtures("shell")
def test_the_page_offers_it_with_its_controls(shell: Shell) -> None:
    test = page("compress")
    test.selectbox(key="quantizer").set_value("powers").run()
    test.number_input(key="powers-base").set_value(3.0).run()
    assert not test.exception and not test.error
    assert test.selectbox(key="powers-rounding").options == ["near", "down"]
    rows = own_rows(Home.find(shell.home))
    assert {"powers"} in [{one.quantizer for one in row.plan.layers.values()} for row in rows]


def test_ids_hold_its_name_and_what_differs_from_its_defaults() -> None:
    def made(**how: Any) -> Plan:
        return Plan({"a": LayerSetting.of(Powers(**how), 3)})

    assert made().to_json()["layers"]["a"] == {"bits": 3, "prune_k": 0.0, "quantizer": "powers"}
    assert made(base=2.0).id == made().id != made(base=3.0).id
    assert made().id != Plan({"a": LayerSetting(3)}).id
    float_only = Plan({"a": LayerSetting.of(Powers(), 32, 1.0)})
    assert float_only.id == Plan({"a": LayerSetting(32, 1.0)}).id
    for plan in (made(), made(base=3.0, rounding="down")):
        assert Plan.from_json(plan.to_json()) == plan


def test_codes_beyond_its_bits_are_an_error() -> None:
    from lcc_core.checkpoints.coding import encode

    with pytest.raises(ValueError, match="codes=9 is not allowed: it must be within ±3 at 3 bits"):
        encode(torch.tensor([1, -9], dtype=torch.int8).numpy(), 3)


def test_size_looks_at_all_of_its_bits_and_choices() -> None:
    weight = torch.randn(24, 40, generator=torch.Generator().manual_seed(3))
    found = ladder(weight, Powers(base=3.0))
    assert {one.bits for one in found} <= {2, 3, 4} and len(found) > 2
    assert {one.quantizer for one in found} == {"powers"}
    assert {dict(one.options)["base"] for one in found} == {3.0}
    every = list(QUANTIZERS["powers"].variants(3, Powers(base=3.0)))
    assert every == [Powers(3, 3.0, "near"), Powers(3, 3.0, "down")]


def test_without_its_module_a_file_and_a_row_say_what_is_missing(
    shell: Shell, world: World, tmp_path: Path
) -> None:
    packed = tmp_path / "model.lcc"
    words = ("compress", world.checkpoint, "--quantizer", "powers", "--bits", 3, "--out", packed)
    made = shell.json(*words)
    QUANTIZERS.forget("powers")
    refused = shell.json("measure", packed, code=2)
    assert "quantizer='powers' is not allowed: it must be one of symmetric" in refused["error"]
    told = own_rows(Home.find(shell.home))
    assert made["plan"] not in [row.measurement.plan for row in told]
    assert any("quantizer='powers'" in one.reason for one in told.unreadable)


def test_a_study_names_it(shell: Shell, tmp_path: Path) -> None:
    study = (
        'data = "mine"\narchs = ["compact"]\nbits = [3]\nquantizers = ["powers"]\n'
        "[recipe]\nepochs = 2\nbatch = 8\n"
    )
    (tmp_path / "powers.toml").write_text(study)
    ended = shell.json("study", "run", tmp_path / "powers.toml")
    assert (ended["points"], ended["failed"]) == (1, 0)
    schemes = [
        (row, {one.quantizer for one in row.plan.layers.values()})
        for row in own_rows(Home.find(shell.home))
    ]
    [row] = [row for row, of in schemes if of == {"powers"}]
    assert {one.bits for one in row.plan.layers.values()} == {3}
