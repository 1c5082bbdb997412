/** Filters the capabilities that a WebDriver client requests: the fence decides some of them. */
import { browserSwitches } from './chromium.ts';

type Json = Readonly<Record<string, unknown>>;

/** Options of chromedriver that are passed on. The others set files, programs and ports, which the fence decides. */
const optionKeys = new Set([
  'args',
  'excludeSwitches',
  'extensions',
  'localState',
  'mobileEmulation',
  'perfLoggingPrefs',
  'prefs',
  'windowTypes',
]);
const optionsKey = 'goog:chromeOptions';
/** Switches that could bypass the proxy, start programs or write files. */
const foreignSwitches = [
  'browser-subprocess-path',
  'crash-dumps-dir',
  'disable-extensions-except',
  'gpu-launcher',
  'headless',
  'host-resolver-rules',
  'host-rules',
  'load-extension',
  'log-file',
  'no-proxy-server',
  'proxy-auto-detect',
  'proxy-pac-url',
  'remote-debugging-address',
  'remote-debugging-pipe',
  'remote-debugging-port',
  'renderer-cmd-prefix',
  'utility-cmd-prefix',
];

function nameOf(argument: string): string {
  return argument.replace(/^-+/, '').replace(/=.*$/s, '').toLowerCase();
}

const decided = new Set([...browserSwitches.map(nameOf), ...foreignSwitches]);

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Drops switches that the fence decides. For example, a client's `disable-features` would replace ours. */
function allowedArguments(value: unknown): string[] {
  return textsOf(value).filter((argument) => !decided.has(nameOf(argument)));
}

/** A session starts with an empty page instead of a search engine's. */
const firstPage = { 'session.restore_on_startup': 4, 'session.startup_urls': ['about:blank'] } as const;

function mergedOptions(given: Json, program: string): Json {
  const passed = Object.entries(given).filter(([key]) => optionKeys.has(key));
  return {
    ...Object.fromEntries(passed),
    prefs: { ...firstPage, ...(isObject(given['prefs']) ? given['prefs'] : {}) },
    args: [...browserSwitches, ...allowedArguments(given['args'])],
    excludeSwitches: allowedArguments(given['excludeSwitches']),
    binary: program,
  };
}

/** The client's options, under the current name or the one of older clients. */
function optionsIn(capabilities: Json): Json {
  const options = capabilities[optionsKey] ?? capabilities['chromeOptions'];
  return isObject(options) ? options : {};
}

/** Drops the options, the proxy, and a WebSocket URL, whose port could not be reached. */
function withoutOptions(capabilities: Json): Json {
  const dropped = new Set([optionsKey, 'chromeOptions', 'proxy', 'webSocketUrl']);
  return Object.fromEntries(Object.entries(capabilities).filter(([key]) => !dropped.has(key)));
}

/**
 * The body of a session request for chromedriver. Options are set in each alternative of `firstMatch`, because they must
 * not also be in `alwaysMatch`.
 * @param body as sent by the client, in the format of the WebDriver standard or of the older JSON Wire Protocol
 * @param program path of the browser's executable in the fence
 */
export function fencedCapabilities(body: unknown, program: string): Json {
  const { capabilities, desiredCapabilities } = isObject(body) ? body : {};
  const wanted = isObject(capabilities) ? capabilities : {};
  const legacy = isObject(desiredCapabilities) ? desiredCapabilities : {};
  const always = isObject(wanted['alwaysMatch']) ? wanted['alwaysMatch'] : {};
  const alternatives = Array.isArray(wanted['firstMatch']) ? wanted['firstMatch'].filter(isObject) : [];
  const isStandard = isObject(capabilities);
  const first = isStandard && alternatives.length > 0 ? alternatives : [{}];
  return {
    capabilities: {
      alwaysMatch: withoutOptions(isStandard ? always : standardOnly(legacy)),
      firstMatch: first.map((alternative) => ({
        ...withoutOptions(alternative),
        [optionsKey]: mergedOptions(
          { ...optionsIn(isStandard ? always : legacy), ...optionsIn(alternative) },
          program,
        ),
      })),
    },
  };
}

const standardNames = new Set([
  'acceptInsecureCerts',
  'browserName',
  'pageLoadStrategy',
  'strictFileInteractability',
  'timeouts',
  'unhandledPromptBehavior',
]);

/** Keeps only capabilities of the JSON Wire Protocol that the standard has too, because a driver refuses unknown ones. */
function standardOnly(capabilities: Json): Json {
  return Object.fromEntries(
    Object.entries(capabilities).filter(([key]) => standardNames.has(key) || key.includes(':')),
  );
}
