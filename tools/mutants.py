"""Mutation tests: break one line of the code at a time, and check that a test fails.

A mutant is caught if one of its tests fails, and survives if all of them pass. The tests run in a
temporary copy of the tree with the Python of the tree's ``.venv``, or with this Python if it has
none; the tree itself is never changed.

    python tools/mutants.py                              run all mutants
    python tools/mutants.py --only rendering/ --jobs 1   run those of some files, one at a time
    python tools/mutants.py --unchanged                  run the same tests on the unchanged code

The exit status is 1 if a mutant survives or its tests could not be run, 2 for wrong usage.
"""

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue
from typing import Final, Literal

Verdict = Literal["caught", "survived", "error"]


@dataclass(frozen=True)
class Mutant:
    """A change to one line of the code, and the test files that should catch it.

    ``old`` occurs exactly once in the file. ``reason`` describes the fault. With ``hangs``, the
    tests are expected to run into the time limit.
    """

    file: str
    old: str
    new: str
    reason: str
    tests: tuple[str, ...]
    hangs: bool = False


MUTANTS: Final = (
    # --- recording ------------------------------------------------------------------------------
    Mutant(
        "rnnviz/recording/bptt.py",
        "reach = _all if layer < top and len(steps[layer]) == 2 else rows[direction]",
        "reach = rows[direction]",
        "below the top, each direction of a layer hears only its own direction's losses",
        ("tests/recording/test_any_network.py",),
    ),
    Mutant(
        "rnnviz/recording/loss_times.py",
        "return np.arange(steps - 1, -1, -int(listed))[::-1].copy()",
        "return np.arange(0, steps, int(listed))",
        "every n-th loss is counted from the first step, not back from the last",
        ("tests/recording/test_any_network.py",),
    ),
    Mutant(
        "rnnviz/recording/recorder.py",
        "check_sums(run, tables, of_parameters)",
        "pass",
        "the sums of the backward pass are not compared with autograd's gradients",
        ("tests/recording/test_refusals.py",),
    ),
    Mutant(
        "rnnviz/recording/trace_arrays.py",
        "placed_losses[-1] = losses[0]",
        "placed_losses[0] = losses[0]",
        "the loss of a whole sequence stands at its first step",
        ("tests/recording/test_models.py",),
    ),
    Mutant(
        "rnnviz/recording/call_replayer.py",
        "self._check_attached(hx)",
        "pass",
        "a state that is detached between two calls is not refused",
        ("tests/recording/test_refusals.py",),
    ),
    Mutant(
        "rnnviz/recording/call_replayer.py",
        "        draw_dropout(call_format.layer, x)",
        "        pass",
        "the replay draws no dropout between layers, so that what follows is dropped otherwise",
        ("tests/recording/test_models.py",),
    ),
    Mutant(
        "rnnviz/cells/gru.py",
        "passed[..., 2, :] *= step.gates[..., 0, :]",
        "pass",
        "a GRU's state reaches its gate n without the factor r",
        ("tests/verification/test_reference.py",),
    ),
    Mutant(
        "rnnviz/trace/trace.py",
        "first[self.mask.sum(axis=0) - 1, np.arange(self.batch)] = True",
        "first[-1] = True",
        "in reverse, a short sequence starts in its padding",
        ("tests/measure/test_weights.py",),
    ),
    Mutant(
        "rnnviz/trace/storage.py",
        "return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data, described)",
        "return zlib.crc32(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)",
        "the checksum of an array leaves out its name, dtype and shape",
        ("tests/trace/test_trace.py",),
    ),
    # --- measures -------------------------------------------------------------------------------
    Mutant(
        "rnnviz/measure/gradients.py",
        "steps = places[:, None] - each if direction == 0 else places[:, None] + each",
        "steps = places[:, None] - each",
        "lags of the reverse direction are counted in the forward one",
        ("tests/measure/test_gradients.py",),
    ),
    Mutant(
        "rnnviz/cells/gru.py",
        '"""z."""\n        return gates[..., 1, :]',
        '"""z."""\n        return gates[..., 0, :]',
        "a GRU keeps of its state what the reset gate says",
        ("tests/measure/test_gating.py",),
    ),
    Mutant(
        "rnnviz/measure/trajectories.py",
        "axes = axes * np.where(largest < 0, -1.0, 1.0)",
        "axes = axes * 1.0",
        "the sign of a principal axis is left to chance",
        ("tests/measure/test_trajectories.py",),
    ),
    Mutant(
        "rnnviz/measure/cell_states.py",
        "whole[:, before] += forget[step] * whole[:, step]",
        "whole[:, before] += forget[before] * whole[:, step]",
        "the gradient at a cell state passes the forget gate of the wrong step",
        ("tests/measure/test_weights.py",),
    ),
    Mutant(
        "rnnviz/measure/chain_rule.py",
        "trace.W.T @ (slopes[k + 1] * at_states[k + 1])",
        "trace.W @ (slopes[k + 1] * at_states[k + 1])",
        "W is not transposed on the way back",
        ("tests/measure/test_chain_rule.py",),
    ),
    Mutant(
        "rnnviz/measure/cliff.py",
        "return gradient * min(1.0, threshold / length) if length > 0 else gradient",
        "return gradient * (threshold / length) if length > 0 else gradient",
        "clipping lengthens a gradient that is short enough",
        ("tests/measure/test_cliff.py",),
    ),
    # --- verification ---------------------------------------------------------------------------
    Mutant(
        "rnnviz/verification/tolerance.py",
        "relative[~possible & (got != 0)] = np.inf",
        "relative[~possible & (got != 0)] = 0.0",
        "a gradient where none can be is not held against the recording",
        ("tests/verification/test_verification.py",),
    ),
    Mutant(
        "rnnviz/verification/report.py",
        "return all(check.ok for check in self.checks)",
        "return any(check.ok for check in self.checks)",
        "one passed check makes a proof",
        ("tests/verification/test_verification.py",),
    ),
    Mutant(
        "rnnviz/verification/input_checks.py",
        'yield exact("x", "its lengths", not trace.x[~known.network.exists].any())',
        'yield exact("x", "its lengths", True)',
        "an input at a step that a sequence does not have is not noticed",
        ("tests/verification/test_verification.py",),
    ),
    Mutant(
        "rnnviz/verification/input_checks.py",
        "given == trace.metadata.inputs_hash",
        "True",
        "what went in is not held against its recorded hash",
        ("tests/verification/test_verification.py",),
    ),
    Mutant(
        "rnnviz/verification/reference/cells.py",
        "at_r = at_n * n_h * r * (1 - r)",
        "at_r = at_n * r * (1 - r)",
        "the reference leaves out what a GRU's r scales",
        ("tests/verification/test_reference.py",),
    ),
    Mutant(
        "rnnviz/verification/reference/network.py",
        "found.append(np.where(self.exists[previous][:, None], values[previous], start))",
        "found.append(values[previous])",
        "in the reference, the reverse direction of a short sequence starts in its padding",
        ("tests/verification/test_reference.py",),
    ),
    # --- views and scenes -----------------------------------------------------------------------
    Mutant(
        "scenes/space/loss_path.py",
        "last = path.last + 1",
        "last = path.last",
        "the bars leave out the step of the loss",
        ("tests/scenes/test_numbers.py",),
    ),
    Mutant(
        "rnnviz/mobjects/text.py",
        r"""escaped = shown.replace("\\", "\\\\").replace('"', '\\"')""",
        r"""escaped = shown.replace("\\", "\\\\")""",
        "a quotation mark in a user's text ends the text, and the rest is Typst source",
        ("tests/mobjects/test_text.py",),
    ),
    Mutant(
        "rnnviz/mobjects/value_grid.py",
        "((rows - 1) / 2 - i) * height",
        "(i - (rows - 1) / 2) * height",
        "the first row of a matrix is drawn at the bottom",
        ("tests/mobjects/test_mobjects.py",),
    ),
    Mutant(
        "scenes/hidden_state/step_numbers.py",
        "rest=from_state - among @ before[units],",
        "rest=among @ before[units] - from_state,",
        "what the units that are not shown add has the wrong sign",
        ("tests/scenes/test_hidden_state.py",),
    ),
    Mutant(
        "rnnviz/mobjects/prediction.py",
        "best[-1] = target",
        "best[0] = target",
        "the wanted class takes the place of the most probable one",
        ("tests/scenes/test_output.py",),
    ),
    Mutant(
        "rnnviz/scene/storyboard.py",
        "self._language = language",
        "pass",
        "the captions of all languages are those of the performance's own",
        ("tests/text/test_translation.py", "tests/rendering/test_render.py"),
    ),
    # --- the cache and rendering ----------------------------------------------------------------
    Mutant(
        "rnnviz/rendering/request.py",
        "look = (self.language, self.theme, self.notation,",
        "look = (self.language, self.notation,",
        "the note of a render leaves out the theme",
        ("tests/rendering/test_cache.py",),
    ),
    Mutant(
        "rnnviz/system/cache.py",
        "if checksum(target) == _checksum_in(entry):",
        "if checksum(target):",
        "a damaged beat is taken from the cache as it is",
        ("tests/rendering/test_cache.py",),
    ),
    Mutant(
        "rnnviz/rendering/execution/performance.py",
        '{"beat": beat.play, **state_of(performance), **global_state(own)}',
        '{"beat": beat.play, **state_of(performance)}',
        "the key of a beat leaves out what earlier beats changed outside the scene",
        ("tests/rendering/test_stale.py",),
    ),
    Mutant(
        "rnnviz/rendering/manim_adapter/canvas.py",
        "width * _LINE_WIDTH / 2 * _MITER",
        "width * _LINE_WIDTH / 2",
        "the box of an outline leaves out its pointed corners",
        ("tests/rendering/test_canvas.py",),
    ),
    Mutant(
        "rnnviz/rendering/manim_adapter/canvas.py",
        "touched += [old.box for key, old in before.items() if key not in self._drawn and old.box]",
        "touched += []",
        "what left the scene stays in the picture",
        ("tests/rendering/test_canvas.py",),
    ),
    Mutant(
        "rnnviz/rendering/video/encoder.py",
        "box = box.grown(_REACH, size)",
        "box = box.grown(0, size)",
        "colours beyond the edge of what changed are not converted again",
        ("tests/rendering/test_encoder.py",),
    ),
    Mutant(
        "rnnviz/rendering/execution/fork.py",
        "worker = max(self._waiting, key=lambda each: each.job.seconds)",
        "worker = min(self._waiting, key=lambda each: each.job.seconds)",
        "the shortest job is next",
        ("tests/rendering/test_fork.py",),
    ),
    Mutant(
        "rnnviz/rendering/manim_adapter/state.py",
        "sorted(map(str, parts))",
        "list(map(str, parts))",
        "the digest of a set depends on its order, another one in each process",
        ("tests/rendering/test_state.py",),
    ),
    Mutant(
        "rnnviz/rendering/manim_adapter/tweening.py",
        "if ends != self._ends or family != self._family:",
        "if ends != self._ends:",
        "a part that joins during an animation is not moved",
        ("tests/rendering/test_tweening.py",),
    ),
    # --- joining, and what stands beside a video ------------------------------------------------
    Mutant(
        "rnnviz/rendering/video/joining.py",
        "packet.pts = start + round(packet.pts * base / tick)",
        "packet.pts = start + packet.pts",
        "a frame's time is in the beat's time base, not the video's",
        ("tests/exports/test_formats.py",),
    ),
    Mutant(
        "rnnviz/rendering/video/joining.py",
        "text = cue.captions[language].encode()",
        "text = next(iter(cue.captions.values())).encode()",
        "every track of captions is in the first language",
        ("tests/rendering/test_render.py",),
    ),
    Mutant(
        "rnnviz/rendering/video/timeline.py",
        'shown = _escaped(text) if web else text.replace("-->", "→")',
        'shown = text.replace("-->", "→")',
        "captions in WebVTT are not escaped",
        ("tests/rendering/test_timeline.py",),
    ),
    Mutant(
        "rnnviz/rendering/video/gif.py",
        "round(1000 * number / shown / _TICK) * _TICK for number",
        "round(1000 / shown / _TICK) * _TICK * number for number",
        "the rounding of a GIF's delays adds up",
        ("tests/rendering/test_encoder.py",),
    ),
    Mutant(
        "rnnviz/rendering/video/kept_videos.py",
        "any(checksum(file) != content for file, content in sums.items())",
        "not all(file.is_file() for file in sums)",
        "a video that somebody altered is left as it is",
        ("tests/rendering/test_cache.py",),
    ),
    # --- exports and the explorer page --------------------------------------------------------
    Mutant(
        "rnnviz/explorer/engine/gradients.js",
        "if (comes) add(toState.out, carried[row] * toState.width, table, at(row), hidden);",
        "if (comes) add(toState.out, carried[row] * hidden, table, at(row), hidden);",
        "rows of a padded product are read as if they were not padded",
        ("tests/explorer/test_engine.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/passes.js",
        'const stops = [gates[gate], through[gate], sources[gate] === "c" ? "c" : null];',
        'const stops = [gates[gate], sources[gate] === "c" ? "c" : null];',
        "a gradient reaches r of a GRU through an n that is held",
        ("tests/explorer/test_engine_edits.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/losses.js",
        "return found.map((error, index) => y[index] * (error - along));",
        "return found.map((error, index) => y[index] * error);",
        "the slope of a softmax is taken entry by entry",
        ("tests/explorer/test_engine.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/optimizers.js",
        "const rate = this.rate / (1 - first ** this.count);",
        "const rate = this.rate;",
        "Adam's mean is not corrected for its start at zero",
        ("tests/explorer/test_engine_edits.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/kernel.js",
        "sum(pointer, POINTERS[index], LEFT_STRIDE)",
        "sum(pointer, POINTERS[index], OUT_STRIDE)",
        "rows of a product begin where those of its result do",
        ("tests/explorer/test_engine.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/compare.js",
        "if (!(distance <= apart)) apart = Number.isNaN(distance) ? Infinity : distance;",
        "if (distance > apart) apart = distance / 1e6;",
        "a difference is told a million times smaller",
        ("tests/explorer/test_engine.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/arithmetic.js",
        'const shared = by === "byState" && cell.shared.includes(gate);',
        "const shared = false;",
        "a gradient at the state's part of n is explained as that at n",
        ("tests/explorer/test_engine_arithmetic.py",),
    ),
    Mutant(
        "rnnviz/explorer/engine/spectra.js",
        "if (Math.abs(a[first][first - 1]) <= Number.EPSILON * size) {",
        "if (Math.abs(a[first][first - 1]) <= 1e-4 * size) {",
        "blocks are split before they have converged",
        ("tests/explorer/test_engine.py",),
    ),
    Mutant(
        "rnnviz/exports/snippets.py",
        'f"    <li{_direction(caption)}>{html.escape(caption)}</li>"',
        'f"    <li{_direction(caption)}>{caption}</li>"',
        "captions are not escaped in the notes of reveal.js",
        ("tests/exports/test_formats.py",),
    ),
    Mutant(
        "rnnviz/exports/clips.py",
        "if frame.time >= end - half:",
        "if frame.time >= end + half:",
        "a clip ends with the first frame of the next beat",
        ("tests/exports/test_formats.py",),
    ),
    Mutant(
        "rnnviz/exports/rendered_video.py",
        "float(frame.time) > ends[len(found)] - 0.5 / rate",
        "float(frame.time) > ends[len(found)] + 0.5 / rate",
        "the still of a beat is the first frame of the next beat",
        ("tests/exports/test_formats.py",),
    ),
    Mutant(
        "rnnviz/text/html.py",
        r'for character in "<>&\u2028\u2029":',
        r'for character in "&\u2028\u2029":',
        "a word from the data can close the script element of a page",
        ("tests/explorer/test_explore.py",),
    ),
    Mutant(
        "rnnviz/explorer/places.py",
        "first, last = (0, max(reached)) if direction == 0 else (min(reached), trace.steps - 1)",
        "first, last = 0, max(reached)",
        "in reverse, the steps of the forward direction are shown",
        ("tests/explorer/test_explore.py",),
    ),
    # --- figures --------------------------------------------------------------------------------
    Mutant(
        "rnnviz/figures/plots/gradient_by_lag.py",
        "np.where((norms > 0).any(axis=1, keepdims=True), norms, np.nan)",
        "np.where(norms > 0, norms, np.nan)",
        "gradients that are exactly zero are left out of the mean",
        ("tests/figures/test_numbers.py",),
    ),
    Mutant(
        "rnnviz/figures/plots/products.py",
        "values = measure.singular_values_back(",
        "values = 2 * measure.singular_values_back(",
        "singular values are drawn twice as large",
        ("tests/figures/test_numbers.py",),
    ),
    Mutant(
        "rnnviz/figures/saving.py",
        '"svg.hashsalt": "rnnviz",',
        '"svg.hashsalt": None,',
        "the same figure gives another SVG each time",
        ("tests/figures/test_every_figure.py",),
    ),
    Mutant(
        "rnnviz/figures/drawing.py",
        "        rcdefaults()\n        rcParams.update(settings)",
        "        rcParams.update(settings)",
        "the user's Matplotlib settings change a figure",
        ("tests/figures/test_every_figure.py",),
    ),
    # --- the command line -----------------------------------------------------------------------
    Mutant(
        "rnnviz/cli/verify.py",
        "return 0 if report.ok else 1",
        "return 0",
        "'verify' exits with 0 even if a check failed",
        ("tests/cli/test_command_line.py",),
    ),
    Mutant(
        "rnnviz/cli/record.py",
        'return tuple(int(step) - 1 for step in str(value).split(","))',
        'return tuple(int(step) for step in str(value).split(","))',
        "the steps of --losses are counted from 0",
        ("tests/cli/test_command_line.py",),
    ),
    Mutant(
        "rnnviz/cli/entry_point.py",
        "if signal.getsignal(kind) is signal.SIG_DFL:",
        "if signal.getsignal(kind) is not None:",
        "a hangup signal ends the program even under nohup",
        ("tests/cli/test_streams.py",),
    ),
    Mutant(
        "rnnviz/cli/cache.py",
        "    if recordings:",
        "    if True:",
        "'cache clear' always removes recordings",
        ("tests/cli/test_cache.py",),
    ),
    Mutant(
        "rnnviz/cli/own_model.py",
        "with redirect_stdout(sys.stderr), _importing_from_current_folder():",
        "with _importing_from_current_folder():",
        "output of the user's code goes to stdout, among the data",
        ("tests/cli/test_own_model.py",),
    ),
    # --- files, defaults, weights, training, tasks ----------------------------------------------
    Mutant(
        "rnnviz/system/files.py",
        "if found and found[1] == node() and not _is_running(int(found[2])):",
        "if found and found[1] == node():",
        "the folder of a process that is at work is swept up by another one",
        ("tests/rendering/test_at_once.py",),
    ),
    Mutant(
        "rnnviz/experiments/default_recordings.py",
        'digest.update(hashlib.file_digest(file, "sha256").digest())',
        "digest.update(Path(options[option]).name.encode())",
        "a kept recording is found by the name of its data, not by their content",
        ("tests/experiments/test_default_recordings.py",),
    ),
    Mutant(
        "rnnviz/recording/weight_files.py",
        'torch.load(path, map_location="cpu", weights_only=True)',
        'torch.load(path, map_location="cpu", weights_only=False)',
        "code in a file of weights is run",
        ("tests/recording/test_weight_files.py",),
    ),
    Mutant(
        "rnnviz/training/run.py",
        "loss_by_step(loss, output, targets).sum() / _count(loss, targets)",
        "loss_by_step(loss, output, targets).mean()",
        "the loss is a mean over all steps, also those without a target",
        ("tests/training/test_training.py",),
    ),
    Mutant(
        "rnnviz/tasks/series.py",
        "targets=self.values[places + 1][..., None],",
        "targets=self.values[places][..., None],",
        "the value that is wanted is the one that was given",
        ("tests/tasks/test_tasks.py",),
    ),
)

_PASSED: Final = 0
_FAILED: Final = 1
"""Exit statuses of pytest: all passed, some failed. With any other, tests did not run."""
_OPTIONS: Final = ("-x", "-q", "-p", "no:cacheprovider", "-n", "0", "--tb=no", "-rfE")
_FAILURE: Final = re.compile(r"^(FAILED|ERROR) (.+?)(?: - .*)?$", re.MULTILINE)
_IMPORTED: Final = (
    "import rnnviz, rnnviz.scenes; print(rnnviz.__file__); print(*rnnviz.scenes.__path__)"
)
_LIMIT: Final = 300.0
_MAX_OUTPUT: Final = 500


class MutantError(Exception):
    """Mutants could not be run."""


@dataclass(frozen=True)
class Outcome:
    """The outcome of one mutant; ``by`` is the first test that failed, or the error.

    Units:  seconds
    """

    number: int
    mutant: Mutant
    verdict: Verdict
    by: str
    seconds: float

    @property
    def summary(self) -> str:
        """The verdict as shown in the table."""
        return {"caught": self.by, "survived": "SURVIVED", "error": f"ERROR: {self.by}"}[
            self.verdict
        ]


class Workspace:
    """A copy of a tree, in which the tests of one mutant at a time run."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.tree = folder / "tree"
        self._folder = folder
        own = root / ".venv" / "bin" / "python"
        self._python = str(own) if own.is_file() else sys.executable
        _copy(root, self.tree)
        # an editable install finds rnnviz.scenes in the original tree
        (self.tree / "rnnviz" / "scenes").symlink_to("../scenes")

    def check(self) -> None:
        """Check that the copy is what tests import.

        Raises: MutantError if it is not
        """
        with self._environment() as environment:
            done = subprocess.run(
                [self._python, "-c", _IMPORTED],
                cwd=self.tree,
                env=environment,
                capture_output=True,
                text=True,
            )
        wanted = [self.tree / "rnnviz" / "__init__.py", self.tree / "scenes"]
        if [Path(line).resolve() for line in done.stdout.splitlines()] != wanted:
            raise MutantError(
                f"the copy in {self.tree} is not what {self._python} imports: "
                f"{done.stdout or done.stderr}"
            )

    @contextmanager
    def broken(self, mutant: Mutant) -> Iterator[None]:
        """Apply the mutant to the copy within the context."""
        file = self.tree / mutant.file
        before = file.read_text(encoding="utf-8")
        try:
            _write(file, before.replace(mutant.old, mutant.new))
            yield
        finally:
            _write(file, before)

    def run_tests(self, tests: Sequence[str], limit: float) -> tuple[int | None, str]:
        """Run pytest; return its exit status, None if it took too long, and its output."""
        command = [self._python, "-m", "pytest", *_OPTIONS, *tests]
        with self._environment() as environment:
            process = subprocess.Popen(
                command,
                cwd=self.tree,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            try:
                output, _ = process.communicate(timeout=limit)
            except subprocess.TimeoutExpired:
                return None, ""
            finally:
                with suppress(ProcessLookupError):  # a test may have left processes behind
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return process.returncode, output

    @contextmanager
    def _environment(self) -> Iterator[dict[str, str]]:
        """Yield environment variables with an empty cache and temporary folder."""
        with tempfile.TemporaryDirectory(dir=self._folder, ignore_cleanup_errors=True) as name:
            (Path(name) / "tmp").mkdir()
            yield {
                **os.environ,
                "PYTHONPATH": str(self.tree),
                "OMP_NUM_THREADS": "1",
                "RNNVIZ_CACHE_DIR": str(Path(name) / "cache"),
                "TMPDIR": str(Path(name) / "tmp"),
            }


def check_texts(root: Path, mutants: Sequence[Mutant]) -> None:
    """Check that the lines and tests of mutants exist in a tree.

    Raises: MutantError for a mutant whose line does not occur exactly once, or whose tests are
            missing
    """
    for mutant in mutants:
        file = root / mutant.file
        count = file.read_text(encoding="utf-8").count(mutant.old) if file.is_file() else 0
        if count != 1:
            raise MutantError(
                f"mutant {mutant.reason!r}: expected {mutant.old!r} once in {mutant.file}, found "
                f"it {count} times"
            )
        missing = [test for test in mutant.tests if not (root / test).is_file()]
        if missing:
            raise MutantError(f"mutant {mutant.reason!r}: {missing[0]} does not exist")


def verdict_of(status: int | None, output: str, *, hangs: bool = False) -> tuple[Verdict, str]:
    """Return the verdict that a run of pytest implies, and the first test that failed."""
    if status is None:
        return ("caught", "caught (time)") if hangs else ("error", "out of time")
    if status == _PASSED:
        return "survived", ""
    found = _FAILURE.search(output)
    if status != _FAILED or found is None:
        return "error", f"pytest ended with {status}: {output.strip()[-_MAX_OUTPUT:]}"
    if "::" not in found[2]:
        return "error", f"{found[2]} cannot be collected"
    return "caught", found[2]


def run_mutants(
    root: Path, mutants: Sequence[tuple[int, Mutant]], *, jobs: int, limit: float, unchanged: bool
) -> Iterator[Outcome]:
    """Run numbered mutants in copies of a tree, and yield their outcomes in order.

    Raises: MutantError if the tests do not import the copy
    """
    with tempfile.TemporaryDirectory(prefix="mutants-", ignore_cleanup_errors=True) as name:
        free: SimpleQueue[Workspace] = SimpleQueue()
        for number in range(jobs):
            workspace = Workspace(root, Path(name).resolve() / str(number))
            workspace.check()
            free.put(workspace)

        def attempt(numbered: tuple[int, Mutant]) -> Outcome:
            number, mutant = numbered
            workspace, begun = free.get(), time.monotonic()
            try:
                if unchanged:
                    end = workspace.run_tests(mutant.tests, limit)
                else:
                    with workspace.broken(mutant):
                        end = workspace.run_tests(mutant.tests, limit)
            finally:
                free.put(workspace)
            verdict, by = verdict_of(*end, hangs=mutant.hangs)
            return Outcome(number, mutant, verdict, by, time.monotonic() - begun)

        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(attempt, mutants)


def main() -> int:
    """Run the selected mutants and return the exit status."""
    options = _options()
    _stop_ignoring_signals()
    root = options.root.resolve()
    chosen = [
        (number, mutant)
        for number, mutant in enumerate(MUTANTS, start=1)
        if options.only in mutant.file or options.only in mutant.reason
    ]
    if options.list:
        for number, mutant in chosen:
            print(f"{number}  {mutant.file}: {mutant.reason} ({', '.join(mutant.tests)})")
        return 0
    try:
        if not chosen:
            raise MutantError(f"no mutant has {options.only!r} in its file or reason")
        check_texts(root, [mutant for _, mutant in chosen])
        if options.unchanged:
            chosen = _unchanged([mutant for _, mutant in chosen])
        return _report(chosen, root, options)
    except MutantError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2


def _report(chosen: list[tuple[int, Mutant]], root: Path, options: argparse.Namespace) -> int:
    """Run mutants, print a row of a table for each, and a summary."""
    begun, outcomes = time.monotonic(), []
    trials = run_mutants(
        root, chosen, jobs=options.jobs, limit=options.limit, unchanged=options.unchanged
    )
    widths = [max(map(len, column)) for column in zip(*map(_named, chosen), strict=True)]
    for outcome in trials:
        outcomes.append(outcome)
        named = zip(_named((outcome.number, outcome.mutant)), widths, strict=True)
        cells = [f"{text:<{width}}" for text, width in named]
        result = outcome.by or "passed" if options.unchanged else outcome.summary
        print("  ".join([*cells, f"{outcome.seconds:4.0f} s", result]), flush=True)
    counts = {
        verdict: sum(each.verdict == verdict for each in outcomes)
        for verdict in ("caught", "survived", "error")
    }
    seconds = time.monotonic() - begun
    if options.unchanged:
        print(f"\n{counts['survived']} of {len(outcomes)} runs passed, in {seconds:.0f} s")
        return 0 if counts["survived"] == len(outcomes) else 1
    print(
        f"\n{len(outcomes)} mutants: {counts['caught']} caught, {counts['survived']} survived, "
        f"{counts['error']} errors, in {seconds:.0f} s"
    )
    if options.json is not None:
        about = {"root": str(root), "seconds": round(seconds, 1), **counts}
        rows = [{**asdict(each), "seconds": round(each.seconds, 1)} for each in outcomes]
        text = json.dumps({**about, "mutants": rows}, ensure_ascii=False, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0 if counts["caught"] == len(outcomes) else 1


def _stop_ignoring_signals() -> None:
    """Let tests receive signals that this process ignores, as a background process does.

    A child process inherits ignored signals, but not handlers.
    """
    for kind in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(kind) is signal.SIG_IGN:
            signal.signal(kind, lambda *_: None)


def _unchanged(mutants: Sequence[Mutant]) -> list[tuple[int, Mutant]]:
    """Return one unchanged mutant for each group of tests."""
    groups = dict.fromkeys(mutant.tests for mutant in mutants)
    return [
        (number, Mutant("unchanged", "", "", " ".join(tests), tests))
        for number, tests in enumerate(groups, start=1)
    ]


def _named(numbered: tuple[int, Mutant]) -> tuple[str, str, str]:
    """Return the cells of the table that identify a mutant."""
    number, mutant = numbered
    return str(number), mutant.file, mutant.reason


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Break one line of the code at a time; exit with 1 if the tests miss one.",
    )
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="number of copies to test in parallel"
    )
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="run mutants with TEXT in their file or reason"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcomes to FILE")
    parser.add_argument("--list", action="store_true", help="list the mutants")
    parser.add_argument(
        "--root", type=Path, default=Path(__file__).parents[1], help="tree to copy and test"
    )
    parser.add_argument(
        "--limit", type=float, default=_LIMIT, metavar="SECONDS", help="time limit per mutant"
    )
    parser.add_argument(
        "--unchanged", action="store_true", help="run the tests on the unchanged code"
    )
    options = parser.parse_args()
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    return options


def _copy(root: Path, target: Path) -> None:
    """Copy the files of a tree that git tracks or does not ignore."""
    listed = subprocess.run(
        ["git", "ls-files", "-coz", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if os.path.lexists(root / name):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, target / name, follow_symlinks=False)


def _write(file: Path, text: str) -> None:
    """Write a module and remove its compiled form, which may look current if the size is equal."""
    file.write_text(text, encoding="utf-8")
    for kept in Path(cache_from_source(str(file))).parent.glob(f"{file.stem}.*.pyc"):
        kept.unlink()


if __name__ == "__main__":
    sys.exit(main())
