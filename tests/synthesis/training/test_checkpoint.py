from pathlib import Path

import pytest
import torch
from torch import nn

from augment.synthesis.training.checkpoint import Checkpoint, fingerprint, fingerprint_code, pack, unpack

ORIGIN = {"settings": "a", "data": "b"}


def saved(path: Path) -> Path:
    Checkpoint(path, ORIGIN).save({"x": torch.arange(3)}, {"done": 7})
    return path


def test_tensors_and_facts_survive_the_disk(tmp_path: Path) -> None:
    found = Checkpoint(saved(tmp_path / "c"), ORIGIN).load()
    assert found is not None
    assert found[0]["x"].tolist() == [0, 1, 2]
    assert found[1] == {"done": 7}


def test_a_checkpoint_of_another_origin_is_refused_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert Checkpoint(saved(tmp_path / "c"), ORIGIN | {"data": "other"}).load() is None
    assert "made from other data; beginning anew" in capsys.readouterr().err
    assert Checkpoint(tmp_path / "c", {"data": "other", "machine": "another"}).load() is None
    assert "made from other data, machine, settings; beginning anew" in capsys.readouterr().err


def test_a_broken_checkpoint_is_refused_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "c")
    path.write_bytes(path.read_bytes()[:-5])
    assert Checkpoint(path, ORIGIN).load() is None
    assert "cannot be read" in capsys.readouterr().err


def test_success_leaves_nothing(tmp_path: Path) -> None:
    checkpoint = Checkpoint(saved(tmp_path / "c"), ORIGIN)
    checkpoint.clear()
    assert list(tmp_path.iterdir()) == []
    assert checkpoint.load() is None


def test_it_is_due_only_after_its_interval(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "c", {}, every_s=0).due
    assert not Checkpoint(tmp_path / "c", {}, every_s=60).due
    assert not Checkpoint(None, {}, every_s=0).due


def test_modules_optimisers_and_generators_go_on_where_they_were() -> None:
    def build() -> tuple[nn.Linear, torch.optim.Adam, torch.Generator]:
        layer = nn.Linear(3, 2)
        return layer, torch.optim.Adam(layer.parameters()), torch.Generator().manual_seed(1)

    def step(layer: nn.Linear, optimiser: torch.optim.Adam, rng: torch.Generator) -> list[float]:
        optimiser.zero_grad()
        layer(torch.randn(4, 3, generator=rng)).square().sum().backward()
        optimiser.step()
        return layer.weight.flatten().tolist()

    first, second = build(), build()
    step(*first)
    names = ("layer", "optimiser", "rng")
    unpack(pack(dict(zip(names, first, strict=True))), dict(zip(names, second, strict=True)))
    assert step(*first) == step(*second)


def test_fingerprints_tell_apart_what_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fingerprint(b"ab", b"c") != fingerprint(b"a", b"bc")
    (tmp_path / "a.py").write_text("x = 1")
    before = fingerprint_code(tmp_path)
    (tmp_path / "notes.txt").write_text("not code")
    assert fingerprint_code(tmp_path) == before
    (tmp_path / "a.py").write_text("x = 2")
    assert fingerprint_code(tmp_path) != before
    (tmp_path / "a.py").write_text("x = 1")
    monkeypatch.setattr(torch, "__version__", "another")
    assert fingerprint_code(tmp_path) != before


def test_an_optimiser_goes_on_as_before_whatever_the_layout_of_its_weights() -> None:
    def make() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        network = nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)
        return network, torch.optim.Adam(network.parameters(), fused=True)

    def step(network: nn.Module, optimiser: torch.optim.Optimizer, number: int) -> None:
        images = torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(number))
        optimiser.zero_grad()
        network(images).square().sum().backward()
        optimiser.step()

    network, optimiser = make()
    step(network, optimiser, 0)
    kept = pack({"network": network, "optimiser": optimiser})
    again, its_optimiser = make()
    unpack(kept, {"network": again, "optimiser": its_optimiser})
    for number in (1, 2):
        step(network, optimiser, number)
        step(again, its_optimiser, number)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
    # What was kept is not written to: it may be gone back to once more.
    unpack(kept, {"network": again, "optimiser": its_optimiser})
    step(again, its_optimiser, 1)
    step(again, its_optimiser, 2)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), again.parameters(), strict=True))
