import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '../../core/openapi/api.decorators.js';
import { Permissions } from '../../core/auth/access.decorators.js';
import { Transactional } from '../../core/firestore/transactional.decorator.js';
import { InvalidCursor } from '../../core/pagination/cursor.js';
import type { Page } from '../../core/pagination/page.js';
import { Responds } from '../../core/routing/responds.decorator.js';
import { AuditEntryResponse, AuditQuery, toAuditEntryResponse } from './audit.dto.js';
import { AuditService } from './audit.service.js';

@ApiTags('Audit')
@Controller('audit')
export class AuditController {
  constructor(private readonly audit: AuditService) {}

  @Get()
  @Permissions('audit:read')
  @Transactional()
  @Responds([AuditEntryResponse], {
    summary: 'Read the audit trail, the newest first',
    paginated: true,
    errors: [InvalidCursor],
  })
  async list(@Query() query: AuditQuery): Promise<Page<AuditEntryResponse>> {
    const page = await this.audit.list(query);
    return page.map(toAuditEntryResponse);
  }
}
