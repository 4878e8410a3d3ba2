"""A dataset of Hugging Face's hub, by its name."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from augment.core.errors import DataError
from augment.core.text import first_line
from augment.datasets.embedded import EmbeddedPictures
from augment.datasets.told import Listing


class HuggingFaceSource(EmbeddedPictures):
    """A dataset of Hugging Face's hub whose images are stored as Parquet. Takes the package `huggingface_hub`.

    Its shards are downloaded to the raw folder once, where DVC sees them, and read from there ever after.

    Attributes:
        name: Of the dataset, e.g. ``ylecun/mnist``.
        revision: A commit, tag or branch. Only a commit stays the same for everyone.
        files: Which of its Parquet files.
    """

    OWN_FILES: ClassVar[bool] = False

    kind: Literal["huggingface"]
    name: Annotated[str, Field(pattern=r"^[\w.-]+(/[\w.-]+)?$")]
    revision: str = "main"
    files: str = "**/*.parquet"

    def listing(self, raw: Path) -> Listing:
        """Download the shards if they are not there, then read all columns but the images.

        Raises:
            DataError: They are neither there nor to be had; or see `EmbeddedPictures.listing`.
        """
        if not any(raw.rglob("*.parquet")):
            self._download(raw)
        return super().listing(raw)

    def _download(self, raw: Path) -> None:
        try:
            from huggingface_hub import snapshot_download
        except ImportError as error:
            raise DataError(
                f"{raw}: to download {self.name} takes a package more: pip install huggingface_hub (the extra "
                "`huggingface`)"
            ) from error
        try:
            snapshot_download(
                self.name, repo_type="dataset", revision=self.revision, allow_patterns=[self.files], local_dir=raw
            )
        except Exception as error:
            # Of the network, the hub, the file system: whatever it is, the files are not there.
            raise DataError(
                f"{raw}: {self.name} cannot be downloaded ({first_line(error)}). Without a network, put its Parquet "
                "files there and run again"
            ) from error
