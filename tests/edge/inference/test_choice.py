from __future__ import annotations

from edge.inference.choice import Chosen, Setting, Timing, is_worth_more_threads, is_worth_other_weights


def test_more_threads_must_be_much_faster_and_cost_little_more() -> None:
    one = Timing(10.0, 10.0)
    assert is_worth_more_threads(one, Timing(7.0, 12.0))
    assert not is_worth_more_threads(one, Timing(8.0, 10.0))  # hardly faster
    assert not is_worth_more_threads(one, Timing(6.0, 13.0))  # the cores would be missing elsewhere


def test_other_weights_must_be_less_work() -> None:
    own = Timing(10.0, 10.0)
    assert is_worth_other_weights(own, Timing(9.0, 9.0), on_cpu=True)
    assert not is_worth_other_weights(own, Timing(9.0, 9.8), on_cpu=True)  # noise
    # A neighbour slowed it down: the processor's own time knows better.
    assert is_worth_other_weights(own, Timing(30.0, 6.0), on_cpu=True)
    # On a graphics card the processor only waits.
    assert not is_worth_other_weights(own, Timing(30.0, 6.0), on_cpu=False)
    assert is_worth_other_weights(own, Timing(6.0, 30.0), on_cpu=False)


def test_what_the_status_says() -> None:
    chosen = Chosen(Setting("model.int8.onnx", "0" * 64, 2), "cpu", "it is faster")
    assert chosen.record() == {
        "weights": "model.int8.onnx", "threads": 2, "provider": "cpu", "why": "it is faster",
    }  # fmt: skip
    assert str(chosen) == "model.int8.onnx with 2 threads on cpu (it is faster)"
