'use strict';

/** The methods of coresdk.proto: path, request encoder and response decoder. */

const messages = require('./sdk_pb');

function method(path, requestSerialize, responseDeserialize) {
  return { path, requestSerialize, responseDeserialize };
}

module.exports = {
  getInputJSONString: method(
    '/coresdk.Parameter/GetInputJSONString',
    messages.encodeEmpty,
    messages.decodeInputResponse,
  ),
  setTableHeader: method(
    '/coresdk.Result/SetTableHeader',
    messages.encodeTableHeader,
    messages.decodeResponse,
  ),
  pushData: method('/coresdk.Result/PushData', messages.encodeData, messages.decodeResponse),
  debug: method('/coresdk.Log/Debug', messages.encodeLogLine, messages.decodeResponse),
  info: method('/coresdk.Log/Info', messages.encodeLogLine, messages.decodeResponse),
  warn: method('/coresdk.Log/Warn', messages.encodeLogLine, messages.decodeResponse),
  error: method('/coresdk.Log/Error', messages.encodeLogLine, messages.decodeResponse),
};
