from pathlib import Path
from typing import Any

import pytest

from augment.core.settings_block import parse
from augment.planning.quick import quick, write
from augment.settings import Settings, load_settings


def cut(params: dict[str, Any]) -> dict[str, Any]:
    return quick(parse(Settings, params, "params.yaml"))


def test_what_stays_is_the_question_and_the_last_recipe(params: dict[str, Any]) -> None:
    found = cut(params)
    assert found["seeds"] == 2
    assert found["synthesizers"] == {"gan": ["gan"], "vae": [], "classical": []}
    assert list(found["mixes"]) == ["merged"]
    assert found["auto_mixes"] == {}
    assert found["arms"]["train_sets"] == ["real", "merged"]
    assert list(found["arms"]["recipes"]) == ["balanced_classical"]
    digits = found["datasets"]["digits"]
    assert digits["synthesizers"]["gan"]["steps"] == 667
    assert digits["classifier"]["max_steps"] == 1000


def test_nothing_else_is_changed(params: dict[str, Any]) -> None:
    found, digits = cut(params), params["datasets"]["digits"]
    for key in ("seed", "runtime", "gate", "flow"):
        assert found[key] == params[key]
    made = found["datasets"]["digits"]
    for key in ("source", "split", "scarcity", "synthesis"):
        assert made[key] == digits[key]
    assert made["classifier"] == digits["classifier"] | {"max_steps": 1000}
    assert made["synthesizers"]["smote"] == digits["synthesizers"]["smote"]


def test_without_a_mix_of_both_synthetic_images_alone_are_asked_about(params: dict[str, Any]) -> None:
    params["arms"]["train_sets"] = ["control", "real", "best", "synthetic"]
    assert cut(params)["arms"]["train_sets"] == ["real", "synthetic"]


def test_a_choice_on_val_is_asked_about_last_and_keeps_its_recipe(params: dict[str, Any]) -> None:
    params["arms"]["train_sets"] = ["control", "real", "best"]
    found = cut(params)
    assert found["arms"]["train_sets"] == ["real", "best"]
    assert list(found["arms"]["recipes"]) == ["balanced", "balanced_classical"]


def test_real_images_alone_are_a_question_too(params: dict[str, Any], tmp_path: Path) -> None:
    params["arms"]["train_sets"] = ["real", "control"]
    write(parse(Settings, params, "params.yaml"), tmp_path / "params.yaml", tmp_path)
    found = load_settings(tmp_path / "params.yaml")
    assert (found.arms.train_sets, found.synthesizer_names(), found.mixes) == (["real"], ["gan"], {})


def test_what_is_written_is_valid_and_cuts_no_further_but_for_steps(settings: Settings, tmp_path: Path) -> None:
    write(settings, tmp_path / "params.yaml", tmp_path)
    once = load_settings(tmp_path / "params.yaml")
    assert quick(once)["arms"] == quick(settings)["arms"]
    assert once.datasets["digits"].scarcity == settings.datasets["digits"].scarcity


def test_where_there_is_nothing_to_fill_the_mix_has_a_share(
    params: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"kind": "image_folder", "image_size": 16, "mode": "rgb"}
    pets = params["datasets"]["digits"] | {"source": source, "scarcity": {"kind": "none"}}
    both = params | {"datasets": params["datasets"] | {"pets": pets, "broken": pets}}
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(20 if name == "dog" else 21):  # as good as equal
            (tmp_path / "pets" / name / f"{number}.png").touch()
    write(parse(Settings, both, "params.yaml"), tmp_path / "params.yaml", tmp_path)
    merged = load_settings(tmp_path / "params.yaml").mixes["merged"]
    assert (merged.share, merged.fill) == (0.5, None)
    assert capsys.readouterr().out == (
        "quick: mixes.merged has `share: 0.5` in place of `fill: largest`, which would add next to nothing to pets, "
        "whose classes are about equally large\n"
    )
    for number in range(20, 40):
        (tmp_path / "pets" / "cat" / f"{number}.png").touch()
    write(parse(Settings, both, "params.yaml"), tmp_path / "params.yaml", tmp_path)
    assert load_settings(tmp_path / "params.yaml").mixes["merged"].fill == "largest"
    assert capsys.readouterr().out == ""
