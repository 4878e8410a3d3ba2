from pathlib import Path

import pytest

from augment.core.errors import LeftOutError, SettingsError
from augment.core.paths import PathPattern
from augment.core.stage import stage
from augment.core.store import read_json, require_made


def test_options_are_what_the_settings_do_not_fill() -> None:
    @stage(spec="datasets.{dataset}.synthesis")
    def run(dataset: str, spec: int, *, out: Path, arms: PathPattern) -> None: ...

    assert run.options == {"dataset": str, "out": Path, "arms": PathPattern}


def test_an_argument_nobody_can_fill_is_a_bug() -> None:
    @stage()
    def run(count: int) -> None: ...

    with pytest.raises(TypeError, match=r"\['count'\] are neither settings sections nor paths"):
        _ = run.options


def test_what_cannot_be_made_is_left_out_with_the_reasons(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    @stage(makes=("out", "choice"))
    def run(*, out: Path, choice: Path) -> None:
        assert not out.exists()
        assert not choice.exists()
        raise LeftOutError("class a: 1 image", "what to try: more images")

    run.carry_out(out=tmp_path / "out", choice=tmp_path / "choice.json")
    with pytest.raises(LeftOutError, match="class a: 1 image\nwhat to try: more images"):
        require_made(tmp_path / "out")
    assert read_json(tmp_path / "choice.json") == {"left_out": ["class a: 1 image", "what to try: more images"]}
    assert "class a: 1 image" in capsys.readouterr().out


def test_a_stage_that_has_to_make_something_fails_instead(tmp_path: Path) -> None:
    @stage()
    def run(*, out: Path) -> None:
        assert not out.exists()
        raise LeftOutError("class a: 1 image")

    with pytest.raises(LeftOutError, match="class a"):
        run.carry_out(out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@stage(spec="datasets.{dataset}.classifier")
def fit(dataset: str, arm: str, spec: int, *, train: Path, others: PathPattern) -> None: ...


PLACES = {"train": "data/{dataset}/{arm}", "others": "out/{dataset}/{each}"}


@pytest.mark.parametrize("address", ["fit@digits-real", "../dvc.yaml:fit@digits-real"])
def test_coordinates_come_from_the_address_and_fill_the_blanks_of_paths(address: str) -> None:
    assert fit.coordinates == ["dataset", "arm"]
    assert fit.arguments(address, PLACES) == {
        "dataset": "digits",
        "arm": "real",
        "train": Path("data/digits/real"),
        "others": PathPattern("out/digits/{each}"),
    }


@pytest.mark.parametrize("address", ["fit", "fit@digits", "fit@digits-real-plain", ""])
def test_an_address_of_another_kind_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match=f"--stage {address}: expected NAME@DATASET-ARM, as DVC names a stage"):
        fit.arguments(address, PLACES)


def test_a_path_may_have_no_blank_that_is_no_coordinate() -> None:
    with pytest.raises(KeyError, match="each"):
        fit.arguments("fit@digits-real", {"train": "data/{each}"})
