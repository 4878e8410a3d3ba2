from collections import OrderedDict

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from augment.classifier.memory import Memory, keys

ROOM = 3
FEATURES = 4


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5))))
def test_those_not_asked_for_the_longest_go_first(calls: list[tuple[bool, int]]) -> None:
    memory, model = Memory(limit=ROOM * FEATURES * 4), OrderedDict[int, float]()
    for keeps, number in calls:
        if keeps and number not in model:
            memory.keep(bytes([number]), torch.full((FEATURES,), float(number)))
            model[number] = float(number)
            if len(model) > ROOM:
                model.popitem(last=False)
        else:
            found = memory.find(bytes([number]))
            assert (found is not None) == (number in model)
            if found is not None:
                assert found.tolist() == [model[number]] * FEATURES
                model.move_to_end(number)
    memory.forget()
    assert all(memory.find(bytes([number])) is None for number in range(6))


def test_what_is_kept_twice_counts_once() -> None:
    memory = Memory(limit=2 * FEATURES * 4)
    for number in (0, 1, 1, 1):
        memory.keep(bytes([number]), torch.ones(FEATURES))
    assert memory.find(bytes([0])) is not None


def test_an_image_has_another_name_in_another_shape_and_to_another_network() -> None:
    image = torch.zeros(1, 1, 2, 6)
    names = {*keys(b"a", image), *keys(b"b", image), *keys(b"a", image.view(1, 1, 3, 4)), *keys(b"a", image + 1)}
    assert len(names) == 4
    assert keys(b"a", image) == keys(b"a", image.expand(2, 1, 2, 6))[:1]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_an_images_name_does_not_hang_on_its_layout(layout: torch.memory_format) -> None:
    images = torch.arange(24.0).view(1, 3, 2, 4)
    assert keys(b"", images.to(memory_format=layout)) == keys(b"", images)
