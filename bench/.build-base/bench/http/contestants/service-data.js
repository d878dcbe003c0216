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
/** This service with a database: documents, a repository, a transaction around the handler. */ import { Controller, Get, Module, Param, Post, Query } from '@nestjs/common';
import { IsInt, IsNumber, IsString } from 'class-validator';
import { Roles } from '../../../src/core/auth/access.decorators.js';
import { NotFound } from '../../../src/core/errors/errors.js';
import { Document, Key } from '../../../src/core/firestore/document/document.decorators.js';
import { FirestoreModule } from '../../../src/core/firestore/firestore.module.js';
import { InjectRepository } from '../../../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../../../src/core/firestore/repository.js';
import { Transactional } from '../../../src/core/firestore/transactional.decorator.js';
import { Responds } from '../../../src/core/routing/responds.decorator.js';
import { PAGE } from './data.js';
import { startWith } from './service.js';
let ItemDocument = class ItemDocument {
};
_ts_decorate([
    Key(),
    _ts_metadata("design:type", String)
], ItemDocument.prototype, "id", void 0);
_ts_decorate([
    IsInt(),
    _ts_metadata("design:type", Number)
], ItemDocument.prototype, "number", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], ItemDocument.prototype, "title", void 0);
_ts_decorate([
    IsInt(),
    _ts_metadata("design:type", Number)
], ItemDocument.prototype, "visits", void 0);
_ts_decorate([
    IsNumber(),
    _ts_metadata("design:type", Number)
], ItemDocument.prototype, "price", void 0);
ItemDocument = _ts_decorate([
    Document({
        collection: 'benchItems',
        notFound: NotFound
    })
], ItemDocument);
let ItemResponse = class ItemResponse {
};
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], ItemResponse.prototype, "id", void 0);
_ts_decorate([
    IsInt(),
    _ts_metadata("design:type", Number)
], ItemResponse.prototype, "number", void 0);
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], ItemResponse.prototype, "title", void 0);
_ts_decorate([
    IsInt(),
    _ts_metadata("design:type", Number)
], ItemResponse.prototype, "visits", void 0);
_ts_decorate([
    IsNumber(),
    _ts_metadata("design:type", Number)
], ItemResponse.prototype, "price", void 0);
let ItemId = class ItemId {
};
_ts_decorate([
    IsString(),
    _ts_metadata("design:type", String)
], ItemId.prototype, "id", void 0);
let After = class After {
};
_ts_decorate([
    IsInt(),
    _ts_metadata("design:type", Number)
], After.prototype, "after", void 0);
let ItemsController = class ItemsController {
    constructor(items){
        this.items = items;
    }
    async one({ id }) {
        return toResponse(await this.items.findOrFail(id));
    }
    async visit({ id }) {
        const item = await this.items.findOrFail(id);
        item.visits += 1;
        return toResponse(item);
    }
    async page({ after }) {
        const items = await this.items.query().orderBy('number').startAfter(after).limit(PAGE).find();
        return items.map(toResponse);
    }
};
_ts_decorate([
    Get(':id'),
    Responds(ItemResponse, {
        summary: 'Read one',
        errors: [
            NotFound
        ]
    }),
    _ts_param(0, Param()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof ItemId === "undefined" ? Object : ItemId
    ]),
    _ts_metadata("design:returntype", Promise)
], ItemsController.prototype, "one", null);
_ts_decorate([
    Post(':id/visits'),
    Transactional({
        readOnly: false
    }),
    Responds(ItemResponse, {
        summary: 'Read, change, write',
        errors: [
            NotFound
        ]
    }),
    _ts_param(0, Param()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof ItemId === "undefined" ? Object : ItemId
    ]),
    _ts_metadata("design:returntype", Promise)
], ItemsController.prototype, "visit", null);
_ts_decorate([
    Get(),
    Responds([
        ItemResponse
    ], {
        summary: 'A page'
    }),
    _ts_param(0, Query()),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof After === "undefined" ? Object : After
    ]),
    _ts_metadata("design:returntype", Promise)
], ItemsController.prototype, "page", null);
ItemsController = _ts_decorate([
    Roles('user'),
    Controller('bench/items'),
    _ts_param(0, InjectRepository(ItemDocument)),
    _ts_metadata("design:type", Function),
    _ts_metadata("design:paramtypes", [
        typeof Repository === "undefined" ? Object : Repository
    ])
], ItemsController);
function toResponse({ id, number, title, visits, price }) {
    return {
        id,
        number,
        title,
        visits,
        price
    };
}
let ItemsModule = class ItemsModule {
};
ItemsModule = _ts_decorate([
    Module({
        imports: [
            FirestoreModule.forFeature([
                ItemDocument
            ])
        ],
        controllers: [
            ItemsController
        ]
    })
], ItemsModule);
export const start = ()=>startWith(ItemsModule, {
        FIRESTORE_MODE: 'emulator',
        FIRESTORE_EMULATOR_HOST: process.env.FIRESTORE_EMULATOR_HOST
    });

//# sourceMappingURL=service-data.js.map