import signal

import pytest

from augment.synthesis.training.interrupts import SIGNALS, deferred_interrupts


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_waits_until_it_is_asked_for(number: signal.Signals) -> None:
    with deferred_interrupts() as interrupted:
        assert not interrupted()
        signal.raise_signal(number)
        assert interrupted()


def test_the_second_signal_acts_at_once() -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background ignores it
    try:
        with deferred_interrupts():
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_given_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupts():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
