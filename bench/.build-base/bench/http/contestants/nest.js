function _ts_decorate(decorators, target, key, desc) {
    var c = arguments.length, r = c < 3 ? target : desc === null ? desc = Object.getOwnPropertyDescriptor(target, key) : desc, d;
    if (typeof Reflect === "object" && typeof Reflect.decorate === "function") {
        r = Reflect.decorate(decorators, target, key, desc);
    } else {
        for(var i = decorators.length - 1; i >= 0; i--){
            if (d = decorators[i]) {
                r = (c < 3 ? d(r) : c > 3 ? d(target, key, r) : d(target, key)) || r;
            }
        }
    }
    return c > 3 && r && Object.defineProperty(target, key, r), r;
}
function _ts_metadata(metadataKey, metadataValue) {
    if (typeof Reflect === "object" && typeof Reflect.metadata === "function") {
        return Reflect.metadata(metadataKey, metadataValue);
    }
}
function _ts_param(paramIndex, decorator) {
    return function(target, key) {
        decorator(target, key, paramIndex);
    };
}
/** NestJS on Fastify as its documentation teaches it. */ import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import helmet from '@fastify/helmet';
import { Body, ClassSerializerInterceptor, Controller, createParamDecorator, Get, Injectable, Module, Post, SetMetadata, UseGuards, ValidationPipe } from '@nestjs/common'; // prettier-ignore
import { APP_GUARD, APP_INTERCEPTOR, NestFactory, Reflector } from '@nestjs/core';
import { AuthGuard, PassportModule, PassportStrategy } from '@nestjs/passport';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { Exclude } from 'class-transformer';
import { IsBoolean, IsEmail, IsInt, IsNumber, IsString, Length, Max, Min } from 'class-validator';
import { LoggerModule, Logger } from 'nestjs-pino';
import { ExtractJwt, Strategy } from 'passport-jwt';
import { map } from 'rxjs';
import { AUDIENCE, ISSUER, LIMIT, ORDER_ID, PAGINATION, SECRET, USERS } from './data.js';
let OrderBody = class OrderBody {
};
_ts_decorate([
    IsString(),
    Length(1, 100),
    _ts_metadata("design:type", String)
], OrderBody.prototype, "title", void 0);
_ts_decorate([
    IsEmail(),
    _ts_metadata("design:type", String)
], OrderBody.prototype, "email", void 0);
_ts_decorate([
    IsInt(),
    Min(1),
    Max(100),
    _ts_metadata("design:type", Number)
], OrderBody.prototype, "quantity", void 0);
_ts_decorate([
    IsNumber(),
    Min(0),
    _ts_metadata("design:type", Number)
], OrderBody.prototype, "price", void 0);
_ts_decorate([
    IsBoolean(),
    _ts_metadata("design:type", Boolean)
], OrderBody.prototype, "gift", void 0);
let User = class User {
    constructor(row){
        Object.assign(this, row);
    }
};
_ts_decorate([
    Exclude(),
    _ts_metadata("design:type", String)
], User.prototype, "passwordHash", void 0);
let Paged = class Paged {
    constructor(items, pagination){
        this.items = items;
        this.pagination = pagination;
    }
};
let JwtStrategy = class JwtStrategy extends PassportStrategy(Strategy) {
    constructor(){
        super({
            jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
            secretOrKey: SECRET,
            issuer: ISSUER,
            audience: AUDIENCE
        });
    }
    validate({ sub, role, sid }) {
        return {
            id: sub,
            role,
            session: sid
        };
    }
};
JwtStrategy = _ts_decorate([
    Injectable(),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [])
], JwtStrategy);
const Roles = (...roles)=>SetMetadata('roles', roles);
let RolesGuard = class RolesGuard {
    constructor(reflector){
        this.reflector = reflector;
    }
    canActivate(context) {
        const roles = this.reflector.getAllAndOverride('roles', [
            context.getHandler(),
            context.getClass()
        ]);
        return roles?.includes(context.switchToHttp().getRequest().user.role) ?? true;
    }
};
RolesGuard = _ts_decorate([
    Injectable(),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof Reflector === "undefined" ? Object : Reflector
    ])
], RolesGuard);
let EnvelopeInterceptor = class EnvelopeInterceptor {
    intercept(context, next) {
        const requestId = context.switchToHttp().getRequest().id;
        return next.handle().pipe(map((result)=>{
            const meta = {
                requestId,
                timestamp: new Date().toISOString()
            };
            return result instanceof Paged ? {
                success: true,
                data: result.items,
                meta: {
                    ...meta,
                    pagination: result.pagination
                }
            } : {
                success: true,
                data: result,
                meta
            };
        }));
    }
};
EnvelopeInterceptor = _ts_decorate([
    Injectable()
], EnvelopeInterceptor);
const CurrentUser = createParamDecorator((_data, context)=>context.switchToHttp().getRequest().user);
let BenchController = class BenchController {
    me(user) {
        return {
            id: user.id,
            role: user.role,
            session: user.session
        };
    }
    order({ title, email, quantity, price, gift }) {
        return {
            title,
            email,
            quantity,
            price,
            gift,
            id: ORDER_ID
        };
    }
    users() {
        return new Paged(USERS.map((row)=>new User(row)), PAGINATION);
    }
};
_ts_decorate([
    Get('me'),
    _ts_param(0, CurrentUser()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof Caller === "undefined" ? Object : Caller
    ]),
    _ts_metadata("design:returntype", void 0)
], BenchController.prototype, "me", null);
_ts_decorate([
    Post('orders'),
    _ts_param(0, Body()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof OrderBody === "undefined" ? Object : OrderBody
    ]),
    _ts_metadata("design:returntype", void 0)
], BenchController.prototype, "order", null);
_ts_decorate([
    Get('users'),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", []),
    _ts_metadata("design:returntype", void 0)
], BenchController.prototype, "users", null);
BenchController = _ts_decorate([
    Roles('user'),
    UseGuards(AuthGuard('jwt'), RolesGuard),
    Controller('api/v1/bench')
], BenchController);
let AppModule = class AppModule {
};
AppModule = _ts_decorate([
    Module({
        imports: [
            LoggerModule.forRoot({
                pinoHttp: {
                    genReqId: ()=>randomUUID()
                }
            }),
            ThrottlerModule.forRoot([
                {
                    ttl: 60_000,
                    limit: LIMIT
                }
            ]),
            PassportModule
        ],
        controllers: [
            BenchController
        ],
        providers: [
            JwtStrategy,
            {
                provide: APP_GUARD,
                useClass: ThrottlerGuard
            },
            {
                provide: APP_INTERCEPTOR,
                useClass: ClassSerializerInterceptor
            },
            {
                provide: APP_INTERCEPTOR,
                useClass: EnvelopeInterceptor
            }
        ]
    })
], AppModule);
export const start = async ()=>{
    const adapter = new FastifyAdapter({
        trustProxy: true,
        genReqId: ()=>randomUUID()
    });
    const app = await NestFactory.create(AppModule, adapter, {
        bufferLogs: true
    });
    app.useLogger(app.get(Logger));
    app.useGlobalPipes(new ValidationPipe({
        whitelist: true,
        forbidNonWhitelisted: true,
        transform: true
    }));
    await app.register(helmet);
    await app.register(compress, {
        threshold: 1024
    });
    app.enableCors();
    await app.listen(0, '127.0.0.1');
    return Number(new URL(await app.getUrl()).port);
};

//# sourceMappingURL=nest.js.map