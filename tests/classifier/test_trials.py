import numpy as np

from augment.classifier.classifier_spec import ClassifierSpec, RecipeSpec
from augment.classifier.trials import hits_on_val
from augment.core.images import ImageSet
from augment.runtime.machine import Machine


def test_every_run_says_which_images_of_val_it_has_right(stripes: ImageSet, cpu: Machine) -> None:
    spec = ClassifierSpec(width=4, batch_size=20, max_steps=60, eval_every=20)
    recipe = RecipeSpec(transforms="none", sampling="natural")
    val = stripes.select(np.arange(10))
    hits, again = (hits_on_val(stripes, val, spec, recipe, 0, 2, cpu, "test") for _ in range(2))
    assert hits.shape == (2, 10)
    assert hits.dtype == bool
    assert hits.mean() > 0.8
    assert np.array_equal(hits, again)
