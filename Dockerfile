# ImageRoute in two stages: the first builds the environment and the pages, the second holds what runs, and runs as nobody special.
# tests/test_container.py runs these steps in an empty folder. Build: docker build -t imageroute .
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.txt ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --no-cache-dir --disable-pip-version-check -r requirements.txt
COPY rxconfig.py ./
COPY reflex.lock ./reflex.lock
COPY assets ./assets
COPY frontend ./frontend
COPY bin ./bin
COPY imageroute_app ./imageroute_app
RUN IMAGEROUTE_ENV_FILE= .venv/bin/python -m imageroute_app.serve --build-only
RUN find .web -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {} + && mkdir .web/backend && .venv/bin/python -m compileall -q imageroute_app

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /home/imageroute imageroute && install -d -o imageroute -g imageroute -m 0700 /data
WORKDIR /app
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    IMAGEROUTE_ENV_FILE= \
    IMAGEROUTE_HOST=0.0.0.0 \
    IMAGEROUTE_DATA_DIR=/data
USER imageroute
VOLUME /data
EXPOSE 3000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3000/ready', timeout=4)"]
CMD ["python", "-m", "imageroute_app.serve"]
