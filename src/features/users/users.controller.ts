import { Body, Controller, Delete, Get, Param, Patch, Query } from '@nestjs/common';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Authenticated, CurrentCaller, Permissions, SelfOr } from '../../core/auth/access.decorators.js';
import type { Caller } from '../../core/auth/caller.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { IfMatch, Precondition } from '../../core/http/if-match.js';
import { InvalidCursor } from '../../core/pagination/cursor.js';
import type { Page } from '../../core/pagination/page.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { toUserResponse, UpdateUserBody, UserPath, UserQuery, UserResponse } from './users.dto.js';
import { EmailTaken, LastAdmin, RecentSignInRequired, UserNotFound } from './users.errors.js';
import { UsersService } from './users.service.js';

@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Get()
  @Permissions('users:list')
  @Transactional()
  @Responds([UserResponse], { summary: 'Search and list users', paginated: true, errors: [InvalidCursor] })
  async list(@Query() query: UserQuery): Promise<Page<UserResponse>> {
    const page = await this.users.list(query);
    return page.map(toUserResponse);
  }

  @Get('me')
  @Authenticated('users:read')
  @Transactional()
  @Responds(UserResponse, { summary: 'Read my own account', errors: [UserNotFound] })
  async me(@CurrentCaller() caller: Caller): Promise<UserResponse> {
    return toUserResponse(await this.users.findOrFail(caller.id));
  }

  @Get(':id')
  @SelfOr('users:read')
  @Transactional()
  @Responds(UserResponse, { summary: 'Read a user', etag: true, errors: [UserNotFound] })
  async get(@Param() { id }: UserPath): Promise<UserResponse> {
    return toUserResponse(await this.users.findOrFail(id));
  }

  @Patch(':id')
  @SelfOr('users:write')
  @Transactional({ readOnly: false })
  @Responds(UserResponse, {
    summary: 'Change a user',
    description:
      'Changes the fields that are sent. Everybody may change himself; a `role` only an admin gives. ' +
      'A new `email` is to be verified again: a mail goes there, and a notice to the old one. Who changes his own must ' +
      'have signed in within 15 minutes.',
    etag: true,
    errors: [UserNotFound, EmailTaken, LastAdmin, RecentSignInRequired],
  })
  async update(
    @Param() { id }: UserPath,
    @Body() changes: UpdateUserBody,
    @CurrentCaller() caller: Caller,
    @Precondition() ifMatch: IfMatch,
  ): Promise<UserResponse> {
    await ifMatch.check(async () => toUserResponse(await this.users.findOrFail(id)));
    return toUserResponse(await this.users.update(id, changes, caller));
  }

  @Delete(':id')
  @Permissions('users:delete')
  @Transactional({ readOnly: false })
  @Responds(null, {
    summary: 'Delete a user',
    description: 'Ends his sessions and frees his e-mail.',
    errors: [UserNotFound, LastAdmin],
  })
  async delete(@Param() { id }: UserPath, @Precondition() ifMatch: IfMatch): Promise<void> {
    await ifMatch.check(async () => toUserResponse(await this.users.findOrFail(id)));
    await this.users.delete(id);
  }
}
