from pathlib import Path

import pytest

from augment.core.paths import PathPattern
from augment.core.stage import stage


def test_options_are_what_the_settings_do_not_fill() -> None:
    @stage(spec="datasets.{dataset}.synthesis")
    def run(dataset: str, spec: int, *, out: Path, arms: PathPattern) -> None: ...

    assert run.options == {"dataset": str, "out": Path, "arms": PathPattern}


def test_an_argument_nobody_can_fill_is_a_bug() -> None:
    @stage()
    def run(count: int) -> None: ...

    with pytest.raises(TypeError, match=r"\['count'\] are neither settings sections nor paths"):
        _ = run.options
