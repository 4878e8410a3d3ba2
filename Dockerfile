# A worker of flow.pools, or one run of Prefect's Docker and Kubernetes pools: docs/remotes.md. `make image` builds it.
FROM python:3.11-slim-bookworm

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git openssh-client \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 worker

COPY requirements.lock /opt/
RUN python -m pip install --no-cache-dir --disable-pip-version-check --requirement /opt/requirements.lock

COPY pipelines/container.sh /usr/local/bin/in-a-clone
USER 1000
WORKDIR /home/worker
ENV PIPELINE_WORKSPACE=/home/worker/project
ENTRYPOINT ["sh", "/usr/local/bin/in-a-clone"]
CMD ["python", "-m", "pipelines", "prefect", "worker", "start", "--pool", "trainers"]
