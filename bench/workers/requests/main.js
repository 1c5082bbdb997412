'use strict';

const http = require('node:http');
const sdk = require('./sdk');

/** Each request has its own connection. */
const agent = new http.Agent({ keepAlive: false });

function ask({ address, port }) {
  return new Promise((resolve, reject) => {
    http
      .get({ host: address, port, agent }, (answer) => {
        if (answer.statusCode !== 200) reject(new Error(`status ${answer.statusCode}`));
        answer.resume().once('end', resolve).once('error', reject);
      })
      .once('error', reject);
  });
}

async function main() {
  const input = await sdk.getInput();
  let left = input.requests;
  const askAll = async () => {
    while (left > 0) {
      left -= 1;
      await ask(input);
    }
  };
  const start = performance.now();
  await Promise.all(Array.from({ length: input.connections }, askAll));
  console.log(input.requests / ((performance.now() - start) / 1000));
}

main().catch((error) => {
  process.exitCode = 1;
  console.error(error);
});
