import { randomUUID } from 'node:crypto';
import { Controller, Injectable, Module, Param, Post } from '@nestjs/common';
import { Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsDate,
  IsInstance,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { DocumentReference, GeoPoint, Timestamp } from 'firebase-admin/firestore';
import { Public } from '../../src/core/auth/access.decorators.js';
import { Conflict, NotFound } from '../../src/core/errors/errors.js';
import {
  type BeforeSave,
  type Default,
  Document,
  Key,
  ReadOnly,
} from '../../src/core/firestore/document/document.decorators.js';
import { IsReference } from '../../src/core/firestore/document/is-reference.decorator.js';
import { FirestoreModule } from '../../src/core/firestore/firestore.module.js';
import {
  DocumentChanged,
  DocumentExists,
  DocumentNotFound,
} from '../../src/core/firestore/firestore.errors.js';
import { InjectRepository } from '../../src/core/firestore/inject-repository.decorator.js';
import { Repository } from '../../src/core/firestore/repository.js';
import { Transactional } from '../../src/core/firestore/transactional.decorator.js';
import { Transactions } from '../../src/core/firestore/transactions.js';
import { Responds } from '../../src/core/routing/responds.decorator.js';
import { type Setup, setup } from './setup.js';

export class Address {
  @IsString()
  street: string;

  @IsString()
  @MaxLength(40)
  city: string;
}

export class Line {
  @IsString()
  sku: string;

  @IsInt()
  @Min(1)
  count: number = 1;
}

/** One field of each kind. */
@Document({ collection: 'profiles' })
export class Profile implements BeforeSave {
  @Key({ auto: true })
  id: Default<string>;

  @IsString()
  @MaxLength(20)
  name: string;

  @IsString()
  lowerName: Default<string> = '';

  @IsOptional()
  @IsString()
  nickname?: string | null;

  @IsInt()
  @Min(0)
  visits: Default<number> = 0;

  @IsArray()
  @IsString({ each: true })
  tags: Default<string[]> = [];

  @ReadOnly()
  @IsDate()
  createdAt: Default<Date> = new Date();

  @IsOptional()
  @ValidateNested()
  @Type(() => Address)
  address?: Address;

  @ValidateNested({ each: true })
  @Type(() => Line)
  lines: Default<Line[]> = [];

  @IsOptional()
  @IsInstance(GeoPoint)
  place?: GeoPoint;

  @IsOptional()
  @IsInstance(Uint8Array)
  picture?: Uint8Array;

  @IsOptional()
  @IsReference(() => Profile)
  friend?: DocumentReference<Profile>;

  @IsOptional()
  @IsInstance(Timestamp)
  exactly?: Timestamp;

  @IsOptional()
  @IsObject()
  settings?: Record<string, unknown>;

  beforeSave(): void {
    this.lowerName = this.name.toLowerCase();
  }
}

export class NoSuchMember extends NotFound {
  static override readonly code = 'NO_SUCH_MEMBER';
}

export class MemberAlready extends Conflict {
  static override readonly code = 'MEMBER_ALREADY';
}

/** A key of two parts, and errors of its own. */
@Document({ collection: 'members', notFound: NoSuchMember, exists: MemberAlready })
export class Member {
  @Key()
  team: string;

  @Key()
  number: number;

  @IsString()
  name: string;
}

class Done {
  @IsBoolean()
  done: boolean;
}

class Job {
  @IsString()
  job: string;
}

/** What a test does inside of a request. */
export type Work = (lab: Lab) => Promise<unknown>;

const jobs = new Map<string, Work>();

@Injectable()
export class Lab {
  constructor(
    @InjectRepository(Profile) readonly profiles: Repository<Profile>,
    @InjectRepository(Member) readonly members: Repository<Member>,
    readonly transactions: Transactions,
  ) {}
}

const errors = [DocumentExists, DocumentNotFound, DocumentChanged, NoSuchMember, MemberAlready];

@Public()
@Controller('lab/:job')
class LabController {
  constructor(private readonly lab: Lab) {}

  @Post('write')
  @Transactional({ readOnly: false })
  @Responds(Done, { summary: 'Writes', errors })
  write(@Param() { job }: Job): Promise<Done> {
    return this.work(job);
  }

  @Post('read')
  @Transactional()
  @Responds(Done, { summary: 'Reads', errors })
  read(@Param() { job }: Job): Promise<Done> {
    return this.work(job);
  }

  @Post('inconsistent')
  @Transactional({ inconsistentReads: true })
  @Responds(Done, { summary: 'Reads without a transaction', errors })
  readInconsistently(@Param() { job }: Job): Promise<Done> {
    return this.work(job);
  }

  private async work(job: string): Promise<Done> {
    await jobs.get(job)!(this.lab);
    return { done: true };
  }
}

@Module({
  imports: [FirestoreModule.forFeature([Profile, Member])],
  controllers: [LabController],
  providers: [Lab],
})
class LabModule {}

export interface LabAnswer<Result> {
  status: number;
  code: string | undefined;
  /** What the work returned, if it came so far. */
  result: Result;
  /** What it threw. */
  error: Error | undefined;
}

/** The application with a route that does what a test says. */
export async function setupLab(indexes: 'strict' | 'off' = 'off') {
  // Off: its queries are the tests' own, and firestore.indexes.json declares the service's.
  const app = await setup({ FIRESTORE_INDEXES: indexes }, { imports: [LabModule] });
  return {
    ...app,
    /** Does the work within one request and its transaction. */
    write: <Result>(work: (lab: Lab) => Promise<Result>) => doJob(app, 'write', work),
    read: <Result>(work: (lab: Lab) => Promise<Result>) => doJob(app, 'read', work),
    readInconsistently: <Result>(work: (lab: Lab) => Promise<Result>) => doJob(app, 'inconsistent', work),
  };
}

async function doJob<Result>(
  app: Setup,
  route: string,
  work: (lab: Lab) => Promise<Result>,
): Promise<LabAnswer<Result>> {
  const job = randomUUID();
  const seen: { result?: Result; error?: Error } = {};
  jobs.set(job, async (lab) => {
    try {
      seen.result = await work(lab);
    } catch (error) {
      seen.error = error as Error;
      throw error;
    }
  });
  const { status, body } = await app.post(`/lab/${job}/${route}`);
  return { status, code: body.error?.code, result: seen.result as Result, error: seen.error };
}
