"""Images that probably stand under a wrong label: confident learning on quickly made predictions.

Each image's class is predicted from its nearest neighbours among images of other folds of a cross-validation, by
principal components of its thumbnail. Where these predictions contradict the given labels more than they are unsure, by
class, the label is probably wrong: Northcutt, Jiang and Chuang, "Confident Learning", JAIR 2021, as cleanlab has it.
"""

import warnings
from typing import NamedTuple

import numpy as np
from sklearn.decomposition import PCA
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

from augment.core.images import IntArray
from augment.core.seeding import numpy_generator
from augment.datasets.checks import thumbnails
from augment.inspection.findings import Findings

SAMPLE = 4000
"""Images that are looked at; of more, a sample."""
LEAST = 10
"""Different images that a class needs to be looked at."""
FOLDS, AXES, NEIGHBOURS = 5, 30, 10
TRUSTED = 0.7
"""Mean recall of the classes from which on predictions are good enough to doubt a label by."""


class LabelErrors(NamedTuple):
    """What was found.

    Attributes:
        looked_at: Images.
        recall: Mean share of a class that the predictions tell to be of it.
        rows: Of images whose label is probably wrong, the likeliest first.
        likely: Label of each that is likelier.
        unknown: Why nothing can be said; empty where it can.
    """

    looked_at: int
    recall: float
    rows: IntArray
    likely: IntArray
    unknown: str = ""


NONE = np.empty(0, dtype=np.int64)


def label_errors(found: Findings, seed: int = 0) -> LabelErrors:
    """Look for wrong labels; copies and pictures under several labels, which are told anyway, are left out."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of packages that only other parts of it need
            from cleanlab.filter import find_label_issues
    except ImportError:
        return LabelErrors(0, 0.0, NONE, NONE, "this takes a package more: pip install cleanlab (the extra `labels`)")
    places = _places(found, seed)
    classes, labels = np.unique(found.told.labels[found.rows[places]], return_inverse=True)
    if len(classes) < 2:
        return LabelErrors(0, 0.0, NONE, NONE, f"it takes two classes of {LEAST} or more different images each")
    features = thumbnails(found.pixels[:, :1] if found.grey else found.pixels, places)
    axes = min(AXES, len(places) * (FOLDS - 1) // FOLDS - 1, features.shape[1])
    model = make_pipeline(PCA(axes, random_state=0), KNeighborsClassifier(NEIGHBOURS))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    told = cross_val_predict(model, features, labels, cv=folds, method="predict_proba")
    recall = float(balanced_accuracy_score(labels, told.argmax(axis=1)))
    if recall < TRUSTED:
        why = f"quick predictions tell only {100 * recall:.0f} % of a class to be of it, too few to doubt a label by"
        return LabelErrors(len(places), recall, NONE, NONE, why)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes with few images, which are found less
        wrong = find_label_issues(
            labels, told, filter_by="both", return_indices_ranked_by="normalized_margin", n_jobs=1
        ).astype(np.int64)
    return LabelErrors(len(places), recall, found.rows[places[wrong]], classes[told[wrong].argmax(axis=1)])


def _places(found: Findings, seed: int) -> IntArray:
    """Choose the images, as places among those that were read: one of each picture, of classes with enough of them."""
    told_anyway = [row for rows in found.disputed for row in rows]
    places = found.distinct[~np.isin(found.rows[found.distinct], told_anyway)]
    places = np.sort(places[numpy_generator(seed, "label errors").permutation(len(places))[:SAMPLE]])
    labels = found.told.labels[found.rows[places]]
    return places[np.bincount(labels, minlength=len(found.told.classes))[labels] >= LEAST]
