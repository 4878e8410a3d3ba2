import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.runtime.batches import balanced_rows, shuffled_rows, to_float, to_uint8


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@given(st.integers(1, 40), st.integers(1, 16))
def test_an_epoch_shows_no_row_twice(count: int, size: int) -> None:
    batches = shuffled_rows(count, size, generator())
    per_epoch = count // min(count, size)
    for _ in range(2):
        seen = torch.cat([next(batches) for _ in range(per_epoch)]).tolist()
        assert len(set(seen)) == len(seen) == per_epoch * min(count, size)


def test_balanced_batches_show_rare_classes_as_often() -> None:
    labels = torch.tensor([0] * 900 + [2] * 100)  # class 1 has no rows
    batches = balanced_rows(labels, 100, generator())
    drawn = torch.cat([next(batches) for _ in range(100)])
    shares = labels[drawn].bincount(minlength=3) / 10_000
    # 0.5 ± 4 standard errors of 10,000 fair draws.
    assert abs(float(shares[0]) - 0.5) < 0.02
    assert float(shares[1]) == 0
    assert len(drawn.unique()) > 600


def test_every_stored_level_survives_the_round_trip() -> None:
    levels = torch.arange(256, dtype=torch.uint8).reshape(1, 1, 16, 16)
    floats = to_float(levels)
    assert (float(floats.min()), float(floats.max())) == (-1.0, 1.0)
    assert (to_uint8(floats) == levels.numpy()).all()
