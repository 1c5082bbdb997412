'use strict';
/*
 * Prints npm's registries as JSON for `npm-settings.ts`, using npm's own code to read its configuration. Run it with
 * the folder of the npm package as argument, in a folder that is not a project.
 */
const fs = require('node:fs');
const path = require('node:path');

const [, , npmPath] = process.argv;
const load = (name) => require(path.join(npmPath, 'node_modules', ...name.split('/')));

/** By URL prefix, `//host/path/`. */
function credentialsOf(config, keys) {
  const places = new Set(
    keys.flatMap((key) => /^(\/\/.+\/):(?:_authToken|_auth|username|_password)$/.exec(key)?.[1] ?? []),
  );
  return [...places].flatMap((place) => {
    const { token, auth } = config.getCredentialsByURI(`https:${place}`);
    if (token) return [{ place, authorization: `Bearer ${token}`, secrets: [token] }];
    if (!auth) return [];
    const password = Buffer.from(auth, 'base64').toString('utf8').split(':').slice(1).join(':');
    return [{ place, authorization: `Basic ${auth}`, secrets: [auth, password] }];
  });
}

async function main() {
  const Config = load('@npmcli/config');
  const definitions = load('@npmcli/config/lib/definitions');
  const config = new Config({ ...definitions, npmPath, argv: [process.execPath, 'npm'] });
  await config.load();
  const keys = [...config.data.values()].flatMap(({ data }) => Object.keys(data));
  const scopes = [...new Set(keys.filter((key) => /^@[^:]+:registry$/.test(key)))];
  const file = config.get('cafile');
  const ca = config.get('ca') ?? (file ? fs.readFileSync(file, 'utf8') : undefined);
  const settings = {
    registry: config.get('registry'),
    scopes: scopes.map((key) => ({ scope: key.slice(0, -':registry'.length), registry: config.get(key) })),
    credentials: credentialsOf(config, keys),
    ca: ca === undefined || ca === null ? [] : [ca].flat(),
    verifiesCertificates: config.get('strict-ssl') !== false,
    httpProxy: config.get('proxy') || '',
    httpsProxy: config.get('https-proxy') || '',
    noProxy: [config.get('noproxy') ?? ''].flat().join(','),
  };
  process.stdout.write(JSON.stringify(settings));
}

main().catch((error) => {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
});
