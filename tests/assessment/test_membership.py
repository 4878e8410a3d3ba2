import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import mannwhitneyu, norm

from augment.assessment.membership import FALSE_ALARMS, attack, auc_interval, draw_pool, held_out_advantage
from augment.core.errors import LeftOutError
from augment.core.images import FloatArray

ONE_CLASS = np.zeros(4, dtype=np.int64)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_hand_worked_area_and_p_value() -> None:
    # Of 16 pairs the member is nearer in: 1 beats 2, 4, 6, 8; 3 beats 4, 6, 8; 4 beats 6, 8 and ties with 4; 5 beats
    # 6, 8: 11 and a half. All ties are one pair: U = 4.5.
    found = attack(np.asarray([1.0, 3.0, 4.0, 5.0]), np.asarray([2.0, 4.0, 6.0, 8.0]), ONE_CLASS, generator())
    assert found.auc == pytest.approx(11.5 / 16)
    assert found.images == 4
    expected = mannwhitneyu([1.0, 3.0, 4.0, 5.0], [2.0, 4.0, 6.0, 8.0], alternative="less").pvalue
    assert found.p_value == pytest.approx(expected)
    assert np.isnan(found.caught)


def test_hand_worked_interval() -> None:
    # One image a side, both named rightly: the variance at θ is θ(1 - θ), so the low end solves
    # (1 - θ)² = z² θ (1 - θ), that is 1 - θ = z² θ: θ = 1 / (1 + 1.95996²) = 0.20655.
    assert auc_interval(1.0, 1) == pytest.approx((0.20655, 1.0), abs=1e-5)
    assert auc_interval(0.0, 1) == pytest.approx((0.0, 1 - 0.20655), abs=1e-5)


@pytest.mark.parametrize("images", [5, 50, 500])
def test_the_interval_leaves_out_one_half_where_the_test_rejects(images: int) -> None:
    # At 0.5 the variance is that of Mann and Whitney, (2M + 1) / 12M².
    border = 0.5 + float(norm.ppf(0.975)) * ((2 * images + 1) / 12) ** 0.5 / images
    assert auc_interval(border + 1e-6, images)[0] > 0.5 > auc_interval(border - 1e-6, images)[0]


@given(st.floats(0.0, 1.0), st.integers(1, 2000))
def test_intervals_hold_the_estimate_and_mirror(auc: float, images: int) -> None:
    low, high = auc_interval(auc, images)
    assert 0.0 <= low <= auc <= high <= 1.0
    mirrored_low, mirrored_high = auc_interval(1.0 - auc, images)
    assert (1.0 - mirrored_high, 1.0 - mirrored_low) == pytest.approx((low, high), abs=1e-6)


def test_hand_worked_advantage() -> None:
    # Whatever the halves, the threshold is 1: all members are found, no other is suspected. Wilson's intervals of 4 of
    # 4 and of 0 of 4 are z² / (4 + z²) = 0.48989 wide; the hybrid's low end is 1 - √(2 · 0.48989²) = 0.30719.
    members, others = np.full(4, 1.0), np.asarray([3.0, 3.1, 3.2, 3.3])
    assert held_out_advantage(members, others, generator()) == pytest.approx((1.0, 0.30719, 1.0), abs=1e-5)
    # No threshold helps where all are equal, or where members lie farther away: none is suspected then.
    assert held_out_advantage(members, members, generator())[0] == 0.0
    assert held_out_advantage(others, members, generator())[0] == 0.0


def test_units_of_classes_do_not_matter() -> None:
    rng = generator(3)
    members, others = rng.gamma(5, size=60), rng.gamma(6, size=60)
    labels = np.repeat([0, 1, 2], 20)
    units = np.asarray([1.0, 10.0, 1000.0])[labels]
    first = attack(members, others, labels, generator())
    second = attack(members * units, others * units, labels, generator())
    assert second.figures() == pytest.approx(first.figures(), nan_ok=True)


def test_a_generator_that_hands_out_its_training_images_is_found_out() -> None:
    labels = np.repeat(np.arange(10), 20)
    found = attack(np.zeros(200), 1.0 + generator().gamma(3, size=200), labels, generator(1))
    assert (found.auc, found.auc_high, found.advantage, found.caught) == (1.0, 1.0, 1.0, 1.0)
    assert found.auc_low > 0.97
    assert found.advantage_low > 0.95
    assert found.p_value < 1e-9


def rounds(shift: float, images: int = 120, count: int = 250) -> list[dict[str, float]]:
    """Attack again and again: log-normal distances, those of members lower by ``shift`` standard deviations."""
    rng, labels = generator(7), np.arange(images) % 6

    def distances(lower: float) -> FloatArray:
        return np.exp(0.3 * (rng.normal(size=images) - lower)) * (1 + labels)

    return [attack(distances(shift), distances(0.0), labels, rng).figures() for _ in range(count)]


def share(found: list[dict[str, float]], what: str, truth: float) -> float:
    """Share of intervals that hold the truth."""
    return float(np.mean([each[f"{what}_low"] <= truth <= each[f"{what}_high"] for each in found]))


def test_without_a_leak_the_attack_finds_none() -> None:
    """Binomial bounds of four standard errors around 95 % and 5 %; means within four of their own."""
    found = rounds(shift=0.0)
    assert share(found, "auc", 0.5) > 0.895
    assert share(found, "advantage", 0.0) > 0.895
    assert np.mean([each["p_value"] <= 0.05 for each in found]) < 0.105
    for name, truth in (("auc", 0.5), ("advantage", 0.0), ("caught", FALSE_ALARMS)):
        values = np.asarray([each[name] for each in found])
        assert abs(values.mean() - truth) < 4 * values.std() / len(values) ** 0.5


def test_a_leak_is_measured() -> None:
    found = rounds(shift=1.0)
    # Two normals one deviation apart: the area is Φ(1/√2), the best threshold has the advantage 2Φ(1/2) - 1, which
    # one learnt on few images falls a little short of.
    assert share(found, "auc", float(norm.cdf(0.5**0.5))) > 0.895
    best = 2 * float(norm.cdf(0.5)) - 1
    assert best - 0.05 < np.mean([each["advantage"] for each in found]) < best
    assert np.mean([each["p_value"] <= 0.05 for each in found]) > 0.99


def test_the_pool_has_as_many_of_each_class_on_both_sides() -> None:
    train, held_out = np.repeat([0, 1, 2], [50, 3, 0]), np.repeat([2, 1, 0], [5, 10, 20])
    pool = draw_pool(train, held_out, generator())
    assert np.bincount(pool.labels).tolist() == [20, 3]
    assert train[pool.members].tolist() == held_out[pool.others].tolist() == pool.labels.tolist()
    assert len(set(pool.members.tolist())) == len(set(pool.others.tolist())) == 23
    # Drawn, not the first ones: neighbours in a file may be of one writer.
    assert pool.members[:20].tolist() != list(range(20))


def test_too_few_images_are_refused() -> None:
    with pytest.raises(LeftOutError, match="expected at least 2 images of classes that both splits have, found 1"):
        attack(np.ones(1), np.ones(1), np.zeros(1, dtype=np.int64), generator())
