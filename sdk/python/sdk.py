"""The worker's side of the platform: read the input, push rows, write log lines.

README.md beside this file explains it with examples. A refused call raises an SdkError.
"""

import collections
import json
import sys
import warnings

import grpc
from google.protobuf.empty_pb2 import Empty

with warnings.catch_warnings():
    # Newer releases of protobuf remark on files of the one before, which they read all the same.
    warnings.simplefilter("ignore", UserWarning)
    import sdk_pb2
    import sdk_pb2_grpc

ADDRESS = "127.0.0.1:20086"

# More calls at once make nothing faster and cost memory.
_MAX_CALLS_IN_FLIGHT = 64


class SdkError(Exception):
    """A call that the platform refused, or that did not reach it.

    `code` is the platform's code, or None where no answer came.
    """

    def __init__(self, message, code=None):
        super().__init__(message)
        self.code = code


_channel = grpc.insecure_channel(
    ADDRESS,
    options=[
        # The endpoint is on this machine: a proxy in the environment is for the worker's targets.
        ("grpc.enable_http_proxy", 0),
        ("grpc.max_receive_message_length", -1),
    ],
)
_parameter = sdk_pb2_grpc.ParameterStub(_channel)
_result = sdk_pb2_grpc.ResultStub(_channel)
_log = sdk_pb2_grpc.LogStub(_channel)


def _checked(what, answer):
    """The answer of a call that is under way."""
    try:
        response = answer.result()
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAVAILABLE:
            message = f"no answer from {ADDRESS}, which exists only inside the platform: {error.details()}"
            raise SdkError(message) from error
        raise SdkError(f"{what} failed: {error.details()}") from error
    if response.code != 0:
        raise SdkError(f"{what} was refused: {getattr(response, 'message', '')}", response.code)
    return response


def get_input():
    """The input of this subtask: a dict by the names in input_schema.json."""
    return json.loads(_checked("get_input", _parameter.GetInputJSONString.future(Empty())).jsonString)


def set_table_header(headers):
    """Declares the columns of the result table and their order.

    Each header is a dict of `key`, and optionally `label` (the key where left out) and `format`: text (the default),
    number, integer, boolean, array or object. Columns that rows have besides are stored too.
    """
    items = [
        sdk_pb2.TableHeaderItem(
            key=header["key"],
            label=header.get("label", header["key"]),
            format=header.get("format", "text"),
        )
        for header in headers
    ]
    _checked("set_table_header", _result.SetTableHeader.future(sdk_pb2.TableHeader(headers=items)))


def _row_to_json(row, upsert_key):
    if not isinstance(row, dict):
        raise TypeError(f"a row must be a dict of columns, got {type(row).__name__}")
    if upsert_key is None:
        return json.dumps(row, ensure_ascii=False)
    value = row.get(upsert_key)
    if value is None:
        raise TypeError(f'the row has no value in its upsert column "{upsert_key}"')
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    marks = {"__coreclaw_upsert_key__": upsert_key, "__coreclaw_upsert_value__": text}
    return json.dumps({**row, **marks}, ensure_ascii=False)


def _begin_push(row, upsert_key):
    return _result.PushData.future(sdk_pb2.Data(jsonString=_row_to_json(row, upsert_key)))


def push_data(row, upsert_key=None):
    """Stores one row, a dict of columns; returns when it is stored.

    `upsert_key` names a column: the row of this run with the same value in that column gets the columns given here;
    without such a row this becomes a new one.
    """
    _checked("push_data", _begin_push(row, upsert_key))


def push_rows(rows, upsert_key=None):
    """Stores many rows in order, many in flight at a time. Returns how many, once all are stored.

    `rows` may be a generator: the next is taken only when there is room for it. After a refused row no further one is
    sent.
    """
    under_way = collections.deque()
    count = 0
    for row in rows:
        if len(under_way) >= _MAX_CALLS_IN_FLIGHT:
            _checked("push_rows", under_way.popleft())
        under_way.append(_begin_push(row, upsert_key))
        count += 1
    while under_way:
        _checked("push_rows", under_way.popleft())
    return count


def _write_log(method, text, values):
    """A log line must not end a worker: one that cannot be stored goes to stderr, which the platform captures too."""
    line = str(text) % values if values else str(text)
    try:
        _checked("log", method.future(sdk_pb2.LogLine(log=line)))
    except SdkError as error:
        print(f"{line}\n(written to stderr: {error})", file=sys.stderr)


class log:
    """Log lines by level, with the values of a %-format behind the text: `log.info("%d pages read", count)`."""

    @staticmethod
    def debug(text, *values):
        _write_log(_log.Debug, text, values)

    @staticmethod
    def info(text, *values):
        _write_log(_log.Info, text, values)

    @staticmethod
    def warn(text, *values):
        _write_log(_log.Warn, text, values)

    @staticmethod
    def error(text, *values):
        _write_log(_log.Error, text, values)
