"""Which question a split answers, in words."""

from augment.core.text import listed
from augment.datasets.split_spec import NamedGroups, OfficialPart, SplitSpec


def question(split: SplitSpec) -> str:
    """Say what an accuracy on the test split is an answer to.

    Returns:
        A question, and what it leaves open, as one line.
    """
    kept = split.together()
    said = []
    if isinstance(split.test, NamedGroups):
        asked = f"How well does a classifier do on {listed(split.test.groups)}, of which training saw nothing?"
    elif isinstance(split.test, OfficialPart) or split.test == "official":
        part = "a part of " if isinstance(split.test, OfficialPart) else ""
        asked = f"How well does a classifier do on {part}the test images that the source sets apart?"
    elif "group" in kept:
        asked = "How well does a classifier do on new groups, none of whose images it was trained on?"
    else:
        asked = "How well does a classifier do on more images like these, taken at random from the same collection?"
        said.append("It says nothing of people, places or devices that the collection does not have.")
    if "group" in kept:
        said.append("No group stands in two splits.")
    if "near_copies" in kept:
        said.append("No two splits hold near copies of one picture.")
    return " ".join([asked, *said])
