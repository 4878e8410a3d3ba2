"""The search itself: Optuna proposes, a goal judges, a journal on disk remembers."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from augment.core.errors import AugmentError, SettingsError
from augment.core.search import Among, Range
from augment.core.settings_block import Spec
from augment.tuning.goals import Goal
from augment.tuning.space import changed, present, values

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

SAMPLERS = ("tpe", "random", "grid")
GRID_POINTS = 3
"""Of a range, its ends among them."""
UNPRUNED, SETTLING = 4, 8
"""Whole trials before any is ended early, and evaluation points of a trial before it may be: the first tell little."""
START, SECONDS, OTHER = "start", "seconds", "other"
"""What a trial is remembered with: which settings it began from, what it took, its other figure."""


class OutOfBudgetError(Exception):
    """The budget is spent; raised at an evaluation point."""


def library() -> Any:
    """Import Optuna.

    Raises:
        SettingsError: The extra ``tune`` is not installed.
    """
    try:
        import optuna
    except ImportError as error:
        raise SettingsError("tune needs optuna, of the extra tune: pip install '.[tune]'") from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def open_study(goal: Goal, journal: Path, name: str, sampler: str, seed: int) -> "Study":
    """Open a search, or go on with it where it stopped.

    Args:
        goal: What is searched.
        journal: The file that remembers; it may hold several searches.
        name: Of this one; another goal needs another.
        sampler: One of `SAMPLERS`.
        seed: Of the proposals.

    Raises:
        SettingsError: See `library`.
    """
    optuna = library()
    journal.parent.mkdir(parents=True, exist_ok=True)
    study: Study = optuna.create_study(
        study_name=name,
        storage=optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal))),
        direction="minimize" if goal.lowest else "maximize",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=UNPRUNED, n_warmup_steps=SETTLING),
        load_if_exists=True,
    )
    # A search that goes on must not propose again what it began with.
    study.sampler = _sampler(sampler, goal, seed + len(study.trials))
    if not study.trials:
        for start, spec in goal.starts.items():
            study.enqueue_trial(present(spec), user_attrs={START: start})
    for trial in study.get_trials(states=[optuna.trial.TrialState.RUNNING]):  # killed
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        _again(study, trial)
    return study


def search(study: "Study", goal: Goal, budget_s: float) -> None:
    """Try settings until the budget is spent, to within one evaluation point; what earlier calls took counts.

    Raises:
        KeyboardInterrupt: It was interrupted; what was tried before is remembered.
    """
    while (left := budget_s - spent(study)) > 0:
        if not _try(study, goal, left):
            return


def spent(study: "Study") -> float:
    """Seconds that all trials took that were not killed."""
    return float(sum(trial.user_attrs.get(SECONDS, 0.0) for trial in study.trials))


def tried(journal: Path) -> int:
    """Count the settings that the searches of a journal began to judge, whatever came of them."""
    optuna = library()
    storage = optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(journal)))
    found = [optuna.load_study(study_name=name, storage=storage) for name in optuna.get_all_study_names(storage)]
    asked = {tuple(sorted(trial.params.items())) for study in found for trial in study.trials if trial.params}
    return len(asked)


def ranking(study: "Study", goal: Goal) -> "list[FrozenTrial]":
    """Order the whole trials, the best first: those whose other figure reaches its floor before those that do not."""
    optuna = library()

    def key(trial: "FrozenTrial") -> tuple[bool, float]:
        fails = goal.floor is not None and trial.user_attrs.get(OTHER, 0.0) < goal.floor
        return fails, (trial.value or 0.0) * (1 if goal.lowest else -1)

    return sorted(study.get_trials(states=[optuna.trial.TrialState.COMPLETE]), key=key)


def base(goal: Goal) -> Spec:
    """The settings that all others are changes of."""
    return next(iter(goal.starts.values()))


def _try(study: "Study", goal: Goal, left_s: float) -> bool:
    """Judge one proposal; tell whether there is anything left to propose."""
    optuna = library()
    state, began, given = optuna.trial.TrialState, time.monotonic(), None
    trial = study.ask()
    how = state.FAIL
    try:
        spec = values(base(goal), _proposed(trial, goal))

        def report(point: int, value: float) -> None:
            trial.report(value, point)
            if time.monotonic() - began >= left_s:
                raise OutOfBudgetError
            if START not in trial.user_attrs and trial.should_prune():
                raise optuna.TrialPruned

        given, other = goal.value(spec, report)
        if other is not None:
            trial.set_user_attr(OTHER, other)
        how = state.COMPLETE
    except optuna.TrialPruned:
        how = state.PRUNED
    except (OutOfBudgetError, KeyboardInterrupt) as cut_off:
        _again(study, trial)
        if isinstance(cut_off, KeyboardInterrupt):
            raise
    except AugmentError as error:  # settings that do not go together, or do not learn
        trial.set_user_attr("error", str(error))
    finally:
        trial.set_user_attr(SECONDS, time.monotonic() - began)
        study.tell(trial, given if how is state.COMPLETE else None, state=how)
    return not (isinstance(study.sampler, optuna.samplers.GridSampler) and study.sampler.is_exhausted(study))


def _again(study: "Study", trial: "Trial | FrozenTrial") -> None:
    """Judge what was cut off first of all when the search goes on."""
    started = {START: trial.user_attrs[START]} if START in trial.user_attrs else {}
    study.enqueue_trial(trial.params, user_attrs=started)


def _proposed(trial: "Trial", goal: Goal) -> Mapping[str, Any]:
    def ask(name: str, mark: Range | Among, _: Any) -> Any:
        if isinstance(mark, Among):
            return trial.suggest_categorical(name, mark.choices)
        return trial.suggest_float(name, mark.low, mark.high, log=mark.log)

    changed(base(goal), ask)
    return trial.params


def _sampler(name: str, goal: Goal, seed: int) -> "BaseSampler":
    samplers = library().samplers
    made: BaseSampler
    if name == "grid":
        made = samplers.GridSampler(_grid(base(goal)), seed=seed)
    else:
        made = samplers.RandomSampler(seed) if name == "random" else samplers.TPESampler(seed=seed)
    return made


def _grid(spec: Spec) -> Mapping[str, Sequence[Any]]:
    """List what a grid tries of each field, below the present methods alone."""
    found: dict[str, Sequence[Any]] = {}

    def note(name: str, mark: Range | Among, now: Any) -> Any:
        if isinstance(mark, Among):
            found[name] = [now] if name.endswith((".architecture", ".kind")) else mark.choices
        else:
            middle = (mark.low * mark.high) ** 0.5 if mark.log else (mark.low + mark.high) / 2
            found[name] = [mark.low, middle, mark.high][:GRID_POINTS]
        return now

    changed(spec, note)
    return found
