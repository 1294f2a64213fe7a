#!/usr/bin/env bash
# Make a browser and a Redis server available to the tests: the system's, else Debian's, else (browser) Playwright's.
# Without a Redis server its tests are skipped; without a browser there are no journeys, so that is an error.
set -euo pipefail

has() { command -v "$1" >/dev/null 2>&1; }
has_browser() { has chromium || has chromium-browser || has google-chrome || has google-chrome-stable; }

debian_install() {
  has apt-get && [ "$(id -u)" = 0 ] || return 1
  echo "installing $1"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y "$1"; } >/dev/null 2>&1
}

has_browser || debian_install chromium || playwright install chromium
has bsdtar || debian_install libarchive-tools || echo "no bsdtar: archives are opened by fewer tools"
has unzip || debian_install unzip || echo "no unzip: archives are opened by fewer tools"
has redis-server || debian_install redis-server || echo "no redis-server: the tests that need it are skipped"
