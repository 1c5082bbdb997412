'use strict';
/*
 * The thread that watches the event loop of its process; its `workerData` is a `WatchdogOrder` of watchdog.ts. It ends
 * the process if the loop hangs or does not act on a second signal to stop. It counts its own ticks instead of time, so
 * that suspending the whole process, or the machine, suspends the count too. It is CommonJS because a thread that loads
 * TypeScript takes 12 MB more.
 */
const { readFileSync, write } = require('node:fs');
const { Session } = require('node:inspector');
const { constants } = require('node:os');
const { setTimeout: delay } = require('node:timers/promises');
const { parentPort, workerData } = require('node:worker_threads');

const { heartbeat, limitSeconds, limitName, tickMilliseconds, hangExitCode, stopExitCode } = workerData;

/** At a second signal the event loop itself ends the process. If it has not done so after this time, it hangs. */
const stopGraceMilliseconds = 500;
/** After this time without a heartbeat, the thread tells somebody who sent a signal why nothing stops. */
const blockedMilliseconds = 2000;
const writeLimitMilliseconds = 1000;
const exitLimitMilliseconds = 3000;
const shownFrames = 10;

const beats = new Int32Array(heartbeat);
const limitMilliseconds = limitSeconds === 0 ? Infinity : limitSeconds * 1000;
let lastBeat = 0;
let lastWait = processorWait();
let silentMilliseconds = 0;
let stopSignals = 0;
let isTold = false;
let isEnding = false;

/** Not through process.stderr, which writes through the event loop that hangs. Does not wait for a stalled reader. */
async function say(text) {
  const { promise, resolve } = Promise.withResolvers();
  write(2, `${text}\n`, resolve);
  await Promise.race([promise, delay(writeLimitMilliseconds)]);
}

function placeOf(callFrames, scripts) {
  const frames = callFrames.slice(0, shownFrames).map(({ functionName, location }) => {
    const script = scripts.get(location.scriptId) || 'unknown script';
    return `    at ${functionName || '<anonymous>'} (${script}:${location.lineNumber + 1})`;
  });
  return frames.join('\n');
}

/**
 * Interrupts the main thread wherever its code is, prints the location, and makes it exit. This is the only way if this
 * is process 1 of a container, which cannot kill itself.
 */
function exitFromMainThread(exitCode, showsPlace) {
  const session = new Session();
  const scripts = new Map();
  session.connectToMainThread();
  session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => scripts.set(scriptId, url));
  session.on('Debugger.paused', ({ params: { callFrames } }) => {
    const shown = showsPlace ? say(placeOf(callFrames, scripts)) : Promise.resolve();
    const expression = `globalThis.process.exit(${exitCode})`;
    const { callFrameId } = callFrames[0];
    void shown.then(() => session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression }));
  });
  session.post('Debugger.enable');
  session.post('Debugger.pause');
}

async function end(reason, exitCode, showsPlace) {
  if (isEnding) return;
  isEnding = true;
  await say(`chela: ${reason}`);
  exitFromMainThread(exitCode, showsPlace);
  // A main thread that hangs outside JavaScript cannot be interrupted.
  await delay(exitLimitMilliseconds);
  process.kill(process.pid, 'SIGKILL');
}

/**
 * How long the main thread has been waiting for a CPU, in milliseconds since its start; 0 if the system does not report
 * it. On an overloaded machine a turn of the loop takes long for this reason, which does not count as hanging.
 */
function processorWait() {
  try {
    // Nanoseconds on a CPU, nanoseconds waiting for one, and number of time slices.
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

function tick() {
  const beat = Atomics.load(beats, 0);
  const wait = processorWait();
  if (beat === lastBeat) silentMilliseconds += Math.max(0, tickMilliseconds - (wait - lastWait));
  else silentMilliseconds = 0;
  lastBeat = beat;
  lastWait = wait;
  if (silentMilliseconds >= limitMilliseconds) {
    const reason = `the event loop has not responded for ${limitSeconds} s (${limitName}), so this process exits. Stack of the main thread:`;
    void end(reason, hangExitCode, true);
  } else if (stopSignals === 1 && silentMilliseconds >= blockedMilliseconds && !isTold) {
    isTold = true;
    void say('chela: the event loop does not respond, so nothing stops yet; repeat to stop immediately');
  }
}

async function onStopSignal() {
  stopSignals += 1;
  if (stopSignals !== 2) return;
  await delay(stopGraceMilliseconds);
  await end('stopped immediately', stopExitCode, false);
}

/** Keeps the handles from being garbage-collected. */
const signalHandles = [];

/**
 * `process.on` handles signals only in the main thread, although libuv can deliver them to any loop. Node's own
 * interface for that is internal, and available only to this thread (`--expose-internals`).
 */
function listenForSignals() {
  const { internalBinding } = require('internal/test/binding');
  const { Signal } = internalBinding('signal_wrap');
  for (const signal of [constants.signals.SIGINT, constants.signals.SIGTERM]) {
    const handle = new Signal();
    handle.onsignal = onStopSignal;
    const error = handle.start(signal);
    if (error !== 0) throw new Error(`signal ${signal} cannot be listened for (${error})`);
    signalHandles.push(handle);
  }
}

setInterval(tick, tickMilliseconds);
try {
  listenForSignals();
} catch (error) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window and has no origin
  parentPort.postMessage({ error: error.message });
}
