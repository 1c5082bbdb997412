"""Keeps files with the run, and JSON values in stores that outlive it.

README.md in this folder explains it. A refused request raises a StorageError. Needs no other file of the SDK.
"""

import http.client
import json
import os
import urllib.parse


class StorageError(Exception):
    """A request that the platform refused.

    `code` is such as NOT_FOUND, STORAGE_LIMITED or PRECONDITION_FAILED.
    """

    def __init__(self, message, code):
        super().__init__(message)
        self.code = code


def _send(variable, parts, method, body=None, headers=None, query=None):
    """Sends a request without the proxy in the environment, which is meant for the worker's targets."""
    base = os.environ.get(variable)
    if not base:
        raise StorageError(f"{variable} is not set: it exists only inside the platform", "UNAVAILABLE")
    address = urllib.parse.urlsplit(base)
    path = "/".join([address.path, *(urllib.parse.quote(part, safe="") for part in parts)])
    if query:
        path += "?" + urllib.parse.urlencode(query)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status < 300:
        return answer, content
    error = json.loads(content)
    raise StorageError(error["message"], error["error"])


def _list(variable, parts, prefix):
    after = ""
    while after is not None:
        _, content = _send(variable, parts, "GET", query={"prefix": prefix, "after": after})
        page = json.loads(content)
        yield from page["list"]
        after = page["next"]


def _unless_missing(error):
    if error.code != "NOT_FOUND":
        raise error


class files:
    """Files of the run."""

    @staticmethod
    def put(name, content, content_type=None):
        """Keeps a file with the run, and replaces an earlier one of that name.

        `/` in the name separates folders. The content is bytes, text or a file that is open in binary mode. The type
        follows from the ending of the name if omitted. Returns a dict once the file is stored; put its `reference` into
        a row to refer to the file.
        """
        body = content.encode() if isinstance(content, str) else content
        headers = {} if content_type is None else {"Content-Type": content_type}
        return json.loads(_send("CHELA_FILES_URL", [name], "PUT", body, headers)[1])

    @staticmethod
    def get(name):
        """The content as bytes; None if the run has no such file."""
        try:
            return _send("CHELA_FILES_URL", [name], "GET")[1]
        except StorageError as error:
            return _unless_missing(error)

    @staticmethod
    def delete(name):
        """Deletes a file. Returns whether the run had it."""
        try:
            _send("CHELA_FILES_URL", [name], "DELETE")
            return True
        except StorageError as error:
            _unless_missing(error)
            return False

    @staticmethod
    def list(prefix=""):
        """The files of the run whose names start with the prefix, as dicts with `name`, `size_bytes` and others."""
        return _list("CHELA_FILES_URL", [], prefix)


class Store:
    """A store of the account, by its name. It is created with its first value."""

    def __init__(self, name):
        self._name = name

    def _send(self, key, method, body=None, headers=None):
        return _send("CHELA_STORES_URL", [self._name, key], method, body, headers)

    def get(self, key, default=None):
        """The value, or the default without one."""
        value, version = self.read(key)
        return default if version is None else value

    def read(self, key):
        """The value with its version, for `set`; (None, None) without one."""
        try:
            answer, content = self._send(key, "GET")
        except StorageError as error:
            return _unless_missing(error), None
        return json.loads(content), int(answer.getheader("ETag").strip('"'))

    def set(self, key, value, version=None, is_new=False):
        """Sets a value: anything that JSON can hold. Returns its version.

        With `version`, sets it only if it still has this version; with `is_new`, only if it does not exist yet. Otherwise
        raises a StorageError with the code PRECONDITION_FAILED.
        """
        headers = {"If-None-Match": "*"} if is_new else {} if version is None else {"If-Match": f'"{version}"'}
        body = json.dumps(value, allow_nan=False).encode()
        return json.loads(self._send(key, "PUT", body, headers)[1])["version"]

    def update(self, key, change):
        """Changes a value without losing the change of another worker. Returns the value that was set.

        `change` gets the current value, None without one. It is called again if another worker was faster.
        """
        while True:
            current, version = self.read(key)
            value = change(current)
            try:
                self.set(key, value, version=version, is_new=version is None)
                return value
            except StorageError as error:
                if error.code != "PRECONDITION_FAILED":
                    raise

    def delete(self, key):
        """Deletes a value. Returns whether there was one."""
        try:
            self._send(key, "DELETE")
            return True
        except StorageError as error:
            _unless_missing(error)
            return False

    def keys(self, prefix=""):
        """The keys that start with the prefix, as dicts with `key`, `version` and others."""
        return _list("CHELA_STORES_URL", [self._name], prefix)
