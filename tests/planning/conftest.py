"""A small project: its settings, its plan, and a meter that knows every answer."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from augment.core.settings_block import parse
from augment.planning.facts import Facts
from augment.planning.meter import Meter
from augment.settings import Settings

PROJECT = Path(__file__).parents[2]


@dataclass
class KnownMeter(Meter):
    """Measures nothing: a step takes a second, an image a tenth, a distance a thousandth."""

    def _step_s(self, key: object, begin: object) -> float:  # noqa: ARG002  # nothing is begun
        return 1.0

    def _call_s(self, kind: tuple[object, ...], prepare: object) -> float:  # noqa: ARG002  # nothing is called
        return {"fit": 6.0 * 256, "distance": 256**2 / 1000}.get(str(kind[0]), 1.6)


@pytest.fixture
def params() -> dict[str, Any]:
    """The project's own settings, with a choice of shares."""
    found: dict[str, Any] = yaml.safe_load((PROJECT / "params.yaml").read_text())
    found["auto_mixes"] = {"best": {"synthesizer": "gan", "shares": [0.0, 0.25, 0.5], "recipe": "balanced", "runs": 4}}
    return found


@pytest.fixture
def settings(params: dict[str, Any]) -> Settings:
    return parse(Settings, params, "params.yaml")


@pytest.fixture
def known() -> Facts:
    """Ten classes of 30 train images, 100 of val, 200 of test."""
    return Facts((1, 8, 8), np.full(10, 30), 100, 200)
