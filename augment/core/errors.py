"""Errors a user can act on: each message names the thing, what was expected and where."""

EXIT_BAD_INPUT = 65
"""Exit status for input that a retry cannot mend (``EX_DATAERR`` of sysexits.h)."""

EXIT_NO_ROOM = 74
"""Exit status where a disk is full (``EX_IOERR``): with room on it, the same command goes on."""


class AugmentError(Exception):
    """Base of every error this project raises on purpose; shown to the user without a traceback."""


class SettingsError(AugmentError):
    """``params.yaml`` or a command-line argument asks for something that does not exist or cannot be."""


class DataError(AugmentError):
    """The images or labels cannot be used as they are."""


class UnfitPartError(DataError):
    """A part of an image set cannot be used as it is.

    Attributes:
        part: ``images`` or ``manifest``.
        said: What is wrong with it.
    """

    def __init__(self, part: str, said: str) -> None:
        super().__init__(part, said)
        self.part, self.said = part, said

    def __str__(self) -> str:
        return f"{self.part}: {self.said}"


class ContainerError(AugmentError):
    """A folder on disk is not the whole, well-formed artefact it should be."""


class NoRoomError(AugmentError, OSError):
    """A disk is full. What was to be written is not there in part; what was whole before is as it was."""


class LeftOutError(AugmentError):
    """What was asked for cannot be made of these data; that is an answer, and the comparison goes on without it.

    Attributes:
        reasons: Why, a sentence each.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)  # as they are: another process that raises it hands on these
        self.reasons = reasons

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


class TrainingError(LeftOutError):
    """A training run failed by itself: it diverged, or what it made is of no use. Run again it would do the same."""
