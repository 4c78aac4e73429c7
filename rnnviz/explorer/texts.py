"""What the page says, by the names under which its scripts ask for it.

``$…$`` are formulas in Typst's notation and ``{…}`` is filled in by the page.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rnnviz.text.notation import gate_source, in_captions, in_typst
from rnnviz.text.translation import N_, translated
from rnnviz.trace import Trace

TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        # what is chosen
        "choice": N_("step of the loss"),
        "logarithmic": N_("logarithmic"),
        "choose_layer": N_("layer"),
        "choose_direction": N_("direction"),
        "choose_sequence": N_("sequence"),
        "choose_part": N_("cells show"),
        "forward": N_("forward"),
        "backward": N_("backward"),
        "light": N_("light theme"),
        "dark": N_("dark theme"),
        "link": N_("copy link"),
        "copied": N_("copied"),
        "save": N_("save"),
        # the views
        "chain": N_(
            "The network, step by step. Orange: how strongly each state acts on the loss at "
            "“{word}”"
        ),
        "chain_only": N_("The network, step by step"),
        "other": N_("Beside it, {network}"),
        "of_unit": N_(", unit {unit}: {value}"),
        "unit_comma": N_(", unit {unit}"),
        "unit_short": N_("unit {unit}"),
        "loss_at": N_("Loss at step {step}, “{word}”: {loss}"),
        "loss_at_step": N_("Loss at step {step}: {loss}"),
        "table": N_("$norm((partial L_t)/(partial h_k))$, every loss and step"),
        "table_log": N_("At most eight decades: what is smaller has the colour of the least."),
        "curve": N_("Gradient of $L_({t})$ by steps back"),
        "steps_back": N_("steps back"),
        "zeros": N_("▽ exactly 0, which has no place on a logarithmic axis."),
        "shares": N_("Share of each step in $(partial L)/(partial W)$"),
        "summed": N_("Over all losses and all sequences of the recording."),
        "gates": N_("Gates, mean of the units"),
        "plane": N_("States in their main plane"),
        "eigenvalues": N_("Eigenvalues, Jacobian of step {t}"),
        "radius": N_("largest |λ| = {radius}, largest σ = {norm}"),
        "weights": N_("$W$, entries can be dragged"),
        "weights_of_gate": N_("$W$ of ${gate}$, entries can be dragged"),
        "row": N_("row"),
        "column": N_("column"),
        "value": N_("value"),
        "training": N_("Training in the page, {count} steps"),
        "mean_loss": N_("loss"),
        "gradient_norm": N_("norm of the gradient"),
        "after_word": N_("After “{word}” it says"),
        "after_step": N_("After step {step} it says"),
        "course": N_("Predictions and targets"),
        "course_at": N_("{word}, {name}: {value}"),
        "prediction": N_("prediction"),
        "target": N_("target"),
        "is_target": N_("{name} is the target"),
        "make_target": N_("make {name} the target"),
        "one_entry": N_("Entry 1 of {count}."),
        "fewer_candidates": N_("The {shown} greatest of {count}, and the target."),
        # the sequence
        "sequence_edit": N_("the sequence, to be changed"),
        "series_edit": N_("the inputs, to be changed"),
        "series_hint": N_("drag a point"),
        "chips_hint": N_("type a word, drag to swap"),
        "unknown_word": N_("“{word}” is not among the words of this network"),
        "word_at": N_("word at step {step}"),
        "point_at": N_("{name} at step {step}: {value}"),
        "move_left": N_("move left"),
        "move_right": N_("move right"),
        "insert": N_("insert a step"),
        "delete": N_("delete this step"),
        # what if
        "what_if": N_("What if?"),
        "free": N_("free"),
        "set_free": N_("set free"),
        "reset": N_("reset"),
        "train": N_("training steps: {count}"),
        "optimizer": N_("optimizer"),
        "rate": N_("learning rate"),
        "clip": N_("gradients are clipped to this norm"),
        "save_weights": N_("save the weights as they are now"),
        "says_now": N_("it says: {before} → {after}"),
        # the arithmetic of a number
        "comes_from": N_(": where its {value} comes from"),
        "given": N_("It is given, not computed."),
        "nothing": N_("nothing"),
        "sum": N_("sum"),
        "held": N_("held at"),
        "back": N_("back"),
        "more": N_("… {count} more"),
        "kind_input": N_("from the input “{word}”, $U x_({t})$"),
        "kind_below": N_("from the layer below at this step"),
        "kind_state": N_("from the state before, $W h_({before})$"),
        "kind_bias": N_("bias"),
        "kind_share": N_("reset gate × what the state gives"),
        "kind_gate": N_("gate × value"),
        "kind_projection": N_("from the units, projected"),
        "kind_output": N_("from the outputs"),
        "kind_target": N_("from the target"),
        "kind_error": N_("prediction − target"),
        "kind_loss": N_("from the losses"),
        "kind_direct": N_("from the output of this step"),
        "kind_above": N_("from the layer above"),
        "kind_next": N_("from the next step, by $W^T$"),
        "kind_kept": N_("from the next step, kept by a gate"),
        "kind_slope": N_("slope × the gradient that came in"),
        "kind_use": N_("from its use at each step"),
        # what is proved
        "proved": N_("recomputed here: differs by {most} at most"),
        "proved_within": N_(
            "recomputed here: differs by {most} at most, as {dtype} lets expect ({tolerance})"
        ),
        "not_proved": N_("recomputed here, {field} differs by {most}; expected is {tolerance}"),
        "recorded_only": N_("as recorded: {why}"),
        "not_live": N_("The page cannot recompute this: {why}."),
        # the tour
        "tour": N_("tour"),
        "tour_next": N_("next"),
        "tour_end": N_("done"),
        "tour_skip": N_("skip"),
        "tour_step": N_(
            "Each strip is the state of the network after one step: one cell a unit, its colour "
            "the recorded value. Click a cell to choose it."
        ),
        "tour_passed": N_(
            "The state is passed on from left to right, in green; at each step the blue input is "
            "added to it. The same weights $W$ and $U$ are used at every step."
        ),
        "tour_says": N_(
            "This is what the network says at the step of the loss. The dot marks the target; "
            "click another to make it the target."
        ),
        "tour_loss": N_(
            "The loss goes back in orange. The width of an arc, and its number, are "
            "$norm((partial L_({t}))/(partial h_k))$: how strongly a small change of that state "
            "would change the loss."
        ),
        "tour_fades": N_(
            "The same by steps back, now on a logarithmic axis: each step back multiplies by "
            "$W^T$ and by the slope of the nonlinearity, so the gradient shrinks or grows."
        ),
        "tour_number": N_(
            "Here a number is opened: weights times values, their sum, the nonlinearity. Click a "
            "number to see where it comes from; click an orange arc to open a gradient."
        ),
        "tour_what_if": N_(
            "Now make $W$ three times as large. Everything follows, and the lines below say what "
            "changed; grey is the recorded run."
        ),
        "tour_word": N_(
            "Change the sequence: choose a word and type another, drag one onto another, insert or "
            "delete a step. Reset brings the recording back."
        ),
        "tour_gates": N_(
            "The gates, from 0 for closed to 1 for open: they decide what is kept. Choose one "
            "above the strips to see it unit by unit."
        ),
    }
)
NOTICES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": N_("Look into a recording: trace {identity}"),
        "thinned": N_("{shown} of {count} steps are shown, and {losses} of {all} losses."),
        "units": N_("{shown} of {count} units are shown."),
        "sequences": N_("{shown} of {count} sequences are in the page."),
        "only": N_("The only loss that was followed back is that of step {step}."),
        "no_shares": N_("All terms of $(partial L)/(partial W)$ are zero, so no step has a share."),
        "long": N_("the sequence has more than {most} steps"),
        "large": N_("the network has {count} weights, more than the {most} that a page carries"),
    }
)
REASONS: Final = (
    N_("the engine does not know the equations of the cell"),
    N_("the loss is the model's own"),
    N_("the cell is the model's own code"),
    N_("the output is not one Linear of the states"),
    N_("the output reads a step that some sequences do not have"),
)
"""Why a network cannot be recomputed, as ``network_data`` says it."""

_SYMBOLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "state": "h_({t})",
        "cell_state": "c_({t})",
        "input": "x_({t})",
        "preactivation": "a_({t})",
        "scores": "o_({t})",
        "prediction": "y_({t})",
        "loss": "L_({t})",
        "total": "L",
        "input_weights": "U",
        "recurrent_weights": "W",
        "norm": "norm((partial L_({t}))/(partial h_({k})))",
        **{
            f"gradient_{of}": f"(partial L_({{t}}))/(partial {of}_({{k}}))"
            for of in ("h", "c", "x")
        },
        "gradient_a": "(partial L_({t}))/(partial a_({k}))",
        "gradient_o": "(partial L_({t}))/(partial o_({k}))",
        **{
            f"gradient_{of}_total": f"(partial L)/(partial {of}_({{k}}))"
            for of in ("h", "c", "x", "a", "o")
        },
        "gradient_of_weights": "(partial L_({t}))/(partial W)",
        "gradient_of_weights_total": "(partial L)/(partial W)",
    }
)


def texts_in(language: str) -> dict[str, str]:
    """Return all texts of the page in a language, with formulas in the notation in use."""
    return {name: in_captions(translated(text, language)) for name, text in TEXTS.items()}


def symbols_of(trace: Trace) -> dict[str, object]:
    """Return the symbols that the page indexes, in the notation in use; ``gates`` by name."""
    return {
        **{name: in_typst(source) for name, source in _SYMBOLS.items()},
        "gates": {
            gate: in_typst(f"{gate_source(gate)}_({{t}})")
            for gate in (trace.named_gates or trace.cell.gates)
        },
    }
