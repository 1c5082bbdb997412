/** Symbolic links in a zip. A link within the package becomes a copy of its target; no link is created on disk. */
import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';

export const maxLinks = 1000;
/** Maximum number of links on the way to a target. */
const maxHops = 40;

interface PackageLink {
  /** Below the package root, with forward slashes. */
  readonly path: string;
  /** Verbatim from the zip. */
  readonly target: string;
}

interface LinkedPackage<Member> {
  readonly files: ReadonlyMap<string, Member>;
  readonly links: ReadonlyMap<string, string>;
  /** Whether a path is in a folder that is left out of the package. */
  readonly isLeftOut: (path: string) => boolean;
}

function refuse({ path, target }: PackageLink, reason: string): never {
  throw invalidArgument(`the zip entry ${quoted(path)} is a symbolic link to ${quoted(target)}, ${reason}`);
}

/** Resolves a link, through other links and `..`. @returns an empty string for the package root */
function destination(link: PackageLink, links: ReadonlyMap<string, string>): string {
  const waiting = link.path.split('/').toReversed();
  const reached: string[] = [];
  let hops = 0;
  for (let segment = waiting.pop(); segment !== undefined; segment = waiting.pop()) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') {
      if (reached.pop() === undefined) refuse(link, 'which is outside the package; replace it with a copy');
      continue;
    }
    reached.push(segment);
    const target = links.get(reached.join('/'));
    if (target === undefined) continue;
    hops += 1;
    if (hops > maxHops) refuse(link, 'which leads in a circle; remove it');
    if (target.startsWith('/')) refuse(link, 'which is outside the package; replace it with a copy');
    reached.pop();
    waiting.push(...target.split('/').toReversed());
  }
  return reached.join('/');
}

/**
 * The files that replace links: the target of a link to a file, and all files below the target of a link to a folder.
 * @throws ChelaError INVALID_ARGUMENT for a link that is broken, circular, or leads outside the package
 */
export function* linkedFiles<Member extends { readonly path: string }>({
  files,
  links,
  isLeftOut,
}: LinkedPackage<Member>): Generator<Member> {
  for (const [path, target] of links) {
    const link = { path, target };
    if (target === '' || target.includes('\0') || target.includes('\\'))
      refuse(link, 'which is not a valid path');
    const place = destination(link, links);
    const file = files.get(place);
    if (file !== undefined) {
      yield { ...file, path };
      continue;
    }
    if (isLeftOut(place)) continue;
    const below = place === '' ? '' : `${place}/`;
    let count = 0;
    for (const [name, member] of files) {
      if (!name.startsWith(below)) continue;
      count += 1;
      yield { ...member, path: `${path}/${name.slice(below.length)}` };
    }
    if (count === 0) refuse(link, 'which is not in the package; add it or remove the link');
  }
}
