"""The stage as the command line calls it, for synthesizers that know groups; end to end for the others."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from augment.core.cells import count_cells
from augment.core.container import read_image_set
from augment.core.errors import ContainerError
from augment.core.generators import for_run
from augment.core.images import ImageSet
from augment.core.provenance import about_pool
from augment.core.store import read_json, write_json
from augment.runtime.runtime_spec import RuntimeSpec
from augment.stages.synthesize import synthesize
from augment.synthesis.base.drawing_spec import SynthesisSpec
from augment.synthesis.base.files import generator_folder, read_groups, write_synthesizer
from augment.synthesis.classical.fillers import fit_transport
from augment.synthesis.classical.fillers_spec import TransportSpec

MADE_BY = {"dataset": "toys", "synthesizer": "transport", "seed": 0}


@pytest.fixture
def real(stripes: ImageSet) -> ImageSet:
    """Give two groups, of which the second never saw the first class."""
    groups = np.where((stripes.labels == 0) | (np.arange(60) % 2 == 0), "north", "south")
    return ImageSet(stripes.images, stripes.manifest.assign(group=groups), stripes.classes)


@pytest.fixture
def trained(tmp_path: Path, real: ImageSet) -> Path:
    spec = TransportSpec()
    write_synthesizer(tmp_path / "trained", fit_transport(real, spec), spec, real, {"made_by": MADE_BY})
    return tmp_path / "trained"


def run(trained: Path, out: Path) -> ImageSet:
    synthesize.run(
        dataset="toys",
        synthesizer="transport",
        spec=SynthesisSpec(per_class=7),
        runtime=RuntimeSpec(device="cpu", precision="fp32"),
        seed=0,
        trained=trained,
        synthetic=out,
    )
    return read_image_set(out)


def test_every_cell_that_can_be_filled_is_drawn_and_tells_the_image_each_is_made_of(
    trained: Path, real: ImageSet, tmp_path: Path
) -> None:
    drawn = run(trained, tmp_path / "drawn")
    assert count_cells(drawn).by_group() == {"north": (0, 7, 7), "south": (7, 7, 7)}
    sources = real.manifest.set_index("content_hash").loc[drawn.manifest["source_hash"]]
    assert sources["label"].tolist() == drawn.labels.tolist()
    assert (sources["group"].to_numpy() != drawn.manifest["group"].to_numpy()).all()
    again = run(trained, tmp_path / "again")
    assert again.manifest.equals(drawn.manifest)


def test_a_folder_that_does_not_name_its_groups_is_refused(trained: Path) -> None:
    assert read_groups(trained) == ("north", "south")
    write_json(trained / "model.json", read_json(trained / "model.json") | {"groups": ["north"]})
    with pytest.raises(ContainerError, match=r"groups: expected the names of the groups, found .'north'"):
        read_groups(trained)


def test_each_generator_draws_as_many_by_a_seed_of_its_own(trained: Path, real: ImageSet, tmp_path: Path) -> None:
    one = run(trained, tmp_path / "one")
    spec = TransportSpec(generators=2)
    for number in range(2):
        write_synthesizer(
            generator_folder(trained, number), fit_transport(real, spec), spec, real, {"made_by": MADE_BY}
        )
    two = run(trained, tmp_path / "two")
    assert len(two) == 2 * len(one)
    first, second = (for_run(two, number) for number in range(2))
    assert first.manifest.equals(one.manifest)
    assert second.manifest["group"].tolist() == one.manifest["group"].tolist()
    assert second.manifest["source_hash"].tolist() != one.manifest["source_hash"].tolist()
    shutil.rmtree(generator_folder(trained, 1))
    with pytest.raises(ContainerError, match=r"trained: expected 2 generators, found no .*trained/generators/2"):
        run(trained, tmp_path / "three")


def test_what_learnt_from_images_without_labels_hands_that_on(trained: Path, tmp_path: Path) -> None:
    run(trained, tmp_path / "plain")
    assert about_pool(tmp_path / "plain") == {}
    told = {"images": 30, "believed": 20}
    write_json(trained / "model.json", read_json(trained / "model.json") | {"pool": told})
    run(trained, tmp_path / "pool")
    assert about_pool(tmp_path / "pool") == {"pool": told}
