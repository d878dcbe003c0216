import { IsString, MaxLength } from 'class-validator';
import { type Default, Document, Key } from '../../core/firestore/document/document.decorators.js';

@Document({ collection: 'exampleNotes' })
export class Note {
  @Key({ auto: true })
  id: Default<string>;

  @IsString()
  @MaxLength(500)
  text: string;
}
