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
/** This service, whole, with a module of three routes beside its own. */ import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import { IsBoolean, IsEmail, IsInt, IsISO8601, IsNumber, IsString, Length, Max, Min } from 'class-validator';
import { createApp } from '../../../src/app.js';
import { loadSettings } from '../../../src/config/load-settings.js';
import { CurrentCaller, Roles } from '../../../src/core/auth/access.decorators.js';
import { Page } from '../../../src/core/pagination/page.js';
import { isoTime } from '../../../src/core/serialization/iso-time.js';
import { Responds } from '../../../src/core/routing/responds.decorator.js';
import { AUDIENCE, ISSUER, LIMIT, ORDER_ID, SECRET, USERS } from './data.js';
let MeResponse = class MeResponse {
};
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], MeResponse.prototype, "id", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], MeResponse.prototype, "role", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], MeResponse.prototype, "session", void 0);
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
let OrderResponse = class OrderResponse extends OrderBody {
};
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], OrderResponse.prototype, "id", void 0);
let UserResponse = class UserResponse {
};
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "id", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "email", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "firstName", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "lastName", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "role", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "phone", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "city", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "country", void 0);
_ts_decorate([
    IsBoolean(),
    _ts_metadata("design:type", Boolean)
], UserResponse.prototype, "active", void 0);
_ts_decorate([
    IsInt(),
    _ts_metadata("design:type", Number)
], UserResponse.prototype, "logins", void 0);
_ts_decorate([
    IsISO8601(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "createdAt", void 0);
_ts_decorate([
    IsISO8601(),
    _ts_metadata("design:type", String)
], UserResponse.prototype, "updatedAt", void 0);
let BenchController = class BenchController {
    me(caller) {
        return {
            id: caller.id,
            role: caller.role,
            session: caller.sessionId
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
        return Page.byOffset(USERS.map(toResponse), {
            page: 1,
            limit: 20,
            total: 20
        });
    }
};
_ts_decorate([
    Get('me'),
    Responds(MeResponse, {
        summary: 'Small'
    }),
    _ts_param(0, CurrentCaller()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof Caller === "undefined" ? Object : Caller
    ]),
    _ts_metadata("design:returntype", typeof MeResponse === "undefined" ? Object : MeResponse)
], BenchController.prototype, "me", null);
_ts_decorate([
    Post('orders'),
    Responds(OrderResponse, {
        summary: 'Validated',
        status: 201
    }),
    _ts_param(0, Body()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof OrderBody === "undefined" ? Object : OrderBody
    ]),
    _ts_metadata("design:returntype", typeof OrderResponse === "undefined" ? Object : OrderResponse)
], BenchController.prototype, "order", null);
_ts_decorate([
    Get('users'),
    Responds([
        UserResponse
    ], {
        summary: 'List',
        paginated: true
    }),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", []),
    _ts_metadata("design:returntype", typeof Page === "undefined" ? Object : Page)
], BenchController.prototype, "users", null);
BenchController = _ts_decorate([
    Roles('user'),
    Controller('bench')
], BenchController);
/** Named field by field, as the service's own features do. */ function toResponse(user) {
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
        updatedAt: isoTime(user.updatedAt)
    };
}
let BenchModule = class BenchModule {
};
BenchModule = _ts_decorate([
    Module({
        controllers: [
            BenchController
        ]
    })
], BenchModule);
/** The service with one module more. */ export async function startWith(module, environment) {
    const settings = await loadSettings({
        NODE_ENV: 'production',
        JWT_SECRET: SECRET,
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        TRUSTED_PROXIES: '1',
        RATE_LIMIT: String(LIMIT),
        ...environment
    });
    const app = await createApp(settings, {
        imports: [
            module
        ]
    });
    await app.listen(0, '127.0.0.1');
    return Number(new URL(await app.getUrl()).port);
}
export const start = ()=>startWith(BenchModule, {
        FIRESTORE_MODE: 'embedded',
        DATA_DIRECTORY: ':memory:'
    });

//# sourceMappingURL=service.js.map