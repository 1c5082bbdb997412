# The image of Chela: API, runner, console, PostgreSQL and the programs that workers need. See docs/deployment.md.
#   docker build -t chela .

# Any Debian with Node 20 or newer, and npm.
ARG BASE_IMAGE=node:24-bookworm-slim

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run package && mv output/chela-*.tgz output/chela.tgz

FROM ${BASE_IMAGE}
# 1 installs Chromium, which workers with browsers need.
ARG BROWSERS=1
RUN apt-get update \
 && apt-get install --yes --no-install-recommends \
      bubblewrap ca-certificates git python3 python3-pip python3-venv tini \
      $(if [ "$BROWSERS" = 1 ]; then echo chromium chromium-driver fonts-liberation fonts-noto-cjk; fi) \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /build/output/chela.tgz /tmp/chela.tgz
RUN mkdir /opt/chela && cd /opt/chela && echo '{ "private": true }' > package.json \
 && npm install --no-audit --no-fund /tmp/chela.tgz \
 && rm -rf /tmp/chela.tgz /root/.npm \
 && ln -s /opt/chela/node_modules/.bin/chela /usr/local/bin/chela
# PostgreSQL and the sandboxes run as this user, too: nothing needs root.
RUN useradd --uid 10001 --create-home --home-dir /home/chela chela \
 && install --directory --owner chela --group chela --mode 700 /data \
 && install --directory --owner chela --group chela --mode 755 /cache
USER chela
ENV CHELA_DATA_DIR=/data \
    CHELA_CACHE_DIR=/cache \
    CHELA_HOST=0.0.0.0
VOLUME ["/data", "/cache"]
EXPOSE 8080
HEALTHCHECK --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/ready').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--", "chela"]
CMD ["up"]
