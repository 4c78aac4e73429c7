"""What 'training' draws is what a training that is repeated here gives, record by record."""

import numpy as np
import pytest
from manim import LEFT, UP, Square
from rnnviz.scenes.training.playback import ChangingText, Records

from rnnviz import tasks, training
from rnnviz.experiments.default_recordings import record_task
from rnnviz.mobjects.numbers import number, percent
from rnnviz.mobjects.theme import DARK


@pytest.fixture(scope="module", params=["as recorded", "another training"])
def trace(request, default_trace_of):
    if request.param == "as recorded":
        return default_trace_of("training")
    return record_task("sentence", seed=3, hidden=5, cell="gru", epochs=7)


@pytest.fixture(scope="module")
def history(trace):
    about = trace.metadata
    return training.train(
        "sentence",
        cell=about.cell,
        hidden=trace.hidden_size,
        seed=about.seed,
        epochs=about.epochs,
        record_every=1,
    ).history


@pytest.fixture(scope="module")
def records(trace, history):
    """The recordings of every epoch, the last of which is the trace, whatever rounds here."""
    return [*history.traces[:-1], trace]


@pytest.fixture(scope="module")
def seen(trace, perform):
    return perform("training", look, trace)


def colors(mobjects):
    return [mobject.get_fill_color().to_hex() for mobject in mobjects]


def expected_colors(values, limit):
    return [DARK.shade("signed", value / limit).to_hex() for value in np.ravel(values)]


def texts_shown(texts):
    return [text.text for text in texts if text[0].get_fill_opacity() > 0.5]


def look(scene):
    return {
        "facts": dict(scene.facts()),
        "strips": [colors(strip) for strip in scene.strips.strips],
        "limit": scene.strips.limit,
        "names": [name.text for name in scene.prediction.names],
        "bars": np.array([bar.width for bar in scene.prediction.bars]),
        "numbers": [texts_shown(texts) for texts in scene.prediction.numbers],
        "right": scene.prediction.bright,
        "bright": colors(scene.prediction.bars),
        **(seen_later(scene) if hasattr(scene, "descent") else {}),
        **({"curve": curve(scene.curve)} if hasattr(scene, "curve") else {}),
        **({"scores": curve(scene.scores)} if hasattr(scene, "scores") else {}),
    }


def seen_later(scene):
    descent = scene.descent
    return {
        "W": colors(descent.w.matrix.cells),
        "W limit": descent.w.limit,
        "gradient": colors(descent.gradient.matrix.cells),
        "gradient limit": descent.gradient.limit,
    }


def curve(shown):
    low, high = shown.plane.frame.get_start()[1], shown.plane.frame.get_end()[1]
    share = (np.array(shown.places)[:, 1] - low) / (high - low)
    marker = shown.marker.get_center()
    return {
        "values": shown.plane.y_bounds[1] * share,
        "marker at": marker - shown.places[-1],
        "drawn to": shown.curve.get_end() - shown.places[-1],
        "status": [[piece.text for piece in text] for text in shown.status.texts],
        "seen": [shown.status.texts.index(text) for text in shown.status],
    }


def test_the_first_and_the_last_states_and_answers_are_recorded(trace, records, seen):
    for beat, record in (("before", 0), ("epochs", -1), ("back", 0), ("against_chance", -1)):
        expected = records[record].h[0, 0, :, 0]
        assert seen[beat]["strips"] == [expected_colors(h, seen[beat]["limit"]) for h in expected]
    labels = list(trace.metadata.output_labels)
    for beat, record in (("before", 0), ("epochs", -1), ("back", 0), ("against_chance", -1)):
        y = records[record].y[-1, 0]
        shown = y[[labels.index(name) for name in seen[beat]["names"]]]
        widest = seen["epochs"]["bars"][seen[beat]["right"]]
        scale = widest / records[-1].y[-1, 0, int(trace.targets[-1, 0])]
        np.testing.assert_allclose(seen[beat]["bars"], np.maximum(shown * scale, 0.02), rtol=1e-6)
        assert seen[beat]["numbers"] == [
            ["<0.01" if value < 0.00995 else number(float(value))] for value in shown
        ]
        right = seen[beat]["right"]
        assert seen[beat]["names"][right] == trace.metadata.target_labels[0][-1]
        assert [color == DARK.color("output").to_hex() for color in seen[beat]["bright"]] == [
            row == right for row in range(len(shown))
        ]


def test_w_and_its_gradient_are_those_of_the_training(trace, history, seen):
    kept = history.weights["rnn.weight_hh_l0"].astype(float)
    kept[-1] = trace.W
    beat = seen["against_the_gradient"]
    assert beat["W limit"] == pytest.approx(np.abs(kept[:, :16]).max())
    assert beat["W"] == expected_colors(kept[0, :16], beat["W limit"])
    assert seen["back"]["W"] == beat["W"]
    assert seen["epochs"]["W"] == expected_colors(kept[-1, :16], beat["W limit"])
    gradient = history.traces[0].gradients["rnn.weight_hh_l0"][:16]
    assert beat["gradient limit"] == pytest.approx(np.abs(gradient).max())
    assert beat["gradient"] == expected_colors(gradient, beat["gradient limit"])


def test_the_curve_ends_at_the_last_epoch_with_the_loss_and_score_written(trace, history, seen):
    assert len(seen["epochs"]["curve"]["status"]) == history.epochs + 1
    for name, beat in (("curve", "epochs"), ("scores", "against_chance")):
        shown = seen[beat][name]
        np.testing.assert_allclose(shown["marker at"], 0, atol=1e-9)
        np.testing.assert_allclose(shown["drawn to"], 0, atol=1e-9)
        assert shown["seen"] == [history.epochs]
        assert [text[0] for text in shown["status"]] == [
            f"epoch {epoch}" for epoch in range(history.epochs + 1)
        ]
        text = number if name == "curve" else percent
        assert [status[1].split()[-1] for status in shown["status"]] == [
            text(float(value)) for value in shown["values"]
        ]
    assert seen["back"]["curve"]["seen"] == [0]
    losses = seen["epochs"]["curve"]["values"]
    # drawn anew: near the loss over each epoch's updates, which was higher before the epoch's end
    assert losses[0] == pytest.approx(np.log(6), rel=0.1)
    assert (losses[1:] <= history.loss * 1.05).all()


def test_the_captions_claims_hold(trace, history, records, seen):
    facts = seen["epochs"]["facts"]
    y = [each.y[-1, 0, int(trace.targets[-1, 0])] for each in records]
    assert facts["answer"] == f"the right one gets {percent(float(y[0]))}."
    assert facts["loss"] == number(-np.log(float(y[0])), 3)
    went = "rises" if y[-1] > y[0] else "falls"
    assert f"{went} from {percent(float(y[0]))} to {percent(float(y[-1]))}." in facts["answers"]
    assert facts["chance"] == percent(1 / 6)
    assert facts["epochs"] == str(history.epochs)
    assert int(facts["updates"]) * history.epochs == history.update_loss.size
    assert float(facts["alpha"]) == tasks.make("sentence").learning_rate


def test_the_default_network_learns_the_task(default_trace_of, facts_of):
    facts = facts_of("training")
    assert facts["loss_goes"] == "falls"
    assert facts["last_score"] == "100%"
    assert facts["measure"] == "Right answers"
    y = default_trace_of("training").y[-1, 0]
    assert y.argmax() == int(default_trace_of("training").targets[-1, 0])


def test_a_text_takes_the_place_of_another_wherever_that_has_been_moved():
    small, large = Square(0.5).move_to(LEFT, LEFT), Square(2.0).move_to(LEFT, LEFT)
    text = ChangingText([small, large]).shift(2 * UP).set_x(3.0, LEFT)
    assert text.show(1).submobjects == [large]
    np.testing.assert_allclose(large.get_left(), [3, 2, 0])
    assert (small.get_stroke_opacity(), large.get_stroke_opacity()) == (0, 1)
    text.set_x(-1.0, LEFT).show(0)
    np.testing.assert_allclose(small.get_left(), [-1, 2, 0])
    assert (small.get_stroke_opacity(), large.get_stroke_opacity()) == (1, 0)


def test_between_two_records_values_go_from_one_to_the_next():
    records = Records(np.array([[0.0, 1.0], [2.0, 1.0], [4.0, -1.0]]))
    assert records.at(0).tolist() == [0, 1]
    assert records.at(0.5).tolist() == [1, 1]
    assert records.at(1.25).tolist() == [2.5, 0.5]
    assert records.at(2).tolist() == [4, -1]
