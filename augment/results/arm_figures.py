"""The scores of arms: each is one entry here, and table, page, CSV, metrics and studies show what the list holds."""

from augment.results import scores
from augment.results.figures import ArmFigure, Better, Over

ARM_FIGURES = (
    ArmFigure(
        "accuracy",
        "accuracy %",
        Better.HIGHER,
        "How many of 100 test images are named rightly: mean ± standard deviation over runs, and its 95 % interval.",
        measure=scores.hits,
        over=Over.IMAGES,
    ),
    ArmFigure(
        "val_accuracy",
        "val accuracy %",
        Better.HIGHER,
        "The same on the val images, by which the best arms are chosen; training stops by them, so that it flatters.",
    ),
    ArmFigure(
        "macro_f1",
        "macro-F1 %",
        Better.HIGHER,
        "Right answers and false alarms in one figure, every class counting alike, however rare.",
        measure=scores.macro_f1,
    ),
    ArmFigure(
        "balanced_accuracy",
        "balanced accuracy %",
        Better.HIGHER,
        "Accuracy if every class had equally many test images.",
        measure=scores.balanced_accuracy,
    ),
    ArmFigure(
        "lowest_recall",
        "worst class %",
        Better.HIGHER,
        "How many of 100 images of the class that fares worst are named rightly; the class stands in brackets.",
        measure=scores.recall,
        over=Over.CLASSES,
    ),
    ArmFigure(
        "log_loss",
        "log-loss",
        Better.LOWER,
        "How surprised the classifier is by the true class: errors made with confidence weigh most.",
        scale=1.0,
        digits=3,
        measure=scores.log_loss,
    ),
    ArmFigure(
        "calibration_error",
        "calibration error %",
        Better.LOWER,
        "How far the confidence that it states is from how often it is right.",
        measure=scores.calibration_error,
    ),
)
