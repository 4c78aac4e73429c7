"""Training: it learns, it is the same every time, and it leaves no trace in the caller's state."""

import pickle

import numpy as np
import pytest
import torch

from rnnviz import tasks
from rnnviz.errors import DivergenceError, RecordingError, TaskError, TrainingError
from rnnviz.trace import NO_TARGET, load
from rnnviz.training import BATCHES_PER_EPOCH, run, train
from rnnviz.training.network import seeded
from rnnviz.verification import verify


@pytest.fixture(scope="module")
def learnt():
    return train("sentence", seed=1)


def test_options_of_a_task_go_with_its_name(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "day;level\n" + "".join(f"{row};{row % 7},5\n" for row in range(40)) + "40;\n41;9,5\n"
    )
    told = {"csv": path, "column": "level", "decimal": ",", "fill": "linear", "steps": 4}
    trained = train("series", **told, epochs=1, seed=1)
    assert trained.task.options["steps"] == 4
    scale = trained.task.options
    np.testing.assert_allclose(
        trained.task.values[-3:] * scale["spread"] + scale["mean"], [4.5, 7.0, 9.5], rtol=1e-5
    )
    assert train("text", text="abab", steps=2, epochs=1, seed=1).task.tokens == tuple("abab")
    with pytest.raises(TaskError, match=r"does not take these options: .*'epoch'"):
        train("sentence", epoch=1)
    with pytest.raises(TrainingError, match="unknown option 'steps'; options of a task are"):
        train(trained.task, steps=4)


def test_the_sentence_is_learnt_and_the_score_is_that_of_fresh_sentences(learnt):
    assert learnt.learnt
    assert learnt.score == 1.0
    fresh = learnt.task.sample(np.random.default_rng(99), 200)
    with torch.no_grad():
        output, _ = learnt.network(torch.from_numpy(fresh.x))
    assert (output[-1].argmax(-1).numpy() == fresh.targets[-1]).all()


def test_a_gap_is_bridged_on_sentences_whose_fillers_were_drawn_anew():
    trained = train(tasks.make("sentence", gap=3), seed=1)
    assert trained.learnt
    fresh = trained.task.sample(np.random.default_rng(1234), 500)
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(fresh.x))
    guessed = [trained.task.output_labels[place] for place in output[-1].argmax(-1)]
    right = [word == row[-1] for word, row in zip(guessed, fresh.target_labels, strict=True)]
    assert np.mean(right) > 0.99


def test_a_network_that_cannot_see_the_clue_is_right_by_chance_only(learnt):
    task = learnt.task
    fresh = task.sample(np.random.default_rng(8), 600)
    blind = fresh.x.copy()
    blind[len(task.story.before)] = 0
    with torch.no_grad():
        output, _ = learnt.network(torch.from_numpy(blind))
    assert task.score(output.numpy(), fresh) < 0.25  # one of six


def test_the_recording_says_how_it_was_trained(learnt):
    trace = learnt.record()
    about = trace.metadata
    assert (about.task, about.seed, about.accuracy) == ("sentence", 1, 1.0)
    assert about.epochs == learnt.history.epochs == len(learnt.history.loss)
    assert about.versions["torch"] == torch.__version__
    assert verify(trace).ok


def test_recording_leaves_the_trained_network_as_it_was():
    trained = train("sentence", epochs=1, seed=1)
    before = {name: value.clone() for name, value in trained.network.state_dict().items()}
    assert trained.record(dtype="float64").metadata.dtype == "float64"
    for name, value in trained.network.state_dict().items():
        assert value.dtype == before[name].dtype == torch.float32
        assert torch.equal(value, before[name])


def test_a_dtype_that_is_not_recorded(learnt):
    with pytest.raises(RecordingError, match="unknown dtype 'float16'; choose float32 or"):
        learnt.record(dtype="float16")


def test_the_seed_alone_decides():
    one, two, other = (train("sentence", epochs=2, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.history.loss, two.history.loss)
    assert (one.history.loss != other.history.loss).all()
    for a, b in zip(one.network.parameters(), two.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_callers_random_state_stays():
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    train("sentence", epochs=1, seed=9)
    assert torch.equal(torch.rand(3), expected)


def test_training_runs_on_one_thread_and_the_callers_settings_stay():
    found = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        state, threads = np.random.get_state()[1].copy(), []
        train("sentence", epochs=1, progress=lambda *_: threads.append(torch.get_num_threads()))
        assert set(threads) == {1}
        assert torch.get_num_threads() == 2
        with pytest.raises(TrainingError):
            train("prices", epochs=3, seed=0, learning_rate=1e20)
        assert torch.get_num_threads() == 2
        np.testing.assert_array_equal(np.random.get_state()[1], state)
        assert torch.is_grad_enabled()
    finally:
        torch.set_num_threads(found)


def test_the_score_of_prices_is_beside_the_naive_forecast():
    trained = train(tasks.make("prices", steps=6), epochs=30, seed=0)
    about = trained.record().metadata
    assert "the next value is this one" in about.accuracy_name
    fresh = trained.task.sample(np.random.default_rng(3), 2000)
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(fresh.x))
    own = ((output.numpy() - fresh.targets) ** 2).mean()
    naive = ((fresh.x - fresh.targets) ** 2).mean()
    assert about.accuracy == pytest.approx(own / naive, rel=0.15)
    assert about.accuracy_name in dict(trained.record().summary.rows())


@pytest.mark.slow  # the whole training of the task
def test_prices_are_forecast_about_as_well_as_by_the_day_before():
    assert 0.9 < train("prices", seed=0).record(gradients=False).metadata.accuracy < 1.15


def test_training_lowers_the_loss_of_prices():
    trained = train(tasks.make("prices", steps=6), epochs=12, seed=0)
    assert trained.history.loss[-1] < 0.1 * trained.history.loss[0]
    assert trained.history.epochs == 12


@pytest.mark.parametrize(("name", "better"), [("text", max), ("adding", min)])
def test_of_three_seeds_that_do_not_learn_the_best_is_kept(name, better):
    task = tasks.make(name, **({"text": "to be or not to be"} if name == "text" else {"steps": 4}))
    scores = {seed: train(task, epochs=1, seed=seed).score for seed in (1, 2, 3)}
    kept = train(task, epochs=1)
    assert kept.score == better(scores.values())
    assert scores[kept.seed] == kept.score
    assert len(set(scores.values())) == 3


def test_without_a_seed_the_first_that_learns_is_kept():
    assert train("sentence").seed == 1
    unlearnable = train("sentence", epochs=1)
    assert not unlearnable.learnt
    assert unlearnable.seed in (1, 2, 3)


def test_progress_is_told_after_each_epoch():
    told = []
    train("sentence", epochs=3, seed=2, progress=lambda *news: told.append(news))
    assert [(epoch, most) for epoch, most, _ in told] == [(1, 3), (2, 3), (3, 3)]


def test_a_loss_that_is_no_number_is_an_error():
    with pytest.raises(TrainingError, match="smaller learning rate"):
        train("prices", epochs=3, seed=0, learning_rate=1e20)


@pytest.mark.parametrize(
    ("updates", "rate", "what"),
    [(15, 1e-2, "loss"), (1, 1e-2, "mean squared error"), (1, 1e22, "largest weight")],
)
def test_training_that_explodes_is_an_error(updates, rate, what, monkeypatch):
    monkeypatch.setattr(run, "BATCHES_PER_EPOCH", updates)
    expected = rf"the {what} is (inf|nan) after epoch 1; .* smaller learning rate, or clip the grad"
    with pytest.raises(TrainingError, match=expected):
        train(
            tasks.make("adding", steps=6),
            nonlinearity="relu",
            initial="identity",
            scale=100,
            optimizer="sgd",
            learning_rate=rate,
            clip=None,
            seed=0,
            epochs=1,
        )


def test_a_divergence_has_the_network_and_the_history_of_the_epochs_before(monkeypatch):
    monkeypatch.setattr(run, "BATCHES_PER_EPOCH", 1)
    settings = {
        "nonlinearity": "relu",
        "initial": "identity",
        "optimizer": "sgd",
        "learning_rate": 0.5,
        "clip": None,
        "seed": 3,
        "hidden": 8,
    }
    task = tasks.make("prices", steps=40)
    with pytest.raises(DivergenceError) as raised:
        train(task, **settings, epochs=9)
    epoch, trained = raised.value.epoch, raised.value.trained
    assert epoch >= 2
    assert trained.history.epochs == epoch - 1
    until = train(task, **settings, epochs=epoch - 1)
    np.testing.assert_array_equal(trained.history.update_norm, until.history.update_norm)
    for one, other in zip(trained.network.parameters(), until.network.parameters(), strict=True):
        assert torch.isfinite(one).all()
        assert torch.equal(one, other)
    assert trained.record(gradients=False).metadata.epochs == epoch - 1


def test_a_divergence_is_sent_between_processes_as_its_message():
    with pytest.raises(DivergenceError) as raised:
        train("prices", epochs=3, seed=0, learning_rate=1e20)
    again = pickle.loads(pickle.dumps(raised.value))
    assert (type(again), str(again)) == (DivergenceError, str(raised.value))
    assert again.trained is None


@pytest.mark.parametrize("clip", [None, 1.0])
def test_the_history_of_updates_is_that_of_their_epochs(clip):
    history = train("sentence", epochs=3, seed=2, clip=clip).history
    assert history.update_loss.shape == history.update_norm.shape == (3, BATCHES_PER_EPOCH)
    np.testing.assert_allclose(history.update_loss.mean(axis=1), history.loss)
    np.testing.assert_allclose(history.update_norm.mean(axis=1), history.gradient_norm)
    assert not history.update_norm.flags.writeable
    one = train("sentence", epochs=1, seed=2, clip=clip).history
    np.testing.assert_array_equal(one.update_norm[0], history.update_norm[0])


def explicit_epoch(task, seed, alpha, clip, hidden):
    """One epoch of gradient descent, with loops and the loss written out: weights, loss, norms."""
    network = seeded(seed, len(task.input_labels), hidden, len(task.output_labels))
    weights = {name: value.detach().double() for name, value in network.named_parameters()}
    rng, losses, norms, clipped = np.random.default_rng(seed), [], [], []
    for _ in range(BATCHES_PER_EPOCH):
        batch = task.sample(rng, 32)
        u, w, b_u, b_w, v, c = weights.values()
        for value in (u, w, b_u, b_w, v, c):
            value.requires_grad_(True)
        state, terms = torch.zeros(32, hidden).double(), []
        for x, targets in zip(batch.x, batch.targets, strict=True):
            state = torch.tanh(torch.tensor(x).double() @ u.T + b_u + state @ w.T + b_w)
            for output, target in zip(state @ v.T + c, targets, strict=True):
                if task.loss == "squared":
                    if not np.isnan(target[0]):
                        terms.append((output[0] - float(target[0])) ** 2 / 2)
                elif target != NO_TARGET:
                    terms.append(output.exp().sum().log() - output[target])
        loss = sum(terms) / len(terms)
        found = torch.autograd.grad(loss, list(weights.values()))
        norm = sum(float((part**2).sum()) for part in found) ** 0.5
        share = 1.0 if clip is None else min(1.0, clip / norm)
        losses.append(float(loss.detach()))
        norms.append(norm)
        clipped.append(norm * share)
        weights = {
            name: (value - alpha * share * part).detach()
            for (name, value), part in zip(weights.items(), found, strict=True)
        }
    return weights, losses, norms, np.mean(clipped)


@pytest.mark.parametrize("clip", [None, 0.4])
@pytest.mark.parametrize(
    ("name", "options"),
    [("sentence", {}), ("adding", {"steps": 5}), ("prices", {"steps": 4})],
)
def test_sgd_is_plain_gradient_descent_on_the_mean_loss_of_targets(name, options, clip):
    task = tasks.make(name, **options)
    trained = train(task, optimizer="sgd", learning_rate=0.3, clip=clip, epochs=1, seed=7, hidden=4)
    weights, losses, norms, clipped = explicit_epoch(task, 7, 0.3, clip, 4)
    for parameter, value in trained.network.named_parameters():
        torch.testing.assert_close(
            value.detach().double(), weights[parameter], atol=1e-5, rtol=1e-4
        )
    history = trained.history
    np.testing.assert_allclose(history.update_loss[0], losses, rtol=1e-4)
    np.testing.assert_allclose(history.update_norm[0], norms, rtol=1e-4)
    assert history.loss[0] == pytest.approx(np.mean(losses), rel=1e-5)
    assert history.gradient_norm[0] == pytest.approx(np.mean(norms), rel=1e-4)
    assert history.clipped_norm[0] == pytest.approx(clipped, rel=1e-4)
    if clip is None:
        assert history.clipped_norm[0] == history.gradient_norm[0]
    else:
        assert history.clipped_norm[0] < history.gradient_norm[0]


def test_sgd_learns_a_sentence_at_its_own_rate():
    assert train("sentence", optimizer="sgd", seed=1).learnt


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_rate_of_a_task_is_that_of_adam_and_a_twentieth_of_that_of_gradient_descent(optimizer):
    rate = 0.01 if optimizer == "adam" else 0.2
    own, given = (
        train("sentence", optimizer=optimizer, learning_rate=each, seed=1, epochs=2)
        for each in (None, rate)
    )
    np.testing.assert_array_equal(own.history.loss, given.history.loss)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_sigma_and_rho_are_those_of_each_gates_weights(cell):
    trained = train("sentence", cell=cell, layers=2, bidirectional=True, hidden=3, epochs=2, seed=1)
    history, gates = trained.history, {"rnn": 1, "lstm": 4, "gru": 3}[cell]
    assert history.sigma_1.shape == history.rho.shape == (2, gates)
    stacked = trained.network.rnn.weight_hh_l0.detach().double().numpy()
    for gate, weight in enumerate(np.split(stacked, gates)):
        assert history.sigma_1[-1, gate] == pytest.approx(np.linalg.norm(weight, 2))
        roots = np.roots(np.poly(weight))
        assert history.rho[-1, gate] == pytest.approx(abs(roots).max())
    assert (history.rho <= history.sigma_1 + 1e-12).all()


@pytest.mark.parametrize("initial", ["identity", "orthogonal"])
def test_training_starts_from_the_initialisation_asked_for(initial):
    history = train(
        "sentence", cell="lstm", initial=initial, scale=0.7, epochs=1, seed=2, learning_rate=1e-12
    ).history
    np.testing.assert_allclose(history.sigma_1, 0.7, rtol=1e-5)
    np.testing.assert_allclose(history.rho, 0.7, rtol=1e-5)


@pytest.mark.parametrize("bias", [0, 3.0, "chrono"])
def test_the_forget_bias_is_in_the_recording_and_in_its_file(bias, tmp_path):
    trained = train(
        "sentence", gap=3, cell="lstm", forget_bias=bias, epochs=1, seed=2, learning_rate=1e-12
    )
    trained.record(losses="last").save(tmp_path / "a.safetensors")
    trace = load(tmp_path / "a.safetensors")
    assert trace.metadata.forget_bias == bias
    assert ("forget bias", str(trace.metadata.forget_bias)) in trace.summary.rows()
    hidden = trace.hidden_size
    start = (trace.weight("bias_ih") + trace.weight("bias_hh"))[hidden : 2 * hidden]
    if bias == "chrono":
        assert 0 < start.min() < start.max() < np.log(trace.steps - 1)
    else:
        np.testing.assert_allclose(start, bias, atol=1e-9)


def test_pytorchs_own_start_is_recorded_as_no_forget_bias(learnt):
    about = learnt.record(losses="last").metadata
    assert about.forget_bias is None
    assert "forget bias" not in dict(learnt.record(losses="last").summary.rows())


@pytest.mark.parametrize("name", [name for name in tasks.names() if name not in ("series", "text")])
def test_chrono_is_drawn_for_sequences_as_long_as_those_of_training(name):
    task = tasks.make(name)
    assert len(task.example().x) == len(task.sample(np.random.default_rng(0), 1).x)


def test_an_open_forget_gate_learns_what_pytorchs_start_does_not():
    settings = {"gap": 12, "cell": "lstm", "hidden": 16, "seed": 1, "epochs": 16}
    assert train("sentence", **settings, forget_bias=3.0).learnt
    assert train("sentence", **settings).score < 0.6


@pytest.fixture(scope="module")
def recorded():
    return train("sentence", seed=1, record_every=6)


def test_the_history_has_an_entry_for_each_epoch(recorded):
    history = recorded.history
    for name in ("loss", "accuracy", "gradient_norm", "clipped_norm"):
        values = getattr(history, name)
        assert values.shape == (history.epochs,)
        assert not values.flags.writeable
        assert np.isfinite(values).all()
    assert history.accuracy[-1] == 1.0
    assert history.accuracy[0] < 0.7
    assert (history.clipped_norm <= np.minimum(history.gradient_norm, 1) + 1e-6).all()


def test_the_accuracy_of_an_epoch_is_that_of_the_network_after_it():
    task = tasks.make("sentence")
    two, one = (train(task, seed=4, epochs=epochs).history.accuracy for epochs in (2, 1))
    assert two[0] == one[0]
    assert two[1] == pytest.approx(train(task, seed=4, epochs=2).score, abs=0.1)
    assert one[0] == pytest.approx(train(task, seed=4, epochs=1).score, abs=0.1)


def test_weights_are_kept_before_training_at_every_nth_epoch_and_after_the_last(recorded):
    history = recorded.history
    assert history.recorded_epochs.tolist() == [0, 6, 12, history.epochs] == [0, 6, 12, 15]
    fresh = dict(seeded(1, 12, 8, 6).named_parameters())
    middle = train("sentence", seed=1, epochs=6).network
    for name, last in recorded.network.named_parameters():
        kept = history.weights[name]
        assert not kept.flags.writeable
        assert kept.shape == (4, *last.shape)
        np.testing.assert_array_equal(kept[0], fresh[name].detach())
        np.testing.assert_array_equal(kept[1], middle.get_parameter(name).detach())
        np.testing.assert_array_equal(kept[3], last.detach())


def test_traces_are_those_of_the_kept_weights_on_the_example(recorded):
    history = recorded.history
    assert [trace.metadata.epochs for trace in history.traces] == history.recorded_epochs.tolist()
    accuracies = [trace.metadata.accuracy for trace in history.traces]
    assert accuracies == [None, history.accuracy[5], history.accuracy[11], recorded.score]
    for index, trace in enumerate(history.traces):
        assert trace.metadata.dtype == "float64"
        for name, kept in history.weights.items():
            np.testing.assert_array_equal(trace.parameters[name], kept[index])
    assert history.traces[-1].identity == recorded.record().identity
    losses = [float(trace.loss.sum()) for trace in history.traces]
    assert losses[0] > 1 > losses[-1]


def test_every_how_many_epochs_divides_their_number():
    history = train("sentence", seed=1, epochs=4, record_every=2).history
    assert history.recorded_epochs.tolist() == [0, 2, 4]
    assert len(history.traces) == 3


def test_recording_changes_nothing_of_the_training(recorded, learnt):
    np.testing.assert_array_equal(recorded.history.loss, learnt.history.loss)
    np.testing.assert_array_equal(recorded.history.accuracy, learnt.history.accuracy)
    assert recorded.score == learnt.score
    for one, other in zip(recorded.network.parameters(), learnt.network.parameters(), strict=True):
        assert torch.equal(one, other)
    assert learnt.history.recorded_epochs.size == 0
    assert dict(learnt.history.weights) == {}
    assert learnt.history.traces == ()


def test_losses_are_chosen_for_the_recording_and_for_those_on_the_way():
    task = tasks.make("prices", steps=5)
    trained = train(task, seed=1, epochs=1, record_every=1, record_losses="last")
    for trace in (*trained.history.traces, trained.record(losses="last")):
        assert trace.loss_times.tolist() == [4]
    assert trained.record(losses=[1, 3]).loss_times.tolist() == [1, 3]
    assert trained.record().loss_times.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("adding", {"cell": "gru", "layers": 2}),
        ("copying", {"cell": "lstm", "hidden": 5}),
        ("temporal-order", {"nonlinearity": "relu", "initial": "identity", "bidirectional": True}),
        ("weather", {"initial": "orthogonal", "scale": 0.9, "layers": 3}),
    ],
)
def test_every_network_on_every_task_is_recorded(name, kind):
    trained = train(name, epochs=1, seed=1, **kind)
    trace, example = trained.record(), trained.task.example()
    assert (trace.metadata.cell, trace.layers) == (kind.get("cell", "rnn"), kind.get("layers", 1))
    assert trace.directions == (2 if "bidirectional" in kind else 1)
    assert trace.metadata.task == name
    np.testing.assert_array_equal(trace.targets, example.targets)
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(example.x))
    np.testing.assert_allclose(trace.output, output.numpy(), atol=1e-5)
    wanted = ~np.isnan(example.targets).all(-1) if trained.task.loss == "squared" else None
    wanted = example.targets != NO_TARGET if wanted is None else wanted
    np.testing.assert_array_equal(trace.loss != 0, wanted)


@pytest.mark.parametrize(
    ("name", "options", "settings", "share"),
    [
        ("adding", {"steps": 4}, {"cell": "gru", "epochs": 15}, 0.1),
        ("adding", {"steps": 4}, {"epochs": 15}, 0.3),
        ("temporal-order", {"steps": 8}, {"epochs": 10}, 0.1),
        ("copying", {"delay": 1}, {"cell": "gru", "epochs": 15}, 0.97),
        ("weather", {}, {"epochs": 15}, 0.2),
    ],
)
def test_brief_training_does_better_than_chance(name, options, settings, share):
    trained = train(tasks.make(name, **options), seed=1, **settings)
    fresh = trained.task.sample(np.random.default_rng(77), 1000)
    with torch.no_grad():
        output, _ = trained.network(torch.from_numpy(fresh.x))
    assert trained.task.error(output.numpy(), fresh) < share * trained.task.chance


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_gated_cells_learn_the_sentence(cell):
    assert train("sentence", cell=cell, seed=1).score == 1.0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"epochs": 0}, "epochs must be a positive integer, got 0"),
        ({"hidden": 0}, "hidden must be a positive number of units, got 0"),
        ({"seed": -1}, "the seed must be from 0 to .*, got -1"),
        ({"seed": 10**30}, "the seed must be from 0 to .*, got 10"),
        ({"learning_rate": 0.0}, "must be finite and positive, got 0.0"),
        ({"learning_rate": float("nan")}, "must be finite and positive, got nan"),
        ({"learning_rate": float("inf")}, "the learning rate must be finite and positive, got inf"),
        ({"optimizer": "lion"}, "unknown optimizer 'lion'; choose one of adam, sgd"),
        ({"clip": 0.0}, "clip must be a finite, positive norm, or None .*, got 0.0"),
        ({"clip": float("nan")}, "clip must be a finite, positive norm, .*, got nan"),
        ({"record_every": 0}, "record_every must be a positive number of epochs, got 0"),
        ({"cell": "elman"}, "unknown cell 'elman'"),
        ({"cell": "gru", "nonlinearity": "relu"}, "cell 'gru' has no nonlinearity 'relu'"),
        ({"layers": 0}, "layers must be a positive integer, got 0"),
        ({"initial": "zeros"}, "unknown initialisation 'zeros'"),
        ({"scale": float("inf")}, "the scale must be finite, got inf"),
        ({"cell": "lstm", "forget_bias": float("inf")}, "forget_bias must be a finite .*, got inf"),
        ({"cell": "lstm", "forget_bias": "long"}, "a finite number, 'chrono', or .*, got 'long'"),
        ({"cell": "gru", "forget_bias": 1}, "cell 'gru' has no forget gate whose bias could be 1"),
    ],
)
def test_settings_that_train_nothing(options, expected):
    with pytest.raises(TrainingError, match=expected):
        train("sentence", **options)
