# The whole site in one image: docker run -p 8000:8000 -v data:/data offshoot
# docs/container.md tells how to build, run and check it.
ARG BASE=docker.io/library/python:3.13-slim

# --- Everything that needs a compiler or writes files happens here. -----------------------------------------------
FROM ${BASE} AS build
# Python's own headers come with the official base image; a base built from Debian's python lacks them.
RUN headers=$(python3 -c 'import pathlib, sysconfig; print(pathlib.Path(sysconfig.get_path("include"), "Python.h"))') \
    && apt-get update \
    && apt-get install -y --no-install-recommends build-essential default-libmysqlclient-dev pkg-config \
       $([ -e "$headers" ] || echo python3-dev) \
    && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /venv
ENV PATH=/venv/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The lock first: while it stays the same, so does this layer.
COPY requirements.txt /tmp/requirements.txt
RUN pip install --quiet --require-hashes -r /tmp/requirements.txt
COPY . /app
WORKDIR /app
RUN export DATA_DIR=/tmp/build-data \
    && python manage.py compile_translations \
    && python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q apps functions monolith seam \
    && rm -rf /tmp/build-data \
    && chmod -R g=u,o-w /app

# --- What runs: the environment, the code, MariaDB's client library and a Redis. -----------------------------------
FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends libmariadb3 redis-server \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /venv /venv
COPY --from=build /app /app
# Any user of group 0 may write here and nowhere else: platforms that pick a user id themselves keep that group.
RUN mkdir /data && chown 10001:0 /data && chmod 0770 /data

ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    DATA_DIR=/data \
    BIND_ADDRESS=0.0.0.0 \
    LOG_FORMAT=json \
    PORT=8000
WORKDIR /app
USER 10001:0
VOLUME /data
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 CMD ["bin/healthy"]
CMD ["bin/start"]

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Offshoot" \
      org.opencontainers.image.description="A Django site that starts as one container and can let go of its parts one at a time." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.vendor="Offshoot contributors" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
