"""The graph of DVC as a Prefect flow."""
