"""What is read of a record, of those that the project writes and of others."""

from augment.results.kinds import Missing
from augment.results.record import LeftOut
from pipelines.records import Record
from tests.comparison.simulated import arm, random_hits
from tests.results.examples import result_of


def test_the_records_that_the_project_writes_are_read() -> None:
    arms = [
        arm("real", "plain", random_hits(0.6, 0), 0.6),
        arm("real", "balanced", random_hits(0.7, 1), 0.7),
        arm("merged", "plain", random_hits(0.9, 2), 0.9),
    ]
    left_out = [LeftOut(name="gan", missing=Missing.FAILED_CHECKS, reasons=("Class 3 is not told.", "Nor is 4."))]
    written = result_of(arms, left_out=left_out)
    read = Record.read(written.model_dump_json())
    assert read
    assert (read.word, read.endpoint, read.verdict) == ("helps", "accuracy", written.verdict)
    assert [each.name for each in (read.without, read.with_, read.use) if each] == [
        "real/balanced",
        "merged/plain",
        "merged/plain",
    ]
    chosen = written.chosen
    assert chosen
    (difference,) = (found.difference for found in chosen.compared if found.arm == "real/balanced")
    assert read.difference
    assert abs(read.difference.low - difference.low) < 1e-6
    assert read.with_
    assert read.with_.score("accuracy") == read.with_.scores["accuracy"].interval
    assert read.failed_checks == {"gan": "Class 3 is not told. Nor is 4."}


def test_a_dataset_that_could_not_be_judged() -> None:
    read = Record.read('{"arms": [], "left_out": [], "effect": null, "verdict": "Nothing to compare."}')
    assert read
    assert (read.word, read.without, read.with_, read.difference) == ("not judged", None, None, None)


def test_a_record_with_other_keys_is_none_and_no_error() -> None:
    assert Record.read('{"verdict": "helps"}') is None
    assert Record.read("{") is None
    assert Record.read("") is None
