import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[1]


def test_imports_go_down_only() -> None:
    """The contracts stand in pyproject.toml."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([lint, "--no-logo"], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
