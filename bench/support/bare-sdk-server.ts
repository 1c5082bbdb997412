/**
 * An SDK server that stores nothing, written with a general gRPC library: it returns the input given as its
 * argument, and success for all other calls. Prints its port.
 */
import path from 'node:path';
import { Server, ServerCredentials, type handleUnaryCall, type ServiceDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const protoFile = path.resolve(import.meta.dirname, '../../sdk/node/coresdk.proto');
const input = process.argv[2] ?? '{}';

const answer: handleUnaryCall<unknown, object> = (_call, respond) => {
  respond(null, { code: 0, message: 'success', jsonString: input });
};

const server = new Server();
const definition = loadSync(protoFile, { keepCase: true, defaults: true });
for (const name of ['Parameter', 'Result', 'Log']) {
  const service = definition[`coresdk.${name}`] as ServiceDefinition;
  server.addService(service, Object.fromEntries(Object.keys(service).map((method) => [method, answer])));
}
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`port ${port}\n`);
});
