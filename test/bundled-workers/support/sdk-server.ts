import type { Socket } from 'node:net';
import path from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const protoFile = path.join(import.meta.dirname, '../../../sdk/node/coresdk.proto');

export interface SdkCall {
  /** The last part of the method's path, such as `PushData`. */
  readonly method: string;
  readonly request: { jsonString: string; headers: unknown[]; log: string };
}

interface SdkResponse {
  code: number;
  message?: string;
  jsonString?: string;
}

/** Answers a call; undefined means the default answer, success. */
export type Answer = (call: SdkCall) => Promise<SdkResponse | undefined> | SdkResponse | undefined;

/**
 * A real SDK server for connections accepted elsewhere. It encodes and decodes with sdk/node/coresdk.proto, so
 * a client that talks to it proves that its messages follow the protocol.
 */
export class SdkServer {
  readonly calls: SdkCall[] = [];
  readonly #server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });
  readonly #injector: ReturnType<grpc.Server['createConnectionInjector']>;

  /** @param sdkPackage the protocol name that it serves */
  constructor(sdkPackage: 'coresdk' | 'cafesdk', input: unknown, answer: Answer) {
    const definition = loadSync(protoFile, { keepCase: true, defaults: true });
    for (const service of ['Parameter', 'Result', 'Log']) {
      const methods = Object.entries(definition[`coresdk.${service}`] as grpc.ServiceDefinition);
      const renamed = methods.map(([name, method]) => [
        name,
        { ...method, path: method.path.replace('/coresdk.', `/${sdkPackage}.`) },
      ]);
      const handlers = methods.map(([name]) => [name, this.#handler(name, input, answer)]);
      this.#server.addService(Object.fromEntries(renamed), Object.fromEntries(handlers));
    }
    this.#injector = this.#server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  }

  #handler(
    method: string,
    input: unknown,
    answer: Answer,
  ): grpc.handleUnaryCall<SdkCall['request'], SdkResponse> {
    const success =
      method === 'GetInputJSONString' ? { code: 0, jsonString: JSON.stringify(input) } : { code: 0 };
    async function respondTo(call: SdkCall, respond: grpc.sendUnaryData<SdkResponse>) {
      respond(null, (await answer(call)) ?? success);
    }
    return ({ request }, respond) => {
      const call = { method, request };
      this.calls.push(call);
      respondTo(call, respond).catch((error: Error) => respond(error));
    };
  }

  accept(socket: Socket): void {
    this.#injector.injectConnection(socket);
  }

  close(): void {
    this.#injector.destroy();
    this.#server.forceShutdown();
  }
}
