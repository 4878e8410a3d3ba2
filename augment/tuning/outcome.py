"""What came of a search: a table, a picture of what mattered, a block for ``params.yaml``."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from ruamel.yaml import YAML

from augment.core.errors import SettingsError
from augment.core.settings_block import Spec
from augment.core.store import whole, write_text
from augment.core.text import counted
from augment.tuning.goals import Goal
from augment.tuning.space import rounded, values
from augment.tuning.trials import OTHER, SECONDS, START, base, library, ranking, spent

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import FrozenTrial

SHOWN = 20
"""Trials in the table."""
MOST_BARS = 12


def chosen(study: "Study", goal: Goal) -> Spec | None:
    """Give the best settings; None where they are among those that there were, or nothing was tried to its end."""
    found = ranking(study, goal)
    if not found or START in found[0].user_attrs or not _reaches(found[0], goal):
        return None
    return values(base(goal), found[0].params)


def table(study: "Study", goal: Goal) -> str:
    """Set the trials out in Markdown, the best first."""
    found, other = ranking(study, goal), any(OTHER in trial.user_attrs for trial in study.trials)
    head = [
        "trial",
        f"{goal.figure} {'↓' if goal.lowest else '↑'}",
        *(["label fidelity ↑"] if other else []),
        "s",
        "settings",
    ]
    rows = [
        [
            str(trial.number),
            f"{trial.value:.4g}",
            *([f"{trial.user_attrs[OTHER]:.3f}"] if other else []),
            f"{trial.user_attrs.get(SECONDS, 0.0):.0f}",
            _said(trial),
        ]
        for trial in found[:SHOWN]
    ]
    lines = [head, ["---"] * len(head), *rows]
    short = sum(trial.state.name == "PRUNED" for trial in study.trials)
    failed = sum(trial.state.name == "FAIL" for trial in study.trials)
    return (
        f"{counted(len(found), 'trial')} to the end, {short} ended early, {failed} failed or cut off, "
        f"{spent(study):.0f} s. "
        "All figures are of val; test was read by none.\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)
    )


def write_picture(study: "Study", goal: Goal, path: Path) -> None:
    """Draw values by trial, and how much of their variance each setting explains (fANOVA, Hutter et al., ICML 2014)."""
    figure = Figure(figsize=(11, 4), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    found = sorted(ranking(study, goal), key=lambda trial: trial.number)
    left.plot([trial.number for trial in found], [trial.value for trial in found], "o", color="#4477aa")
    begun = [trial for trial in found if START in trial.user_attrs]
    left.plot(
        [trial.number for trial in begun], [trial.value for trial in begun], "s", color="#cc6677", label="present"
    )
    left.set(xlabel="trial", ylabel=goal.figure, title="Trials that went to their end")
    if begun:
        left.legend()
    weights = importances(study)
    right.barh(list(weights)[:MOST_BARS][::-1], list(weights.values())[:MOST_BARS][::-1], color="#4477aa")
    right.set(xlabel="share of the variance (fANOVA)", title="What mattered" if weights else "Too few trials to tell")
    with whole(path) as draft:
        figure.savefig(draft, format="png", dpi=110)


def importances(study: "Study") -> Mapping[str, float]:
    """Tell how much each setting that all trials have matters, the most first; nothing of fewer than four trials."""
    optuna = library()
    found = study.get_trials(states=[optuna.trial.TrialState.COMPLETE])
    if len(found) < 4 or len({trial.value for trial in found}) < 2:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    weights: Mapping[str, float] = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return weights


def block(what: str, dataset: str, name: str, spec: Spec, counts: Mapping[str, int]) -> dict[str, Any]:
    """Give what is to be put into ``params.yaml``, by its place there.

    A synthesizer takes the present one's place; a recipe or mix gets a name of its own, so that the present ones stay
    its rivals and none of their arms is trained again.
    """
    settings = spec.model_dump(mode="json", exclude_defaults=True)
    settings |= {key: getattr(spec, key) for key, field in type(spec).model_fields.items() if field.is_required()}
    if what == "synthesizer":
        settings = {"kind": spec.model_dump()["kind"], **settings}
        put: dict[str, Any] = {"datasets": {dataset: {"synthesizers": {name: settings}}}}
    elif what == "recipe":
        put = {"arms": {"recipes": {f"tuned_{dataset}": settings}}}
    else:
        put = {"mixes": {f"tuned_{dataset}": settings}, "arms": {"train_sets": [f"tuned_{dataset}"]}}
    return {**put, "tuned": {dataset: dict(counts)}}


def as_text(put: Mapping[str, Any]) -> str:
    """Write a block as YAML."""
    buffer = io.StringIO()
    _yaml().dump(put, buffer)
    return buffer.getvalue()


def write_into(params: Path, put: Mapping[str, Any]) -> None:
    """Put a block into the settings; comments stay, and so does what it does not name.

    Raises:
        SettingsError: The file holds no mapping.
    """
    reader = _yaml()
    settings = reader.load(params.read_text(encoding="utf-8"))
    if not isinstance(settings, dict):
        raise SettingsError(f"{params}: expected settings, found {type(settings).__name__}")
    _put(settings, put)
    buffer = io.StringIO()
    reader.dump(settings, buffer)
    write_text(params, buffer.getvalue())


def _put(into: Any, put: Mapping[str, Any]) -> None:
    for key, value in put.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            if into[key] == {} and hasattr(into[key], "fa"):
                into[key].fa.set_block_style()
            _put(into[key], value)
        elif isinstance(value, list) and isinstance(into.get(key), list) and key == "train_sets":
            into[key].extend(each for each in value if each not in into[key])
        else:
            into[key] = value


def _yaml() -> YAML:
    made = YAML()
    made.width, made.preserve_quotes = 4096, True
    made.indent(mapping=2, sequence=4, offset=2)
    return made


def _reaches(trial: "FrozenTrial", goal: Goal) -> bool:
    return goal.floor is None or trial.user_attrs.get(OTHER, 0.0) >= goal.floor


def _said(trial: "FrozenTrial") -> str:
    if START in trial.user_attrs:
        return f"present: `{trial.user_attrs[START]}`"
    return ", ".join(f"{name} {rounded(value)}" for name, value in trial.params.items())
