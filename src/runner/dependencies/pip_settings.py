"""Prints pip's indexes as JSON for pip-settings.ts, using pip's own code to read its configuration."""

import ast
import json
import netrc
import os
import subprocess
import sys
from urllib.parse import urlsplit

import pip


def read_values():
    """Precedence, lowest first: earlier files, later files, the command's own section, the environment."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    values = {}
    for section in ("global", "install", ":env:"):
        for line in listed.splitlines():
            key, _, value = line.partition("=")
            if key.startswith(section + "."):
                values[key[len(section) + 1 :]] = str(ast.literal_eval(value))
    return values


def stored_credentials(urls):
    """Credentials from netrc, then from the keyring if there is one."""
    found = {}
    try:
        known = netrc.netrc(os.environ.get("NETRC") or None)
    except (OSError, netrc.NetrcParseError):
        known = None
    for url in urls:
        parts = urlsplit(url)
        entry = known.authenticators(parts.hostname) if known and parts.hostname else None
        if entry:
            found[url] = [entry[0] or "", entry[2] or ""]
            continue
        try:
            import keyring

            stored = keyring.get_credential(url, parts.username) or keyring.get_credential(
                parts.netloc.rpartition("@")[2], parts.username
            )
        except Exception:  # Each keyring has its own errors.
            stored = None
        if stored:
            found[url] = [stored.username or "", stored.password or ""]
    return found


values = read_values()
parser_default = __import__("pip._internal.models.index", fromlist=["PyPI"]).PyPI.simple_url
no_index = values.get("no-index", "").lower() in ("1", "true", "yes", "on")
indexes = [] if no_index else [values.get("index-url") or parser_default, *values.get("extra-index-url", "").split()]
links = values.get("find-links", "").split()
print(
    json.dumps(
        {
            "folder": os.path.dirname(os.path.abspath(pip.__file__)),
            "version": pip.__version__,
            "indexes": indexes,
            "links": links,
            "stored": stored_credentials([url for url in indexes + links if "://" in url]),
            "certificate": values.get("cert", ""),
            "proxy": values.get("proxy", ""),
            "trustedHosts": values.get("trusted-host", "").split(),
        }
    )
)
