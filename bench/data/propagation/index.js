/** The running transaction handed down by a bare AsyncLocalStorage and by @nestjs-cls/transactional, µs of CPU a call. */
import 'reflect-metadata';
import { AsyncLocalStorage } from 'node:async_hooks';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ClsPluginTransactional, TransactionHost } from '@nestjs-cls/transactional';
import { ClsModule, ClsServiceManager } from 'nestjs-cls';

const ROUNDS = 20;
const CALLS = 5000;
const READS = 4;
const unit = {};

const adapter = {
  connectionToken: 'connection',
  optionsFactory: () => ({
    wrapWithTransaction: (_options, work, setTransaction) => {
      setTransaction(unit);
      return work();
    },
    getFallbackInstance: () => undefined,
  }),
};
class Connection {}
Module({ providers: [{ provide: 'connection', useValue: {} }], exports: ['connection'] })(Connection);
class App {}
const plugin = new ClsPluginTransactional({ imports: [Connection], adapter });
Module({ imports: [ClsModule.forRoot({ global: true, plugins: [plugin] })] })(App);

const app = await NestFactory.createApplicationContext(App, { logger: false });
const host = app.get(TransactionHost);
const cls = ClsServiceManager.getClsService();
const storage = new AsyncLocalStorage();

/** Asks for the transaction after each of some awaits, as a request does at each read. */
async function read(current) {
  let found;
  for (let i = 0; i < READS; i++) {
    await Promise.resolve();
    found = current();
  }
  return found;
}

const contestants = {
  'passed by hand': () => read(() => unit),
  'bare AsyncLocalStorage': () => storage.run(unit, () => read(() => storage.getStore())),
  '@nestjs-cls/transactional': () => cls.run(() => host.withTransaction(() => read(() => host.tx))),
};
const times = new Map(Object.keys(contestants).map((name) => [name, []]));
for (let round = 0; round <= ROUNDS; round++) {
  for (const [name, call] of Object.entries(contestants)) {
    const before = process.cpuUsage();
    for (let i = 0; i < CALLS; i++) if ((await call()) !== unit) throw new Error(name);
    const { user, system } = process.cpuUsage(before);
    if (round > 0) times.get(name).push((user + system) / CALLS);
  }
}
for (const [name, each] of times) {
  each.sort((a, b) => a - b);
  console.log(`${name}: ${each[ROUNDS / 2].toFixed(2)} (${each[0].toFixed(2)}-${each.at(-1).toFixed(2)})`);
}
await app.close();
