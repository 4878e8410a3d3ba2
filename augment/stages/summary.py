"""Put the results of all datasets side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augment.core.paths import PathPattern
from augment.core.records import read_record
from augment.core.stage import stage
from augment.core.store import whole, write_csv, write_json, write_text
from augment.results.record import Result
from augment.summary.frames import arm_table
from augment.summary.frames import metrics as metrics_of
from augment.summary.markdown import document
from augment.summary.picture import accuracy_figure


@stage(datasets="datasets")
def summary(
    datasets: Mapping[str, Any], *, result: PathPattern, metrics: Path, table: Path, arms: Path, accuracy: Path
) -> None:
    """Write a table and a picture; few figures an arm to ``metrics``, all to ``arms``.

    ``result`` has the blank ``{dataset}``: the results folder may hold datasets that are no longer in ``params.yaml``.
    """
    found = {name: read_record(Result, result.at(dataset=name)) for name in datasets}
    with whole(metrics) as to_metrics, whole(arms) as to_arms:
        for name, each in found.items():
            for arm in each.arms:
                write_json(to_metrics / name / f"{arm.train_set}-{arm.recipe}.json", metrics_of(arm))
            write_csv(to_arms / f"{name}.csv", arm_table(each))
    write_text(table, document(found))
    with whole(accuracy) as draft:
        accuracy_figure(found).savefig(draft, format="png", dpi=120, metadata={"Software": None})
    print("\n".join(f"summary {name}: {each.verdict}" for name, each in found.items()))
