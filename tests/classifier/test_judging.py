import pytest

from augment.classifier import judging
from augment.classifier.judging import REAL_RUN, SYNTHETIC_RUN, budget, train_judge
from augment.core.images import ImageSet, concatenate
from augment.runtime.machine import Machine


@pytest.mark.parametrize(
    ("images", "val", "expected"),
    [
        (246, 270, (961, 25, 8)),  # 250 times 246 images, 64 a step
        (200, 50, (782, 25, 8)),
        (385, 2400, (1500, 25, 8)),
        (40_000, 2401, (1500, 26, 8)),
        (40_000, 12_000, (1500, 125, 3)),  # 12,000 / 96; two points would be 200 steps
    ],
)
def test_few_images_end_the_training_sooner_and_a_large_val_is_asked_less_often(
    images: int, val: int, expected: tuple[int, int, int]
) -> None:
    found = budget(images, val)
    assert (found.max_steps, found.eval_every, found.patience) == expected


def test_the_judge_is_trained_within_its_budget_and_so_is_one_of_synthetic_images(
    stripes: ImageSet, cpu: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(judging, "MOST_EPOCHS", 7)
    assert train_judge(stripes, stripes, 0, REAL_RUN, cpu, "x").steps == 7  # 7 times 60 images, 64 a step
    many = concatenate(stripes, stripes)
    assert train_judge(many, stripes, 0, SYNTHETIC_RUN, cpu, "x", len(stripes)).steps == 7
    assert train_judge(many, stripes, 0, REAL_RUN, cpu, "x").steps == 14
    assert "7/7 step" in capsys.readouterr().err
