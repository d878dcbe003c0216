import type { Document } from '../document/document.ts';
import { fieldAt, formatFieldPath } from '../document/field-path.ts';
import type { FieldPath } from '../document/field-path.ts';
import { invalid } from '../errors.ts';
import type { Work } from '../slices.ts';
import { Vector } from '../value/types.ts';

export type Measure = 'euclidean' | 'cosine' | 'dotProduct';

/** Asks for the documents whose vector is nearest to a given one. */
export interface Nearest {
  path: FieldPath;
  vector: Vector;
  measure: Measure;
  limit: number;
  threshold?: number;
  /** The field in which the result carries its distance. */
  resultField?: FieldPath;
}

export interface Neighbour {
  document: Document;
  distance: number;
}

const MAX_LIMIT = 1_000;
/** So many more than wanted are kept before the farthest go. */
const TOO_MANY = 1_000;
const PAUSE_AFTER = 64;

export function checkNearest({ limit, vector, path }: Nearest): void {
  if (limit < 1 || limit > MAX_LIMIT) throw invalid(`find_nearest.limit must be between 1 and ${MAX_LIMIT}.`);
  if (vector.values.length === 0) throw invalid(`The query vector for "${formatFieldPath(path)}" is empty.`);
}

/** Looks at every candidate: exact, and quick enough for what one machine holds. */
export function* findNearest(candidates: readonly Document[], nearest: Nearest): Work<Neighbour[]> {
  const { path, vector, measure, limit, threshold } = nearest;
  // A dot product is a likeness: the greater the nearer.
  const sign = measure === 'dotProduct' ? -1 : 1;
  const nearestFirst = (a: Neighbour, b: Neighbour) => sign * (a.distance - b.distance);
  const names = new Set([path[0]!]);
  let neighbours: Neighbour[] = [];
  for (const [at, document] of candidates.entries()) {
    if (neighbours.length >= limit + TOO_MANY) neighbours = neighbours.sort(nearestFirst).slice(0, limit);
    if (at % PAUSE_AFTER === PAUSE_AFTER - 1) yield;
    const value = fieldAt(document.someFields(names), path);
    if (!(value instanceof Vector) || value.values.length !== vector.values.length) continue;
    const distance = distanceOf(measure, vector.values, value.values);
    if (isWithin(measure, distance, threshold)) neighbours.push({ document, distance });
  }
  return neighbours.sort(nearestFirst).slice(0, limit);
}

function isWithin(measure: Measure, distance: number, threshold: number | undefined): boolean {
  if (Number.isNaN(distance)) return false;
  if (threshold === undefined) return true;
  return measure === 'dotProduct' ? distance >= threshold : distance <= threshold;
}

function distanceOf(measure: Measure, a: readonly number[], b: readonly number[]): number {
  if (measure === 'euclidean') return Math.hypot(...a.map((value, at) => value - b[at]!));
  const product = dot(a, b);
  return measure === 'dotProduct' ? product : 1 - product / Math.sqrt(dot(a, a) * dot(b, b));
}

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, at) => sum + value * b[at]!, 0);
}
