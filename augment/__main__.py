"""``python -m augment …``: see ``augment/command_line.py``."""

from pathlib import Path

from augment.runtime.portable import pin

if __name__ == "__main__":
    pin(Path("params.yaml"))
    # Not before: what is loaded by then is loaded twice, and the libraries heed the pins when they are loaded.
    from augment.command_line import run

    run()
