/** The same DTOs, made and checked by the libraries and by the service. */
import type { Type as Class } from '@nestjs/common';
import { plainToInstance, Type } from 'class-transformer';
import {
  ArrayMaxSize, IsArray, IsBoolean, IsEmail, IsIn, IsInt, IsISO8601, IsNumber, IsOptional, IsString, Length, Max,
  Min, validate, ValidateNested,
} from 'class-validator'; // prettier-ignore
import type { Case } from './case.js';
import { parseDto } from '../../../src/core/validation/dto.js';

class Order {
  @IsString() @Length(1, 100) title: string;
  @IsEmail() email: string;
  @IsInt() @Min(1) @Max(100) quantity: number;
  @IsNumber() @Min(0) price: number;
  @IsBoolean() gift: boolean;
}

class Line {
  @IsString() @Length(1, 40) article: string;
  @IsInt() @Min(1) quantity: number;
  @IsOptional() @IsString() note?: string;
  @IsIn(['new', 'used']) condition: string = 'new';
}

class Basket {
  @IsISO8601() createdAt: string;
  @IsArray() @ArrayMaxSize(100) @ValidateNested({ each: true }) @Type(() => Line) lines: Line[];
}

const OPTIONS = { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: true };

const caseOf = (name: string, type: Class<object>, input: object): Case => ({
  name,
  input,
  libraries: async (plain) => {
    const dto = plainToInstance(type, plain, { exposeDefaultValues: true });
    return { dto, errors: await validate(dto, OPTIONS) };
  },
  service: (plain) => parseDto(type, plain, 'json'),
});

const order = { title: 'Analytical engine', email: 'ada@example.com', quantity: 3, price: 19.9, gift: true };
const lines = Array.from({ length: 20 }, (_, at) => ({
  article: `article ${at}`,
  quantity: at + 1,
  note: 'blue',
}));

export const CASES: Case[] = [
  caseOf('body of 5 fields', Order, order),
  caseOf('20 nested items of 4 fields', Basket, { createdAt: '2026-01-31T09:30:00.000Z', lines }),
];
