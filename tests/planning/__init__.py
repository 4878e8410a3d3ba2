"""Tests of the estimate and of what is told while a run goes on."""
