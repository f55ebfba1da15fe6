/** Turns of those who would be at one address at the same time: two programs at a port, or two captures of one. */
import type { ParserSpec } from './parser-spec.js';

/** Whoever is under way, by what is had in common. */
const turns = new Map<string, Promise<unknown>>();

/** The port of UDP that all programs of the parser have in common; null where each finds one of its own. */
export function ownUdpPort({ feed, address }: Pick<ParserSpec, 'feed' | 'address'>): string | null {
  const port = /:(\d+)(?:\?.*)?$/.exec(address)?.[1] ?? '0';
  return feed === 'udp' && Number(port) !== 0 ? `udp:${Number(port)}` : null;
}

/** Does the work once nobody else is at any of the places. */
export function atPlaces<T>(places: readonly string[], work: () => Promise<T>): Promise<T> {
  if (places.length === 0) return work();
  const turn = Promise.all(places.map((place) => turns.get(place))).then(work);
  const over = turn.then(
    () => {},
    () => {},
  );
  for (const place of places) turns.set(place, over);
  return turn;
}
