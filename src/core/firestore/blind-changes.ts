import type { Type } from '@nestjs/common';
import type { Change } from './document/document-changes.js';
import { fieldAtPath, setAtPath, valueAtPath } from './document/document-validation.js';
import { storedValue } from './document/stored-form.js';
import { firestoreLibrary } from './firestore-library.js';

/** Changes to a document that nobody has read: new values, and amounts to add. */
export class BlindChanges {
  private readonly values = new Map<string, unknown>();
  private readonly amounts = new Map<string, number>();

  constructor(private readonly type: Type<object>) {}

  set(path: string, value: unknown): void {
    this.refuseOverlap(path);
    this.amounts.delete(path);
    this.values.set(path, value);
  }

  add(path: string, amount: number): void {
    this.refuseOverlap(path);
    if (this.values.has(path)) this.values.set(path, Number(this.values.get(path)) + amount);
    else this.amounts.set(path, (this.amounts.get(path) ?? 0) + amount);
  }

  /** Does to the document, now that it was read, what was to be done unseen. */
  applyTo(document: object): void {
    for (const [path, value] of this.values) setAtPath(this.type, document, path, value);
    for (const [path, amount] of this.amounts) {
      setAtPath(this.type, document, path, Number(valueAtPath(document, path) ?? 0) + amount);
    }
  }

  toStored(): Change[] {
    const values = [...this.values].map(([path, value]) => ({
      path: path.split('.'),
      value: storedValue(value, fieldAtPath(this.type, path)),
    }));
    const amounts = [...this.amounts].map(([path, amount]) => ({
      path: path.split('.'),
      value: firestoreLibrary().FieldValue.increment(amount),
    }));
    return [...values, ...amounts];
  }

  /** Firestore takes no two values for one place in one write. */
  private refuseOverlap(path: string): void {
    const other = [...this.values.keys(), ...this.amounts.keys()].find(
      (each) => each.startsWith(`${path}.`) || path.startsWith(`${each}.`),
    );
    if (other === undefined) return;
    throw new Error(
      `"${path}" overlaps "${other}", which this transaction changes unseen. Read the document first, then change it.`,
    );
  }
}
