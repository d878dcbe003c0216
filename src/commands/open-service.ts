import { existsSync } from 'node:fs';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from '../app.module.js';
import { loadSettings } from '../config/load-settings.js';
import type { Settings } from '../config/settings.js';
import { addressOfOtherEngine } from '../core/firestore/embedded-engine.js';

/**
 * The service without HTTP, for commands. Embedded data belongs to one process at a time: while the service runs, its
 * engine is used.
 */
export async function openService(): Promise<INestApplicationContext> {
  if (existsSync('.env')) process.loadEnvFile('.env');
  const settings = await loadSettings(process.env);
  try {
    return await contextOf(settings);
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('in use by another process')) throw error;
    const address = await addressOfOtherEngine(settings);
    return contextOf(
      await loadSettings({ ...process.env, FIRESTORE_MODE: 'emulator', FIRESTORE_EMULATOR_HOST: address }),
    );
  }
}

function contextOf(settings: Settings): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(AppModule.forRoot(settings), {
    logger: false, // a command says what went wrong in its own words
    abortOnError: false,
  });
}
