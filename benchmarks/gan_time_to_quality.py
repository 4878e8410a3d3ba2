"""CPU-seconds of training that each recipe needs to reach a quality on Fashion-MNIST, side by side in one run.

    python -m benchmarks.gan_time_to_quality --fashion-mnist FOLDER_WITH_THE_IDX_FILES

The default recipe, and its settings for a short training (less noise, a higher rate), are trained once for each of
their budgets, since their learning rate follows a schedule; the tutorial recipes have none and are trained once. The
baselines go on until they hardly improve: less would flatter them, since a good image costs them far more time than a
bad one. Quality is what a training's own monitor sees: the generator against 2,000 images of val, in the features of
the judge; of the tutorials' generator as it is, and of the average of its weights, which they do not have. CPU-s are
those of training steps alone. All recipes take turns, so that whatever else this machine does slows them alike.
"""

import copy
import time
from dataclasses import dataclass
from itertools import chain

from augment.core.images import ImageSet
from augment.runtime.machine import Machine, machine
from augment.runtime.runtime_spec import RuntimeSpec
from augment.synthesis.base.sampling import settle_batch_norm
from augment.synthesis.gan.gan_spec import ConditioningSpec, GanSpec, OptimiserSpec
from augment.synthesis.gan.losses import NonSaturating
from augment.synthesis.gan.training import GanTraining
from augment.synthesis.networks.architectures import Compact, Dcgan, DiscriminatorSpec, Mlp, NetworkSpec, Resnet
from augment.synthesis.training.monitoring import MOST_IMAGES, make_monitor
from augment.synthesis.training.record import Monitor
from benchmarks.fashion_mnist import SEED, load, make_parser, prepare_judge, real_figures, steps_within

POINTS = 8
RATIO = 2**0.5
"""Each evaluation point comes after this many times the steps of the one before."""

MLP = Mlp(initialisation="xavier")
DCGAN = Dcgan(width=64, initialisation="normal")


def tutorial(network: NetworkSpec, dropout: float = 0.0) -> GanSpec:
    """Train a network as the classic tutorials do: binary cross-entropy, DCGAN's Adam, labels beside the input."""
    return GanSpec(
        kind="gan",
        steps=1,
        batch_size=64,
        network=network,
        discriminator=DiscriminatorSpec(spectral_norm=False, dropout=dropout),
        conditioning=ConditioningSpec(generator="concat", discriminator="concat"),
        loss=NonSaturating(),
        optimiser=OptimiserSpec(learning_rate=2e-4, betas=[0.5, 0.999], decay=0.0),
    )


RECIPES = {
    "compact": GanSpec(kind="gan", steps=1),
    "compact, short": GanSpec(
        kind="gan",
        steps=1,
        network=Compact(latent_dim=16),
        optimiser=OptimiserSpec(learning_rate=6e-3, decay=0.35),
    ),
    "tutorial mlp": tutorial(MLP),
    "tutorial dcgan": tutorial(DCGAN, dropout=0.3),
    "resnet": GanSpec(kind="gan", steps=1, network=Resnet()),
}
"""How many steps each makes follows from its budget."""

OURS = [name for name in RECIPES if name.startswith("compact")]
BASELINES = [name for name in RECIPES if name not in OURS]


@dataclass(frozen=True)
class Point:
    """What was seen at one evaluation point, after so many CPU-seconds of training."""

    cpu_s: float
    distance: float
    fidelity: float
    recall: float

    def __str__(self) -> str:
        quality = f"FD {self.distance:7.2f}   fidelity {self.fidelity:.3f}   recall {self.recall:.3f}"
        return f"{self.cpu_s:7.1f} CPU-s   {quality}"


@dataclass
class Contender:
    """A recipe in training.

    Attributes:
        name: Of the recipe, with its budget.
        training: The networks.
        evaluate_at: Step counts after which it is evaluated, ascending.
        points: What was seen of each generator that is evaluated, by its name in ``training``.
        cpu_s: CPU-seconds of the steps made.
        done: Steps made.
    """

    name: str
    training: GanTraining
    evaluate_at: list[int]
    points: dict[str, list[Point]]
    cpu_s: float = 0.0
    done: int = 0

    def advance(self, until: int, monitor: Monitor, where: Machine) -> None:
        """Train up to the next evaluation point, and evaluate."""
        began = time.process_time()
        while self.done < until:
            self.training.step(self.done, 1.0)
            self.done += 1
        self.cpu_s += time.process_time() - began
        for which, points in self.points.items():
            generator = copy.deepcopy(getattr(self.training, which))
            settle_batch_norm(generator, SEED, where)
            seen = monitor(generator).figures
            points.append(Point(self.cpu_s, seen["frechet_distance"], seen["label_fidelity"], seen["recall"]))
            print(f"{self.name:27} {which:10} {self.done:6} {points[-1]}", flush=True)


def contend(recipe: str, budget: float, train: ImageSet, where: Machine) -> Contender:
    """Set a recipe up for a budget of CPU-seconds."""
    spec = RECIPES[recipe]
    steps = steps_within(budget, train, spec, where)
    training = GanTraining(train, spec.model_copy(update={"steps": steps}), SEED, where)
    evaluate_at = [max(1, round(steps / RATIO**back)) for back in reversed(range(POINTS))]
    # The tutorials do not average weights; to have both costs nothing, since averages do not act on the training.
    shown = ("generator", "average") if recipe.startswith("tutorial") else ("average",)
    return Contender(f"{recipe}, {budget:g} CPU-s", training, evaluate_at, {which: [] for which in shown})


def reach(contenders: list[Contender], distance: float) -> Point | None:
    """Find the cheapest point of several runs of a recipe with at most this distance."""
    points = [point for each in contenders for point in each.points["average"] if point.distance <= distance]
    return min(points, key=lambda point: point.cpu_s, default=None)


def compare(name: str, ours: list[Contender], baselines: list[Contender]) -> None:
    """Print the best of each baseline, and what runs of one recipe need for as much."""
    print(f"\n{name:35} {'best FD':>7} {'fidelity':>8} {'CPU-s':>6} {'ours: CPU-s':>14} {'FD':>6} {'ratio':>6}")
    for baseline in baselines:
        for which, points in baseline.points.items():
            best = min(points, key=lambda point: point.distance)
            found = reach(ours, best.distance)
            needs = f"{found.cpu_s:14.1f} {found.distance:6.2f} {best.cpu_s / found.cpu_s:5.1f}x" if found else "never"
            title = f"{baseline.name}, {which}"
            print(f"{title:35} {best.distance:7.2f} {best.fidelity:8.3f} {best.cpu_s:6.1f} {needs:>14}")


def main() -> None:
    """Train all recipes in turns and print."""
    parser = make_parser(__doc__)
    parser.add_argument("--budgets", type=float, nargs="+", default=[24.0, 30.0, 36.0], help="CPU-seconds of our own")
    parser.add_argument("--baseline-budget", type=float, default=900.0, help="of each other recipe, CPU-s")
    parser.add_argument("--ours", nargs="+", choices=OURS, default=OURS)
    parser.add_argument("--baselines", nargs="+", choices=BASELINES, default=BASELINES)
    options = parser.parse_args()
    data = load(options.fashion_mnist)
    with machine(RuntimeSpec()) as where:
        judge = prepare_judge(options.judge, data, where)
        monitor = make_monitor(data.val, judge, SEED, where)
        real = real_figures(judge, data, MOST_IMAGES)
        print(f"{where.describe()}; real train images: FD {real['frechet_distance']:.2f}, ", end="")
        print(f"fidelity {real['label_fidelity']:.3f}, recall {real['recall']:.3f}\n")
        ours = {name: [contend(name, budget, data.train, where) for budget in options.budgets] for name in options.ours}
        others = [contend(name, options.baseline_budget, data.train, where) for name in options.baselines]
        for number in range(POINTS):
            for contender in (*chain(*ours.values()), *others):
                contender.advance(contender.evaluate_at[number], monitor, where)
    for name, runs in ours.items():
        compare(name, runs, others)


if __name__ == "__main__":
    main()
