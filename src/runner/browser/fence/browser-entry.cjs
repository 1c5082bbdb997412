'use strict';
/*
 * First code in a browser's fence, run as `node browser-entry.cjs HOW PORT COMMAND…`. It starts COMMAND and leads it to the
 * runner, which listens at PORT. Where HOW is `pipe`, one connection to the runner becomes the pipe of DevTools (descriptors
 * 3 and 4) of the command itself; where it is `tunnel`, the command is a server at the port behind the last `=` of its
 * arguments, and every connection that the runner makes use of is joined with one to that server.
 */
const { spawn } = require('node:child_process');
const net = require('node:net');

const [, , how, port, ...command] = process.argv;
const host = '127.0.0.1';

function endWith(child) {
  child.once('exit', (code) => process.exit(code ?? 1));
}

function startOnPipe() {
  const connection = net.connect({ host, port: Number(port) });
  // Nothing may be read here: the next who reads is the browser.
  connection.pause();
  connection.once('connect', () => {
    // Only as 0, 1 and 2 are descriptors made to wait for their data, as the browser expects it.
    const becomePipe = 'exec "$@" 3<&0 4>&1 0</dev/null 1>&2';
    endWith(
      spawn('/bin/sh', ['-c', becomePipe, 'sh', ...command], { stdio: [connection, connection, 'inherit'] }),
    );
    connection.destroy();
  });
}

function join(one, other) {
  one.pipe(other);
  one.once('close', () => other.destroy());
  one.on('error', () => other.destroy());
}

/** Keeps one connection ready for the runner; the next is made when it is used, or gone. */
function offerTunnel(serverPort) {
  const connection = net.connect({ host, port: Number(port) });
  let isUsed = false;
  connection.once('readable', () => {
    if (connection.readableLength === 0) return;
    isUsed = true;
    offerTunnel(serverPort);
    const server = net.connect({ host, port: serverPort });
    join(connection, server);
    join(server, connection);
  });
  connection.on('error', () => undefined);
  connection.once('close', () => {
    if (!isUsed) setTimeout(() => offerTunnel(serverPort), 100);
  });
}

function startWithTunnel() {
  const serverPort = Number(
    command.find((argument) => argument.startsWith('--port=')).slice('--port='.length),
  );
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  endWith(child);
  let said = '';
  const listen = (text) => {
    process.stderr.write(text);
    said += text;
    if (!said.includes('started successfully')) return;
    child.stdout.off('data', listen).pipe(process.stderr);
    offerTunnel(serverPort);
  };
  child.stdout.setEncoding('utf8').on('data', listen);
}

if (how === 'pipe') startOnPipe();
else startWithTunnel();
