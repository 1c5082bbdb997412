/** What a client of WebDriver may ask of its browser: everything but what the fence decides. */
import { browserSwitches } from './chromium.ts';

type Json = Readonly<Record<string, unknown>>;

/** Options of Chromium's driver that are passed on. The others name files, programs and ports, which are the fence's own. */
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
/** Sorts of ways out, of programs to start and of files to write. */
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

/** Without what the fence decides; a `disable-features` of the client's own would take the place of ours. */
function allowedArguments(value: unknown): string[] {
  return textsOf(value).filter((argument) => !decided.has(nameOf(argument)));
}

/** A session begins with an empty page, not with one that a search engine makes. */
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

/** Options under their own name, and the one of older clients. */
function optionsIn(capabilities: Json): Json {
  const options = capabilities[optionsKey] ?? capabilities['chromeOptions'];
  return isObject(options) ? options : {};
}

/** Without options, and without what would lead past the proxy or to a port that nobody reaches. */
function withoutOptions(capabilities: Json): Json {
  const dropped = new Set([optionsKey, 'chromeOptions', 'proxy', 'webSocketUrl']);
  return Object.fromEntries(Object.entries(capabilities).filter(([key]) => !dropped.has(key)));
}

/**
 * The body of a request for a session, as chromedriver in its fence gets it. Each alternative gets options of its own, since
 * two capabilities of one name may not meet.
 * @param body as the client sent it, in the form of the standard or of its forerunner
 * @param program of the browser, as chromedriver sees it
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

/** Capabilities of the forerunner that the standard knows as well; a driver refuses what it does not know. */
function standardOnly(capabilities: Json): Json {
  return Object.fromEntries(
    Object.entries(capabilities).filter(([key]) => standardNames.has(key) || key.includes(':')),
  );
}
