"""Hand out the training set that the verdict recommends."""

from pathlib import Path

from augment.core.paths import PathPattern
from augment.core.stage import stage
from augment.core.store import read_image_set, read_json, write_image_set


@stage()
def product(dataset: str, *, verdict: Path, train: PathPattern, product: Path) -> None:
    """Write the recommended training set to ``product``, real images alone where synthesis did not help.

    ``train`` has the blank ``{train_set}``. ``meta.json`` says which training set it is, the recipe
    that goes with it, and why.
    """
    found = read_json(verdict)
    use = found["use"]
    chosen = read_image_set(train.at(train_set=use["train_set"]))
    made_by = {"stage": "product", "dataset": dataset, **use, "verdict": found["verdict"]}
    write_image_set(product, chosen, made_by)
    print(f"product {dataset}: {len(chosen)} images of {use['train_set']}, to be trained with recipe {use['recipe']}")
