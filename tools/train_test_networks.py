"""Train the networks that tests use and save their weights.

usage: .venv/bin/python tools/train_test_networks.py

This takes minutes. Run it after a change to tasks, cells or training that changes the default
networks; tests/test_kept_networks.py fails then.
"""

import sys
import tempfile
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import kept_networks as kept

from rnnviz import training
from rnnviz.experiments.default_recordings import FOLDER_VARIABLE


def main() -> None:
    """Train all networks, with an empty cache."""
    for language in kept.LANGUAGES:
        networks: dict[str, kept.Kept] = {}
        train = kept.train(networks.__setitem__)
        with (
            tempfile.TemporaryDirectory() as folder,
            mock.patch.dict("os.environ", {FOLDER_VARIABLE: folder}),
            mock.patch.object(training, "train", train),
        ):
            kept.wanted(language)
        kept.write(language, networks)
        print(f"{language}: {len(networks)} networks")


if __name__ == "__main__":
    main()
