# syntax=docker/dockerfile:1
# Three stages: the browser code, the Python packages with the collected files, and what runs (no compiler, no Node).

FROM node:22-slim AS browser
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY build.mjs tsconfig.json ./
COPY static static
RUN npm run build

FROM python:3.13-slim AS packages
RUN pip install --no-cache-dir uv
WORKDIR /app
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --compile-bytecode
COPY . .
COPY --from=browser /app/static/build static/build
# The folder only holds the secrets that reading the settings makes; nothing of it is kept.
RUN PLAYGROUND_DATA=/tmp/data .venv/bin/python manage.py compile_translations \
    && PLAYGROUND_DATA=/tmp/data .venv/bin/python manage.py collectstatic --noinput -v 0

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin playground \
    && install -d -o playground -g playground -m 0700 /data
WORKDIR /app
COPY --from=packages /app /app
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 PLAYGROUND_DATA=/data
USER playground
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "manage.py", "serve", "--migrate"]
