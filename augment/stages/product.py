"""Hand out the training set that the verdict recommends."""

from pathlib import Path

from augment.core.container import read_image_set, write_image_set
from augment.core.generators import for_run
from augment.core.images import REAL
from augment.core.paths import PathPattern
from augment.core.records import read_record
from augment.core.stage import stage
from augment.results.record import Result


@stage()
def product(dataset: str, *, result: Path, train: PathPattern, product: Path) -> None:
    """Write the recommended training set to ``product``, real images alone where synthesis did not help or was judged.

    Of a training set with images of several generators it holds what the first run learned from.
    ``train`` has the blank ``{train_set}``. ``meta.json`` says which training set it is, the recipe
    that goes with it, and why.
    """
    found = read_record(Result, result)
    train_set, arm, recipe = REAL, None, None
    if found.judged:
        train_set, arm, recipe = found.use.train_set, found.use.name, found.use.recipe
    chosen = for_run(read_image_set(train.at(train_set=train_set)), 0)
    use = {"arm": arm, "train_set": train_set, "recipe": recipe}
    write_image_set(product, chosen, {"stage": "product", "dataset": dataset, **use, "verdict": found.verdict})
    print(
        f"product {dataset}: {len(chosen)} images of {train_set}, to be trained with recipe {recipe or 'of your own'}"
    )
