"""What may be searched, and the settings that come of it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from augment.classifier.classifier_spec import RecipeSpec
from augment.core.errors import SettingsError
from augment.core.search import Among, Range, told
from augment.synthesis.gan.gan_spec import GanSpec
from augment.synthesis.networks.architectures import Compact, Resnet
from augment.tuning.space import changed, present, reaching, rounded, values

PLAIN = RecipeSpec(transforms="none", sampling="natural")


def test_the_present_settings_are_among_what_is_tried() -> None:
    spec = GanSpec(steps=10, network=Resnet(width=12))
    found = present(spec)
    assert found["network.architecture"] == "resnet"
    assert found["network.resnet.width"] == 12
    assert "steps" not in found  # more steps are always better, and dearer
    assert values(spec, found) == spec


def test_another_method_brings_its_own_settings() -> None:
    spec = GanSpec(steps=10, network=Resnet(attention=True))
    other = values(spec, {"network.architecture": "compact", "network.compact.width": 24, "network.resnet.width": 8})
    assert other.network == Compact(width=24)
    assert other.steps == 10


@given(st.data())
def test_whatever_is_drawn_are_settings(data: st.DataObject) -> None:
    def ask(_: str, mark: Range | Among, __: Any) -> Any:
        if isinstance(mark, Among):
            return data.draw(st.sampled_from(mark.choices))
        return rounded(data.draw(st.floats(mark.low, mark.high)))

    changed(GanSpec(steps=1), ask)
    changed(PLAIN, ask)


def test_ranges_reach_the_present_value() -> None:
    assert reaching(Range(0.1, 1.0, log=True), 3.0) == Range(0.1, 3.0, log=True)
    assert reaching(Range(0.1, 1.0, log=True), 0.0) == Range(0.0, 1.0)
    assert reaching(Among("a"), "b") == Among("a", "b")
    assert reaching(Among("a", "b"), "b") == Among("a", "b")


def test_numbers_have_three_digits() -> None:
    assert values(PLAIN, {"weight_decay": 0.0123456}).weight_decay == 0.0123


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(SettingsError, match="what was tried has 1 problem:\n  sampling"):
        values(PLAIN, {"sampling": "never"})


def test_told() -> None:
    assert told(Range(0.001, 0.3, log=True)) == "0.001 to 0.3, by factors"
    assert told(Range(0, 0.5)) == "0 to 0.5"
    assert told(Among("a", True, 3)) == "`a`, `true`, `3`"
