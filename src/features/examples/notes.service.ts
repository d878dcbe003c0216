import { Injectable } from '@nestjs/common';
import { InjectRepository } from '../../core/firestore/inject-repository.decorator.js';
import { Repository } from '../../core/firestore/repository.js';
import { RequestDone } from '../../core/http/short-circuit.js';
import { NoteNotFound } from './examples.errors.js';
import { Note } from './note.document.js';

@Injectable()
export class NotesService {
  constructor(@InjectRepository(Note) private readonly notes: Repository<Note>) {}

  /** Finishes the request, from down here, with the note of the same text if there is one. */
  async create(text: string): Promise<Note> {
    const [same] = await this.notes.query().where('text', '==', text).limit(1).find();
    if (same) throw new RequestDone({ id: same.id, text }, { status: 200 });
    return this.notes.create({ text });
  }

  /** @throws {NoteNotFound} */
  async findOrFail(id: string): Promise<Note> {
    const note = await this.notes.find(id);
    if (!note) throw new NoteNotFound();
    return note;
  }
}
