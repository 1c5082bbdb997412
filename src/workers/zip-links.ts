/** Links in a zip. One that stays within the package becomes a copy of what it leads to; no link is ever made on disk. */
import { invalidArgument } from '../errors.ts';
import { quoted } from './findings.ts';

export const mostLinks = 1000;
/** Links that one link may lead through. */
const mostHops = 40;

interface PackageLink {
  /** Below the package root, with forward slashes. */
  readonly path: string;
  /** As the zip has it. */
  readonly target: string;
}

interface LinkedPackage<Member> {
  readonly files: ReadonlyMap<string, Member>;
  readonly links: ReadonlyMap<string, string>;
  /** Whether a path lies in what is left out of the package. */
  readonly isLeftOut: (path: string) => boolean;
}

function refuse({ path, target }: PackageLink, reason: string): never {
  throw invalidArgument(`the zip entry ${quoted(path)} is a symbolic link to ${quoted(target)}, ${reason}`);
}

/** Where a link leads in the end, through other links and `..`. Empty for the root of the package. */
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
    if (hops > mostHops) refuse(link, 'which leads in a circle; remove it');
    if (target.startsWith('/')) refuse(link, 'which is outside the package; replace it with a copy');
    reached.pop();
    waiting.push(...target.split('/').toReversed());
  }
  return reached.join('/');
}

/**
 * The files that links stand for: that of a link to a file, and all below a folder that a link leads to.
 * @throws ChelaError INVALID_ARGUMENT for a link that leaves the package, leads nowhere, or in a circle
 */
export function* linkedFiles<Member extends { readonly path: string }>({
  files,
  links,
  isLeftOut,
}: LinkedPackage<Member>): Generator<Member> {
  for (const [path, target] of links) {
    const link = { path, target };
    if (target === '' || target.includes('\0') || target.includes('\\')) refuse(link, 'which is no path');
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
