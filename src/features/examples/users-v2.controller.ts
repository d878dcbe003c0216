import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { SelfOr } from '../../core/auth/access.decorators.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { toUserResponse, UserPath } from '../users/users.dto.js';
import { UserNotFound } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { UserV2Response } from './examples.dto.js';

/** A second version of one route. The others of `/users` go on in version 1 alone. */
@ApiTags('Examples')
@Controller({ path: 'users', version: '2' })
export class UsersV2Controller {
  constructor(private readonly users: UsersService) {}

  @Get(':id')
  @SelfOr('users:read')
  @Transactional()
  @Responds(UserV2Response, { summary: 'Read a user, version 2', errors: [UserNotFound] })
  async get(@Param() { id }: UserPath): Promise<UserV2Response> {
    const { firstName, lastName, ...user } = toUserResponse(await this.users.findOrFail(id));
    return { ...user, name: { given: firstName, family: lastName } };
  }
}
