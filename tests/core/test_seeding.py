from hypothesis import given
from hypothesis import strategies as st

from augment.core.seeding import derive_seed, numpy_generator

names = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1), max_size=3)


def test_a_derived_seed_never_changes_between_versions() -> None:
    # printf '0\\0gan\\0noise' | sha256sum begins with these 8 bytes; the top bit is dropped.
    assert derive_seed(0, "gan", "noise") == 0x0C58760FC522EC2C >> 1


@given(st.integers(0, 2**31), names, names)
def test_different_purposes_get_different_seeds(seed: int, first: list[str], second: list[str]) -> None:
    assert (derive_seed(seed, *first) == derive_seed(seed, *second)) == (first == second)


@given(st.integers(0, 2**31), names)
def test_a_seed_fits_every_generator(seed: int, purpose: list[str]) -> None:
    assert 0 <= derive_seed(seed, *purpose) < 2**63


def test_the_same_purpose_draws_the_same_numbers() -> None:
    first, second = (numpy_generator(3, "split", "val").random(5).tolist() for _ in range(2))
    assert first == second
