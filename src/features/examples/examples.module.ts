import { Module } from '@nestjs/common';
import { FirestoreModule } from '../../core/firestore/firestore.module.js';
import { UsersModule } from '../users/users.module.js';
import { ExamplesController } from './examples.controller.js';
import { Note } from './note.document.js';
import { NotesService } from './notes.service.js';
import { UsersV2Controller } from './users-v2.controller.js';

@Module({
  imports: [UsersModule, FirestoreModule.forFeature([Note])],
  controllers: [ExamplesController, UsersV2Controller],
  providers: [NotesService],
})
export class ExamplesModule {}
