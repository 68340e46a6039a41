"""Tasks: data that is stored, done and copied as a command, and is the same work each way."""

from __future__ import annotations

import json
import string
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcc_core.cli import make_parser
from lcc_core.commands.tasks import asked
from lcc_core.compression.plan import TILES
from lcc_core.compression.planners import PLANNERS
from lcc_core.compression.presets import presets
from lcc_core.compression.quantizers import BITS
from lcc_core.compression.search import SearchSettings
from lcc_core.errors import LccError
from lcc_core.settings import Setting, settings_of
from lcc_core.tasks import TASKS, Task, task_from
from lcc_core.tasks.mapping import MapTask
from lcc_core.tasks.searching import SearchTask
from lcc_core.tasks.studies import StudyTask
from lcc_core.tasks.training import TrainTask

# What people name things: also with blanks, commas, brackets, dashes first and no ASCII.
TEXTS = st.text(string.ascii_letters + string.digits + ' ,."[]-_/é', min_size=1, max_size=8)
LARGE = 10**6


def values(one: Setting) -> st.SearchStrategy[Any]:
    """Values that a setting may have."""
    single: st.SearchStrategy[Any]
    if one.choices:
        single = st.sampled_from(one.choices)
    elif one.kind is bool:
        single = st.booleans()
    elif one.kind is int:
        low, high = max(one.low, -LARGE), min(one.high, LARGE)
        single = st.integers(int(low), int(high))
    elif one.kind is float:
        single = st.floats(max(one.low, -LARGE), min(one.high, LARGE))
    else:
        single = TEXTS
    if one.many:
        single = st.lists(single, min_size=1, max_size=3).map(tuple)
    return st.none() | single if one.optional else single


def configs(config: type, **fixed: Any) -> st.SearchStrategy[Any]:
    told = {one.name: values(one) for one in settings_of(config) if one.name not in fixed}
    needed = {one.name for one in settings_of(config) if one.required}
    required = {name: told.pop(name) for name in needed}
    return st.fixed_dictionaries(required, optional=told).map(lambda v: config(**v, **fixed))


@st.composite
def ways_to_quantize(draw: st.DrawFn) -> dict[str, Any]:
    preset = presets()[draw(st.sampled_from(sorted(presets())))]
    kind = type(preset.quantizer)
    quantizer = draw(configs(kind, **{BITS: kind().bits}))
    return {"quantizer": quantizer, "recalibrate": draw(st.sampled_from([0, TILES]))}


@st.composite
def tasks(draw: st.DrawFn, kind: type[Task]) -> Task:
    more: dict[str, Any] = {}
    if kind is SearchTask:
        planner = draw(st.sampled_from(list(PLANNERS)))
        how = draw(ways_to_quantize())
        more = {"settings": SearchSettings(planner.name, draw(configs(planner.config)), **how)}
    if kind is MapTask:
        more = draw(
            st.just({"plan": None}) | ways_to_quantize().map(lambda how: how | {"plan": None})
        )
    return draw(configs(kind, **more))


@pytest.mark.parametrize("kind", TASKS.names())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data())
def test_a_task_is_the_same_from_its_json_and_from_its_command(
    kind: str, data: st.DataObject
) -> None:
    task = data.draw(tasks(TASKS[kind].task))
    stored = json.loads(json.dumps(task.to_json()))
    assert task_from(stored) == task
    again = asked(make_parser().parse_args(task.words()))
    assert again == task and again.id == task.id


def test_the_id_is_of_what_decides_the_result() -> None:
    task = TrainTask(data="demo", arch="compact")
    assert task.id == TrainTask(data="demo", arch="compact", seed=0).id  # said or not
    assert task.id == task.resumed().id and task.resumed() != task
    assert task.id != TrainTask(data="demo", arch="compact", seed=1).id
    assert StudyTask(study="a").id == StudyTask(study="a", jobs=4).id != StudyTask(study="b").id


def test_reading_tasks_loads_no_torch() -> None:
    """Every list of jobs reads them, also in a terminal."""
    code = (
        "import sys; from lcc_core.tasks import TASKS, task_from; TASKS.names(); "
        "task_from({'task': 'train', 'settings': {'data': 'demo', 'arch': 'compact'}}).words(); "
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_another_engine_makes_another_result(monkeypatch: pytest.MonkeyPatch) -> None:
    task = TrainTask(data="demo", arch="compact")
    before = task.id
    monkeypatch.setattr(TrainTask, "engine", lambda _: {"training": 999})
    assert task.id != before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "no kind of work"),
        ({"task": ["train"], "settings": {}}, "no kind of work"),
        ({"task": "train", "settings": []}, "no kind of work"),
        ({"task": "cook", "settings": {}}, "'cook'"),
        ({"task": "train"}, "needs 'arch'"),
        ({"task": "train", "settings": {"arch": "compact", "epoch": 3}}, "'epoch'"),
        ({"task": "train", "settings": {"arch": "compact", "epochs": 0}}, "epochs=0"),
        ({"task": "train", "settings": {"arch": "compact", "epochs": "3"}}, "epochs='3'"),
        ({"task": "train", "settings": {"arch": 7}}, "arch=7"),
        ({"task": "search", "settings": {"checkpoint": "a", "search": {"method": "x"}}}, "'x'"),
        ({"task": "search", "settings": {"checkpoint": "a", "search": 3}}, "search"),
        ({"task": "map", "settings": {"checkpoint": "a", "quantizer": {"name": "x"}}}, "'x'"),
        ({"task": "map", "settings": {"checkpoint": "a", "quantizer": 3}}, "quantizer"),
        ({"task": "map", "settings": {"checkpoint": "a", "recalibrate": "no"}}, "recalibrate"),
        ({"task": "data import", "settings": {"name": "x", "paths": "abc"}}, "paths='abc'"),
    ],
)
def test_what_is_no_task_says_so(content: dict[str, Any], said: str) -> None:
    with pytest.raises(LccError) as raised:
        task_from(content)
    assert said in str(raised.value)
