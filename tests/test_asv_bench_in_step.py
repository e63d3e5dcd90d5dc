"""Dropout inside a step of training: every way does what it says, and the tax is what dropout adds. No test asserts a time."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

import dropout_fast
from asv_bench.measuring.in_step import measure, nets, results, tables, turns, ways
from asv_bench.measuring.in_step.training_step import OUTPUTS, InPlaceStep, Seconds, TrainingStep

NET = nets.Net(6, 3, 8)
ENGINES = {name: way for name, way in ways.all_ways(NET, 0.5).items() if name.startswith("engine")}


def array(net=NET):
    return np.random.default_rng(0).standard_normal((net.batch, net.hidden)).astype(net.dtype)


def test_the_nets_have_names():
    assert nets.named("100x64x500") == nets.Net(100, 64, 500, "float64") == nets.NETS[0]
    assert nets.named("6x3x8") == NET and NET.name == "6x3x8"
    with pytest.raises(ValueError):
        nets.named("6x3x-8")


@pytest.mark.parametrize("name", ENGINES)
def test_a_way_of_ours_drops_and_its_backward_has_the_same_mask(name):
    way, x, dout = ENGINES[name], array(), np.ones((NET.batch, NET.hidden), NET.dtype)
    before = x.copy()
    out = way.forward(x)
    dx = way.backward(dout)
    kept = out != 0
    assert 0 < kept.sum() < x.size
    assert np.array_equal(out, before * 2 * kept) and np.array_equal(dx, 2 * kept)
    assert (out is x) == (dx is dout) == ("in place" in name)
    assert (way.forward(before) is out) == ("out=" in name)


def test_the_other_ways():
    others = {name: way for name, way in ways.all_ways(NET, 0.5).items() if name not in ENGINES}
    assert list(others) == [ways.WITHOUT, ways.NUMPYS, *ways.COPIES]
    for name, way in others.items():
        x = array()
        out, dx = way.forward(x), way.backward(x)
        if name != ways.NUMPYS:
            assert np.array_equal(out, x) and np.array_equal(dx, x)
            assert (out is x) == (dx is x) == (name == ways.WITHOUT)
        else:
            assert np.array_equal(out, (x * (out != 0) * 2)) and np.array_equal(dx, out)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_parallel_copy_copies_every_dtype(dtype):
    net = NET._replace(dtype=dtype)
    assert np.array_equal(ways.copies(net)["parallel copy"].forward(array(net)), array(net))


@pytest.mark.parametrize("keep", [True, False])
def test_a_step_goes_down_the_gradient(keep):
    """Without dropout, and with one that drops the first unit of each scan."""
    step = TrainingStep(NET._replace(dtype="float64"))
    factor = np.ones(NET.hidden)
    factor[0] = keep
    way = ways.Way(lambda x: x * factor, lambda dout: dout * factor)

    def loss():
        hidden = np.maximum(step.x @ step.w1 + step.b1, 0) * factor
        return ((hidden @ step.w2 + step.b2 - step.y) ** 2).sum() / (2 * NET.batch)

    weights = (step.w1, step.b1, step.w2, step.b2)
    start, before = loss(), [weight.copy() for weight in weights]
    seconds = step(way)
    squares = sum(((after - first) ** 2).sum() for after, first in zip(weights, before, strict=True))
    assert start - loss() == pytest.approx(squares / 1e-6, rel=1e-3)  # learning rate times squared gradient
    assert step.w2.shape == (NET.hidden, OUTPUTS) and np.any(step.w1[:, 0] != before[0][:, 0]) == keep
    assert seconds.step >= seconds.forward + seconds.backward > 0


@pytest.mark.parametrize(
    "in_place, with_new_arrays", [(ways.WITHOUT_IN_PLACE, ways.WITHOUT), (ways.FUSED, "engine fast"), (ways.DROPOUT_ALONE, None)]
)
def test_a_step_in_place_computes_what_a_step_with_new_arrays_does(in_place, with_new_arrays):
    """But for the yardstick, which leaves bias and ReLU out."""
    net = NET._replace(dtype="float64")
    step, other = InPlaceStep(net), TrainingStep(net)
    for each in (step, other):
        each.b1 += 0.5
    way = ways.in_place_ways(dropout_fast, 0.5, step.b1, step.db1)[in_place]
    before = {name: getattr(step, name).copy() for name in ("w1", "b1", "w2", "b2")}
    arrays = {name: value for name, value in vars(step).items() if isinstance(value, np.ndarray)}
    for _ in range(2):
        seconds = step(way)
        other(ways.all_ways(net, 0.5)[with_new_arrays or ways.WITHOUT])
    for name, start in before.items():
        same = np.allclose(getattr(step, name) - start, getattr(other, name) - start, rtol=1e-6, atol=0)
        assert same == (with_new_arrays is not None), name
    assert all(value is arrays[name] for name, value in vars(step).items() if name in arrays)
    assert seconds.step >= seconds.forward + seconds.backward > 0


def test_a_commit_that_fuses_nothing(monkeypatch):
    assert ways.has_fused(dropout_fast)
    monkeypatch.setattr(measure, "seconds_a_step", lambda step, made, rounds: made)
    for summary in ("of_one_net", "of_fused"):
        monkeypatch.setattr(results, summary, lambda *arguments: dict.fromkeys(arguments[-1]))
    assert set(measure.measure([NET], 0.5, 1, lambda: None)[-1]["fused"]) == {ways.WITHOUT_IN_PLACE, ways.FUSED, ways.DROPOUT_ALONE}
    monkeypatch.delattr(dropout_fast, "relu_dropout")
    assert "fused" not in measure.measure([NET], 0.5, 1, lambda: None)[-1]


def test_steps_take_turns(monkeypatch):
    monkeypatch.setattr(turns, "MOST_STEPS", 3)
    called = []

    def step(way):
        called.append(way)
        return Seconds(1e-6 * len(called), 1e-7, 1e-7)

    found = turns.seconds_a_step(step, {"a": "A", "b": "B"}, rounds=2)
    assert "".join(called) == "AABB" + "AAAABBBB" + "BBBBAAAA"  # four steps a turn, of which the first is not clocked
    assert [turn.step for turn in found["a"]] == pytest.approx([7e-6, 19e-6])


@pytest.fixture
def row():
    """Results of made-up times on a machine that gets slower: NumPy's dropout doubles the step, engine fast adds a tenth."""
    slower = (1.0, 2.0, 4.0)
    made = dict.fromkeys(ways.all_ways(NET, 0.5), (1.1, 0.02, 0.02))
    made |= {ways.WITHOUT: (1.0, 1e-6, 1e-6), ways.NUMPYS: (2.0, 0.4, 0.1), "engine numpy, in place": (0.98, 0.04, 0.02)}
    made |= {"copy": (1.0, 0.02, 0.01), "parallel copy": (1.0, 0.01, 0.02)}
    times = {name: [Seconds(*(part * speed for part in parts)) for speed in slower] for name, parts in made.items()}
    return results.of_one_net(NET, 2, times)


def test_the_tax_is_what_dropout_adds(row):
    assert row["tax"][ways.NUMPYS] == pytest.approx(100.0) and row["tax"]["engine fast"] == pytest.approx(10.0)
    assert row["ms_a_step"][ways.WITHOUT] == 2000.0
    assert not {*ways.COPIES, ways.WITHOUT} & row["tax"].keys()


def test_calls_are_over_the_faster_copy_of_each_direction(row):
    assert (row["forward"]["copy"], row["backward"]["copy"]) == ("parallel copy", "copy")
    assert row["forward"]["over_copy"]["engine fast"] == pytest.approx(2.0)
    assert row["forward"]["times_faster_than_numpys"]["engine fast"] == pytest.approx(20.0)
    assert row["backward"]["times_faster_than_numpys"]["engine fast"] == pytest.approx(5.0)


def test_the_short_table_is_the_tax_with_blas_on_all_threads(row):
    one_thread = row | {"blas_threads": 1, "tax": dict.fromkeys(row["tax"], 7.0)}
    assert tables.short([one_thread, row]) == [
        ["what dropout adds to a training step, BLAS on 2 threads", *(label for label, _ in tables.SHORT_COLUMNS)],
        ["6x3x8", "+100 %", "-2.0 %", "+10 %"],
    ]


def test_the_full_tables(row):
    made = tables.full([row | {"blas_threads": 1}, row])
    assert [table[0][0].split(", ")[-1] for table in made] == ["BLAS on 1 thread"] * 3 + ["BLAS on 2 threads"] * 3
    assert all(len(line) == 2 and line[1] for table in made for line in table)


@pytest.fixture
def fused():
    """Results of made-up times on a machine that gets slower."""
    made = {ways.WITHOUT_IN_PLACE: (1.0, 0.4, 0.3), ways.FUSED: (0.9, 0.3, 0.2), ways.DROPOUT_ALONE: (0.8, 0.25, 0.1)}
    times = {name: [Seconds(*(part * speed for part in parts)) for speed in (1.0, 2.0, 4.0)] for name, parts in made.items()}
    return results.of_fused(times)


def test_the_fused_step_is_over_the_step_without_dropout_and_its_calls_over_dropout_alone(fused):
    assert fused["ms_a_step"] == {ways.WITHOUT_IN_PLACE: 2000.0, ways.FUSED: 1800.0}
    assert fused["over_without"] == pytest.approx(0.9)
    assert fused["over_dropout_alone"] == pytest.approx({"forward": 1.2, "backward": 2.0})


def test_the_table_of_fused_steps(row, fused):
    made = tables.full([row | {"blas_threads": 1}, row | {"fused": fused}])
    assert len(made) == 3 + 4  # results without fused steps have no such table
    assert made[-1] == [
        ["a step with bias, ReLU and dropout fused, over the same step without dropout, BLAS on 2 threads", "6x3x8"],
        ["without dropout, in place, ms", "2000.0"],
        ["fused, in place, ms", "1800.0"],
        ["the step, fused over without dropout", "0.90x"],
        ["relu_dropout over dropout alone", "1.20x"],
        ["mask.apply with bias_gradient over mask.apply alone", "2.00x"],
    ]


def test_pytorchs_layer_where_it_is_installed(row, monkeypatch):
    """A stand-in for PyTorch that only doubles."""
    functional = SimpleNamespace(dropout=lambda tensor, rate: SimpleNamespace(numpy=lambda: tensor * 2))
    torch = SimpleNamespace(from_numpy=lambda x: x, nn=SimpleNamespace(functional=functional))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(ways, "find_spec", lambda name: torch)
    made = ways.beside_pytorch(NET, 0.5)
    assert np.array_equal(made[ways.PYTORCH].forward(array()), 2 * array())
    results.add_pytorch(row, turns.seconds_a_step(TrainingStep(NET), made, 1))
    assert ways.has_pytorch()
    assert row["forward"]["over_copy"][ways.PYTORCH] > 0 and ways.PYTORCH not in row["tax"]
    text = str(tables.full([row]))
    assert f"{ways.PYTORCH}, forward" in text and f"{ways.PYTORCH}, backward" not in text


def test_without_pytorch(monkeypatch):
    monkeypatch.setattr(ways, "find_spec", lambda name: None)
    assert not ways.has_pytorch()


def test_a_commit_without_out():
    """The first commits' dropout_forward takes no `out`; a caller sees it by the TypeError."""
    old = SimpleNamespace(dropout_forward=lambda x, dropout_param: dropout_fast.dropout_forward(x, dropout_param))
    with pytest.raises(TypeError):
        ways.drop_in(old, 0.5, ways.IN_PLACE).forward(array())
