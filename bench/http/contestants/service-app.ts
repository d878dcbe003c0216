/** This service, whole, with a module of three routes beside its own. */
import { Body, Controller, Get, Module, Post, type Type } from '@nestjs/common';
import { IsBoolean, IsEmail, IsInt, IsISO8601, IsNumber, IsString, Length, Max, Min } from 'class-validator';
import { createApp } from '../../../src/app.js';
import { loadSettings } from '../../../src/config/load-settings.js';
import { CurrentCaller, Roles } from '../../../src/core/auth/access.decorators.js';
import type { Caller } from '../../../src/core/auth/caller.js';
import { Page } from '../../../src/core/pagination/page.js';
import { isoTime } from '../../../src/core/serialization/iso-time.js';
import { Responds } from '../../../src/core/routing/responds.decorator.js';
import { AUDIENCE, ISSUER, LIMIT, ORDER_ID, SECRET, USERS, type UserRow } from './data.js';

class MeResponse {
  @IsString() id: string;
  @IsString() role: string;
  @IsString() session: string;
}

class OrderBody {
  @IsString() @Length(1, 100) title: string;
  @IsEmail() email: string;
  @IsInt() @Min(1) @Max(100) quantity: number;
  @IsNumber() @Min(0) price: number;
  @IsBoolean() gift: boolean;
}

class OrderResponse extends OrderBody {
  @IsString() id: string;
}

class UserResponse {
  @IsString() id: string;
  @IsString() email: string;
  @IsString() firstName: string;
  @IsString() lastName: string;
  @IsString() role: string;
  @IsString() phone: string;
  @IsString() city: string;
  @IsString() country: string;
  @IsBoolean() active: boolean;
  @IsInt() logins: number;
  @IsISO8601() createdAt: string;
  @IsISO8601() updatedAt: string;
}

@Roles('user')
@Controller('bench')
class BenchController {
  @Get('me')
  @Responds(MeResponse, { summary: 'Small' })
  me(@CurrentCaller() caller: Caller): MeResponse {
    return { id: caller.id, role: caller.role, session: caller.sessionId };
  }

  @Post('orders')
  @Responds(OrderResponse, { summary: 'Validated', status: 201 })
  order(@Body() { title, email, quantity, price, gift }: OrderBody): OrderResponse {
    return { title, email, quantity, price, gift, id: ORDER_ID };
  }

  @Get('users')
  @Responds([UserResponse], { summary: 'List', paginated: true })
  users(): Page<UserResponse> {
    return Page.byOffset(USERS.map(toResponse), { page: 1, limit: 20, total: 20 });
  }
}

/** Named field by field, as the service's own features do. */
function toResponse(user: UserRow): UserResponse {
  return {
    id: user.id,
    email: user.email,
    firstName: user.firstName,
    lastName: user.lastName,
    role: user.role,
    phone: user.phone,
    city: user.city,
    country: user.country,
    active: user.active,
    logins: user.logins,
    createdAt: isoTime(user.createdAt),
    updatedAt: isoTime(user.updatedAt),
  };
}

@Module({ controllers: [BenchController] })
export class BenchModule {}

export const IN_MEMORY = { FIRESTORE_MODE: 'embedded', DATA_DIRECTORY: ':memory:' };

export const settingsOf = (environment: Record<string, string>) =>
  loadSettings({
    NODE_ENV: 'production',
    JWT_SECRET: SECRET,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    TRUSTED_PROXIES: '1',
    RATE_LIMIT: String(LIMIT),
    ...environment,
  });

/** The service with one module more. */
export async function startWith(module: Type, environment: Record<string, string>): Promise<number> {
  const app = await createApp(await settingsOf(environment), { imports: [module] });
  await app.listen(0, '127.0.0.1');
  return Number(new URL(await app.getUrl()).port);
}
