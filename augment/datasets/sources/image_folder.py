"""A folder of image files a class."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from augment.datasets.pictures import FolderName, PictureSource, unset
from augment.datasets.raw import FileAccount
from augment.datasets.told import Listing, Told, pool_of


class ImageFolderSource(PictureSource):
    """One folder of image files a class (torchvision's ``ImageFolder`` convention).

    Attributes:
        groups: Name of a CSV file beside the class folders that says which group each image belongs to.
        unlabelled: Name of a folder beside the class folders whose images have no label: recipes may learn from them.
    """

    RENAMED: ClassVar[dict[str, str]] = {"size": "image_size"}

    kind: Literal["image_folder"]
    groups: Annotated[str, Field(pattern=r"^[\w.-]+\.csv$")] | None = None
    unlabelled: Annotated[FolderName | None, Field(exclude_if=unset)] = None

    def listing(self, raw: Path) -> Listing:
        """List the images of every class folder.

        Raises:
            DataError: A file is neither read nor harmless, or ``groups`` is not there or does not name one group for
                each image. All of them are told at once.
        """
        from augment.datasets.files import survey
        from augment.datasets.groups import read_groups

        found = survey(raw, beside=[self.groups] if self.groups else [], unlabelled=self.unlabelled)
        names = [name for own in found.files.values() for name in own]
        labels = np.repeat(np.arange(len(found.files)), [len(own) for own in found.files.values()])
        groups = None if self.groups is None else read_groups(raw / self.groups, [*names, *found.unlabelled])
        left_out = {reason: tuple(files) for reason, files in found.left_out.items()}
        account = FileAccount(left_out, (), tuple(found.warnings))
        own, others = (None, None) if groups is None else np.split(groups, [len(names)])
        told = Told(labels, tuple(found.files), np.asarray(names), own, None, account)
        return Listing(told, (raw / name for name in names), pool_of(raw, found.unlabelled, others))
