"""Set out the results of a dataset."""

from pathlib import Path

from augment.core.records import read_record
from augment.core.stage import stage
from augment.core.store import whole, write_csv, write_json, write_text
from augment.results.record import Result
from augment.summary.frames import arm_table
from augment.summary.frames import metrics as metrics_of
from augment.summary.markdown import document
from augment.summary.picture import accuracy_figure


@stage()
def summary(dataset: str, *, result: Path, metrics: Path, table: Path, arms: Path, accuracy: Path) -> None:
    """Write a table and a picture; few figures an arm to ``metrics``, all to ``arms``."""
    found = read_record(Result, result)
    with whole(metrics) as draft:
        draft.mkdir()
        for arm in found.arms:
            write_json(draft / f"{arm.train_set}-{arm.recipe}.json", metrics_of(arm))
    write_csv(arms, arm_table(found))
    write_text(table, document({dataset: found}))
    with whole(accuracy) as draft:
        accuracy_figure({dataset: found}).savefig(draft, format="png", dpi=120, metadata={"Software": None})
    print(f"summary {dataset}: {found.verdict}")
