/** Finds Chromium and chromedriver on this machine, and defines their command lines. */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { proxyAddress } from '../proxy/egress-proxy.ts';
import { BrowserError } from './browser-error.ts';

/** The executables themselves, because the commands on PATH are often scripts that need files of the host. */
const browserPlaces = [
  '/usr/lib/chromium/chromium',
  '/usr/lib64/chromium-browser/chromium-browser',
  '/usr/lib/chromium-browser/chromium-browser',
  '/opt/google/chrome/chrome',
];
const driverPlaces = [
  '/usr/bin/chromedriver',
  '/usr/lib/chromium/chromedriver',
  '/usr/lib64/chromium-browser/chromedriver',
  '/usr/lib/chromium-browser/chromedriver',
];
/** Folders that a browser reads besides its own, if they exist. */
const fontFolders = ['/etc/fonts', '/usr/share/fonts', '/usr/share/fontconfig', '/var/cache/fontconfig'];

/** A file beside the executable of every Chromium. */
const companion = 'icudtl.dat';
const installCommand = 'apt-get install chromium chromium-driver';
const diskCacheBytes = 64 * 1024 * 1024;

export interface ChromiumSettings {
  /** Path of the browser's executable; if empty, the usual places are searched. */
  readonly chromium: string;
  /** Path of chromedriver; if empty, the usual places are searched. */
  readonly chromedriver: string;
}

function findProgram(
  configured: string,
  places: readonly string[],
  missing: { readonly setting: string; readonly message: string },
): string {
  if (configured === '') {
    const found = places.find((place) => existsSync(place));
    if (found === undefined) throw new BrowserError('unavailable', missing.message);
    return found;
  }
  if (statSync(configured, { throwIfNoEntry: false })?.isFile() === true) return configured;
  throw new BrowserError('unavailable', `${missing.setting} must be the path of an executable`);
}

/** @throws BrowserError that says what the operator can do */
export function findChromium({ chromium }: ChromiumSettings): string {
  const message = `Chromium is not installed on the runner's machine: ${installCommand}`;
  const program = findProgram(chromium, browserPlaces, { setting: 'CHELA_CHROMIUM', message });
  if (existsSync(path.join(path.dirname(program), companion))) return program;
  throw new BrowserError(
    'unavailable',
    'CHELA_CHROMIUM must be the path of the Chromium executable in its own folder, not of a wrapper script',
  );
}

/** @throws BrowserError that says what the operator can do */
export function findChromedriver({ chromedriver }: ChromiumSettings): string {
  const message = `chromedriver is not installed on the runner's machine: ${installCommand}`;
  return findProgram(chromedriver, driverPlaces, { setting: 'CHELA_CHROMEDRIVER', message });
}

/** Port of a shared browser on the loopback of its fence. */
export const debuggingPort = 9222;

/** Paths of a browser and its driver inside the fence. */
const placesInFence = { browser: '/browser', driver: '/chromedriver' } as const;

/** Path of the browser's executable inside the fence. */
export function programInFence(chromium: string): string {
  return `${placesInFence.browser}/${path.basename(chromium)}`;
}

export const driverInFence: string = placesInFence.driver;

/** Folder of a browser's profile and cache, which its worker cannot see. `/tmp` may be shared with the worker. */
export const ownFolder = '/var/tmp';

/** Folders and files of the host that a browser reads, by their path inside the fence. */
export function browserMounts(chromium: string, chromedriver: string | undefined): Record<string, string> {
  const fonts = fontFolders.filter((folder) => existsSync(folder));
  return {
    [placesInFence.browser]: path.dirname(chromium),
    ...Object.fromEntries(fonts.map((folder) => [folder, folder])),
    ...(chromedriver === undefined ? {} : { [placesInFence.driver]: chromedriver }),
  };
}

/**
 * The switches of every browser. Chromium's own sandbox is off, because it needs privileges that the fence does not have;
 * the fence isolates the browser instead. All connections use the proxy, even those to loopback addresses.
 */
export const browserSwitches: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--enable-unsafe-swiftshader',
  `--proxy-server=socks5://${proxyAddress.host}:${proxyAddress.port}`,
  // Connections that bypass the proxy fail. That is intended for Chromium's update requests, which no switch disables.
  '--proxy-bypass-list=<-loopback>;update.googleapis.com',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--disable-quic',
  `--user-data-dir=${ownFolder}/profile`,
  `--disk-cache-size=${diskCacheBytes}`,
  '--no-first-run',
  '--no-default-browser-check',
  '--no-pings',
  '--disable-background-networking',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-breakpad',
  '--disable-client-side-phishing-detection',
  '--disable-component-update',
  '--disable-default-apps',
  '--disable-domain-reliability',
  '--disable-hang-monitor',
  '--disable-popup-blocking',
  '--disable-prompt-on-repost',
  '--disable-renderer-backgrounding',
  '--disable-sync',
  `--disable-features=${[
    'AutofillServerCommunication',
    'DialMediaRouteProvider',
    'InterestFeedContentSuggestions',
    'MediaRouter',
    'NetworkTimeServiceQuerying',
    'OptimizationHints',
    'Translate',
  ].join(',')}`,
  '--metrics-recording-only',
  '--mute-audio',
  '--password-store=basic',
];

const versions = new Map<string, Promise<string>>();

/** Version of a browser, such as `140.0.7339.80`. Each executable is run only once for it. */
export async function versionOf(program: string): Promise<string> {
  let version = versions.get(program);
  if (version === undefined) {
    version = promisify(execFile)(program, ['--version'], { env: {} }).then(
      ({ stdout }) => /\b\d+(?:\.\d+)+/.exec(stdout)?.[0] ?? '0',
    );
    versions.set(program, version);
  }
  return version.catch((error: unknown) => {
    versions.delete(program);
    throw error;
  });
}
