/** The Chromium of this machine, and the command lines it is started with. */
import { execFile } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { proxyAddress } from '../proxy/egress-proxy.ts';
import { BrowserError } from './browser-error.ts';

/** The programs themselves: what distributions have in their path is a script that looks for files of the host. */
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
/** What a browser reads besides its own folder, where it is there. */
const fontFolders = ['/etc/fonts', '/usr/share/fonts', '/usr/share/fontconfig', '/var/cache/fontconfig'];

/** A file that lies beside the program of every Chromium. */
const companion = 'icudtl.dat';
const installCommand = 'apt-get install chromium chromium-driver';
const diskCacheBytes = 64 * 1024 * 1024;

export interface ChromiumSettings {
  /** Path of the browser's program; looked for where empty. */
  readonly chromium: string;
  /** Path of chromedriver; looked for where empty. */
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

/** Where a browser that several clients use listens, on the loopback of its fence. */
export const debuggingPort = 9222;

/** Where a browser and its driver are, as they see it themselves. */
const placesInFence = { browser: '/browser', driver: '/chromedriver' } as const;

/** Where the program of the browser is, as its driver sees it. */
export function programInFence(chromium: string): string {
  return `${placesInFence.browser}/${path.basename(chromium)}`;
}

export const driverInFence: string = placesInFence.driver;

/** Where a browser keeps its profile and its cache, which its worker does not see. Its `/tmp` may be its worker's. */
export const ownFolder = '/var/tmp';

/** Folders and files of the host that a browser reads, by their place in the fence. */
export function browserMounts(chromium: string, chromedriver: string | undefined): Record<string, string> {
  const fonts = fontFolders.filter((folder) => existsSync(folder));
  return {
    [placesInFence.browser]: path.dirname(chromium),
    ...Object.fromEntries(fonts.map((folder) => [folder, folder])),
    ...(chromedriver === undefined ? {} : { [placesInFence.driver]: chromedriver }),
  };
}

/**
 * The switches of every browser. The fence is what holds it, so its own sandbox, which needs more privileges than it has
 * there, is off; its only way out is the proxy at its own loopback, also to addresses that would be its own.
 */
export const browserSwitches: readonly string[] = [
  '--headless',
  '--no-sandbox',
  '--enable-unsafe-swiftshader',
  `--proxy-server=socks5://${proxyAddress.host}:${proxyAddress.port}`,
  // Without its proxy a host is nowhere: that is for the browser's own questions, which no switch keeps it from.
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

/** Version of a browser, such as `140.0.7339.80`. Each program is asked once. */
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
