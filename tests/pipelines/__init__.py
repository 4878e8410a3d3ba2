"""Tests of the flow: real DVC workspaces, a real Prefect server."""
