# syntax=docker/dockerfile:1
FROM python:3.12-slim AS build
# run, or charts for the charts of /threshold preview.
ARG SET=run
WORKDIR /source
COPY requirements/${SET}.txt requirements/
# The image of the bot needs no pip; the one here installs into it.
RUN python -m venv --without-pip /opt/bellwether \
    && pip --python /opt/bellwether/bin/python install --no-cache-dir --require-hashes --requirement requirements/${SET}.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY model model
RUN pip --python /opt/bellwether/bin/python install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
COPY --from=build /opt/bellwether /opt/bellwether
# The database and, if there is one, config.toml are in /data.
RUN useradd --system --uid 10001 --home-dir /data --create-home bellwether
ENV PATH=/opt/bellwether/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    BELLWETHER_STORAGE__DATABASE=/data/bellwether.sqlite3 \
    BELLWETHER_HTTP__ENABLED=true
USER 10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["bellwether", "health"]
ENTRYPOINT ["bellwether"]
CMD ["run"]
