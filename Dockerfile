# syntax=docker/dockerfile:1
FROM python:3.12-slim AS build
WORKDIR /source
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/bellwether \
    && /opt/bellwether/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY model model
RUN /opt/bellwether/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12-slim
COPY --from=build /opt/bellwether /opt/bellwether
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
