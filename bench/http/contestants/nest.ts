/** NestJS on Fastify as its documentation teaches it. */
import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import {
  applyDecorators, Body, type CallHandler, type CanActivate, ClassSerializerInterceptor, Controller, createParamDecorator,
  type ExecutionContext, Get, Injectable, Module, type NestInterceptor, Post, SetMetadata, type Type, UseGuards, ValidationPipe,
} from '@nestjs/common'; // prettier-ignore
import { APP_GUARD, APP_INTERCEPTOR, NestFactory, Reflector } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { Exclude } from 'class-transformer';
import { IsBoolean, IsEmail, IsInt, IsNumber, IsString, Length, Max, Min } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { LoggerModule, Logger } from 'nestjs-pino';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { map, type Observable } from 'rxjs';
import {
  AUDIENCE,
  type Claims,
  ISSUER,
  LIMIT,
  ORDER_ID,
  PAGINATION,
  SECRET,
  type Start,
  USERS,
  type UserRow,
} from './data.js';

interface Caller {
  id: string;
  role: string;
  session: string;
}
type Authenticated = FastifyRequest & { user: Caller };

class OrderBody {
  @IsString() @Length(1, 100) title: string;
  @IsEmail() email: string;
  @IsInt() @Min(1) @Max(100) quantity: number;
  @IsNumber() @Min(0) price: number;
  @IsBoolean() gift: boolean;
}

class User {
  id: string;
  email: string;
  firstName: string;
  lastName: string;
  role: string;
  phone: string;
  city: string;
  country: string;
  active: boolean;
  logins: number;
  createdAt: Date;
  updatedAt: Date;
  @Exclude() passwordHash: string;

  constructor(row: UserRow) {
    Object.assign(this, row);
  }
}

class Paged {
  constructor(
    readonly items: User[],
    readonly pagination: typeof PAGINATION,
  ) {}
}

@Injectable()
class JwtStrategy extends PassportStrategy(Strategy) {
  constructor() {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKey: SECRET,
      issuer: ISSUER,
      audience: AUDIENCE,
    });
  }
  validate({ sub, role, sid }: Claims): Caller {
    return { id: sub, role, session: sid };
  }
}

const Roles = (...roles: string[]) => SetMetadata('roles', roles);

@Injectable()
class RolesGuard implements CanActivate {
  constructor(private readonly reflector: Reflector) {}
  canActivate(context: ExecutionContext): boolean {
    const roles = this.reflector.getAllAndOverride<string[] | undefined>('roles', [
      context.getHandler(),
      context.getClass(),
    ]);
    return roles?.includes(context.switchToHttp().getRequest<Authenticated>().user.role) ?? true;
  }
}

@Injectable()
class EnvelopeInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    const requestId = context.switchToHttp().getRequest<FastifyRequest>().id;
    return next.handle().pipe(
      map((result) => {
        const meta = { requestId, timestamp: new Date().toISOString() };
        return result instanceof Paged
          ? { success: true, data: result.items, meta: { ...meta, pagination: result.pagination } }
          : { success: true, data: result, meta };
      }),
    );
  }
}

const CurrentUser = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => context.switchToHttp().getRequest<Authenticated>().user,
);

/** A controller behind all that protects it. */
export const Protected = () =>
  applyDecorators(Roles('user'), UseGuards(AuthGuard('jwt'), RolesGuard), Controller('api/v1/bench'));

@Protected()
class BenchController {
  @Get('me')
  me(@CurrentUser() user: Caller) {
    return { id: user.id, role: user.role, session: user.session };
  }

  @Post('orders')
  order(@Body() { title, email, quantity, price, gift }: OrderBody) {
    return { title, email, quantity, price, gift, id: ORDER_ID };
  }

  @Get('users')
  users() {
    return new Paged(
      USERS.map((row) => new User(row)),
      PAGINATION,
    );
  }
}

/** What the controllers of all modules have around them. */
@Module({
  imports: [
    LoggerModule.forRoot({ pinoHttp: { genReqId: () => randomUUID() } }),
    ThrottlerModule.forRoot([{ ttl: 60_000, limit: LIMIT }]),
    PassportModule,
  ],
  providers: [
    JwtStrategy,
    { provide: APP_GUARD, useClass: ThrottlerGuard },
    { provide: APP_INTERCEPTOR, useClass: ClassSerializerInterceptor },
    { provide: APP_INTERCEPTOR, useClass: EnvelopeInterceptor },
  ],
})
export class AppModule {}

@Module({ imports: [AppModule], controllers: [BenchController] })
class BenchModule {}

export async function startWith(module: Type): Promise<number> {
  const adapter = new FastifyAdapter({ trustProxy: true, genReqId: () => randomUUID() });
  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, { bufferLogs: true });
  app.useLogger(app.get(Logger));
  app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
  await app.register(helmet);
  await app.register(compress, { threshold: 1024 });
  app.enableCors();
  await app.listen(0, '127.0.0.1');
  return Number(new URL(await app.getUrl()).port);
}

export const start: Start = () => startWith(BenchModule);
