'use strict';
/*
 * Turns this process into a Node worker, which sees the same environment as with `node ENTRY`. Run as
 * `node node-entry.cjs ENTRY`, or required by the starter.
 */
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { pathToFileURL } = require('node:url');

/** Files of the SDK in packages. */
const sdkFiles = ['sdk.js', 'sdk_pb.js', 'sdk_grpc_pb.js', 'sdk_storage.js'];

/**
 * Makes Node write to standard output and error synchronously. They are pipes, and with asynchronous writes the last
 * output would be lost when the worker calls process.exit() or fails. They are still opened at their first use.
 */
function blockOutput() {
  for (const name of ['stdout', 'stderr']) {
    const property = Object.getOwnPropertyDescriptor(process, name);
    const get = () => {
      const stream = property.get.call(process);
      Object.defineProperty(process, name, property);
      stream._handle?.setBlocking?.(true);
      return stream;
    };
    Object.defineProperty(process, name, { ...property, get });
  }
}

function textOf(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function hasEsModules(folder) {
  try {
    return JSON.parse(textOf(path.join(folder, 'package.json')).replace(/^\uFEFF/, '')).type === 'module';
  } catch {
    return false;
  }
}

/** Makes `import` read these files as CommonJS. Node 18 and 20 have only hooks that run in a thread. */
function importAsCommonJs(urls) {
  if (Module.registerHooks !== undefined) {
    Module.registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context);
        return urls.has(found.url) ? { ...found, format: 'commonjs' } : found;
      },
    });
    return;
  }
  const hooks = `const urls = new Set(${JSON.stringify([...urls])});
    export async function resolve(specifier, context, next) {
      const found = await next(specifier, context);
      return urls.has(found.url) ? { ...found, format: 'commonjs' } : found;
    }`;
  Module.register?.(`data:text/javascript,${encodeURIComponent(hooks)}`);
}

/** Loads the SDK as CommonJS. In a package with `"type": "module"`, Node would read it as ES modules. */
function keepSdkCommonJs(folder) {
  if (!hasEsModules(folder)) return;
  const paths = sdkFiles.map((name) => path.join(folder, name));
  const files = new Set(paths.filter((file) => /\bmodule\.exports\b|\bexports\.\w/.test(textOf(file))));
  if (files.size === 0) return;
  const urls = new Set(Array.from(files, (file) => pathToFileURL(file).href));
  importAsCommonJs(urls);
  const load = Module._extensions['.js'];
  Module._extensions['.js'] = (module, file) => {
    if (files.has(file)) module._compile(fs.readFileSync(file, 'utf8'), file, 'commonjs');
    else load(module, file);
  };
}

function becomeNodeWorker(entry) {
  blockOutput();
  keepSdkCommonJs(path.dirname(entry));
  delete require.cache[__filename];
  process.argv.splice(1, process.argv.length - 1, entry);
  Module.runMain();
}

if (require.main === module) becomeNodeWorker(process.argv[2]);
else module.exports = { becomeNodeWorker };
