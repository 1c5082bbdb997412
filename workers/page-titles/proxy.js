'use strict';

/**
 * The way to the network: a SOCKS5 proxy named in the environment. Host names are sent to the proxy unresolved, because
 * nothing inside the sandbox can resolve them.
 */

const { isIP } = require('node:net');
const tls = require('node:tls');
const { SocksClient } = require('socks');

/**
 * @param {NodeJS.ProcessEnv} environment PROXY_AUTH is `user:password`, PROXY_DOMAIN is `host:port`
 * @returns the proxy in the form the socks library takes, or undefined if the environment names none
 */
function readProxy({ PROXY_AUTH: auth, PROXY_DOMAIN: domain }) {
  if (!auth || !domain) return undefined;
  const [, userId, password] = /^([^:]*):?(.*)$/s.exec(auth);
  const [, host, port] = /^(.*):(\d+)$/s.exec(domain) ?? [];
  if (!host) throw new Error('PROXY_DOMAIN must be host:port');
  return { host, port: Number(port), type: 5, userId, password };
}

/**
 * Opens a connection through the proxy.
 * @returns {Promise<import('node:net').Socket>} encrypted, and with a verified certificate, if `secure`
 */
async function connectThroughProxy(proxy, { host, port, secure, timeoutSeconds }) {
  const { socket } = await SocksClient.createConnection({
    proxy,
    command: 'connect',
    destination: { host, port },
    timeout: timeoutSeconds * 1000,
  });
  return secure ? tls.connect({ socket, host, servername: isIP(host) ? '' : host }) : socket;
}

module.exports = { readProxy, connectThroughProxy };
