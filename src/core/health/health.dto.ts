import { ApiProperty } from '../openapi/api.decorators.js';
import { IsIn, IsISO8601, IsNumber, IsString } from 'class-validator';

export class ProbeResponse {
  @ApiProperty({ example: 'ok' })
  @IsIn(['ok'])
  status: 'ok';
}

export class HealthResponse extends ProbeResponse {
  @ApiProperty({ example: '2026-01-31T09:30:00.000Z' })
  @IsISO8601()
  timestamp: string;

  @ApiProperty({ description: 'Seconds since the start of the process.', example: 86.4 })
  @IsNumber()
  uptime: number;

  @ApiProperty({ example: 'production' })
  @IsIn(['development', 'test', 'production'])
  environment: string;

  @ApiProperty({ example: '1.0.0' })
  @IsString()
  version: string;
}
