import { Module } from '@nestjs/common';
import { EmailsRepository } from './emails.repository.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

@Module({
  controllers: [UsersController],
  providers: [UsersService, UsersRepository, EmailsRepository],
  exports: [UsersService],
})
export class UsersModule {}
