import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from augment.core.images import ImageSet, make_image_set
from augment.synthesis.classical.alignment import alignment, frames, warp
from augment.synthesis.classical.fillers import fit_transport
from augment.synthesis.classical.fillers_spec import TransportSpec


def box(top: int, left: int, height: int, width: int, side: int = 16) -> torch.Tensor:
    image = torch.full((1, 1, side, side), -1.0)
    image[:, :, top : top + height, left : left + width] = 1.0
    return image


def places(maps: object) -> torch.Tensor:
    return torch.from_numpy(maps).float()[None] if isinstance(maps, np.ndarray) else torch.tensor(maps)


def test_a_frame_is_centre_and_spread_of_what_stands_out() -> None:
    found = frames(box(4, 6, 2, 4), np.asarray([0]))[0]
    # Columns 6 to 9 of 16 lie at ±1/16 and ±3/16, rows 4 and 5 at -7/16 and -5/16.
    assert found[:2] == pytest.approx([0.0, -6 / 16])
    assert np.exp(found[2:]) == pytest.approx([(5 / 256) ** 0.5, 1 / 16])


def test_a_frame_is_of_the_cell_and_neither_of_light_nor_of_contrast() -> None:
    one, other = box(4, 6, 2, 4), box(8, 2, 6, 3)
    both = frames(torch.cat([one, -0.5 * other, 0.25 * one]), np.asarray([3, 7, 3]))
    assert both[3] == pytest.approx(frames(one, np.asarray([0]))[0])
    assert both[7] == pytest.approx(frames(other, np.asarray([0]))[0])
    assert frames(torch.zeros(2, 1, 8, 8), np.asarray([0, 1])) == {}


def test_images_are_drawn_as_large_and_where_the_others_are() -> None:
    small, large = box(6, 6, 4, 4), box(2, 4, 8, 8)
    maps = alignment(*({0: frames(of, np.asarray([0]))[0]} for of in (small, large)))
    shown = warp(small, places(maps))
    assert ((shown > 0) == (large > 0)).float().mean() > 0.97  # the edges of what is enlarged are soft


def test_the_way_back_undoes_the_way_there() -> None:
    one, other = ({0: np.asarray(of)} for of in ([0.1, -0.2, -0.5, -1.0], [0.0, 0.3, -0.9, -0.8]))
    there, back = (np.vstack([alignment(*pair), [0, 0, 1]]) for pair in ((one, other), (other, one)))
    assert there @ back == pytest.approx(np.eye(3))


SAME = [0.0, 0.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("origin", "target", "scale"),
    [
        pytest.param([[0, 0, 0.5, 0], [0, 0, 0.6, 0]], [[0, 0, 0.0, 0], [0, 0, 0.1, 0]], np.exp(0.5), id="all alike"),
        pytest.param([[0, 0, 0.5, 0], [0, 0, -0.4, 0]], [SAME, SAME], 1.0, id="one larger, one smaller"),
    ],
)
def test_a_scale_is_taken_where_the_shared_classes_agree_on_it(
    origin: list[list[float]], target: list[list[float]], scale: float
) -> None:
    first, second = ({label: np.asarray(frame) for label, frame in enumerate(of)} for of in (origin, target))
    assert alignment(first, second)[0, 0] == pytest.approx(scale)
    apart = {label + 5: frame for label, frame in second.items()}
    # The classes differ by 0.1 (or 0.9) among themselves, which explains a difference of 0.05 but none of 0.5.
    assert alignment(first, apart)[0, 0] == pytest.approx(scale)


def test_other_classes_alone_are_compared_by_how_much_classes_differ() -> None:
    rng = np.random.default_rng(0)
    kept = [
        alignment(
            {label: rng.normal(0, 0.1, 4) for label in range(5)},
            {label: rng.normal(0, 0.1, 4) for label in range(5, 10)},
        )
        for _ in range(200)
    ]
    unchanged = np.mean([maps[0, 0] == 1.0 for maps in kept])
    assert unchanged > 0.85
    assert alignment({0: np.ones(4)}, {1: np.zeros(4)}) == pytest.approx(np.eye(2, 3))
    assert alignment({}, {1: np.zeros(4)}) == pytest.approx(np.eye(2, 3))


@given(st.integers(0, 2**31))
def test_no_map_leaves_images_as_they_are(seed: int) -> None:
    images = torch.rand(3, 2, 5, 7, generator=torch.Generator().manual_seed(seed)) * 2 - 1
    torch.testing.assert_close(warp(images, torch.eye(2, 3).expand(3, -1, -1)), images)


def scanners(rng: np.random.Generator) -> ImageSet:
    """Make blobs of two classes: scanner b shows all at two thirds of the size, and class 1 never."""
    images, labels, groups = [], [], []
    for label, group, count in ((0, "a", 60), (1, "a", 60), (0, "b", 60)):
        for _ in range(count):
            top, left = rng.integers(-1, 2, 2)
            image = box(4 + top, 4 + left, 8, 4) if label else box(4 + top, 4 + left, 4, 8)
            if group == "b":
                image = F.interpolate(F.pad(image, (4, 4, 4, 4), value=-1.0), (16, 16), mode="area")
            images.append(image[0])
            labels.append(label)
            groups.append(group)
    found = make_image_set(
        ((torch.stack(images) + 1) * 127.5).round().to(torch.uint8).numpy(), labels, ["flat", "tall"]
    )
    found.manifest["group"] = groups
    return found


def test_a_filled_cell_shows_things_as_large_as_its_group_does() -> None:
    train = scanners(np.random.default_rng(0))
    wanted = F.interpolate(F.pad(box(4, 4, 8, 4), (4, 4, 4, 4), value=-1.0), (16, 16), mode="area")
    noise, labels, targets = torch.zeros(1, 2), torch.tensor([1]), torch.tensor([1])

    def error(spec: TransportSpec) -> float:
        filler = fit_transport(train, spec).eval()
        made = torch.stack([filler(noise + shift, labels, targets)[0] for shift in torch.linspace(-2, 2, 20)])
        return (made.mean(0) - wanted[0]).abs().mean().item()

    assert error(TransportSpec()) < 0.6 * error(TransportSpec(align=False))
