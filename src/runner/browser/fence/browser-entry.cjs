'use strict';
/*
 * The first program in a browser's fence, run as `node browser-entry.cjs HOW PORTS COMMAND…`. It starts COMMAND and
 * connects it with the runner, which listens on PORTS. HOW is one of:
 *   pipe    One connection to the runner becomes the DevTools pipe (descriptors 3 and 4) of the command itself.
 *   tunnel  The command is a server whose port is in its argument `--…port=`. Each connection that the runner uses is
 *           relayed to that server.
 *   both    A pipe at the first port, and a tunnel at the second.
 */
const { spawn } = require('node:child_process');
const net = require('node:net');

const [, , how, ports, ...command] = process.argv;
const [firstPort, secondPort] = ports.split(',').map(Number);
const host = '127.0.0.1';
const retryMilliseconds = 50;
/** Retries, because a server that was just started may not listen yet. */
const maxRetries = 600;

function endWith(child) {
  child.once('exit', (code) => process.exit(code ?? 1));
}

function startOnPipe() {
  const connection = net.connect({ host, port: firstPort });
  // Nothing must be read here, because the bytes are for the browser.
  connection.pause();
  connection.once('connect', () => {
    // Node makes only descriptors 0, 1 and 2 of a child blocking, which the browser expects of its pipe.
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

function serverPort() {
  const argument = command.find((one) => /^--(?:remote-debugging-)?port=/.test(one));
  return Number(argument.slice(argument.indexOf('=') + 1));
}

function joinWithServer(connection, retries = maxRetries) {
  const server = net.connect({ host, port: serverPort() });
  const refused = () => {
    if (retries === 0 || connection.destroyed) connection.destroy();
    else setTimeout(() => joinWithServer(connection, retries - 1), retryMilliseconds);
  };
  server.once('error', refused);
  server.once('connect', () => {
    server.off('error', refused);
    join(connection, server);
    join(server, connection);
  });
}

/** Keeps one connection ready for the runner. Opens the next one when it is used or closed. */
function offerTunnel(port) {
  const connection = net.connect({ host, port });
  let isUsed = false;
  connection.once('readable', () => {
    if (connection.readableLength === 0) return;
    isUsed = true;
    offerTunnel(port);
    joinWithServer(connection);
  });
  connection.on('error', () => undefined);
  connection.once('close', () => {
    if (!isUsed) setTimeout(() => offerTunnel(port), 100);
  });
}

function startWithTunnel() {
  const child = spawn(command[0], command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  endWith(child);
  let said = '';
  const listen = (text) => {
    process.stderr.write(text);
    said += text;
    if (!said.includes('started successfully')) return;
    child.stdout.off('data', listen).pipe(process.stderr);
    offerTunnel(firstPort);
  };
  child.stdout.setEncoding('utf8').on('data', listen);
}

if (how === 'tunnel') startWithTunnel();
else startOnPipe();
if (how === 'both') offerTunnel(secondPort);
