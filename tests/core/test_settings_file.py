"""YAML as DVC reads it, without what two readers would take for two things."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augment.core.errors import SettingsError
from augment.core.settings_file import load_yaml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "params.yaml"


def refusal(file: Path, text: str | bytes) -> str:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(SettingsError) as error:
        load_yaml(file)
    return str(error.value).removeprefix(f"{file}: ")


def test_values_are_what_dvc_reads(file: Path) -> None:
    from dvc.utils.serialize import parse_yaml

    text = "\ufeffa: 4e-3\nb: no\nc: 0o17\nd: &one [1, 2]\ne: *one\nf: {<<: {g: 1}, h: 2}\ni: '1e3'\n"
    file.write_text(text, encoding="utf-8")
    found = load_yaml(file)
    assert found == parse_yaml(text, "params.yaml")
    assert found == {"a": 0.004, "b": "no", "c": 15, "d": [1, 2], "e": [1, 2], "f": {"g": 1, "h": 2}, "i": "1e3"}


def test_the_projects_own_settings_are_read() -> None:
    assert load_yaml(Path(__file__).parents[2] / "params.yaml")["seed"] == 0


def test_keys_that_stand_twice_are_told_with_both_lines(file: Path) -> None:
    text = "seed: 0\nmixes:\n  a: {share: 1}\n  b: 1\n  a: 2\nseed: 3\n"
    assert (
        refusal(file, text) == "line 6: seed stands here again, after line 1; line 5: a stands here again, after line 3"
    )


@pytest.mark.parametrize(
    ("name", "reading"),
    [
        ("no", "False"),
        ("on", "True"),
        ("1e3", "1000.0"),
        ("null", "None"),
        ("12", "12"),
        ("0777", "511"),
        (".inf", "inf"),
    ],
)
def test_names_that_yaml_reads_as_something_else_are_told(file: Path, name: str, reading: str) -> None:
    expected = f"line 2: expected a name, found {name}, which YAML may read as {reading}; call it otherwise"
    assert refusal(file, f"datasets:\n  {name}: {{}}\n") == expected
    assert refusal(file, f"datasets:\n  '{name}': {{}}\n") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "line 1: not valid YAML: "),
        ("a: 1\n b: 2", "line 2: not valid YAML: "),
        ("? [1]\n: 2", "line 1: expected a name, found (a block)"),
        ("a: &x [*x]", "line 1: expected no alias of what it stands in"),
        (b"a: caf\xe9", "expected YAML in UTF-8 (UnicodeDecodeError"),
        (b"a: 1" + b" " * (1 << 20), "expected settings of at most 1 MiB"),
        ("a: !!python/object:os.system 1", "line 1: not valid YAML: could not determine a constructor"),
        ("[" * 5000, "not valid YAML: RecursionError"),
        ("a: !!int x", "not valid YAML: ValueError"),
    ],
)
def test_what_is_no_settings_file_is_told(file: Path, text: str | bytes, message: str) -> None:
    assert refusal(file, text).startswith(message)


def test_a_few_lines_that_stand_for_a_billion_values_are_refused(file: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    assert "values by its aliases" in refusal(file, "\n".join(lines))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="abn01:-[]{}&*!?|>'\"#%@` \n\t~.e<", max_size=40))
def test_any_text_is_settings_or_a_sentence(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    try:
        load_yaml(file)
    except SettingsError:
        return
