import type { Import } from './imports.ts';

/** The shortest path of imports from a file back to itself; undefined if there is none. */
function wayBack(start: string, targets: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const waiting = [start];
  for (const file of waiting) {
    for (const target of targets.get(file) ?? []) {
      if (target === start) {
        const way = [start];
        for (let step = file; step !== start; step = cameFrom.get(step) ?? start) way.unshift(step);
        return [start, ...way];
      }
      if (cameFrom.has(target)) continue;
      cameFrom.set(target, file);
      waiting.push(target);
    }
  }
  return undefined;
}

/** @returns for each group of files that import each other in a circle, its shortest circle as a path of files */
export function findCircles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const circles: string[][] = [];
  const told = new Set<string>();
  for (const file of [...targets.keys()].toSorted()) {
    if (told.has(file)) continue;
    const circle = wayBack(file, targets);
    if (circle === undefined) continue;
    circles.push(circle);
    for (const member of circle) told.add(member);
  }
  return circles;
}
