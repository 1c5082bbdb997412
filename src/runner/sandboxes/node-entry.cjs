'use strict';
/*
 * Turns this process into a Node worker, which sees the same environment as with `node ENTRY`. Run as
 * `node node-entry.cjs ENTRY`, or required by a starter.
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

/** Restarts `process.uptime()`, which would include the wait for the subtask. */
function restartUptime() {
  const uptime = process.uptime.bind(process);
  const waitedSeconds = uptime();
  process.uptime = { uptime: () => uptime() - waitedSeconds }.uptime;
}

/** Whether it is a Linux program, or a script with a `#!` line. Node aborts if it cannot execute a file. */
function isProgram(file) {
  const header = Buffer.alloc(4);
  const descriptor = fs.openSync(file);
  fs.readSync(descriptor, header);
  fs.closeSync(descriptor);
  return header.toString('latin1') === '\x7fELF' || header.toString('latin1', 0, 2) === '#!';
}

function becomeCommand(command) {
  // Hides Node's warning that execve is experimental, which is not the worker's output.
  process.removeAllListeners('warning');
  if (process.platform !== 'linux' || isProgram(command[0])) process.execve(command[0], command, process.env);
  const message = `${command[0]} cannot be executed on this system: build it for linux/amd64\n`;
  process.stderr.write(message, () => process.exit(126));
}

/** Turns this process into the worker of an `Assignment` (see started-worker.ts). */
function become({ entry, command, environment }) {
  Object.assign(process.env, environment);
  if (command !== undefined) {
    becomeCommand(command);
    return;
  }
  restartUptime();
  becomeNodeWorker(entry);
}

if (require.main === module) becomeNodeWorker(process.argv[2]);
else module.exports = { become };
