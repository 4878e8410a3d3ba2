"""Parquet with the images in it."""

from typing import Literal

from augment.datasets.embedded import EmbeddedPictures


class ParquetSource(EmbeddedPictures):
    """Parquet files with the images in them, one or many shards, as Hugging Face's datasets are stored."""

    kind: Literal["parquet"]
