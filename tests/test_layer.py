"""`Dropout`, the layer."""

import copy
import hashlib
import json
import pickle
import sys
import threading

import numpy as np
import pytest

from dropout_fast import Dropout, dropout

X = np.ones((20, 30), np.float32)


def test_a_call_is_dropout_at_the_next_step():
    drop = Dropout(keep_prob=0.7, seed=5)
    for step in range(3):
        assert drop.step == step
        expected, mask = dropout(X, keep_prob=0.7, seed=5, step=step)
        assert drop(X).tobytes() == expected.tobytes()
        assert drop.backward(2 * X).tobytes() == mask.apply(2 * X).tobytes()
    assert drop.masks == []


def test_several_calls_are_answered_last_first():
    drop = Dropout(seed=1)
    first, second = drop(X), drop(X)
    assert not np.array_equal(first, second)
    assert np.array_equal(drop.backward(X), second) and np.array_equal(drop.backward(X), first)


def test_a_mask_may_be_handed():
    drop = Dropout(seed=1)
    first, second, third = drop(X), drop(X), drop(X)
    of_first, of_second, _ = drop.masks
    assert np.array_equal(drop.backward(X, of_first), first)
    assert np.array_equal(drop.backward(X, mask=of_second), second)
    assert np.array_equal(drop.backward(X), third)
    assert np.array_equal(drop.backward(X, of_first), first)  # a mask that was kept may be used again
    assert drop.masks == []


def test_evaluation_returns_x_itself():
    drop = Dropout(keep_prob=0.5, seed=1)
    waiting = drop(X)
    anything = object()
    assert drop.eval() is drop and drop(anything) is anything and drop.backward(anything) is anything
    assert (drop.step, len(drop.masks)) == (1, 1)
    assert drop.train() is drop
    with drop.evaluating() as same:
        assert same is drop and drop(X) is X
    assert drop.training
    with pytest.raises(KeyError), drop.evaluating():
        raise KeyError
    assert drop.training
    with drop.eval().evaluating():
        pass
    assert not drop.training
    target = np.empty_like(X)
    assert drop(X, out=target) is target and np.array_equal(target, X)
    assert drop.backward(2 * X, out=target) is target and np.array_equal(target, 2 * X)
    assert np.array_equal(drop.train().backward(X), waiting)


def test_out_and_in_place():
    drop, twin = Dropout(keep_prob=0.5, seed=1), Dropout(keep_prob=0.5, seed=1)
    x, expected = X.copy(), twin(X)
    assert drop(x, out=x) is x and np.array_equal(x, expected)
    dout = X.copy()
    assert drop.backward(dout, out=dout) is dout and np.array_equal(dout, expected)


def test_a_layer_that_works_in_place():
    drop, twin = Dropout(keep_prob=0.5, seed=1, inplace=True), Dropout(keep_prob=0.5, seed=1)
    x, dout, expected = X.copy(), 2 * X, twin(X)
    assert drop(x) is x and np.array_equal(x, expected)
    assert drop.backward(dout) is dout and np.array_equal(dout, 2 * expected)
    target = np.empty_like(X)
    assert drop(x, out=target) is target and np.array_equal(x, expected)
    with pytest.raises(TypeError, match=r"`dout` has type list; expected a numpy.ndarray, because the layer works in place"):
        drop.backward(X.tolist())
    assert drop.eval()(x) is x
    with pytest.raises(TypeError, match=r"`x` has type list; expected a numpy.ndarray"):
        drop.train()(X.tolist())
    assert drop.step == 2


def test_training_resumes_with_the_same_masks():
    drop = Dropout(keep_prob=0.8, seed=2**63)
    for _ in range(3):
        drop(X)
    saved = json.loads(json.dumps(drop.state_dict()))
    assert saved == {"keep_prob": 0.8, "seed": 2**63, "step": 3}
    resumed = Dropout()
    resumed.load_state_dict(saved)
    for twin in (resumed, pickle.loads(pickle.dumps(drop)), copy.deepcopy(drop)):
        twin_next = twin(X)
        assert twin_next.tobytes() == dropout(X, keep_prob=0.8, seed=2**63, step=3)[0].tobytes()
    assert repr(drop) == f"Dropout(keep_prob=0.8, seed={2**63})"


def test_without_a_seed_layers_differ():
    assert Dropout().seed != Dropout().seed
    assert not np.array_equal(Dropout()(X), Dropout()(X))


def test_what_cannot_be_answered_is_refused_and_waits():
    drop = Dropout(seed=1)
    with pytest.raises(ValueError, match="`backward` has no mask"):
        drop.backward(X)
    out = drop(X)
    with pytest.raises(ValueError, match=r"`a` has shape \(3,\); expected \(20, 30\)"):
        drop.backward(np.ones(3))
    with pytest.raises(TypeError, match="`mask` has type ndarray; expected a KeepMask"):
        drop.backward(X, X)
    assert np.array_equal(drop.backward(X), out)


def test_a_call_that_fails_counts_nothing():
    drop = Dropout(seed=1)
    with pytest.raises(TypeError, match="`x` has dtype int64"):
        drop(np.arange(3))
    assert (drop.step, drop.masks) == (0, [])


@pytest.mark.parametrize(
    ("state", "error", "message"),
    [
        (None, TypeError, "`state` has type NoneType; expected a dict"),
        ({}, ValueError, r"`state` has the keys \[\]; expected \['keep_prob', 'seed', 'step'\]"),
        ({"keep_prob": 0.5, "seed": 1, "step": 0, "p": 1}, ValueError, "`state` has the keys"),
        ({"keep_prob": 2.0, "seed": 1, "step": 0}, ValueError, r"`state\['keep_prob'\]` is 2.0"),
        ({"keep_prob": 0.5, "seed": -1, "step": 0}, ValueError, r"`state\['seed'\]` is -1"),
        ({"keep_prob": 0.5, "seed": 1, "step": "0"}, TypeError, r"`state\['step'\]` has type str"),
    ],
)
def test_states_that_are_none(state, error, message):
    drop = Dropout(keep_prob=0.5, seed=3)
    with pytest.raises(error, match=message):
        drop.load_state_dict(state)
    assert drop.state_dict() == {"keep_prob": 0.5, "seed": 3, "step": 0}


@pytest.mark.parametrize("keep_prob", [-0.1, 1.5, float("nan")])
def test_probabilities_out_of_range(keep_prob):
    with pytest.raises(ValueError, match="`keep_prob` is"):
        Dropout(keep_prob=keep_prob)


def test_the_mode_of_the_forward_counts():
    drop = Dropout(keep_prob=0.5, seed=1)
    trained = drop(X)
    assert np.array_equal(drop.eval().backward(X), trained)  # trained, then eval(): still masked
    assert drop(X) is X
    assert drop.train().backward(X) is X  # evaluated, then train(): still unmasked
    with pytest.raises(ValueError, match="`backward` has no mask"):
        drop.backward(X)


def test_an_evaluation_between_is_answered_before_the_calls_that_came_before():
    drop = Dropout(keep_prob=0.5, seed=1)
    trained = drop(X)
    with drop.evaluating():
        drop(X)
    assert drop.backward(X) is X
    assert np.array_equal(drop.backward(X), trained)


def test_an_evaluation_waits_until_the_next_call_only():
    drop = Dropout(keep_prob=0.5, seed=1)
    with drop.evaluating():
        for _ in range(3):
            drop(X)
    trained = drop(X)
    assert np.array_equal(drop.backward(X), trained)
    with pytest.raises(ValueError, match="`backward` has no mask"):
        drop.backward(X)


@pytest.mark.parametrize("refused", [lambda: Dropout(0.1), lambda: Dropout(0.5, 3), lambda: dropout(X, 0.9)])
def test_a_probability_by_position_says_what_to_write(refused):
    with pytest.raises(TypeError, match=r"by position; expected keywords: keep_prob=.*rate=.*PyTorch"):
        refused()


def test_rate_is_the_probability_of_dropping():
    assert Dropout(rate=0.25).keep_prob == 0.75 and Dropout().keep_prob == 0.5
    with pytest.raises(TypeError, match=r"`keep_prob` is 0.5 and `rate` is 0.5; expected one of the two"):
        Dropout(keep_prob=0.5, rate=0.5)
    with pytest.raises(ValueError, match=r"`rate` is 1.5; expected a number in \[0, 1\], the probability of dropping"):
        Dropout(rate=1.5)


def test_prediction_in_training_mode_piles_up_nothing():
    drop = Dropout(keep_prob=0.5, seed=1, max_waiting=10)
    outs = [drop(X) for _ in range(100)]
    assert len(drop.masks) == 10
    for out in reversed(outs[-10:]):
        assert np.array_equal(drop.backward(X), out)
    with pytest.raises(ValueError, match=r"`backward` has no mask.*forgotten: 90 calls came while 10 \(max_waiting\)"):
        drop.backward(X)
    assert Dropout(max_waiting=0)(X) is not X
    default = Dropout()
    for _ in range(300):
        default(X[:1])
    assert len(default.masks) == default.max_waiting == 256


def test_masks_without_bits():
    drop, twin = Dropout(keep_prob=0.7, seed=1, store_mask=False), Dropout(keep_prob=0.7, seed=1)
    assert drop(X).tobytes() == twin(X).tobytes()
    assert drop.masks[0].nbytes == 0
    assert drop.backward(X).tobytes() == twin.backward(X).tobytes()


def test_a_layer_s_name_is_mixed_into_the_seed_by_a_rule_that_is_pinned():
    digest = hashlib.sha256((7).to_bytes(8, "little") + b"fc1").digest()
    expected = int.from_bytes(digest[:8], "little")
    assert expected == 5839744053736904245
    drop = Dropout(keep_prob=0.5, seed=7, layer="fc1")
    assert drop(X).tobytes() == dropout(X, keep_prob=0.5, seed=expected)[0].tobytes()
    assert drop.masks[0].seed == expected and drop.seed == 7
    assert not np.array_equal(Dropout(seed=7, layer="fc2")(X), Dropout(seed=7, layer="fc1")(X))
    assert np.array_equal(Dropout(seed=7)(X), dropout(X, seed=7)[0])
    assert repr(drop) == "Dropout(keep_prob=0.5, seed=7, layer='fc1')"
    with pytest.raises(TypeError, match="`layer` has type int; expected a str or None"):
        Dropout(layer=3)


def test_a_named_layer_resumes():
    drop = Dropout(keep_prob=0.8, seed=5, layer="é")
    drop(X)
    saved = json.loads(json.dumps(drop.state_dict()))
    assert saved == {"keep_prob": 0.8, "seed": 5, "step": 1, "layer": "é"}
    resumed = Dropout(layer="é")
    resumed.load_state_dict(saved)
    assert resumed(X).tobytes() == drop(X).tobytes()
    with pytest.raises(ValueError, match=r"`state\['layer'\]` is 'é'; expected 'other', the name of this layer"):
        Dropout(layer="other").load_state_dict(saved)
    with pytest.raises(ValueError, match="`state` has the keys"):
        Dropout().load_state_dict(saved)


def test_threads_that_share_a_layer():
    """Each call gets a step of its own, and each thread the masks of its own calls."""
    drop, calls, count = Dropout(keep_prob=0.5, seed=1), 150, 4
    start, steps, wrong = threading.Barrier(count), [], []

    def work():
        start.wait()
        for _ in range(calls):
            out = drop(X)
            steps.append(drop.masks[-1].step)
            if drop.backward(X).tobytes() != out.tobytes():
                wrong.append(out)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong and sorted(steps) == list(range(calls * count)) and drop.step == calls * count
