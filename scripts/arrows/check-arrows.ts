/**
 * Checks imports against the table of rooms: which rooms a room uses, through which files, and that there are no
 * circles.
 */
import { findCircles } from './circles.ts';
import type { Import } from './imports.ts';
import type { Exemption, Room } from './rooms.ts';

/** The room of a file: the one with the longest matching place, so `runner/proxy` wins over `runner`. */
function roomOf(file: string, rooms: readonly Room[]): Room | undefined {
  return rooms
    .filter(({ place }) => file === place || file.startsWith(`${place}/`))
    .toSorted((one, other) => other.place.length - one.place.length)
    .at(0);
}

function mayUse(room: Room, other: Room): boolean {
  return room.uses === undefined || room.uses.includes(other.place);
}

interface Crossing extends Import {
  readonly room: Room;
  readonly other: Room;
}

/** The rule that an import between two rooms breaks; undefined if it breaks none. */
function problemOf({ from, to, room, other }: Crossing): string | undefined {
  if (!mayUse(room, other)) return `${from} imports ${to}: ${room.place} may not use ${other.place}`;
  if (other.facades === undefined || other.facades.includes(to)) return undefined;
  const shown = other.facades.length === 0 ? 'nothing' : other.facades.join(', ');
  return `${from} imports ${to}: ${other.place} shows other rooms ${shown}`;
}

/**
 * @param imports all imports of the code, including type imports
 * @returns one sentence per broken rule, and per permission or exemption that nothing needs
 */
export function checkArrows(
  imports: readonly Import[],
  rooms: readonly Room[],
  exemptions: readonly Exemption[],
): string[] {
  const problems = new Set<string>();
  const used = new Set<string>();
  const needed = new Set<Exemption>();
  for (const { from, to } of imports) {
    const room = roomOf(from, rooms);
    const other = roomOf(to, rooms);
    for (const [file, found] of [[from, room] as const, [to, other] as const])
      if (found === undefined) problems.add(`${file} lies in no room of docs/architecture.md`);
    if (room === undefined || other === undefined || room === other) continue;
    used.add(`${room.place} ${other.place}`);
    const problem = problemOf({ from, to, room, other });
    if (problem === undefined) continue;
    const exemption = exemptions.find((candidate) => candidate.from === from && candidate.to === to);
    if (exemption === undefined) problems.add(problem);
    else needed.add(exemption);
  }
  for (const room of rooms) {
    for (const place of room.uses ?? [])
      if (!used.has(`${room.place} ${place}`))
        problems.add(`docs/architecture.md lets ${room.place} use ${place}, which it does not`);
  }
  for (const exemption of exemptions) {
    if (!needed.has(exemption))
      problems.add(
        `docs/architecture.md exempts ${exemption.from} → ${exemption.to}, which needs no exemption`,
      );
  }
  const arrows = [...used].map((arrow) => arrow.split(' ')).map(([from = '', to = '']) => ({ from, to }));
  for (const circle of findCircles(arrows))
    problems.add(`rooms use each other in a circle: ${circle.join(' → ')}`);
  for (const circle of findCircles(imports)) problems.add(`imports go in a circle: ${circle.join(' → ')}`);
  return [...problems];
}
